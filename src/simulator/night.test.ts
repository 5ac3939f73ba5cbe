import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import avsc from "avsc";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { available } from "../../test/require.ts";
import { containerBlocks, readContainerHeader } from "../avro/container.ts";
import { readWireHeader } from "../avro/wire.ts";
import { msOfMjd } from "../sky/time.ts";
import { type NightOptions, type SimulatedAlert, simulateNight } from "./night.ts";
import { schemaFor } from "./schemas.ts";
import { darkTime, type SurveyName, telescopes } from "./telescope.ts";
import { writeNight } from "./write.ts";

const surveys = ["ztf", "lsst"] as const;
const options = (survey: SurveyName, more: Partial<NightOptions> = {}): NightOptions => ({ survey, date: "2026-03-14", alerts: 120, seed: 1, ...more });
const nights = Object.fromEntries(surveys.map((s) => [s, [...simulateNight(options(s))]])) as Record<SurveyName, SimulatedAlert[]>;

interface Ztf {
  readonly schemavsn: string;
  readonly objectId: string;
  readonly candid: bigint;
  readonly candidate: Record<string, number> & { candid: bigint; isdiffpos: string };
  readonly prv_candidates: (Record<string, number> & { candid: bigint | null })[];
  readonly fp_hists: Record<string, number>[];
  readonly cutoutScience: { stampData: Uint8Array };
  readonly cutoutTemplate: { stampData: Uint8Array };
  readonly cutoutDifference: { stampData: Uint8Array };
}

interface Lsst {
  readonly diaSource: Record<string, number> & { diaSourceId: bigint };
  readonly prvDiaSources: Record<string, number>[] | null;
  readonly diaObject: (Record<string, number> & { diaObjectId: bigint }) | null;
  readonly ssSource: { ssObjectId: bigint } | null;
  readonly cutoutScience: Uint8Array;
}

/** The second opinion: avsc, which refuses nothing here and gives unions unwrapped. */
function avscReader(survey: SurveyName): (bytes: Uint8Array) => unknown {
  const long = avsc.types.LongType.__with({
    fromBuffer: (b: Buffer) => b.readBigInt64LE(),
    toBuffer: () => Buffer.alloc(8),
    fromJSON: BigInt,
    toJSON: String,
    isValid: (n: unknown) => typeof n === "bigint",
    compare: () => 0,
  });
  const type = avsc.Type.forSchema(JSON.parse(schemaFor(survey).text) as avsc.Schema, { registry: { long }, wrapUnions: "never" });
  return (bytes) => type.fromBuffer(Buffer.from(bytes));
}

const readZtf = avscReader("ztf");
const readLsst = avscReader("lsst");

function ztfAlerts(): Ztf[] {
  return nights.ztf.map(({ bytes }) => {
    const [block] = containerBlocks(bytes, readContainerHeader(bytes, 0, bytes.length), bytes.length, bytes.length);
    return readZtf(bytes.subarray(block.start, block.end)) as Ztf;
  });
}

const lsstAlerts = (): Lsst[] => nights.lsst.map(({ bytes }) => readLsst(bytes.subarray(5)) as Lsst);

describe.each(surveys)("a night of %s", (survey) => {
  const night = nights[survey];

  it("has as many alerts as asked for, each with an id and object of its own, beyond 2^53", () => {
    expect(night).toHaveLength(120);
    expect(new Set(night.map((a) => a.alertId)).size).toBe(120);
    expect(new Set(night.map((a) => a.objectId)).size).toBe(120);
    expect(night.every((a) => a.alertId > 2n ** 53n && a.alertId < 2n ** 63n)).toBe(true);
  });

  it("is the same for the same seed and another for another", () => {
    expect([...simulateNight(options(survey))].map((a) => Buffer.from(a.bytes).toString("base64"))).toEqual(
      night.map((a) => Buffer.from(a.bytes).toString("base64")),
    );
    const [other] = simulateNight(options(survey, { seed: 2 }));
    expect(Buffer.compare(other.bytes, night[0].bytes)).not.toBe(0);
  });

  it("is published in order, while and shortly after it is dark", () => {
    const [start, end] = darkTime(telescopes[survey], 61113); // 2026-03-14
    const times = night.map((a) => a.publishedAt);
    expect(times).toEqual(times.toSorted((a, b) => a - b));
    expect(times[0]).toBeGreaterThan(msOfMjd(start));
    expect(times.at(-1)).toBeLessThan(msOfMjd(end) + 600_000);
  });

  it("has shorter packets with a short history", () => {
    const size = (alerts: Iterable<SimulatedAlert>): number => [...alerts].reduce((sum, a) => sum + a.bytes.length, 0);
    expect(size(simulateNight(options(survey, { history: "short" })))).toBeLessThan(0.97 * size(night));
  });
});

