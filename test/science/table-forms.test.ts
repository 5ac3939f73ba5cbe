import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execFileSync } from "node:child_process";
import { afterAll, describe, expect, test } from "vitest";
import { catalogueFolder } from "../../src/lake/catalogues.ts";
import { readArea } from "../../src/filters/places/area.ts";
import { readWatchlist } from "../../src/filters/places/watchlist.ts";
import { addCatalogue, type CatalogueOptions } from "../../src/science/catalogue/add.ts";
import { keptAt } from "../../src/science/catalogue/kept-column.ts";
import { loadCatalogue } from "../../src/science/catalogue/load.ts";
import { positionsIn } from "../../src/science/catalogue/positions.ts";
import { pixelCentre } from "../../src/sky/healpix.ts";
import { fitsTable } from "../fits-table.ts";
import { python } from "../delivery/python.ts";
import { openSession } from "../../src/sql/session.ts";

const interpreter = python();
const folder = mkdtempSync(join(tmpdir(), "fink-forms-"));
const lake = join(folder, "lake");
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let files = 0;
function fileOf(ending: string, content: string | Uint8Array): string {
  const file = join(folder, `${files++}.${ending}`);
  writeFileSync(file, content);
  return file;
}

const options: CatalogueOptions = {
  name: "x",
  ra: "ra",
  dec: "dec",
  keep: [],
  radiusArcsec: 2,
  motion: null,
};

/** The rows of a catalogue made of the file, as SQL has them. */
async function catalogueRows(
  file: string,
  more: Partial<CatalogueOptions> = {},
): Promise<Record<string, unknown>[]> {
  await addCatalogue(lake, [file], { ...options, ...more });
  const session = await openSession(lake);
  try {
    const result = await session.query("SELECT * EXCLUDE (hpx12) FROM catalogues.x ORDER BY ra");
    return await result.getRowObjectsJson();
  } finally {
    session.close();
    rmSync(catalogueFolder(lake, "x"), { recursive: true });
  }
}

const ras = [0.25, 10, 200, 359.5];
const decs = [12.5, -0.5, 45, -89];

describe.skipIf(interpreter === null)(
  "a table has the same rows in every form",
  { timeout: 240_000 },
  () => {
    const folderOfTables = join(folder, "tables");
    const made = () => {
      execFileSync("mkdir", ["-p", folderOfTables]);
      const script = join(import.meta.dirname, "write_tables.py");
      return execFileSync(interpreter!, ["-W", "ignore", script, folderOfTables])
        .toString()
        .trim()
        .split("\n");
    };

    test("that astropy and pandas write: units, unsigned and masked columns, 64-bit ids", async () => {
      const names = made();
      expect(names.length).toBeGreaterThan(30);
      for (const name of names) {
        const file = join(folderOfTables, name);
        const keep = ["id", "signed", "wide", "short", "tiny", "some", "name"];
        const rows = await catalogueRows(file, {
          keep,
          motion: { epochYear: 2016, pmRa: "pm", pmDec: "pm" },
        });
        const read = {
          name,
          ra: rows.map((row) => rounded(row["ra"])),
          dec: rows.map((row) => rounded(row["dec"])),
        };
        expect.soft(read).toEqual({ name, ra: ras, dec: decs });
        const kept = (column: string) =>
          rows.map((row) => (row[column] === null ? null : String(row[column])));
        const text = ['say "e"', "A b", "A2", "c,d"];
        expect
          .soft({
            name,
            id: kept("id"),
            signed: kept("signed"),
            wide: kept("wide"),
            short: kept("short"),
            tiny: kept("tiny"),
            some: kept("some"),
            text: kept("name"),
          })
          .toEqual({
            name,
            id: ["0", "4295806720000000123", "9223372036854775809", "18446744073709551615"],
            signed: ["0", "4295806720000000123", "-9223372036854775807", "-1"],
            wide: ["4294967295", "0", "1", "2147483648"],
            short: ["65535", "0", "1", "32768"],
            tiny: ["127", "-128", "-1", "0"],
            some: ["11", "7", null, "9"],
            text,
          });
        expect
          .soft({ name, pm: rows.map((row) => rounded(row["pm_ra"])) })
          .toEqual({ name, pm: [0, 100, -200, 0.5] });
        const { ra, dec } = await positionsIn(file, "ra", "dec");
        expect
          .soft({ name, ra: Array.from(ra, rounded), dec: Array.from(dec, rounded) })
          .toEqual({ name, ra: [10, 200, 359.5, 0.25], dec: [-0.5, 45, -89, 12.5] });
        const list = await readWatchlist(file);
        expect
          .soft({
            name,
            positions: list.positions,
            mask: [
              ...list.mask({ ra: Float64Array.of(200, 100), dec: Float64Array.of(45, 45) }, [
                null,
                null,
              ]),
            ],
          })
          .toEqual({ name, positions: 4, mask: [1, 0] });
      }
    });
  },
);

function rounded(value: unknown): number {
  return Math.round(Number(value) * 1e6) / 1e6 + 0;
}

