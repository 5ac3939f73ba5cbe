import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import avsc from "avsc";
import { describe, expect, it } from "vitest";
import { long } from "../../../test/simulator/decode.ts";
import { available } from "../../../test/require.ts";
import { containerBlocks, readContainerHeader } from "../../avro/container.ts";
import { jdMinusMjd } from "../../sky/time.ts";
import type { Galaxy } from "../classes/class.ts";
import type { Alert, MovingState, Observation, SkyObject } from "../night/alert.ts";
import { abFlux } from "../photometry.ts";
import { hashOf, normalOf, uniformOf } from "../random.ts";
import { fieldsOf } from "../survey/fields.ts";
import type { Visit } from "../survey/schedule.ts";
import { type Band, telescopes } from "../survey/telescope.ts";
import { schemaFor } from "./schemas.ts";
import { type ZtfSchema, ztfPacket } from "./ztf.ts";
import { cameraPlace, candidOf, imageIdOf, jdOf, ztfObjectId } from "./ztf-identity.ts";

const field = fieldsOf(telescopes.ztf)[300];

/** Two visits a night, in g and r. */
const visits = Array.from({ length: 50 }, (_, i): Visit => {
  const [night, number, band]: [number, number, Band] = [
    60000 + (i >> 1),
    10 + 45 * (i & 1),
    i & 1 ? "r" : "g",
  ];
  const conditions = {
    depth: 20.6 - 0.3 * uniformOf(i, 1),
    seeingArcsec: 2 * Math.exp(0.15 * normalOf(i, 2)),
    airmass: 1.1,
    sky: 1 + uniformOf(i, 3),
  };
  return {
    night,
    number,
    key: night * 2000 + number,
    field,
    mjd: night + 0.3 + 0.0208 * (i & 1) + 1e-5 * i,
    band,
    ...conditions,
  };
});

function observe(object: SkyObject, visit: Visit): Observation {
  const trueFlux = object.source.flux(visit.mjd, visit.band);
  const fluxErr = Math.hypot(abFlux(visit.depth) / 5, 0.02 * trueFlux);
  const flux = trueFlux + fluxErr * normalOf(object.hash, visit.key);
  return {
    visit,
    flux,
    fluxErr,
    trueFlux,
    referenceFlux: object.source.referenceFlux(visit.band),
    isDetected: Math.abs(flux) >= 5 * fluxErr,
  };
}

/** A source of constant brightness. */
function objectOf(
  serial: number,
  magnitude: number,
  more: { sign?: number; star?: number; galaxy?: Galaxy; era?: number } & Partial<SkyObject> = {},
): SkyObject {
  const { sign = 1, star, galaxy = null, era = 0, moving = null, shape = null } = more;
  const ra = field.raMin + (field.raMax - field.raMin) * uniformOf(serial, 5);
  const dec = field.decMin + (field.decMax - field.decMin) * uniformOf(serial, 6);
  const truth = {
    redshift: null,
    distancePc: null,
    peakMjd: null,
    magnitude,
    extinctionV: 0,
    parameters: {},
  };
  const source = {
    ra,
    dec,
    flux: () => sign * abFlux(magnitude),
    referenceFlux: () => (star === undefined ? 0 : abFlux(star)),
    galaxy,
    truth,
  };
  const model = { kind: "fixed" } as SkyObject["model"];
  return {
    model,
    field: field.number,
    serial,
    era,
    hash: hashOf(serial, era),
    rank: 0.5,
    ra,
    dec,
    source,
    moving,
    shape,
  };
}

/** What is known at that visit, from the 20 visits before. */
function alertOf(object: SkyObject, at = visits.length - 1): Alert {
  const history = visits.slice(Math.max(0, at - 20), at).map((v) => observe(object, v));
  const detected = history.filter((o) => o.isDetected);
  const firstDetection = (detected[0]?.visit ?? visits[at]).mjd;
  return {
    object,
    observation: observe(object, visits[at]),
    history,
    firstDetection,
    detections: detected.length + 1,
    coverage: 300,
  };
}

const galaxy: Galaxy = {
  flux: () => abFlux(18),
  radiusArcsec: 2,
  axisRatio: 0.6,
  angle: 30,
  eastArcsec: 1.5,
  northArcsec: -2,
  redshift: 0.05,
  sersic: 1,
};
const moving = { designation: "2014 RU77", predictedV: 18.83 } as MovingState;

