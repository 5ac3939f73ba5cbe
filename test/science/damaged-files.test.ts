import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { FinkError } from "../../src/errors.ts";
import { readArea } from "../../src/filters/places/area.ts";
import { readAreaInThread } from "../../src/filters/places/area-thread.ts";
import { readWatchlist } from "../../src/filters/places/watchlist.ts";
import { positionsIn } from "../../src/science/catalogue/positions.ts";
import { imageIn } from "../../src/sky/fits.ts";
import { fitsTable } from "../fits-table.ts";

const folder = mkdtempSync(join(tmpdir(), "fink-damaged-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** On a machine that is busy with other things. */
const mostMs = 5000;

let files = 0;
function fileOf(ending: string, content: string | Uint8Array): string {
  const file = join(folder, `${files++}.${ending}`);
  writeFileSync(file, content);
  return file;
}

/** Either reads the file or says why not, as a FinkError of one line, within seconds. */
async function isReadOrRefused(read: () => unknown): Promise<void> {
  const start = performance.now();
  try {
    await read();
  } catch (error) {
    expect(error).toBeInstanceOf(FinkError);
    expect((error as FinkError).message).not.toMatch(
      /\n|is not a function|undefined|Cannot read|Invalid array length|BigInt/,
    );
  }
  expect(performance.now() - start).toBeLessThan(mostMs);
}

const block = (cards: readonly string[]) => {
  const text = [...cards, "END"].map((card) => card.padEnd(80)).join("");
  return Buffer.from(text.padEnd(Math.ceil(text.length / 2880) * 2880));
};
const image = (...cards: string[]) =>
  block(["SIMPLE  =                    T", "BITPIX  = 8", ...cards]);
const table = (...cards: string[]) =>
  Buffer.concat([
    image("NAXIS   = 0"),
    block(["XTENSION= 'BINTABLE'", "BITPIX  = 8", "NAXIS   = 2", ...cards]),
    Buffer.alloc(2880),
  ]);

describe("numbers of a FITS header that cannot be are refused at once", () => {
  test.each([
    [
      "a size below 0, by which the reader would go back for ever",
      image("NAXIS   = 1", "NAXIS1  = 2880", "PCOUNT  = 0", "GCOUNT  = -1"),
      /GCOUNT = -1/,
    ],
    ["a hundred million axes", image("NAXIS   = 100000000"), /NAXIS = 100000000/],
    ["axes without a number", image("NAXIS   = x"), /NAXIS = NaN/],
    [
      "a size beyond all files",
      image(
        "NAXIS   = 3",
        "NAXIS1  = 9007199254740991",
        "NAXIS2  = 9007199254740991",
        "NAXIS3  = 2",
      ),
      /damaged/,
    ],
    [
      "more rows than bytes",
      table(
        "NAXIS1  = 8",
        "NAXIS2  = 9000000000",
        "TFIELDS = 1",
        "TFORM1  = 'D'",
        "TTYPE1  = 'ra'",
      ),
      /ends within its table/,
    ],
    [
      "a billion columns",
      table("NAXIS1  = 8", "NAXIS2  = 1", "TFIELDS = 1000000000", "TFORM1  = 'D'"),
      /TFIELDS/,
    ],
    [
      "columns wider than their row",
      table("NAXIS1  = 8", "NAXIS2  = 1", "TFIELDS = 1", "TFORM1  = '999999999D'"),
      /NAXIS1 is 8/,
    ],
    [
      "a billion rows of no bytes",
      table(
        "NAXIS1  = 0",
        "NAXIS2  = 1000000000",
        "TFIELDS = 2",
        "TFORM1  = '0D'",
        "TFORM2  = '0A'",
      ),
      /./,
    ],
  ])("%s", async (_, bytes, message) => {
    const file = fileOf("fits", bytes);
    for (const read of [
      () => positionsIn(file, "ra", "dec"),
      () => readWatchlist(file),
      async () => readArea(file),
    ]) {
      const start = performance.now();
      await expect(read()).rejects.toThrow(message);
      expect(performance.now() - start).toBeLessThan(mostMs);
    }
    const start = performance.now();
    expect(() => imageIn(bytes)).toThrow(Error);
    expect(performance.now() - start).toBeLessThan(mostMs);
  });
});

test("a polygon with too many corners is refused at once, and one with many is read at once", () => {
  const polygon = (corners: number) =>
    JSON.stringify({
      polygon: Array.from({ length: corners }, (_, i) => [
        10 + 5 * Math.cos((2 * Math.PI * i) / corners),
        5 * Math.sin((2 * Math.PI * i) / corners),
      ]),
    });
  const start = performance.now();
  expect(() => readArea(fileOf("json", polygon(100_000)))).toThrow(/100000 corners; at most 5000/);
  expect(readArea(fileOf("json", polygon(5000))).contains(12, 1)).toBe(true);
  expect(performance.now() - start).toBeLessThan(mostMs);
});

test("a VOTable of rows that do not end takes no longer than its length", async () => {
  const rows = "<TR><TD>1".repeat(200_000);
  const text = `<VOTABLE><TABLE><FIELD name="ra" datatype="double"/><FIELD name="dec" datatype="double"/><DATA><TABLEDATA>${rows}`;
  await isReadOrRefused(() => positionsIn(fileOf("vot", text), "ra", "dec"));
});

test("a large sky map keeps no other request waiting", async () => {
  const order = 9; // NSIDE 512
  const map = fitsTable(
    [["PROB", "1024D", Array.from({ length: 12 * 4 ** order }, (_, pixel) => 1 / (1 + pixel))]],
    {
      PIXTYPE: "HEALPIX",
      NSIDE: 2 ** order,
      INDXSCHM: "IMPLICIT",
      ORDERING: "NESTED",
      "MJD-OBS": "61000.25",
    },
  );
  let longest = 0;
  let last = performance.now();
  const timer = setInterval(() => {
    longest = Math.max(longest, performance.now() - last);
    last = performance.now();
  }, 5);
  const start = performance.now();
  const { area, observed } = await readAreaInThread(
    Buffer.from(map),
    0.9,
    new AbortController().signal,
  );
  const took = performance.now() - start;
  clearInterval(timer);
  expect([area.form, observed.mjd, area.partOfSky > 0]).toEqual(["pixels", "61000.25", true]);
  expect(longest).toBeLessThan(Math.max(200, took / 2));
  await expect(readAreaInThread(Buffer.from(map), 0.9, AbortSignal.abort())).rejects.toThrow();
});

describe("files damaged anywhere are read or refused, within seconds", { timeout: 240_000 }, () => {
  const rows = Array.from({ length: 40 }, (_, i) => [i * 9, i - 20] as const);
  const votable = (data: string) =>
    `<?xml version="1.0"?>\n<VOTABLE version="1.4"><RESOURCE><TABLE><FIELD name="ra" datatype="double" unit="deg"/><FIELD name="dec" datatype="double" unit="deg"><VALUES null="-1"/></FIELD><FIELD name="objectId" datatype="char" arraysize="*"/><DATA>${data}</DATA></TABLE></RESOURCE></VOTABLE>`;
  const binary = Buffer.concat(
    rows.map(([ra, dec]) => {
      const bytes = Buffer.alloc(1 + 8 + 8 + 4 + 2, "ab");
      bytes[0] = 0;
      bytes.writeDoubleBE(ra, 1);
      bytes.writeDoubleBE(dec, 9);
      bytes.writeUInt32BE(2, 17);
      return bytes;
    }),
  );
  const columns = [
    ["ra", "D", rows.map(([ra]) => ra)],
    ["dec", "D", rows.map(([, dec]) => dec)],
    ["UNIQ", "K", rows.map((_, i) => 4 * 4 ** 8 + i)],
    ["PROBDENSITY", "D", rows.map((_, i) => i)],
  ] as const;
  const whole: Record<string, Uint8Array> = {
    csv: Buffer.from(
      `objectId,ra,dec\n${rows.map(([ra, dec], i) => `"a ""${i}""",${ra},${dec}`).join("\n")}\n`,
    ),
    txt: Buffer.from(
      `# of mine\nra dec name\n${rows.map(([ra, dec], i) => `${ra}  ${dec} s${i}`).join("\n")}\n`,
    ),
    ecsv: Buffer.from(
      `# %ECSV 1.0\n# ---\n# datatype:\n# - {name: ra, unit: rad, datatype: float64}\n# - {name: dec, unit: rad, datatype: float64}\n# schema: astropy-2.0\nra dec\n${rows.map(([ra, dec]) => `${ra / 60} ${dec / 60}`).join("\n")}\n`,
    ),
    fits: fitsTable(columns, { TUNIT1: "deg", TZERO3: "0", ORDERING: "NUNIQ" }),
    vot: Buffer.from(
      votable(
        `<TABLEDATA>${rows.map(([ra, dec]) => `<TR><TD>${ra}</TD><TD>${dec}</TD><TD>a &amp; b</TD></TR>`).join("\n")}</TABLEDATA>`,
      ),
    ),
    "binary.vot": Buffer.from(
      votable(`<BINARY2><STREAM encoding="base64">${binary.toString("base64")}</STREAM></BINARY2>`),
    ),
    json: Buffer.from(JSON.stringify({ "3": [1, 2, 3], "29": [2 ** 50] })),
    "moc.txt": Buffer.from("3/1-4 8 29/1000000000000000000-1000000000000000007"),
  };
  beforeAll(async () => {
    const file = join(folder, "whole.parquet");
    const connection = await (await DuckDBInstance.create(":memory:")).connect();
    const select =
      "SELECT CAST(i AS DOUBLE) AS ra, CAST(i % 90 AS DOUBLE) AS dec, 'o' || i AS objectId FROM range(40) AS t(i)";
    await connection.run(`COPY (${select}) TO '${file}' (FORMAT parquet)`);
    connection.closeSync();
    whole["parquet"] = readFileSync(file);
  });

  const bytesOf = (
    name: string,
    { at, kind, value }: { readonly at: number; readonly kind: string; readonly value: number },
  ): Uint8Array => {
    const bytes = Buffer.from(whole[name]);
    const place = Math.floor(at * bytes.length);
    if (kind === "cut") return bytes.subarray(0, place);
    if (kind === "doubled")
      return Buffer.concat([bytes.subarray(0, place), bytes.subarray(Math.floor(place / 2))]);
    if (kind === "removed")
      return Buffer.concat([bytes.subarray(0, place), bytes.subarray(place + 1 + value)]);
    if (kind === "digit") {
      // numbers are where sizes are said
      const digits = [...bytes.toString("latin1").matchAll(/\d+/g)];
      const { index, 0: word } = digits[Math.floor(at * digits.length)] ?? { index: 0, 0: "0" };
      const written = ["-1", "999999999", "9".repeat(18), "1e300", "0"][value % 5];
      return Buffer.concat([
        bytes.subarray(0, index),
        Buffer.from(written.padEnd(word.length)),
        bytes.subarray(index + Math.max(word.length, written.length)),
      ]);
    }
    bytes[place] = value;
    return bytes;
  };
  const damage = fc.record({
    at: fc.double({ min: 0, max: 0.999999, noNaN: true }),
    kind: fc.constantFrom("flipped", "cut", "doubled", "removed", "digit", "digit"),
    value: fc.integer({ min: 0, max: 255 }),
  });

  test.each(["csv", "txt", "ecsv", "fits", "vot", "binary.vot", "parquet"])(
    "a table in %s",
    async (name) => {
      await fc.assert(
        fc.asyncProperty(damage, async (how) => {
          const file = fileOf(name, bytesOf(name, how));
          await isReadOrRefused(() => positionsIn(file, "ra", "dec"));
          await isReadOrRefused(() => readWatchlist(file));
          rmSync(file);
        }),
        { numRuns: 25 },
      );
    },
  );

  test.each(["fits", "json", "moc.txt"])("an area in %s", async (name) => {
    await fc.assert(
      fc.asyncProperty(damage, async (how) => {
        const file = fileOf(name, bytesOf(name, how));
        await isReadOrRefused(() => readArea(file).contains(10, 10));
        rmSync(file);
      }),
      { numRuns: 200 },
    );
  });
});