describe("a ZTF packet", () => {
  const alerts = ztfAlerts();

  it("carries the ids that the simulator says", () => {
    expect(alerts.map((a) => [a.candid, a.candidate.candid, a.objectId])).toEqual(nights.ztf.map((a) => [a.alertId, a.alertId, a.objectId]));
    expect(alerts.every((a) => /^ZTF\d\d[a-z]{7}$/.test(a.objectId))).toBe(true);
  });

  it("is a detection above 5 σ, brighter than the depth, with consistent magnitudes and times", () => {
    for (const { candidate: c } of alerts) {
      expect(1.0857 / c.sigmapsf).toBeGreaterThan(4.99);
      expect(c.magpsf).toBeLessThan(c.diffmaglim + 0.01);
      expect(c.magdiff).toBeCloseTo(c.magap - c.magpsf, 4);
      expect(c.magfromlim).toBeCloseTo(c.diffmaglim - c.magap, 4);
      expect(c.jdstarthist).toBeLessThanOrEqual(c.jd);
      expect(c.jdendhist).toBe(c.jd);
      expect(c.nid).toBe(Math.floor(c.jd - 2457754.5));
    }
  });

  it("has forced fluxes that agree with the magnitudes of its history, and upper limits for the rest", () => {
    const limits: boolean[] = [];
    for (const { prv_candidates, fp_hists } of alerts) {
      for (const [i, prv] of prv_candidates.entries()) {
        const forced = fp_hists[i];
        expect(forced.jd).toBe(prv.jd);
        const snr = Math.abs(forced.forcediffimflux) / forced.forcediffimfluxunc;
        limits.push(prv.candid === null);
        if (prv.candid === null) expect(snr).toBeLessThan(5.001);
        else expect(prv.magpsf).toBeCloseTo(prv.magzpsci - 2.5 * Math.log10(Math.abs(forced.forcediffimflux)), 3);
      }
    }
    expect(limits.filter(Boolean).length).toBeGreaterThan(100);
    expect(limits.filter((l) => !l).length).toBeGreaterThan(100);
  });

  it("has three gzipped FITS images of 63 x 63 pixels; science is template plus difference", () => {
    const pixels = (gzipped: Uint8Array): Float32Array => {
      const fits = gunzipSync(gzipped);
      expect(fits.length % 2880).toBe(0);
      expect(fits.subarray(0, 30).toString()).toBe("SIMPLE  =                    T");
      return Float32Array.from({ length: 63 * 63 }, (_, i) => fits.readFloatBE(2880 + 4 * i));
    };
    for (const alert of alerts.slice(0, 10)) {
      const [science, template, difference] = [alert.cutoutScience, alert.cutoutTemplate, alert.cutoutDifference].map((c) => pixels(c.stampData));
      const worst = Math.max(...science.map((value, i) => Math.abs(value - template[i] - difference[i])));
      expect(worst).toBeLessThan(0.01);
    }
  });
});