describe("text tables", () => {
  test("right ascensions below 24 h are no times of day", async () => {
    const file = fileOf(
      "csv",
      "ra,dec,name\n00:42:44.3,+41:16:09,A\n10:00:00,-00:30:00,B\n23:59:59.9,-89:00:00,C\n",
    );
    const rows = await catalogueRows(file, { keep: ["name"] });
    expect(rows.map(({ ra, dec, name }) => [rounded(ra), rounded(dec), name])).toEqual([
      [10.684583, 41.269167, "A"],
      [150, -0.5, "B"],
      [359.999583, -89, "C"],
    ]);
    expect(Array.from((await positionsIn(file, "ra", "dec")).ra, rounded)).toEqual([
      10.684583, 150, 359.999583,
    ]);
    expect((await readWatchlist(file)).positions).toBe(3);
  });

  test("text after thousands of numbers is a row without a position, and its kept column is text", async () => {
    const lines = Array.from({ length: 30_000 }, (_, i) => `${i},10,${i % 89}.5`);
    const file = fileOf("csv", `id,ra,dec\n${lines.join("\n")}\nx30001,-,5\n`);
    const info = await addCatalogue(lake, [file], { ...options, keep: ["id"] });
    expect([info.rows, info.leftOut, info.types]).toEqual([30_000, 1, ["string"]]);
  });

  test("ids of 64 bits, with zeros before them, and longer ones keep their digits", async () => {
    const file = fileOf(
      "csv",
      "ra,dec,signed,unsigned,padded,long\n1,2,-9223372036854775808,18446744073709551615,007,123456789012345678901\n3,4,5,6,8,9\n",
    );
    const keep = ["signed", "unsigned", "padded", "long"];
    const [row] = await catalogueRows(file, { keep });
    expect(row).toMatchObject({
      signed: "-9223372036854775808",
      unsigned: "18446744073709551615",
      padded: "007",
      long: "123456789012345678901",
    });
    await addCatalogue(lake, [file], { ...options, keep });
    const { kept } = await loadCatalogue(lake, "x");
    expect([keptAt(kept["unsigned"], 0), keptAt(kept["unsigned"], 1)].toSorted()).toEqual([
      "18446744073709551615",
      "6",
    ]);
  });

  test.each([
    ["blanks between columns", "ra dec name\n10.0  -0.5 mine\n200   45.0 other\n"],
    ["a comment and no heading", "# my list\n10.0000 -0.5000 mine\n200.0000 45.0000 other\n"],
    ["a heading in a comment", "# ra dec\n10.0 -0.5\n200 45\n"],
    [
      "Lasair's columns without a heading",
      "10.0, -0.5, mine\n200.0, 45.0, other, \n".replaceAll(", \n", "\n"),
    ],
    ["positions alone", "10.0,-0.5\n200.0,45.0\n"],
    [
      "ECSV",
      "# %ECSV 1.0\n# ---\n# datatype:\n# - {name: ra, unit: deg, datatype: float64}\n# - {name: dec, unit: deg, datatype: float64}\n# schema: astropy-2.0\nra dec\n10 -0.5\n200 45\n",
    ],
    ["comments and empty lines between rows", "ra,dec\n10,-0.5\n\n# the other\n200,45\n"],
    [
      "tabs, a byte-order mark and lines as Windows ends them",
      "\ufeffra\tdec\tname\r\n10\t-0.5\tmy own\r\n200\t45\tother\r\n",
    ],
    [
      "names with a sign of comments in them",
      "name,ra,dec\n#1,10,-0.5\na #2,200,45\n".replace("\n#1", '\n"#1"'),
    ],
    [
      "radians",
      "# %ECSV 1.0\n# ---\n# delimiter: ','\n# datatype:\n# - {name: ra, unit: rad, datatype: float64}\n# - {name: dec, unit: rad, datatype: float64}\n# schema: astropy-2.0\nra,dec\n0.17453292519943295,-0.008726646259971648\n3.490658503988659,0.7853981633974483\n",
    ],
  ])("a watch list with %s", async (_, text) => {
    const list = await readWatchlist(fileOf("txt", text));
    expect([list.positions, list.objects.size]).toEqual([2, 0]);
    expect([
      ...list.mask({ ra: Float64Array.of(10, 200, 10), dec: Float64Array.of(-0.5, 45, 45) }, [
        null,
        null,
        null,
      ]),
    ]).toEqual([1, 1, 0]);
  });

  test("the fourth column without a heading is a radius in arcsec", async () => {
    const list = await readWatchlist(fileOf("csv", "10.0,-0.5,mine,60\n200.0,45.0,other,1\n"));
    expect([
      ...list.mask({ ra: Float64Array.of(10, 200), dec: Float64Array.of(-0.51, 45.01) }, [
        null,
        null,
      ]),
    ]).toEqual([1, 0]);
  });

  test.each([
    [
      "lines with blanks are no object ids",
      "my-star\nanother star of mine\nZTF18abc\n",
      /star of mine is no object id, for it has blanks/,
    ],
    [
      "columns without a heading that are no positions",
      "ZTF18abc,1,2\nZTF18abd,3,4\n",
      /3 columns without a heading/,
    ],
    ["a line with too many columns", "ra,dec\n1,2\n3,4,5\n6,7\n", /line 3 has 3 columns, not 2/],
    [
      "a unit that is none of angles",
      "# %ECSV 1.0\n# ---\n# datatype:\n# - {name: ra, unit: m, datatype: float64}\n# - {name: dec, unit: deg, datatype: float64}\nra dec\n1 2\n",
      /ra is in m, which is no unit/,
    ],
    ["an empty file", "\n# nothing\n", /no rows/],
  ])("refuses: %s", async (_, text, message) => {
    await expect(readWatchlist(fileOf("csv", text))).rejects.toThrow(message);
  });
});

