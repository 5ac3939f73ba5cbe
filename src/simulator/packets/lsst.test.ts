import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import avsc from "avsc";
import { describe, expect, it } from "vitest";
import { long } from "../../../test/simulator/decode.ts";
import { available } from "../../../test/require.ts";
import { readWireHeader } from "../../avro/wire.ts";
import type { Alert } from "../night/alert.ts";
import { packedDesignation } from "../../sky/designation.ts";
import { alertOf, artefactOf, moving, objectOf } from "../../../test/simulator/lsst-fixture.ts";
import { lsstObjectId, lsstPacket, lsstSourceId } from "./lsst.ts";
import { schemaFor } from "./schemas.ts";

type Fields = Record<string, number>;

interface Lsst {
  readonly diaSourceId: bigint;
  readonly diaSource: Fields & {
    readonly diaSourceId: bigint;
    readonly diaObjectId: bigint;
    readonly ssObjectId: bigint;
  };
  readonly prvDiaSources: (Fields & { readonly diaSourceId: bigint })[] | null;
  readonly prvDiaForcedSources: Fields[] | null;
  readonly diaObject: (Fields & { readonly diaObjectId: bigint }) | null;
  readonly ssSource: Fields | null;
  readonly MPCORB: (Fields & { readonly mpcDesignation: string }) | null;
  readonly cutoutScience: Uint8Array;
  readonly cutoutTemplate: Uint8Array;
  readonly cutoutDifference: Uint8Array;
}

/** The second opinion: avsc, which gives unions unwrapped. */
const type = avsc.Type.forSchema(JSON.parse(schemaFor("lsst").text) as avsc.Schema, {
  registry: { long },
  wrapUnions: "never",
});
const read = (alert: Alert): Lsst =>
  type.fromBuffer(Buffer.from(lsstPacket(alert).bytes.subarray(5))) as Lsst;

const asteroid = objectOf(800_000, { kind: "moving", moving, era: 1 });
const unknown = objectOf(800_001, {
  kind: "moving",
  moving: { ...moving, designation: null },
  era: 1,
});
const ra = (p: Lsst): number => p.diaSource["ra"];

describe("an LSST packet", () => {
  it("is in Confluent wire format with the id of its schema", () => {
    const { bytes } = lsstPacket(alertOf(objectOf(1)));
    expect(readWireHeader(bytes, 0, bytes.length)).toEqual({ id: 900, start: 5 });
  });

  it("has a signal to noise ratio, fluxes, counts and times that agree", () => {
    for (let serial = 0; serial < 20; serial++) {
      const { diaSource: d, prvDiaSources, diaObject } = read(alertOf(objectOf(serial)));
      expect(d["snr"]).toBeCloseTo(Math.abs(d["psfFlux"]) / d["psfFluxErr"], 3);
      expect(d["scienceFlux"] / (d["templateFlux"] + d["psfFlux"])).toBeCloseTo(1, 5);
      expect(d["timeProcessedMjdTai"]).toBeGreaterThan(d["midpointMjdTai"]);
      expect(diaObject?.["nDiaSources"]).toBe((prvDiaSources?.length ?? 0) + 1);
      expect(diaObject?.["lastDiaSourceMjdTai"]).toBe(d["midpointMjdTai"]);
      expect(diaObject?.["firstDiaSourceMjdTai"]).toBe(prvDiaSources?.[0]["midpointMjdTai"]);
    }
  });

  it("gives the middle of the exposure in TAI, and the visit by its date", () => {
    const alert = alertOf(objectOf(1), 4);
    const { diaSource } = read(alert);
    expect((diaSource["midpointMjdTai"] - alert.observation.visit.mjd) * 86_400).toBeCloseTo(
      15 + 37,
      3,
    );
    expect(String(diaSource["visit"])).toBe("2026061100100"); // MJD 61202
    expect(diaSource["detector"]).toBeLessThan(189);
  });

  it("scatters positions by their errors", () => {
    const pulls = Array.from({ length: 200 }, (_, serial) => {
      const alert = alertOf(objectOf(serial), 1);
      const { diaSource: d } = read(alert);
      return ((d["dec"] - alert.object.dec) / d["decErr"]) ** 2;
    });
    expect(pulls.reduce((a, b) => a + b) / 200).toBeGreaterThan(0.75);
    expect(pulls.reduce((a, b) => a + b) / 200).toBeLessThan(1.25);
  });

  it("describes its object by the sources it has", () => {
    const { diaSource, prvDiaSources, diaObject } = read(alertOf(objectOf(5), 60));
    const sources = [...(prvDiaSources ?? []), diaSource].filter(
      (d) => (d["band"] as unknown) === "u",
    );
    const weights = sources.map((d) => d["psfFluxErr"] ** -2);
    const mean =
      sources.reduce((sum, d, i) => sum + weights[i] * d["psfFlux"], 0) /
      weights.reduce((a, b) => a + b);
    expect(diaObject?.["u_psfFluxMean"]).toBeCloseTo(mean, 1);
    expect(diaObject?.["u_psfFluxNdata"]).toBe(sources.length);
    expect(diaObject?.["u_psfFluxMax"]).toBe(Math.max(...sources.map((d) => d["psfFlux"])));
    expect(diaObject?.["g_psfFluxNdata"]).toBe(0);
    expect(diaObject?.["g_psfFluxMean"]).toBeNull();
  });
});