const star = objectOf(1, 17.5, { star: 16.2 });
const faded = objectOf(2, 18, { star: 17, sign: -1 });
const supernova = objectOf(500_003, 18.5, { galaxy, era: 1874 });
const marginal = objectOf(4, 20.5);
const asteroid = objectOf(750_005, 19, { moving, era: visits[49].key });
const all = [star, faded, supernova, marginal, asteroid];

interface Fields {
  readonly [name: string]: number | string | bigint | null;
}

interface Content {
  readonly objectId: string;
  readonly candid: bigint;
  readonly candidate: Readonly<Record<string, number>> & {
    readonly candid: bigint;
    readonly isdiffpos: string;
    readonly ssnamenr: string;
  };
  readonly prv_candidates: readonly Fields[];
  readonly fp_hists: readonly Fields[];
  readonly cutoutScience: { readonly fileName: string; readonly stampData: Uint8Array };
  readonly cutoutTemplate: { readonly fileName: string; readonly stampData: Uint8Array };
  readonly cutoutDifference: { readonly fileName: string; readonly stampData: Uint8Array };
}

/** The second opinion: avsc, which refuses the defaults of 3.3. */
const types = Object.fromEntries(
  (["4.02", "3.3"] as const).map((version) => {
    const schema = JSON.parse(schemaFor("ztf", version).text, (key, value: unknown) =>
      key === "default" ? undefined : value,
    ) as avsc.Schema;
    return [version, avsc.Type.forSchema(schema, { registry: { long }, wrapUnions: "never" })];
  }),
);

function read(bytes: Uint8Array, version: ZtfSchema = "4.02"): Content {
  const header = readContainerHeader(bytes, 0, bytes.length);
  expect(Buffer.from(header.schema).toString()).toBe(schemaFor("ztf", version).text);
  const [block] = containerBlocks(bytes, header, bytes.length, bytes.length);
  return types[version].fromBuffer(Buffer.from(bytes.subarray(block.start, block.end))) as Content;
}

const packetOf = (object: SkyObject, at?: number, version?: ZtfSchema): Content =>
  read(ztfPacket(alertOf(object, at), version).bytes, version);

