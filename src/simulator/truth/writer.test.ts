import { execFileSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { available } from "../../../test/require.ts";
import { separation } from "../../sky/angle.ts";
import type { ClassModel } from "../classes/class.ts";
import type { AlertTruth, Batch, ObjectTruth } from "../night/batch.ts";
import { randomStream } from "../random.ts";
import { openTruth } from "./writer.ts";

let folder = "";
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "fink-truth-"));
  await write("a");
});
afterAll(() => rmSync(folder, { recursive: true }));

const description = { title: "", about: "", papers: [] };
const fixed = {
  ...description,
  kind: "fixed" as const,
  lastsDays: null,
  density: () => 0,
  draw: () => expect.fail(),
};
const models: ClassModel[] = [
  { ...fixed, name: "rr_lyrae", simbadType: "RRLyr", vsxType: "RRAB" },
  { ...fixed, name: "agn", simbadType: "QSO" },
  { ...fixed, name: "type_ia", tnsType: "SN Ia", lastsDays: [-30, 200] },
  { ...description, kind: "moving", name: "main_belt", count: () => 0, draw: () => expect.fail() },
  {
    ...description,
    kind: "artefact",
    name: "dipole",
    perVisit: () => 0,
    draw: () => expect.fail(),
  },
];

const night = 61113;
const count = 2000; // objects
const base = {
  redshift: null,
  distancePc: null,
  peakMjd: null,
  referenceMagnitude: null,
  extinctionV: null,
  parameters: {},
  host: null,
  asteroid: null,
};

/**
 * What gives alert i: of each class a fifth. Asteroids and artefacts have a new objectId in each
 * alert, as ZTF's; the others give alert i + count too.
 */
function objectAt(alert: number): ObjectTruth {
  const i = alert % count;
  const random = randomStream(i);
  const [ra, dec, magnitude] = [
    random.between(0, 360),
    random.between(-70, 70),
    random.between(14, 21.5),
  ];
  const object = {
    ...base,
    objectId: `ZTF26${i % 5 < 3 ? i : alert}`,
    class: models[i % 5].name,
    ra,
    dec,
    magnitude,
  };
  const redshift = random.between(0.02, 0.3);
  const host = {
    ra: ra - 0.0001,
    dec: dec + 0.0001,
    redshift,
    magnitude: magnitude - 1,
    radiusArcsec: 2,
  };
  if (i % 5 === 0)
    return {
      ...object,
      distancePc: random.between(300, 20000),
      referenceMagnitude: magnitude,
      extinctionV: 0.3,
      parameters: { periodDays: 0.5, amplitudeMagR: 0.8 },
    };
  if (i % 5 === 1) return { ...object, redshift, referenceMagnitude: magnitude, host };
  if (i % 5 === 2)
    return {
      ...object,
      redshift,
      peakMjd: night + random.between(-20, 20),
      host,
      parameters: { stretch: 1.1, colour: -0.05 },
    };
  if (i % 5 === 4) return object;
  const number = Math.floor(i / 10);
  const elements = {
    a: 2.6,
    e: 0.1,
    inclination: 9,
    node: 100,
    perihelion: 200,
    meanAnomaly: number / 10,
    epoch: 61000,
  };
  return {
    ...object,
    asteroid: {
      number,
      designation: number % 2 ? `2014 RU${number}` : null,
      h: 17,
      g: 0.15,
      ...elements,
    },
  };
}

function alertAt(i: number): AlertTruth {
  const { objectId, class: name, ra, dec } = objectAt(i);
  return {
    alertId: 9007199254740993n + BigInt(i),
    objectId,
    class: name,
    mjd: night + i / 1e5,
    band: "g",
    flux: -12.5,
    fluxErr: 2,
    snr: -6.2,
    ra,
    dec,
  };
}