describe("ids", () => {
  it("are what the packet has, unique, positive and beyond 2^53", () => {
    const objects = [
      ...Array.from({ length: 200 }, (_, i) => objectOf(i)),
      objectOf(3, { era: 1912 }),
      objectOf(3, { era: 1913 }),
      artefactOf(750_000, "streak"),
    ];
    const alerts = objects.flatMap((o) => [alertOf(o, 0), alertOf(o, 1), alertOf(o, 2)]);
    const packets = alerts.map(lsstPacket);
    expect(new Set(packets.map((p) => p.alertId)).size).toBe(alerts.length);
    expect(new Set(packets.map((p) => p.objectId)).size).toBe(objects.length);
    expect(
      packets.every(
        (p) =>
          p.alertId > 2n ** 53n &&
          p.alertId < 2n ** 63n &&
          BigInt(p.objectId) > 2n ** 53n &&
          BigInt(p.objectId) < 2n ** 63n,
      ),
    ).toBe(true);
    for (const [i, { object, observation }] of alerts.entries()) {
      expect(packets[i]).toMatchObject({
        alertId: lsstSourceId(object, observation.visit),
        objectId: lsstObjectId(object),
      });
    }
    const { diaSourceId, diaSource, diaObject } = read(alerts[0]);
    expect([diaSourceId, diaSource.diaSourceId, diaObject?.diaObjectId]).toEqual([
      packets[0].alertId,
      packets[0].alertId,
      BigInt(packets[0].objectId),
    ]);
  });

  it("of known asteroids are packed designations", () => {
    const unpacked = ["2014 RU77", "1995 XA", "2007 TA418", "2026 CA620", "2026 CZ6190"];
    expect(unpacked.map(packedDesignation)).toEqual([
      "K14R77U",
      "J95X00A",
      "K07Tf8A",
      "_QC0000",
      "_QC0aEM",
    ]);
    expect(lsstObjectId(asteroid)).toBe(
      String(BigInt(`0x${Buffer.from("K14R77U").toString("hex")}`)),
    );
  });
});

describe("the history", () => {
  it("has an earlier detection exactly as its own alert had it", () => {
    const object = objectOf(7);
    const [earlier, later] = [read(alertOf(object, 6)), read(alertOf(object, 30))];
    expect(later.prvDiaSources?.find((d) => d.diaSourceId === earlier.diaSourceId)).toEqual(
      earlier.diaSource,
    );
    expect(later.prvDiaSources).toHaveLength(10);
  });

  it("has forced photometry of each visit, and nothing for an object that is new", () => {
    const { prvDiaForcedSources } = read(alertOf(objectOf(7), 30));
    expect(prvDiaForcedSources).toHaveLength(31);
    expect(new Set(prvDiaForcedSources?.map((d) => d["diaForcedSourceId"])).size).toBe(31);
    const single = read(alertOf(objectOf(7), 0));
    expect([
      single.prvDiaSources,
      single.prvDiaForcedSources,
      single.diaObject?.["nDiaSources"],
    ]).toEqual([null, [], 1]);
  });
});

describe("the solar system", () => {
  it("has an orbit and an ephemeris in place of an object of the sky, if known", () => {
    const p = read(alertOf(asteroid, 0));
    expect([p.diaObject, p.prvDiaSources, p.prvDiaForcedSources, p.diaSource.diaObjectId]).toEqual([
      null,
      null,
      null,
      0n,
    ]);
    expect([p.ssSource?.["ssObjectId"], p.MPCORB?.["ssObjectId"]]).toEqual([
      p.diaSource.ssObjectId,
      p.diaSource.ssObjectId,
    ]);
    expect(p.MPCORB?.mpcDesignation).toBe("K14R77U");
    expect(p.MPCORB?.["q"]).toBeCloseTo(2.34, 6);
    expect(p.MPCORB?.["t_p"]).toBeCloseTo(61200 + (10 / 360) * 365.2569 * 2.6 ** 1.5, 2);
    expect(
      Math.hypot(
        p.ssSource?.["heliocentricX"] ?? 0,
        p.ssSource?.["heliocentricY"] ?? 0,
        p.ssSource?.["heliocentricZ"] ?? 0,
      ),
    ).toBeCloseTo(moving.heliocentricDist, 6);
    expect(p.ssSource?.["residualRa"]).toBeCloseTo(ra(p) - asteroid.ra, 9);
    const u = read(alertOf(unknown, 0));
    expect([u.ssSource, u.MPCORB, u.diaSource.ssObjectId, u.diaObject?.["nDiaSources"]]).toEqual([
      null,
      null,
      0n,
      1,
    ]);
  });
});