describe("an LSST packet", () => {
  const alerts = lsstAlerts();

  it("is in Confluent wire format with the id of its schema", () => {
    for (const { bytes } of nights.lsst) expect(readWireHeader(bytes, 0, bytes.length)).toEqual({ id: 900, start: 5 });
  });

  it("belongs to an object of the sky or of the solar system", () => {
    expect(alerts.map((a) => String(a.diaObject?.diaObjectId ?? a.ssSource?.ssObjectId))).toEqual(nights.lsst.map((a) => a.objectId));
    expect(alerts.some((a) => a.ssSource)).toBe(true);
  });

  it("has a signal to noise ratio, counts and times that agree", () => {
    for (const { diaSource: d, prvDiaSources, diaObject } of alerts) {
      expect(d.snr).toBeCloseTo(Math.abs(d.psfFlux) / d.psfFluxErr, 3);
      expect(d.snr).toBeGreaterThan(5);
      expect(d.scienceFlux / (d.templateFlux + d.psfFlux)).toBeCloseTo(1, 4);
      expect(diaObject?.nDiaSources ?? 1).toBe((prvDiaSources?.length ?? 0) + 1);
      expect(diaObject?.lastDiaSourceMjdTai ?? d.midpointMjdTai).toBe(d.midpointMjdTai);
      expect(d.timeProcessedMjdTai).toBeGreaterThan(d.midpointMjdTai);
    }
  });
});

const reference = join(import.meta.dirname, "../../../shared/reference/alerts");
const hasReference = available("reference", existsSync(reference), "no ../shared/reference to compare the packets' schemas with");

describe.skipIf(!hasReference)("the schemas", () => {
  it("have the published names, order and types (ZTF 4.02, LSST 9.0)", () => {
    const file = readFileSync(join(reference, "ztf/v4.02/3044341005815015012.avro"));
    const published = {
      ztf: Buffer.from(readContainerHeader(file, 0, file.length).schema).toString(),
      lsst: readFileSync(join(reference, "lsst/schemas/900.avsc"), "utf8"),
    };
    for (const survey of surveys) expect(columns(schemaFor(survey).text)).toEqual(columns(published[survey]));
  });
});

/** The schema as avsc understands it, without documentation, defaults and versions. */
function columns(schemaText: string): unknown {
  const withoutDefaults = JSON.parse(schemaText, (key, value: unknown) => (key === "default" || key === "doc" ? undefined : value)) as avsc.Schema;
  return avsc.Type.forSchema(withoutDefaults, { wrapUnions: "always" }).schema();
}

const python = process.env["FINK_PYTHON"] ?? "";
const hasPython = available("python", python !== "", "FINK_PYTHON names no Python with fastavro");

describe.skipIf(!hasPython)("fastavro", () => {
  let folder = "";
  beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), "fink-night-"))));
  afterAll(() => rmSync(folder, { recursive: true }));

  it("reads every packet: ZTF from an archive, LSST from files", async () => {
    const archive = await writeNight(folder, options("ztf"), "tar.gz");
    const files = await writeNight(join(folder, "lsst"), options("lsst"), "files");
    const script = `import fastavro,glob,io,json,sys,tarfile
archive,files,schema=sys.argv[1:]
ids=[]
for m in tarfile.open(archive):
    [a]=fastavro.reader(tarfile.open(archive).extractfile(m)); ids.append(str(a['candid']))
s=fastavro.parse_schema(json.loads(schema))
for f in sorted(glob.glob(files+'/*.bin')):
    b=io.BytesIO(open(f,'rb').read()); b.seek(5); ids.append(str(fastavro.schemaless_reader(b,s)['diaSourceId'])); assert b.read()==b''
print(json.dumps(ids))`;
    const ids = JSON.parse(execFileSync(python, ["-c", script, archive, files, schemaFor("lsst").text]).toString()) as string[];
    expect(ids).toHaveLength(240);
    expect(new Set(ids)).toEqual(new Set([...nights.ztf, ...nights.lsst].map((a) => String(a.alertId))));
  });
});

describe("a wrong date", () => {
  it("is named", () => {
    expect(() => [...simulateNight(options("ztf", { date: "14/03/2026" }))]).toThrow('"14/03/2026" is not a date; give the night as YYYY-MM-DD');
  });
});
