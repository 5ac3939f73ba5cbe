import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { nightStatistics } from "../../src/aggregation/compute.ts";
import { aggregationsIn } from "../../src/aggregation/load.ts";
import { openSession } from "../../src/sql/session.ts";
import { formatSexagesimal } from "../../src/web/format.ts";
import { fromParquet } from "../../src/lake/parquet.ts";
import { withUpkeep } from "../../src/lake/upkeep.ts";
import { mergeSources } from "../../src/serving/merge.ts";
import { alertsFolder, hasReference } from "../archive/reference.ts";
import type { SimulatedLake } from "./lake.ts";
import { type Row, server, surveys } from "./server.ts";

// What the tests of Fink's own API assert (fink-object-api v3.5.0), on synthetic and on real
// alerts: where the original counts rows of its archive, these count ours.

const folders = ["spark_v4.02", "v4.02", "v4.01", "v3.3", "spark_v3.x_snappy"].map((name) =>
  join(alertsFolder, "ztf", name),
);
const lakes = [
  {
    kind: "synthetic",
    merged: (sky: SimulatedLake) => sky.night("2026-10-10", 120),
    later: (sky: SimulatedLake) => sky.night("2026-10-11", 60),
  },
  {
    kind: "real",
    merged: (sky: SimulatedLake) => sky.take(folders.slice(0, 3)),
    later: (sky: SimulatedLake) => sky.take(folders.slice(3)),
  },
].filter(({ kind }) => kind === "synthetic" || hasReference);