describe("an artefact", () => {
  it("is flagged, and less reliable than what is real; the two overlap", () => {
    expect(read(alertOf(artefactOf(1, "dipole"), 0)).diaSource).toMatchObject({
      isDipole: true,
      dipoleFitAttempted: true,
      pixelFlags_cr: false,
    });
    expect(read(alertOf(artefactOf(1, "cosmic ray"), 0)).diaSource).toMatchObject({
      isDipole: false,
      pixelFlags_cr: true,
      pixelFlags_crCenter: true,
    });
    expect(read(alertOf(artefactOf(1, "streak"), 0)).diaSource).toMatchObject({
      pixelFlags_streak: true,
    });
    expect(read(alertOf(artefactOf(1, "streak"), 0)).diaSource["trailLength"]).toBeGreaterThan(80);
    const reliabilities = (alertsOf: (serial: number) => Alert): number[] =>
      Array.from({ length: 60 }, (_, i) => read(alertsOf(i)).diaSource["reliability"]).toSorted();
    const [real, artefact] = [
      reliabilities((i) => alertOf(objectOf(i), 0, 900)),
      reliabilities((i) => alertOf(artefactOf(i, "dipole"), 0, 900)),
    ];
    expect(real[30]).toBeGreaterThan(artefact[30] + 0.1);
    expect(real[3]).toBeLessThan(artefact[57]);
  });
});

describe("the cutouts", () => {
  it("are FITS files of three images, 34,560 bytes or some blocks more", () => {
    const p = read(alertOf(objectOf(2)));
    for (const cutout of [p.cutoutScience, p.cutoutTemplate, p.cutoutDifference]) {
      const text = Buffer.from(cutout).toString("latin1");
      expect(cutout.length % 2880).toBe(0);
      expect(cutout.length).toBeGreaterThanOrEqual(34_560);
      expect(text.startsWith("SIMPLE  =                    T")).toBe(true);
      expect([...text.matchAll(/EXTNAME = '(\w+)/g)].map(([, name]) => name)).toEqual([
        "UNCERT",
        "PSFIMAGE",
      ]);
    }
  });
});

const published = join(
  import.meta.dirname,
  "../../../../shared/reference/alerts/lsst/schemas/900.avsc",
);
const hasReference = available(
  "reference",
  existsSync(published),
  "no ../shared/reference to compare the packets' schemas with",
);

it.skipIf(!hasReference)("the schema has the published names, order and types", () => {
  const columns = (schemaText: string): unknown => {
    const bare = JSON.parse(schemaText, (key, value: unknown) =>
      key === "default" || key === "doc" ? undefined : value,
    ) as avsc.Schema;
    return avsc.Type.forSchema(bare, { wrapUnions: "always" }).schema();
  };
  expect(columns(schemaFor("lsst").text)).toEqual(columns(readFileSync(published, "utf8")));
});

const python = process.env["FINK_PYTHON"] ?? "";
const hasPython = available("python", python !== "", "FINK_PYTHON names no Python with fastavro");

it.skipIf(!hasPython)(
  "fastavro reads every packet, and astropy its images where it is installed",
  () => {
    const alerts = [
      alertOf(objectOf(1)),
      alertOf(objectOf(2), 0),
      alertOf(asteroid, 0),
      alertOf(unknown, 0),
      alertOf(artefactOf(5, "dipole"), 0),
    ];
    const folder = mkdtempSync(join(tmpdir(), "fink-lsst-"));
    for (const [i, alert] of alerts.entries())
      writeFileSync(join(folder, `${i}.bin`), lsstPacket(alert).bytes);
    const script = `import fastavro,glob,io,json,sys
try: from astropy.io import fits
except ImportError: fits=None
folder,schema=sys.argv[1:]
s=fastavro.parse_schema(json.loads(schema)); out=[]
for f in sorted(glob.glob(folder+'/*.bin')):
    b=io.BytesIO(open(f,'rb').read()); b.seek(5); a=fastavro.schemaless_reader(b,s); assert b.read()==b''
    out.append(str(a['diaSourceId']))
    if fits:
        images={k:fits.open(io.BytesIO(a['cutout'+k])) for k in ('Science','Template','Difference')}
        for hdus in images.values(): hdus.verify('exception'); assert len(hdus)==3 and abs(hdus['PSFIMAGE'].data.sum()-1)<1e-9
        worst=abs(images['Science'][0].data-images['Template'][0].data-images['Difference'][0].data).max(); assert worst<0.1, worst
        from astropy.wcs import WCS
        h=images['Science'][0].header; ra,dec=WCS(h).wcs_pix2world(h['CRPIX1'],h['CRPIX2'],1); assert abs(ra-a['diaSource']['ra'])<2e-4 and abs(dec-a['diaSource']['dec'])<2e-4
print(json.dumps(out))`;
    const ids = JSON.parse(
      execFileSync(python, ["-c", script, folder, schemaFor("lsst").text]).toString(),
    ) as string[];
    rmSync(folder, { recursive: true });
    expect(ids).toEqual(alerts.map((alert) => String(lsstPacket(alert).alertId)));
  },
);