function batchOf(alerts: readonly number[]): Batch {
  const truth = alerts.map(alertAt);
  const objects = [...new Map(alerts.map(objectAt).map((o) => [o.objectId, o])).values()];
  const columns = {
    alertIds: BigInt64Array.from(truth, (t) => t.alertId),
    objectIds: truth.map((t) => t.objectId),
    classes: truth.map((t) => t.class),
  };
  const packets = {
    bytes: new Uint8Array(),
    ends: new Uint32Array(truth.length),
    publishedAt: new Float64Array(truth.length),
  };
  return { night: "2026-03-14", visit: 0, visitAt: 0, ...packets, ...columns, truth, objects };
}

/** Every object gives two alerts; in batches of so many. */
async function write(name: string, size = 700): Promise<string[]> {
  const writer = await openTruth(
    { truth: join(folder, name, "truth.parquet"), catalogues: join(folder, name, "catalogues") },
    "ztf",
    models,
  );
  for (let i = 0; i < 2 * count; i += size)
    await writer.add(
      batchOf(Array.from({ length: Math.min(size, 2 * count - i) }, (_, k) => i + k)),
    );
  return await writer.close();
}

async function sql<T>(query: string): Promise<T[]> {
  const connection = await (await DuckDBInstance.create()).connect();
  return (await connection.runAndReadAll(query)).getRowObjectsJS() as T[];
}

const catalogue = <T>(name: string): Promise<T[]> =>
  sql<T>(`FROM '${folder}/a/catalogues/${name}.parquet'`);
const rms = (values: readonly number[]): number =>
  Math.sqrt(values.reduce((sum, v) => sum + v * v, 0) / values.length);

describe("the truth", () => {
  it("has each object once and each alert, with exact numbers, and nulls for what an object does not have", async () => {
    const alerts = await sql<AlertTruth>(`FROM '${folder}/a/truth_alerts.parquet'`);
    expect(alerts).toEqual(Array.from({ length: 2 * count }, (_, i) => alertAt(i)));
    const objects = await sql<Record<string, unknown>>(
      `SELECT * REPLACE (parameters::JSON::VARCHAR AS parameters) FROM '${folder}/a/truth.parquet'`,
    );
    const expected = Array.from({ length: 2 * count }, (_, i) => objectAt(i)).filter(
      (_, i) => i < count || i % 5 > 2,
    );
    expect(objects.map((o) => o["objectId"])).toEqual(expected.map((o) => o.objectId));
    expect(objects.map((o) => JSON.parse(o["parameters"] as string) as unknown)).toEqual(
      expected.map((o) => o.parameters),
    );
    expect(objects[2]).toMatchObject({
      class: "type_ia",
      peakMjd: expected[2].peakMjd,
      host_radiusArcsec: 2,
      distancePc: null,
      asteroid_number: null,
    });
  });

  it("is the same in batches of any size", async () => {
    const b = await write("b", 64);
    const a = b.map((path) => path.replace(`${folder}/b`, `${folder}/a`));
    expect(b.map((path) => relative(join(folder, "b"), path))).toEqual([
      "truth.parquet",
      "truth_alerts.parquet",
      ...["simbad", "gaia", "galaxies", "variables", "tns", "asteroids"].map(
        (name) => `catalogues/${name}.parquet`,
      ),
    ]);
    for (const [i, path] of a.entries())
      expect(Buffer.compare(readFileSync(path), readFileSync(b[i])), path).toBe(0);
  });

  it("goes out in row groups of 50,000", async () => {
    const writer = await openTruth({ truth: join(folder, "long.parquet") }, "ztf", models);
    const { truth, ...batch } = batchOf([0, 5, 10]);
    for (let i = 0; i < 12; i++)
      await writer.add({ ...batch, truth: Array.from({ length: 10_000 }, (_, k) => truth[k % 3]) });
    await writer.close();
    const [{ num_rows, num_row_groups }] = await sql<Record<string, bigint>>(
      `FROM parquet_file_metadata('${folder}/long_alerts.parquet')`,
    );
    expect([num_rows, num_row_groups]).toEqual([120_000n, 3n]);
    expect(await sql(`SELECT objectId FROM '${folder}/long.parquet'`)).toHaveLength(3);
  });
});

