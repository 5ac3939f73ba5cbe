import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { separation } from "../../src/sky/angle.ts";
import { pixelCentre } from "../../src/sky/healpix.ts";
import { fitsTable } from "../fits-table.ts";
import type { CatalogueSource } from "../../src/api/catalogues.ts";
import { type Row, server } from "./server.ts";

const sesame = `<Sesame><Target><name>Markarian 2</name><Resolver name="S=Simbad (CDS, via client/server)"><otype>Sy?</otype><jpos>01:54:53.8 +36:55:04</jpos>
<jradeg>28.7242</jradeg><jdedeg>36.9178</jdedeg><oid>@1166</oid><oname>Mrk 2 &amp; co</oname><nrefs>88</nrefs></Resolver></Target></Sesame>`;

/** In the place of CDS and GraceDB. */
const others = { map: new Uint8Array(), isReachable: true, asked: [] as string[] };
const elsewhere: typeof fetch = async (url) => {
  others.asked.push(String(url));
  if (!others.isReachable) throw new TypeError("fetch failed");
  if (String(url).includes("nph-sesame"))
    return new Response(String(url).includes("Markarian") ? sesame : "<Sesame></Sesame>");
  return String(url).endsWith("/S200219ac/files/bayestar.fits.gz")
    ? new Response(others.map.slice())
    : new Response("", { status: 404 });
};