describe("coverage maps", () => {
  const pixel = 123_456_789_012_345_678n; // of order 29, beyond 2^53
  const near = pixelCentre(24, Number(pixel >> 10n));
  const unique = 4n ** 30n + pixel;
  const unsigned = (values: readonly bigint[]) =>
    values.map((value) => BigInt.asIntN(64, value - 2n ** 63n));
  const zero = { TZERO1: 9223372036854775808n.toString() };
  /** `fitsTable` writes cards that are text in quotes, which numbers are not. */
  const unquoted = (bytes: Uint8Array): Buffer =>
    Buffer.from(
      Buffer.from(bytes)
        .toString("latin1")
        .replace("'9223372036854775808'", " 9223372036854775808 "),
      "latin1",
    );

  test.each<[string, string | Uint8Array]>([
    ["JSON", `{"29": [${pixel}]}`],
    ["ASCII", `29/${pixel}`],
    ["ASCII with ranges", `3/ 29/${pixel}-${pixel + 1n},${pixel + 5n}`],
    ["numbers in FITS", fitsTable([["UNIQ", "K", [unique]]], { ORDERING: "NUNIQ" })],
    [
      "unsigned numbers in FITS",
      unquoted(fitsTable([["UNIQ", "K", unsigned([unique])]], { ORDERING: "NUNIQ", ...zero })),
    ],
    ["ranges in FITS", fitsTable([["RANGE", "K", [pixel, pixel + 1n]]], { ORDERING: "RANGE" })],
    [
      "unsigned ranges in FITS",
      unquoted(
        fitsTable([["RANGE", "K", unsigned([pixel, pixel + 1n])]], { ORDERING: "RANGE", ...zero }),
      ),
    ],
  ])("of order 29 in %s", (_, content) => {
    const area = readArea(fileOf("area", content));
    expect([area.contains(...near), area.contains(near[0], -near[1])]).toEqual([true, false]);
    expect(area.partOfSky).toBeGreaterThan(0);
    expect(area.partOfSky).toBeLessThan(3 / (12 * 4 ** 24));
  });

  test("the last pixel of order 29 is not of order 30", () => {
    const last = 4n ** 30n + 12n * 4n ** 29n - 1n;
    const area = readArea(
      fileOf("fits", fitsTable([["UNIQ", "K", [last]]], { ORDERING: "NUNIQ" })),
    );
    expect(area.contains(...pixelCentre(24, 12 * 4 ** 24 - 1))).toBe(true);
  });

  test("a sky map with unsigned pixel numbers has the region of the same with signed ones", () => {
    const uniques = Array.from({ length: 48 }, (_, i) => 4n * 4n + BigInt(i));
    const density = uniques.map((_, i) => 1 / (1 + (i - 20) ** 2));
    const map = (numbers: readonly bigint[], cards = {}) =>
      unquoted(
        fitsTable(
          [
            ["UNIQ", "K", numbers],
            ["PROBDENSITY", "D", density],
          ],
          { ORDERING: "NUNIQ", PIXTYPE: "HEALPIX", ...cards },
        ),
      );
    const [signed, other] = [
      readArea(fileOf("fits", map(uniques))),
      readArea(fileOf("fits", map(unsigned(uniques), zero))),
    ];
    expect(other.partOfSky).toBe(signed.partOfSky);
    expect(other.contains(...pixelCentre(1, 20))).toBe(true);
  });

  test.each([
    ["pixels beyond an order", '{"1": [48]}', /order 1 has no pixels 48/],
    ["an order beyond 29", '{"30": [1]}', /30 is not an order/],
    ["fractions", '{"1": [1.5]}', /none of/],
    ["words", "3/1 4 x", /x is neither an order/],
    ["a range that goes back", "3/7-2", /order 3 has no pixels 7/],
    [
      "a number that is none",
      fitsTable([["UNIQ", "K", [3]]], { ORDERING: "NUNIQ" }),
      /3 is not the unique number/,
    ],
  ])("refuses %s", (_, content, message) => {
    expect(() => readArea(fileOf("area", content))).toThrow(message);
  });
});