describe("the catalogues", () => {
  it("gaia: parallaxes and positions scatter about the truth by their errors, none is fainter than 20.7", async () => {
    const sources = await catalogue<Record<string, number>>("gaia");
    const near = (ra: number, dec: number): Record<string, number> | undefined =>
      sources.find(
        (s) => Math.abs(s["dec"] - dec) < 1e-3 && separation(s["ra"], s["dec"], ra, dec) < 5e-4,
      );
    const pull = (i: number, parallax: number): number[] => {
      const { ra, dec } = objectAt(i);
      const source = near(ra, dec);
      return source && Math.abs(source["phot_g_mean_mag"] - objectAt(i).magnitude) < 1e-3
        ? [(source["parallax"] + 0.02 - parallax) / source["parallax_error"]]
        : [];
    };
    const stars = Array.from({ length: count / 5 }, (_, k) =>
      pull(5 * k, 1000 / objectAt(5 * k).distancePc!),
    ).flat();
    const quasars = Array.from({ length: count / 5 }, (_, k) => pull(5 * k + 1, 0)).flat();
    for (const pulls of [stars, quasars]) {
      expect(pulls.length).toBeGreaterThan(320);
      expect(rms(pulls)).toBeGreaterThan(0.9);
      expect(rms(pulls)).toBeLessThan(1.1);
    }
    expect(Math.max(...sources.map((s) => s["phot_g_mean_mag"]))).toBeLessThan(20.7);
    expect(new Set(sources.map((s) => s["source_id"])).size).toBe(sources.length);
  });

  it("simbad: the bright ones have the type of their class, hosts are galaxies, the faint are missing", async () => {
    const types = await sql<{ otype: string; n: bigint }>(
      `SELECT otype, count(*) n FROM '${folder}/a/catalogues/simbad.parquet' GROUP BY ALL ORDER BY otype`,
    );
    expect(types.map((t) => t.otype)).toEqual(["*", "G", "QSO", "RRLyr"]);
    for (const { n } of types) expect(Number(n)).toBeLessThan(320);
    expect((await catalogue<{ main_id: string }>("simbad"))[0].main_id).toMatch(
      /^SIM J\d{6}\.\d\d[+-]\d{6}\.\d$/,
    );
  });

  it("galaxies: redshifts of spectra are right, photometric ones scatter", async () => {
    const scatter = await sql<{ type: string; deviation: number; n: bigint }>(`
      SELECT redshift_type AS type, quantile_cont(abs(g.redshift - t.redshift) / (1 + t.redshift), 0.68) AS deviation, count(*) AS n
      FROM '${folder}/a/catalogues/galaxies.parquet' g JOIN '${folder}/a/truth.parquet' t ON abs(g.dec - t.host_dec) < 1e-4 AND abs(g.ra - t.host_ra) < 3e-4
      GROUP BY ALL ORDER BY deviation`);
    expect(scatter.map((s) => s.type)).toEqual(["spec", "phot"]);
    expect(scatter[0].deviation).toBeLessThan(0.001);
    expect(scatter[1].deviation).toBeGreaterThan(0.015);
    expect(scatter[1].deviation).toBeLessThan(0.05);
  });

  it("variables: have the period of the light curve, but for a few", async () => {
    const stars = await catalogue<{ period_days: number; max_mag: number; min_mag: number }>(
      "variables",
    );
    expect(stars.length).toBeGreaterThan(100);
    expect(
      stars.filter((v) => Math.abs(v.period_days - 0.5) < 1e-3).length / stars.length,
    ).toBeGreaterThan(0.9);
    for (const { max_mag, min_mag } of stars) expect(min_mag - max_mag).toBeCloseTo(0.8, 1);
  });

  it("tns: transients alone, reported after discovery, and classified when they are bright, later", async () => {
    const reports = await catalogue<
      Record<string, string> & { discoverydate: Date; reportdate: Date; classified_at: Date | null }
    >("tns");
    expect(reports.length).toBeGreaterThan(250);
    for (const {
      fullname,
      type,
      internal_names,
      discoverydate,
      reportdate,
      classified_at,
    } of reports) {
      const { class: name, magnitude } = objectAt(Number(internal_names.slice(5)));
      expect(name).toBe("type_ia");
      expect(reportdate.getTime()).toBeGreaterThan(discoverydate.getTime());
      expect(fullname).toMatch(type === null ? /^AT 2026[a-z]{6}$/ : /^SN 2026[a-z]{6}$/);
      if (magnitude > 21) expect(type).toBeNull();
      if (classified_at) expect(classified_at.getTime()).toBeGreaterThan(reportdate.getTime());
    }
    expect(reports.filter((r) => r["type"] !== null).length).toBeGreaterThan(150);
  });

  it("asteroids: the known ones, once, whatever objectId they had", async () => {
    const orbits = await catalogue<{ designation: string; M: number }>("asteroids");
    expect(orbits.map((o) => o.designation)).toEqual(
      Array.from({ length: count / 20 }, (_, k) => `2014 RU${2 * k + 1}`),
    );
    expect(orbits[3].M).toBe(0.7);
  });
});

