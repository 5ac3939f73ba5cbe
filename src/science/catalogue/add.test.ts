import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, describe, expect, it } from "vitest";
import { addCatalogue, type CatalogueOptions } from "./add.ts";
import { cataloguesIn } from "../../lake/catalogues.ts";
import { keptAt } from "./kept-column.ts";
import { loadCatalogue } from "./load.ts";
import { nearestWithin } from "./match.ts";
import { positionsIn } from "./positions.ts";

const folder = mkdtempSync(join(tmpdir(), "fink-catalogue-test-"));
const lake = join(folder, "lake");
afterAll(() => rmSync(folder, { recursive: true }));

const options: CatalogueOptions = {
  name: "stars",
  ra: "ra",
  dec: "dec",
  keep: ["name", "mag"],
  radiusArcsec: 2,
  motion: null,
};

function fileOf(name: string, text: string | Buffer): string {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
}

const csv = fileOf(
  "stars.csv",
  "name,ra,dec,mag\nlate ,200,-30,12.5\nearly,10.5,45,\nbad,361,0,3\nsouth,0,-90,9\nwest,-10,1,8\n",
);

describe("a catalogue", () => {
  it("is stored sorted, with the rows left out counted, and is there for matching", async () => {
    const info = await addCatalogue(lake, [csv], options, new Date("2026-11-22T10:00:00Z"));
    expect(info).toMatchObject({
      name: "stars",
      rows: 4,
      leftOut: 1,
      radiusArcsec: 2,
      epochYear: null,
      sources: ["stars.csv"],
    });
    expect(info.edition).toMatch(/^20261122-[0-9a-f]{12}$/);
    expect(cataloguesIn(lake)).toEqual([info]);
    const catalogue = await loadCatalogue(lake, "stars");
    expect([...catalogue.pixel]).toEqual([...catalogue.pixel].sort((a, b) => a - b));
    const { rows } = nearestWithin(
      catalogue,
      { ra: Float64Array.of(10.5, 200, 350), dec: Float64Array.of(45.0001, -30, 1) },
      2,
    );
    const keptOf = (row: number) => ({
      name: keptAt(catalogue.kept.name, row),
      mag: keptAt(catalogue.kept.mag, row),
    });
    expect([...rows].map(keptOf)).toEqual([
      { name: "early", mag: null },
      { name: "late", mag: 12.5 },
      { name: "west", mag: 8 },
    ]);
  });

  it("replaced has another edition only if files or options are others; nothing else stays in its folder", async () => {
    const first = await addCatalogue(lake, [csv], options, new Date(0));
    const same = await addCatalogue(lake, [csv], options, new Date(0));
    const other = await addCatalogue(lake, [csv], { ...options, radiusArcsec: 3 }, new Date(0));
    expect(same.edition).toBe(first.edition);
    expect(other.edition).not.toBe(first.edition);
    expect(cataloguesIn(lake).map(({ radiusArcsec }) => radiusArcsec)).toEqual([3]);
    expect(
      readdirSync(join(lake, "catalogues/stars")).filter((name) => name.startsWith(".")),
    ).toEqual([]);
  });

  it("may be a gzipped VOTable in hours and degrees, with proper motions", async () => {
    const cells = (row: readonly string[]) =>
      `<TR>${row.map((cell) => `<TD>${cell}</TD>`).join("")}</TR>`;
    const names = ["RAJ2000", "DEJ2000", "pmRA", "pmDE", "Name"];
    const fields = names.map(
      (name) =>
        `<FIELD name="${name}" datatype="${name.startsWith("pm") ? "float" : "char"}" arraysize="${name.startsWith("pm") ? "1" : "*"}"/>`,
    );
    const rows = [
      ["17 57 47.67", "+04 44 16.7", "-802.8", "10362.5", "Barnard"],
      ["00 00 01", "-00 00 30", "", "", "still"],
    ];
    const text = `<VOTABLE><TABLE>${fields.join("")}<DATA><TABLEDATA>${rows.map(cells).join("")}</TABLEDATA></DATA></TABLE></VOTABLE>`;
    const moving = {
      name: "moving",
      ra: "RAJ2000",
      dec: "DEJ2000",
      keep: ["Name"],
      radiusArcsec: 3,
      motion: { epochYear: 2015.5, pmRa: "pmRA", pmDec: "pmDE" },
    };
    await addCatalogue(lake, [fileOf("moving.vot.gz", gzipSync(text))], moving);
    const catalogue = await loadCatalogue(lake, "moving");
    const in2000 = {
      ra: Float64Array.of(269.4520769, 15 / 3600),
      dec: Float64Array.of(4.6933649, -30 / 3600),
      year: 2000,
    };
    const { rows: found } = nearestWithin(catalogue, in2000, 3);
    expect([...found].map((row) => keptAt(catalogue.kept.Name, row))).toEqual(["Barnard", "still"]);
  });

  it.each([
    [{ ra: "raj" }, csv, /stars.csv has no column raj; did you mean ra\?/],
    [{ keep: ["nam"] }, csv, /did you mean name\?/],
    [{ name: "My stars" }, csv, /My stars is no name/],
    [{ keep: ["dec"] }, csv, /dec cannot be kept/],
    [{ radiusArcsec: 0 }, csv, /radius of 0″/],
    [{ ra: "mag", dec: "ra" }, csv, /of 5 rows have no mag of −180 … 360° and ra of −90 … 90°/],
    [{}, join(folder, "none.csv"), /there is no file .*none.csv/],
    [
      {},
      fileOf("broken.fits", "SIMPLE  =                    T"),
      /broken.fits cannot be read as CSV, Parquet, FITS or VOTable: there is no binary table/,
    ],
    [{}, fileOf("broken.parquet", "PAR1 and no more"), /broken.parquet cannot be read/],
  ])("with %j is refused", async (wrong, file, message) => {
    await expect(addCatalogue(lake, [file], { ...options, ...wrong })).rejects.toThrow(message);
  });
});

it("positions of a file keep their rows, NaN where there is none", async () => {
  const { ra, dec } = await positionsIn(csv, "RA", "Dec");
  expect([[...ra], [...dec]]).toEqual([
    [200, 10.5, NaN, 0, -10],
    [-30, 45, 0, -90, 1],
  ]);
});