describe("sky maps and names of others", { timeout: 120_000 }, () => {
  const ztf = server("ztf", elsewhere);
  const [center, order] = [{ ra: 0, dec: 0 }, 5];
  let all: Row[] = [];
  let map = new Uint8Array();

  beforeAll(async () => {
    await ztf.sky.night("2026-10-10", 120);
    const sql = `SELECT _object, _ra AS ra, _dec AS dec, jdstarthist AS first FROM {sources} QUALIFY row_number() OVER (PARTITION BY _object ORDER BY _mjd DESC) = 1`;
    all = await ztf.sources.query("ztf", { places: null, sql }, async (c, q) =>
      (await c.run(q)).getRowObjectsJson(),
    );
    Object.assign(center, { ra: all[0].ra, dec: all[0].dec });
    const probability = Array.from({ length: 12 * 4 ** order }, (_, pixel) =>
      Math.exp(-(separation(center.ra, center.dec, ...pixelCentre(order, pixel)) ** 2) / 800),
    );
    const cards = {
      PIXTYPE: "HEALPIX",
      NSIDE: 2 ** order,
      INDXSCHM: "IMPLICIT",
      ORDERING: "NESTED",
      "DATE-OBS": "2026-10-10T06:00:00",
    };
    others.map = map = gzipSync(fitsTable([["PROB", "1024D", probability]], cards));
  }, 400_000);
  afterAll(() => ztf.end());

  const inside = (radius: number, isInTime: (first: number) => boolean) =>
    all.filter(
      (row) =>
        separation(center.ra, center.dec, Number(row.ra), Number(row.dec)) < radius &&
        isInTime(Number(row.first)),
    );
  const near = Number(new Date("2026-10-10T06:00:00Z")) / 86_400_000 + 2_440_587.5;

  test("a map as an upload, in base64, as Python writes bytes, and of an event: the same objects, first seen around the event", async () => {
    const literal = `b'${Array.from(map, (byte) => `\\x${byte.toString(16).padStart(2, "0")}`).join("")}'`;
    const python = await ztf.rows("skymap", { bayestar: literal, credible_level: 0.5 });
    const base64 = await ztf.rows("skymap", {
      file: Buffer.from(map).toString("base64"),
      credible_level: 0.5,
    });
    const event = await ztf.rows("skymap", { event_name: "S200219ac", credible_level: 0.5 });
    const form = new FormData();
    form.set("file", new Blob([map.slice()]), "bayestar.fits.gz");
    form.set("credible_level", "0.5");
    const uploaded = (await (
      await ztf.app.request("/api/v1/skymap", { method: "POST", body: form })
    ).json()) as Row[];
    for (const rows of [base64, event, uploaded]) expect(rows).toEqual(python);
    const seen = (first: number) => first >= near - 1 && first <= near + 6;
    // half of a Gauss curve of 20° is within 23.5°; a pixel has 1.8°
    const found = new Set(python.map((row) => row["i:objectId"]));
    for (const row of inside(21, seen)) expect(found).toContain(row._object);
    expect(found.size).toBeGreaterThan(0);
    expect(found.size).toBeLessThanOrEqual(inside(26, seen).length);
    expect(
      python.every(
        (row) => Math.abs(Number(row["v:jdstartgw"]) - near) < 1e-6 && "v:classification" in row,
      ),
    ).toBe(true);
    expect(
      (await ztf.rows("skymap", { bayestar: literal, credible_level: 0.99 })).length,
    ).toBeGreaterThan(python.length);
    expect(
      await ztf.rows("skymap", { bayestar: literal, n_day_before: 0, n_day_after: 0 }),
    ).toEqual([]);
  });

  test("an area of the user, which has no time", async () => {
    mkdirSync(join(ztf.sky.lake, "../areas"));
    writeFileSync(
      join(ztf.sky.lake, "../areas/field.json"),
      JSON.stringify({ cone: { ...center, radius_deg: 10 } }),
    );
    const rows = await ztf.rows("skymap", { area: "field", columns: "i:objectId" });
    expect(rows.map((row) => row["i:objectId"]).toSorted()).toEqual(
      inside(10, () => true)
        .map((row) => row._object)
        .toSorted(),
    );
  });

  test.each<[Row, string]>([
    [{}, "One of `file`, `event_name` and `area` is required"],
    [{ area: "fild" }, "`area`: there is no area fild; did you mean field?"],
    [{ area: "field", event_name: "S200219ac" }, "`event_name` and `area`"],
    [{ event_name: "../secret" }, "`event_name`"],
    [{ file: "import os" }, "`file`"],
    [{ file: Buffer.from("no map").toString("base64") }, "`file`"],
    [{ bayestar: "b'\\x1f\\x8bno'" }, "`bayestar`"],
    [{ area: "field", credible_level: 2 }, "`credible_level`"],
    [{ area: "field", n_day_after: 15 }, "`n_day_after`"],
  ])("%j is answered with 400 and why", async (given, text) => {
    const response = await ztf.post("skymap", given);
    expect(response.status).toBe(400);
    expect(((await response.json()) as Row).text).toContain(text);
  });

  test("names of SIMBAD; an event that there is not; others that cannot be reached", async () => {
    const [row, ...more] = await ztf.rows("resolver", { resolver: "simbad", name: "Markarian 2" });
    expect(Object.keys(row)).toEqual([
      "name",
      "oid",
      "oname",
      "otype",
      "jpos",
      "jradeg",
      "jdedeg",
      "refPos",
      "MType",
      "nrefs",
    ]);
    expect([row.name, row.oname, row.jradeg, more.length]).toEqual([
      "Markarian 2",
      "Mrk 2 & co",
      "28.7242",
      0,
    ]);
    expect(await ztf.rows("resolver", { resolver: "simbad", name: "nothing" })).toEqual([]);
    expect((await ztf.post("skymap", { event_name: "S990101zz" })).status).toBe(404);
    others.isReachable = false;
    for (const [name, given] of [
      ["resolver", { resolver: "simbad", name: "M31" }],
      ["skymap", { event_name: "S200219ac" }],
    ] as const) {
      const response = await ztf.post(name, given);
      expect([response.status, ((await response.json()) as Row).error]).toEqual([
        424,
        expect.stringMatching(/cannot be asked by this server: fetch failed/),
      ]);
    }
    expect(ztf.logged).toEqual([]);
  });

  test("names of TNS and of the solar system, from the lake; what catalogues have around a place", async () => {
    const file = join(ztf.sky.lake, "../tns.csv");
    const { ra, dec } = center;
    const lines = [
      `SN,2023abc,ZTF23aaa,${ra},${dec},SN Ia,0.03`,
      "SN,2023abd,,10,20,SN II,",
      "AT,2024x,,30,40,,",
    ];
    writeFileSync(
      file,
      `name_prefix,name,internal_names,ra,declination,type,redshift\n${lines.join("\n")}\n`,
    );
    const flags =
      "--name tns --ra ra --dec declination --keep name_prefix,name,internal_names,type,redshift --radius 1.5".split(
        " ",
      );
    const { code, output } = await ztf.sky.fink(["catalog", "add", file, ...flags]);
    expect(code, output).toBe(0);
    const names = async (given: Row) =>
      (await ztf.rows("resolver", { resolver: "tns", ...given })).map((row) => row["d:fullname"]);
    expect(await names({ name: "" })).toHaveLength(3);
    expect(await names({ name: "SN 2023" })).toEqual(["SN 2023abc", "SN 2023abd"]);
    expect(await names({ name: "sn 2023" })).toEqual(await names({ name: "SN 2023" }));
    expect(await names({ name: "SN", nmax: 1 })).toHaveLength(1);
    const [found, ...more] = (await (
      await ztf.app.request(`/api/v1/catalogues?ra=${ra}&dec=${dec}&radius=30`)
    ).json()) as CatalogueSource[];
    expect([found.catalogue, found.values["type"], more]).toEqual(["tns", "SN Ia", []]);
    expect(found.separationArcsec).toBeCloseTo(0, 6);
    expect((await ztf.app.request("/api/v1/catalogues?ra=400&dec=0")).status).toBe(400);
    const sql =
      "SELECT ssnamenr, _object FROM {sources} WHERE ssnamenr NOT IN ('null', '') ORDER BY 1 LIMIT 1";
    const [[body, object]] = await ztf.sources.query("ztf", { places: null, sql }, async (c, q) =>
      (await c.run(q)).getRows(),
    );
    const bodies = async (given: Row) =>
      (await ztf.rows("resolver", { resolver: "ssodnet", ...given })).map(
        (row) => row["i:ssnamenr"],
      );
    expect(await bodies({ name: body, nmax: 1 })).toEqual([body]);
    expect(await bodies({ name: String(body).slice(0, 4) })).toContain(body);
    expect(await bodies({ name: object, reverse: true })).toContain(body);
  });

  test("constellations, building blocks; an object is found by its id, not by how it begins", async () => {
    const id = String(all[0]._object);
    const [row] = await ztf.rows("objects", { objectId: id, columns: "v:constellation" });
    expect(row["v:constellation"]).toMatch(/^[A-Z][\wö]+( [A-Z]\w+)?$/);
    expect(await ztf.rows("objects", { objectId: id.slice(0, -1) })).toEqual([]);
    expect(await (await ztf.app.request("/api/v1/blocks")).json()).toHaveProperty(
      "good_quality",
      expect.stringContaining("flags"),
    );
  });
});