describe("where it cannot be written", () => {
  let place = "";
  beforeEach(() => void (place = mkdtempSync(join(folder, "place-"))));

  it("a folder that is a file, and a file that is a folder, are named and nothing is left", async () => {
    writeFileSync(join(place, "file"), "");
    await expect(
      openTruth(
        { truth: join(place, "a.parquet"), catalogues: join(place, "file") },
        "ztf",
        models,
      ),
    ).rejects.toThrow(
      /file cannot be written: EEXIST.*; give a folder that may be written to and has room$/,
    );
    mkdirSync(join(place, "b"));
    await expect(openTruth({ truth: join(place, "b") }, "ztf", models)).rejects.toThrow(
      /b is a folder; give the name of a file in it$/,
    );
    expect(readdirSync(place)).toEqual(["b", "file"]);
  });

  it.skipIf(!existsSync("/dev/full"))("a full disk is named and nothing is left", async () => {
    symlinkSync("/dev/full", join(place, "t_alerts.parquet.part"));
    const writer = await openTruth({ truth: join(place, "t.parquet") }, "ztf", models);
    await writer.add(batchOf([0, 1, 2]));
    await expect(writer.close()).rejects.toThrow(/t_alerts\.parquet cannot be written: ENOSPC/);
    expect(readdirSync(place)).toEqual([]);
  });

  it("nothing has its final name before the end, and a discarded run leaves nothing", async () => {
    const writer = await openTruth(
      { truth: join(place, "t.parquet"), catalogues: place },
      "ztf",
      models,
    );
    await writer.add(batchOf([0, 1, 2]));
    expect(readdirSync(place).filter((name) => !name.endsWith(".part"))).toEqual([]);
    await writer.discard();
    expect(readdirSync(place)).toEqual([]);
  });
});

const python = process.env["FINK_PYTHON"] ?? "";

describe.skipIf(
  !available("python", python !== "", "FINK_PYTHON names no Python with polars, duckdb and pandas"),
)("polars, DuckDB and pandas", () => {
  it("read every file alike, also one without rows", async () => {
    const empty = await openTruth({ catalogues: join(folder, "empty") }, "lsst", models);
    const paths = [...(await write("c")), ...(await empty.close())];
    const script = `import duckdb,json,pandas,polars,sys
for path in sys.argv[1:]:
    p,d,q=polars.read_parquet(path),duckdb.sql(f"FROM '{path}'"),pandas.read_parquet(path)
    assert p.columns==d.columns==list(q.columns) and len(p)==len(d)==len(q), path
    print(len(p))
t=polars.read_parquet(sys.argv[1]); a=pandas.read_parquet(sys.argv[2])
assert t.schema['peakMjd']==polars.Float64 and t['peakMjd'].null_count()>0 and t['peakMjd'].max()>61000
assert a.alertId.dtype=='int64' and a.alertId.max()==9007199254740993+${2 * count - 1}`;
    const rows = execFileSync(python, ["-c", script, ...paths])
      .toString()
      .trim()
      .split("\n")
      .map(Number);
    expect(rows.slice(0, 2)).toEqual([1.4 * count, 2 * count]);
    expect(rows.slice(8)).toEqual([0, 0, 0, 0, 0, 0]);
  });
});