describe.each(lakes)("ZTF, $kind alerts", { timeout: 120_000 }, ({ merged, later }) => {
  const ztf = server("ztf");
  const sql = async (text: string) =>
    await ztf.sources.query("ztf", { places: null, sql: text }, async (c, q) =>
      (await c.run(q)).getRows(),
    );
  let object = "";
  let others: string[] = [];
  let all: Row[] = [];

  beforeAll(async () => {
    await merged(ztf.sky);
    await withUpkeep(ztf.sky.lake, (upkeep) =>
      mergeSources(upkeep, ztf.sky.lake, surveys.named("ztf"), { atLeast: 1 }),
    );
    await later(ztf.sky); // not merged
    const text =
      "SELECT _object, count(*)::INT AS n, any_value(_ra) AS ra, any_value(_dec) AS dec FROM {sources} WHERE _object NOT LIKE '%null%' GROUP BY _object ORDER BY n DESC, 1 LIMIT 4";
    all = await ztf.sources.query("ztf", { places: null, sql: text }, async (c, q) =>
      (await c.run(q)).getRowObjectsJson(),
    );
    [object, ...others] = all.map((row) => String(row._object));
  }, 400_000);
  afterAll(() => ztf.end());

  test("objects: every column is in the schema; times and counts are right; ids keep all their digits", async () => {
    const response = await ztf.post("objects", { objectId: object });
    const text = await response.text();
    const rows = JSON.parse(text) as Row[];
    expect(response.headers.get("content-type")).toBe("application/json");
    expect(rows).toHaveLength(Number(all[0].n));
    expect(rows[0]).toMatchObject({
      "i:objectId": object,
      "i:fid": expect.any(Number),
      "v:classification": expect.any(String),
    });
    expect(
      rows.every(
        (row) =>
          Number.isInteger(row["i:fid"]) && Number(row["i:fid"]) > 0 && Number(row["i:magpsf"]) > 6,
      ),
    ).toBe(true);
    const [[candid]] = await sql(`SELECT max(_alert) FROM {sources} WHERE _object = '${object}'`);
    expect(text).toContain(`"i:candid":${String(candid)},`);
    const schema = (await (await ztf.app.request("/api/v1/schema")).json()) as Record<string, Row>;
    const known = Object.entries(schema).flatMap(([title, fields]) =>
      Object.keys(fields).map((name) => `${/\((.:)\)/.exec(title)?.[1]}${name}`),
    );
    expect(Object.keys(rows[0]).filter((name) => !known.includes(name))).toEqual([]);
    expect(
      known.filter(
        (name) => !(name in rows[0]) && !name.startsWith("b:") && name !== "v:separation_degree",
      ),
    ).toEqual([]);
    expect(rows.map((row) => Number(row["i:jd"]))).toEqual(
      rows.map((row) => Number(row["i:jd"])).toSorted((a, b) => b - a),
    );
  });

  test("objects: columns, unknown ones among them; several objects; none", async () => {
    const rows = await ztf.rows("objects", { objectId: object, columns: "i:jd, i:magpsf,d:tag" });
    expect(Object.keys(rows[0])).toEqual(["i:jd", "i:magpsf"]);
    const counts = await Promise.all(
      [object, ...others].map(async (id) => (await ztf.rows("objects", { objectId: id })).length),
    );
    expect(await ztf.rows("objects", { objectId: [object, ...others].join(",") })).toHaveLength(
      counts.reduce((a, b) => a + b),
    );
    expect(await ztf.rows("objects", { objectId: "nonsense" })).toEqual([]);
  });

  test("GET means what POST means", async () => {
    const response = await ztf.app.request(`/api/v1/objects?objectId=${object}&columns=i:jd`);
    expect(await response.json()).toEqual(
      await ztf.rows("objects", { objectId: object, columns: "i:jd" }),
    );
    expect(await (await ztf.app.request("/api/v1/objects")).text()).toContain("objectId");
  });

  test("csv, votable and parquet have the rows of json", async () => {
    const given = { objectId: object, columns: "i:candid,i:ra,i:objectId" };
    const rows = await ztf.rows("objects", given);
    const csv = (await (await ztf.post("objects", { ...given, "output-format": "csv" })).text())
      .trim()
      .split("\n");
    expect(csv).toHaveLength(rows.length + 1);
    const votable = await (
      await ztf.post("objects", { ...given, "output-format": "votable" })
    ).text();
    expect(votable).toContain('<FIELD ID="i_ra" name="i:ra" datatype="double"/>');
    expect(votable.match(/<TR>/g)).toHaveLength(rows.length);
    const parquet = fromParquet(
      new Uint8Array(
        await (await ztf.post("objects", { ...given, "output-format": "parquet" })).arrayBuffer(),
      ),
    );
    expect([
      parquet.numRows,
      parquet.get(0)?.["i:ra"],
      String(parquet.get(0)?.["i:candid"]),
    ]).toEqual([rows.length, rows[0]["i:ra"], csv[1].split(",")[1]]);
    expect(
      await (await ztf.post("objects", { objectId: "x", "output-format": "csv" })).text(),
    ).toContain("i:objectId");
  });

  test("objects: upper limits and poor measurements with their tag; images", async () => {
    const rows = await ztf.rows("objects", {
      objectId: [object, ...others].join(","),
      withupperlim: "True",
    });
    const tags = new Set(rows.map((row) => row["d:tag"]));
    expect(tags).toContain("valid");
    expect(tags).toContain("upperlim");
    expect(
      rows.filter((row) => row["d:tag"] !== "valid").every((row) => row["i:candid"] === -1),
    ).toBe(true);
    const [science] = await ztf.rows("objects", {
      objectId: object,
      withcutouts: "True",
      "cutout-kind": "Science",
    });
    expect(science["b:cutoutScience_stampData"]).toHaveLength(63);
    expect(science).not.toHaveProperty("b:cutoutTemplate_stampData");
    const [three] = await ztf.rows("objects", { objectId: object, withcutouts: true });
    expect(Object.keys(three).filter((name) => name.startsWith("b:"))).toHaveLength(3);
  });

  test("cutouts: PNG, FITS and array of 63 × 63 pixels; the stretches, maps and kernels differ", async () => {
    const png = async (more: Row) =>
      Buffer.from(
        await (
          await ztf.post("cutouts", { objectId: object, kind: "Science", ...more })
        ).arrayBuffer(),
      );
    const plain = await png({});
    expect([
      plain.subarray(1, 4).toString(),
      plain.readUInt32BE(16),
      plain.readUInt32BE(20),
    ]).toEqual(["PNG", 63, 63]);
    expect(await png({ pmin: 10, pmax: 90 })).toEqual(plain);
    for (const more of [
      { stretch: "linear" },
      { stretch: "sqrt" },
      { stretch: "power" },
      { stretch: "log" },
      { colormap: "viridis" },
      { convolution_kernel: "gauss" },
    ])
      expect(await png(more)).not.toEqual(plain);
    const fits = await ztf.post("cutouts", {
      objectId: object,
      kind: "Template",
      "output-format": "FITS",
    });
    expect([
      fits.headers.get("content-disposition"),
      (await fits.text()).startsWith("SIMPLE"),
    ]).toEqual([`attachment; filename="${object}_Template.fits"`, true]);
    const array = (await (
      await ztf.post("cutouts", { objectId: object, kind: "All", "output-format": "array" })
    ).json()) as Record<string, number[][]>;
    expect(Object.keys(array)).toEqual(
      ["Science", "Template", "Difference"].map((kind) => `b:cutout${kind}_stampData`),
    );
    expect(Object.values(array).map((rows) => [rows.length, rows[0].length])).toEqual([
      [63, 63],
      [63, 63],
      [63, 63],
    ]);
    expect(new Set(Object.values(array).map((rows) => rows.join())).size).toBe(3);
    const [[latest]] = await sql(
      `SELECT _alert FROM {sources} WHERE _object = '${object}' ORDER BY _mjd DESC, _alert DESC LIMIT 1`,
    );
    const candid = String(latest);
    expect((await png({ candid })).equals(plain)).toBe(true);
    const other = (await ztf.post("cutouts", { objectId: "ZTF00aaaaaaa", candid, kind: "Science" }))
      .status;
    expect([
      other,
      (await ztf.post("cutouts", { objectId: object, candid: 1, kind: "Science" })).status,
    ]).toEqual([404, 404]);
  });

  test("conesearch: nearest first, each object once, in several notations; dates bound the first detection", async () => {
    const { ra, dec } = all[0] as { ra: number; dec: number };
    const rows = await ztf.rows("conesearch", { ra, dec, radius: 5 });
    expect(rows[0]["i:objectId"]).toBe(object);
    expect(rows.every((row) => Number(row["v:separation_degree"]) * 3600 <= 5)).toBe(true);
    const [hours, degrees] = formatSexagesimal(ra, dec).replace("−", "-").split(" ");
    const letters = (text: string, first: string) =>
      text.replace(":", first).replace(":", "m").concat("s");
    for (const [a, d] of [
      [`${ra}`, `${dec}`],
      [hours, degrees],
      [letters(hours, "h"), letters(degrees, "d")],
      [hours.replaceAll(":", " "), degrees.replaceAll(":", " ")],
    ]) {
      expect(
        (await ztf.rows("conesearch", { ra: a, dec: d, radius: "5" })).map(
          (row) => row["i:magpsf"],
        ),
      ).toEqual(rows.map((row) => row["i:magpsf"]));
    }
    const start = Number(rows[0]["i:jdstarthist"]);
    expect(
      await ztf.rows("conesearch", { ra, dec, radius: 1, startdate: start - 1, window: 2 }),
    ).toHaveLength(1);
    expect(
      await ztf.rows("conesearch", { ra, dec, radius: 1, startdate: start - 3, window: 1 }),
    ).toEqual([]);
    expect(
      Object.keys(
        (await ztf.rows("conesearch", { ra, dec, radius: 5, columns: "i:objectId" }))[0],
      ).toSorted(),
    ).toEqual(["i:dec", "i:objectId", "i:ra", "v:separation_degree"]);
    expect(await ztf.rows("conesearch", { ra: 0, dec: 0, radius: 1 })).toEqual([]);
  });

  test("latests: the newest of a class, between dates; trends add up", async () => {
    const [[name, count]] = await sql(
      "SELECT finkclass, count(*)::INT FROM {sources} WHERE finkclass IS NOT NULL GROUP BY ALL ORDER BY 2 DESC LIMIT 1",
    );
    const rows = await ztf.rows("latests", { class: name, n: 10 });
    expect(rows).toHaveLength(Math.min(10, Number(count)));
    expect(new Set(rows.map((row) => row["v:classification"]))).toEqual(new Set([name]));
    const day = String(rows[0]["v:lastdate"]).slice(0, 10);
    const before = await ztf.rows("latests", {
      class: name,
      n: 1000,
      startdate: "2017-01-01",
      stopdate: `${day} 00:00:00`,
    });
    expect(before.every((row) => String(row["v:lastdate"]) < day)).toBe(true);
    expect(
      (await ztf.rows("latests", { class: name, n: 1000, startdate: day })).every(
        (row) => String(row["v:lastdate"]) >= day,
      ),
    ).toBe(true);
    expect(
      Object.keys((await ztf.rows("latests", { class: name, n: 1, columns: "i:jd,i:ra" }))[0]),
    ).toEqual(["i:jd", "i:ra"]);
    const every = await ztf.rows("latests", { class: name, n: 1000, startdate: "2017-01-01" });
    const [rising, fading] = await Promise.all(
      ["rising", "fading"].map((trend) =>
        ztf.rows("latests", { class: name, n: 1000, startdate: "2017-01-01", trend }),
      ),
    );
    expect(
      rising.every((row) => Number(row["d:mag_rate"]) < 0) &&
        fading.every((row) => Number(row["d:mag_rate"]) > 0),
    ).toBe(true);
    expect(rising.length + fading.length).toBeLessThanOrEqual(every.length);
    expect(await ztf.rows("latests", { class: "(SIMBAD) QSO" })).toEqual(
      await ztf.rows("latests", { class: "QSO" }),
    );
  });

  test("sso: by the survey's name, several, none", async () => {
    const [[one, n], [two, m]] = await sql(
      "SELECT ssnamenr, count(*)::INT FROM {sources} WHERE ssnamenr NOT IN ('null', '') GROUP BY ALL ORDER BY 2 DESC, 1 LIMIT 2",
    );
    const rows = await ztf.rows("sso", { n_or_d: one });
    expect(rows).toHaveLength(Number(n));
    expect(new Set(rows.map((row) => row["i:ssnamenr"]))).toEqual(new Set([one]));
    expect(rows[0]).toMatchObject({
      sso_name: one,
      "d:roid": 3,
      "v:classification": "Solar System MPC",
    });
    expect(await ztf.rows("sso", { n_or_d: `${String(one)},${String(two)}` })).toHaveLength(
      Number(n) + Number(m),
    );
    expect(await ztf.rows("sso", { n_or_d: "10P" })).toEqual([]);
  });

  test("alerts page by page: a cursor loses none and repeats none", async () => {
    const seen: string[] = [];
    let cursor = "";
    do {
      const response = await ztf.app.request(
        `/api/v1/alerts?limit=50${cursor === "" ? "" : `&cursor=${cursor}`}`,
      );
      const { alerts, next } = (await response.json()) as {
        alerts: { alertId: string; mjd: number }[];
        next: string | null;
      };
      expect(alerts.map(({ mjd }) => mjd)).toEqual(
        alerts.map(({ mjd }) => mjd).toSorted((a, b) => b - a),
      );
      seen.push(...alerts.map(({ alertId }) => alertId));
      cursor = next ?? "";
    } while (cursor !== "");
    const [[count]] = await sql("SELECT count(*)::INT FROM {sources}");
    expect([seen.length, new Set(seen).size]).toEqual([count, count]);
    expect((await ztf.app.request("/api/v1/alerts?cursor=x")).status).toBe(400);
  });

  test("statistics: what was received per night, by year, night and column", async () => {
    const counts = await sql(
      "SELECT _night, count(*)::INT, count(*) FILTER (rb >= 0.55 AND nbad = 0)::INT FROM {sources} GROUP BY 1 ORDER BY 1",
    );
    const every = await ztf.rows("statistics", { date: "" });
    expect(every.map((row) => [row["basic:raw"], row["basic:sci"]])).toEqual(
      counts.map(([, raw, good]) => [raw, good]),
    );
    const [[last]] = counts.slice(-1);
    const [night, ...more] = await ztf.rows("statistics", {
      date: String(last),
      columns: "basic:raw,basic:sci",
    });
    expect([Object.keys(night).toSorted(), more]).toEqual([
      ["basic:raw", "basic:sci", "key:key", "key:time"],
      [],
    ]);
    expect(night["key:key"]).toBe(`ztf_${String(last)}`);
    expect(
      (await ztf.rows("statistics", { date: String(last).slice(0, 4) })).map(
        (row) => row["key:key"],
      ),
    ).toContain(`ztf_${String(last)}`);
    expect(
      (await ztf.rows("statistics", { date: "", schema: "True" })).map((row) => row.schema),
    ).toEqual(Object.keys(every[0]));
  });

  test("statistics: the aggregation `nightly` counts the same", async () => {
    const [aggregation] = (await aggregationsIn("")).aggregations.filter(
      ({ survey, name }) => survey === "ztf" && name === "nightly",
    );
    const session = await openSession(ztf.sky.lake);
    for (const night of (await ztf.rows("statistics", { date: "" })).slice(-12)) {
      const counted = await nightStatistics(
        session,
        surveys.named("ztf"),
        Number(String(night["key:key"]).slice(4)),
        aggregation,
      );
      const both = counted.flatMap(({ name, value }) =>
        ["basic", "class"].flatMap((kind) =>
          `${kind}:${name}` in night ? [[`${kind}:${name}`, value]] : [],
        ),
      );
      if (counted.length === 0) continue; // an alert without an id has no science
      expect(both).toHaveLength(8);
      expect(night).toMatchObject(Object.fromEntries(both));
    }
    session.close();
  });

  test.each<[string, Row, string]>([
    ["objects", {}, "A value for `objectId` is required"],
    [
      "objects",
      { objectId: "x", "output-format": "xml" },
      "Output format `xml` is not supported. Choose among json, csv, votable, or parquet",
    ],
    ["objects", { objectId: "x\u0000'" }, "`objectId`"],
    ["cutouts", { objectId: "x" }, "A value for `kind` is required"],
    ["cutouts", { objectId: "x", kind: "Nonsense" }, "`kind`"],
    [
      "cutouts",
      { objectId: "x", kind: "All" },
      "The option `kind=All` is only compatible with `output-format=array`.",
    ],
    [
      "cutouts",
      { objectId: "x", kind: "Science", "output-format": "GIF" },
      "`output-format` must be one of: PNG, FITS, or array.",
    ],
    ["latests", {}, "A value for `class` is required"],
    ["latests", { class: "QSO", startdate: "yesterday" }, "`startdate`"],
    ["latests", { class: "QSO", n: -1 }, "`n`"],
    ["latests", { class: "QSO", trend: "low_state" }, "`trend`"],
    [
      "conesearch",
      { ra: 1, dec: 1, radius: 36000 },
      "`radius` cannot be bigger than 18,000 arcseconds (5 degrees).",
    ],
    ["conesearch", { ra: "kfdlkj", dec: 1, radius: 1 }, "`ra`"],
    ["sso", { n_or_d: "8467", withEphem: true }, "Miriade"],
    [
      "sso",
      { n_or_d: "8467,1922", withResiduals: true },
      "You cannot request residuals for a list object names.",
    ],
    ["tracklet", {}, "You need to specify a date at the format YYYY-MM-DD hh:mm:ss"],
    ["resolver", { resolver: "ned", name: "x" }, "`resolver`"],
    ["statistics", { date: "today" }, "`date`"],
  ])(
    "%s with %j is answered with 400 and which argument is wrong",
    async (name, given, message) => {
      const response = await ztf.post(name, given);
      const { status, text } = (await response.json()) as Row;
      expect([response.status, status]).toEqual([
        name === "cutouts" && message.startsWith("The option") ? response.status : 400,
        response.status === 400 ? "error" : status,
      ]);
      if (response.status === 400) expect(text).toContain(message);
    },
  );

  test("what another service knows is said to be there, not a failure of ours", async () => {
    for (const [name, given] of [
      ["ssoft", {}],
      ["ssocand", { kind: "orbParams" }],
    ] as const) {
      const response = await ztf.post(name, given);
      expect([response.status, ((await response.json()) as Row).error]).toEqual([
        404,
        expect.stringMatching(/this server/),
      ]);
    }
    expect(ztf.logged).toEqual([]);
  });
});