describe("a ZTF packet", () => {
  it("has magnitudes, errors, times and places that follow from the observation", () => {
    for (const object of all) {
      const alert = alertOf(object);
      const { candidate: c } = packetOf(object);
      const { flux, fluxErr, visit } = alert.observation;
      expect(c.magpsf).toBeCloseTo(31.4 - 2.5 * Math.log10(Math.abs(flux)), 4);
      expect(c.scorr).toBeCloseTo(Math.abs(flux) / fluxErr, 6);
      expect(c.sigmapsf * c.scorr).toBeCloseTo(1.0857, 3);
      expect(c.isdiffpos).toBe(flux > 0 ? "t" : "f");
      expect(c.magdiff).toBeCloseTo(c.magap - c.magpsf, 4);
      expect(c.magfromlim).toBeCloseTo(c.diffmaglim - c.magap, 4);
      expect(c.jd).toBeCloseTo(visit.mjd + jdMinusMjd, 6);
      expect(c.jdendhist).toBe(c.jd);
      expect(c.jdstarthist).toBeCloseTo(alert.firstDetection + jdMinusMjd, 6);
      expect([c.ndethist, c.ncovhist, c.fid, c.rcid < 64, c.mindtoedge >= 0]).toEqual([
        alert.detections,
        alert.coverage,
        2,
        true,
        true,
      ]);
    }
  });

  it("scatters about the true place as the seeing and the signal say", () => {
    const scatters = Array.from({ length: 300 }, (_, i) => {
      const object = objectOf(1000 + i, 19);
      const { seeingArcsec } = visits[10];
      const c = packetOf(object, 10).candidate;
      const sigma = seeingArcsec / 2.355 / c.scorr / 3600;
      return [
        ((c.ra - object.ra) * Math.cos((object.dec * Math.PI) / 180)) / sigma,
        (c.dec - object.dec) / sigma,
      ];
    }).flat();
    expect(Math.sqrt(scatters.reduce((sum, s) => sum + s * s, 0) / scatters.length)).toBeCloseTo(
      1,
      1,
    );
  });

  it("has its detection again, field for field, in the history of later alerts", () => {
    for (const object of [star, faded, supernova]) {
      const earlier = packetOf(object, 30).candidate as unknown as Fields;
      const later = packetOf(object, 45).prv_candidates.find(
        (p) => p["candid"] === earlier["candid"],
      );
      expect(later).toBeDefined();
      for (const [name, value] of Object.entries(later ?? {}))
        expect(value, name).toEqual(earlier[name]);
    }
  });

  it("has upper limits where nothing was found, and forced photometry of every visit", () => {
    const { prv_candidates: history, fp_hists: forced } = packetOf(marginal);
    expect([history.length, forced.length]).toEqual([20, 20]);
    const limits = history.filter((p) => p["candid"] === null);
    expect(limits.length).toBeGreaterThan(5);
    for (const limit of limits)
      expect([
        limit["magpsf"],
        limit["ra"],
        limit["isdiffpos"],
        limit["diffmaglim"] !== null,
      ]).toEqual([null, null, null, true]);
    const good = packetOf(star).fp_hists.filter((f) => f["procstatus"] === "0");
    expect(good.length).toBeGreaterThan(14);
    for (const f of good) {
      const same = packetOf(star).prv_candidates.find((p) => p["jd"] === f["jd"]);
      const magnitude = Number(f["magzpsci"]) - 2.5 * Math.log10(Number(f["forcediffimflux"]));
      if (same?.["magpsf"]) expect(magnitude).toBeCloseTo(Number(same["magpsf"]), 3);
    }
  });

  it("names the star, galaxy or asteroid that it belongs to", () => {
    const s = packetOf(star).candidate;
    expect([s.distnr < 0.5, s.magnr, s.srmag1, s.sgscore1 > 0.5, s.neargaia < 0.5]).toEqual([
      true,
      expect.closeTo(16.2, 3),
      expect.closeTo(16.2, 3),
      true,
      true,
    ]);
    const n = packetOf(supernova).candidate;
    expect(n.distnr * 1.012).toBeCloseTo(2.5, 0);
    expect((n.ranr - n.ra) * Math.cos((n.dec * Math.PI) / 180) * 3600).toBeCloseTo(1.5, 0);
    expect([n.magnr, n.sgscore1 < 0.3]).toEqual([expect.closeTo(18, 3), true]);
    const a = packetOf(asteroid).candidate;
    expect([a.ssnamenr, a.ssmagnr, a.ssdistnr]).toEqual(["2014 RU77", expect.closeTo(18.8, 4), 0]);
    expect([s.ssnamenr, s.ssdistnr]).toEqual(["null", -999]);
  });

  it("has three gzipped FITS images; the difference is that in which the source is positive", () => {
    const pixels = (gzipped: Uint8Array): Float32Array => {
      const fits = gunzipSync(gzipped);
      expect([fits.length, fits.subarray(0, 30).toString()]).toEqual([
        20160,
        "SIMPLE  =                    T",
      ]);
      return Float32Array.from({ length: 63 * 63 }, (_, i) => fits.readFloatBE(2880 + 4 * i));
    };
    for (const [object, sign, name] of [
      [star, 1, "scimref"],
      [faded, -1, "refmsci"],
    ] as const) {
      const { cutoutScience, cutoutTemplate, cutoutDifference, candid } = packetOf(object);
      const [science, template, difference] = [cutoutScience, cutoutTemplate, cutoutDifference].map(
        (c) => pixels(c.stampData),
      );
      expect(
        Math.max(
          ...science.map((value, i) => Math.abs(value - template[i] - sign * difference[i])),
        ),
      ).toBeLessThan(0.05);
      expect(difference[31 * 63 + 31]).toBeGreaterThan(50);
      expect(cutoutDifference.fileName).toBe(
        `candid${candid}_pid${candid / 1_000_000n}_targ_${name}.fits.gz`,
      );
    }
  });

  it("has scores that overlap: most sources above, most artefacts below a half", () => {
    const scores = (shape: SkyObject["shape"], magnitude: number): number[] =>
      Array.from(
        { length: 200 },
        (_, i) => packetOf(objectOf(i, magnitude, { shape }), 5).candidate.rb,
      ).sort((a, b) => a - b);
    const [real, artefacts] = [scores(null, 19.3), scores("cosmic ray", 19.3)];
    expect(real[100]).toBeGreaterThan(0.75);
    expect(real[100]).toBeLessThan(0.9);
    expect(artefacts[100]).toBeLessThan(0.4);
    expect(artefacts[190]).toBeGreaterThan(real[10]);
  });

  it("is as large as a real one, and smaller without forced photometry", () => {
    const size = ztfPacket(alertOf(star)).bytes.length;
    expect(size).toBeGreaterThan(72_000);
    expect(size).toBeLessThan(82_000);
    expect(ztfPacket(alertOf(star), "3.3").bytes.length).toBeLessThan(size - 5000);
    expect(packetOf(star, 40, "3.3").candidate).toEqual(packetOf(star, 40).candidate);
  });
});

