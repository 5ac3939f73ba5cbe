import { mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { separation } from "../../sky/angle.ts";
import { coneCoverage } from "../../sky/coverage.ts";
import { pixelCentre, ringOfNested } from "../../sky/healpix.ts";
import { surveySchema } from "../../surveys/definition.ts";
import { ColumnTypes, typesOf } from "../columns.ts";
import { compile } from "../compile.ts";
import { openEngine } from "../engine.ts";
import { FunctionProcess } from "../function-process.ts";
import { loadFilter } from "../load.ts";
import { runFilters } from "../run.ts";
import { readArea } from "./area.ts";
import { fitsTable } from "../../../test/fits-table.ts";
import { Places } from "./places.ts";
import { readWatchlist } from "./watchlist.ts";

const folder = mkdtempSync(join(tmpdir(), "fink-places-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function fileOf(name: string, content: string | Uint8Array): string {
  const file = join(folder, name);
  writeFileSync(file, content);
  return file;
}

const ras = fc.double({ min: 0, max: 359.999, noNaN: true });
const decs = fc.double({ min: -90, max: 90, noNaN: true });

describe("areas", () => {
  it("a cone holds what is nearer than its radius", () => {
    fc.assert(
      fc.property(
        ras,
        decs,
        fc.double({ min: 0.001, max: 60, noNaN: true }),
        ras,
        decs,
        (ra, dec, radius, toRa, toDec) => {
          const area = readArea(
            fileOf("cone.json", JSON.stringify({ cone: { ra, dec, radius_deg: radius } })),
          );
          expect(area.contains(toRa, toDec)).toBe(separation(ra, dec, toRa, toDec) < radius);
        },
      ),
      { numRuns: 200 },
    );
  });

  it("a coverage map holds its pixels, of whatever order, in JSON, in FITS as numbers and as ranges", () => {
    const json = readArea(fileOf("moc.json", JSON.stringify({ "1": [3, 40], "10": [3_000_000] })));
    const uniques = [4 * 4 + 3, 4 * 4 + 40, 4 * 4 ** 10 + 3_000_000];
    const numbered = readArea(
      fileOf("moc.fits", fitsTable([["UNIQ", "K", uniques]], { ORDERING: "NUNIQ" })),
    );
    const to29 = (order: number, pixel: number) => [
      BigInt(pixel) * 4n ** BigInt(29 - order),
      BigInt(pixel + 1) * 4n ** BigInt(29 - order),
    ];
    const ends = [...to29(1, 3), ...to29(10, 3_000_000), ...to29(1, 40)];
    const ranged = readArea(
      fileOf("ranges.fits.gz", gzipSync(fitsTable([["RANGE", "K", ends]], { ORDERING: "RANGE" }))),
    );
    for (const area of [json, numbered, ranged]) {
      expect(area.partOfSky).toBeCloseTo((2 * 4 ** 9 + 1) / (12 * 4 ** 10), 12);
      expect(area.contains(...pixelCentre(10, 3_000_000))).toBe(true);
      expect(area.contains(...pixelCentre(10, 3_000_001))).toBe(false);
      const held = Array.from({ length: 48 }, (_, pixel) => pixel).filter((pixel) =>
        area.contains(...pixelCentre(1, pixel)),
      );
      expect(held).toEqual([3, 40]);
    }
  });

  it("a polygon holds what lies between its corners", () => {
    const area = readArea(
      fileOf(
        "polygon.json",
        JSON.stringify({
          polygon: [
            [350, -10],
            [10, -10],
            [10, 10],
            [350, 10],
          ],
        }),
      ),
    );
    expect([
      area.contains(0, 0),
      area.contains(355, 9),
      area.contains(15, 0),
      area.contains(180, 0),
    ]).toEqual([true, true, false, false]);
    expect(area.partOfSky).toBeCloseTo(
      (4 * Math.asin(Math.sin(radians(10)) ** 2)) / (4 * Math.PI),
      2,
    );
  });

  it.each([
    "{}",
    '{"cone": {"ra": 1}}',
    '{"polygon": [[1, 2]]}',
    "[",
    '{"cone": {"ra": 400, "dec": 0, "radius_deg": 1}}',
  ])("says what is wrong with %s", (text) => {
    const file = fileOf("wrong.json", text);
    if (text === "{}") expect(readArea(file).partOfSky).toBe(0);
    else expect(() => readArea(file)).toThrow("wrong.json cannot be read as an area");
  });
});

/** A sky map whose probability falls off around a place as a Gauss curve does. */
describe("sky maps of gravitational waves", () => {
  const [ra, dec, sigma] = [197.45, -23.38, 4];
  const density = (order: number, pixel: number) =>
    Math.exp(-(separation(ra, dec, ...pixelCentre(order, pixel)) ** 2) / (2 * sigma ** 2));
  /** Where the region of that level ends, degrees: the sky is nearly flat there. */
  const radiusOf = (level: number) => sigma * Math.sqrt(-2 * Math.log(1 - level));
  const order = 7;
  const flatMap = (place: (pixel: number) => number) => {
    const values = new Float64Array(12 * 4 ** order);
    for (let pixel = 0; pixel < values.length; pixel++)
      values[place(pixel)] = density(order, pixel);
    return Array.from(values);
  };
  const files: Record<string, string> = {};
  beforeAll(() => {
    const cards = { PIXTYPE: "HEALPIX", NSIDE: 2 ** order, INDXSCHM: "IMPLICIT" };
    files.nested = fileOf(
      "nested.fits.gz",
      gzipSync(
        fitsTable([["PROB", "1024D", flatMap((pixel) => pixel)]], { ...cards, ORDERING: "NESTED" }),
      ),
    );
    files.ring = fileOf(
      "ring.fits",
      fitsTable([["PROB", "1024E", flatMap((pixel) => ringOfNested(order, pixel))]], {
        ...cards,
        ORDERING: "RING",
      }),
    );
    const near = new Set(
      coneCoverage(2, ra, dec, 20).flatMap(([first, end]) =>
        Array.from({ length: end - first }, (_, i) => first + i),
      ),
    );
    const cells = Array.from({ length: 192 }, (_, pixel) => pixel).flatMap((pixel) =>
      near.has(pixel)
        ? Array.from({ length: 4 ** (order - 2) }, (_, i) => [order, pixel * 4 ** (order - 2) + i])
        : [[2, pixel]],
    );
    const columns: [string, string, number[]][] = [
      ["UNIQ", "K", cells.map(([own, pixel]) => 4 * 4 ** own + pixel)],
      ["PROBDENSITY", "D", cells.map(([own, pixel]) => density(own, pixel))],
    ];
    files.multi = fileOf(
      "multi.fits",
      fitsTable(columns, { PIXTYPE: "HEALPIX", ORDERING: "NUNIQ" }),
    );
  });

  it.each(["nested", "ring", "multi"])(
    "%s: the region holds that part of the probability",
    (name) => {
      for (const level of [0.5, 0.9]) {
        const area = readArea(files[name], level);
        const radius = radiusOf(level);
        for (let angle = 0; angle < 360; angle += 15) {
          const at = (distance: number) =>
            [
              ra + (distance * Math.cos(radians(angle))) / Math.cos(radians(dec)),
              dec + distance * Math.sin(radians(angle)),
            ] as const;
          expect(area.contains(...at(radius - 0.8))).toBe(true);
          expect(area.contains(...at(radius + 0.8))).toBe(false);
        }
      }
    },
  );
});

describe("watch lists", () => {
  it("positions with a radius each, sexagesimal or in degrees, and object ids", async () => {
    const list = await readWatchlist(
      fileOf(
        "mine.csv",
        "objectId,ra,dec,radius\nZTF1,10.5,-20,1\n,00:43:00,-20:30:00,10\nZTF3,,,\n",
      ),
    );
    const positions = {
      ra: Float64Array.of(10.5, 10.5, 10.75, 10.75, 200, NaN),
      dec: Float64Array.of(-20, -20 - 1.1 / 3600, -20.5 + 9.9 / 3600, -20.5 + 10.1 / 3600, 0, NaN),
    };
    expect([...list.mask(positions, [null, null, null, null, "ZTF1", "ZTF3"])]).toEqual([
      1, 0, 1, 0, 1, 1,
    ]);
    expect([list.positions, list.objects.size]).toEqual([2, 2]);
  });

  it("a list of ids without a heading, and one of whole numbers", async () => {
    const texts = await readWatchlist(fileOf("ids.csv", "ZTF18aaa\nZTF19bbb\n"));
    expect([...texts.objects].sort()).toEqual(["ZTF18aaa", "ZTF19bbb"]);
    const numbers = await readWatchlist(fileOf("numbers.csv", "diaObjectId\n170028512345678901\n"));
    expect([...numbers.objects]).toEqual(["170028512345678901"]);
  });

  it("matches as the separation says, for radii from 0.1″ to 1°", async () => {
    const entries = Array.from({ length: 300 }, (_, i) => [
      (i * 77.7) % 360,
      Math.asin(((i * 0.618) % 2) - 1) * 57.29,
      0.1 * 10 ** ((i % 46) / 10),
    ]);
    const list = await readWatchlist(
      fileOf("radii.csv", `ra,dec,radius\n${entries.map((entry) => entry.join(",")).join("\n")}\n`),
    );
    const places = entries.flatMap(([ra, dec, radius]) =>
      [0.5, 0.99, 1.01].map((part) => [ra, dec + ((dec > 0 ? -1 : 1) * part * radius) / 3600]),
    );
    const mask = list.mask(
      {
        ra: Float64Array.from(places, ([ra]) => ra),
        dec: Float64Array.from(places, ([, dec]) => dec),
      },
      places.map(() => null),
    );
    const wanted = places.map(([ra, dec]) =>
      Number(entries.some((entry) => 3600 * separation(entry[0], entry[1], ra, dec) < entry[2])),
    );
    expect([...mask]).toEqual(wanted);
  });

  it("says what a file lacks", async () => {
    await expect(readWatchlist(fileOf("odd.csv", "a,b\n1,2\n"))).rejects.toThrow(
      "no columns ra and dec",
    );
    await expect(readWatchlist(fileOf("empty.csv", "ra,dec\n"))).rejects.toThrow(
      "none of its rows",
    );
  });
});

describe("the folders", () => {
  it("names are files; one that changes is read again; one that is not there is named", async () => {
    const places = new Places({ watchlists: folder, areas: folder });
    const file = fileOf("changing.csv", "ra,dec\n10,20\n");
    await places.load([["on_watchlist", "changing"]]);
    const at = { ra: Float64Array.of(10, 30), dec: Float64Array.of(20, 40) };
    expect([...places.mask("on_watchlist", "changing")(at, [null, null])]).toEqual([1, 0]);
    writeFileSync(file, "ra,dec\n30,40\n");
    utimesSync(file, 1, 1);
    await places.load([["on_watchlist", "changing"]]);
    expect([...places.mask("on_watchlist", "changing")(at, [null, null])]).toEqual([0, 1]);
    expect(() => places.file("on_watchlist", "chnging")).toThrow("did you mean changing?");
    await expect(places.load([["in_area", "cone@1.5"]])).rejects.toThrow("above 0 and up to 1");
  });
});

describe("in filters", () => {
  const survey = surveySchema.parse({
    name: "ztf",
    alert: "candid",
    object: "objectId",
    position: { ra: "candidate.ra", dec: "candidate.dec" },
  });
  const alerts = `SELECT i AS candid, CASE WHEN i % 3 = 0 THEN 'ZTF' || i END AS objectId,
    CASE WHEN i = 5000 THEN NULL ELSE {'ra': i / 100.0, 'dec': -30.0} END AS candidate FROM range(5001) AS t(i)`;
  const ask = async (where: string) => {
    const engine = await openEngine({ places: new Places({ watchlists: folder, areas: folder }) });
    try {
      const columns = new ColumnTypes(
        survey,
        await typesOf(engine.connection, alerts),
        new Map(),
        engine.places.check,
      );
      const filter = await loadFilter(
        fileOf("asking.sql", `SELECT * FROM alerts WHERE ${where}`),
        "ztf",
      );
      const options = { seconds: 5, functions: new FunctionProcess("") };
      const [outcome] = await runFilters(
        engine,
        { columns, relation: alerts },
        [await compile(filter, columns, engine.connection, false)],
        options,
      );
      if ("failure" in outcome) throw new Error(outcome.failure);
      return outcome.rows;
    } finally {
      engine.close();
    }
  };

  it("each alert by its position, or its object", async () => {
    fileOf("patch.json", JSON.stringify({ cone: { ra: 10, dec: -30, radius_deg: 0.02 } }));
    fileOf("followed.csv", "objectId\nZTF3\nZTF4\nZTF4998\n");
    expect(await ask("in_area('patch')")).toEqual([998, 999, 1000, 1001, 1002]);
    expect(
      await ask("in_area('patch') AND NOT on_watchlist('followed') AND candid > 1000"),
    ).toEqual([1001, 1002]);
    expect(await ask("on_watchlist('followed')")).toEqual([3, 4998]);
    expect((await ask("NOT in_area('patch')")).length).toBe(4996);
  });

  it("a name without a file is refused with the nearest one; a file that cannot be read fails its filter", async () => {
    await expect(ask("in_area('pathc')")).rejects.toThrow(
      "there is no area pathc; did you mean patch?",
    );
    fileOf("broken.json", "{");
    await expect(ask("in_area('broken')")).rejects.toThrow("broken.json cannot be read as an area");
  });
});

function radians(degrees: number): number {
  return (degrees * Math.PI) / 180;
}