describe("identifiers", () => {
  const ztfCandid = (object: SkyObject, { mjd, field }: Visit) =>
    candidOf(imageIdOf(jdOf(mjd), cameraPlace(object, field).rcid), object.serial);

  it("are those in the packets", () => {
    for (const object of all) {
      const { bytes, alertId, objectId } = ztfPacket(alertOf(object));
      const content = read(bytes);
      expect([content.candid, content.candidate.candid, content.objectId]).toEqual([
        alertId,
        alertId,
        objectId,
      ]);
      expect([ztfCandid(object, visits[49]), ztfObjectId(object)]).toEqual([alertId, objectId]);
      expect(objectId).toMatch(/^ZTF\d\d[a-z]{7}$/);
    }
  });

  it("are different for what is different", () => {
    const identities = Array.from({ length: 20_000 }, (_, i) => {
      const kind = i % 3;
      const serial = [0, 500_000, 750_000][kind] + Math.floor(i / 60);
      return {
        ...star,
        field: (7 * i) % 678,
        serial,
        era: [0, 1874 + (i % 7), 120_000_000 + 2000 * (i % 40) + (i % 1000)][kind],
      };
    });
    expect(new Set(identities.map(ztfObjectId)).size).toBe(
      new Set(identities.map((o) => `${o.serial < 750_000 ? o.field : ""} ${o.serial} ${o.era}`))
        .size,
    );
    const candids = visits.flatMap((v) => all.map((o) => ztfCandid(o, v)));
    expect(new Set(candids).size).toBe(candids.length);
  });

  it("tell the year", () => {
    expect(ztfObjectId(supernova).slice(0, 5)).toBe("ZTF23"); // era 1874 begins on 2023-01-14
    expect(ztfObjectId(asteroid).slice(0, 5)).toBe("ZTF23");
    expect(ztfObjectId(star).slice(0, 5)).toMatch(/ZTF1[78]/);
  });
});

const reference = join(import.meta.dirname, "../../../../shared/reference/alerts/ztf");
const hasReference = available(
  "reference",
  existsSync(reference),
  "no ../shared/reference to compare the packets' schemas with",
);

describe.skipIf(!hasReference)("the schemas", () => {
  it.each([
    ["4.02", "v4.02/3044341005815015012.avro"],
    ["3.3", "v3.3/1435168566115010000.avro"],
  ] as const)(
    "%s: have the published names, order, types and defaults, and about the size",
    (version, path) => {
      const file = readFileSync(join(reference, path));
      const published = Buffer.from(readContainerHeader(file, 0, file.length).schema)
        .toString()
        .replace('"default": 0', '"default": null'); // tooflag in 3.3, the only one
      const { text } = schemaFor("ztf", version);
      const undocumented = (schema: string): unknown =>
        JSON.parse(schema, (key, value: unknown) => (key === "doc" ? undefined : value));
      expect(undocumented(text)).toEqual(undocumented(published));
      expect(text.length / published.length).toBeCloseTo(1, 0.8);
    },
  );

  it("have a description of every field", () => {
    const undescribed = [
      ...schemaFor("ztf").text.matchAll(
        /\{"name":"(\w+)","type":(?:"\w+"|\["null","\w+"\])(?:,"default":null)?\}/g,
      ),
    ].map(([, name]) => name);
    expect(undescribed).toEqual([]);
  });

  it("of other versions are not here", () => {
    expect(() => schemaFor("ztf", "4.01")).toThrow(
      "ztf has no schema 4.01 here; there are 4.02, 3.3",
    );
  });
});

const python = process.env["FINK_PYTHON"] ?? "";
const hasPython = available("python", python !== "", "FINK_PYTHON names no Python with fastavro");

describe.skipIf(!hasPython)("fastavro", () => {
  it("reads packets of both schemas", () => {
    const folder = mkdtempSync(join(tmpdir(), "fink-ztf-"));
    const expected = (["4.02", "3.3"] as const).flatMap((version) =>
      all.map((object, i) => {
        const { bytes, alertId, objectId } = ztfPacket(alertOf(object), version);
        writeFileSync(join(folder, `${version}-${i}.avro`), bytes);
        return `${alertId} ${objectId}`;
      }),
    );
    const script = `import fastavro,glob,sys
for f in glob.glob(sys.argv[1]+'/*.avro'):
    [a]=fastavro.reader(open(f,'rb')); print(a['candid'],a['objectId'])`;
    const lines = execFileSync(python, ["-c", script, folder]).toString().trim().split("\n");
    rmSync(folder, { recursive: true });
    expect(lines.sort()).toEqual(expected.sort());
  });
});
