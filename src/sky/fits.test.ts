import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync, inflateRawSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { writeFits } from "../../test/browser/write-fits.ts";
import { readFits } from "./fits.ts";

const alerts = join(import.meta.dirname, "../../../shared/reference/alerts");

const stored: Record<number, fc.Arbitrary<number>> = {
  8: fc.integer({ min: 0, max: 255 }),
  16: fc.integer({ min: -(2 ** 15), max: 2 ** 15 - 1 }),
  32: fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
  64: fc.maxSafeInteger(),
  [-32]: fc.float(),
  [-64]: fc.double(),
};

describe.each(Object.keys(stored).map(Number))("BITPIX %i", (bitpix) => {
  const image = fc
    .tuple(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 40 }))
    .chain(([width, height]) =>
      fc.record({
        width: fc.constant(width),
        height: fc.constant(height),
        pixels: fc.array(stored[bitpix], { minLength: width * height, maxLength: width * height }),
        scale: fc.constantFrom(1, 0.5, -3),
        zero: fc.constantFrom(0, 32768, -1.5),
        zip: fc.boolean(),
      }),
    );
  test("reads back what was written, scaled", async () => {
    await fc.assert(
      fc.asyncProperty(image, async ({ width, height, pixels, scale, zero, zip }) => {
        const bytes = writeFits(width, height, bitpix, pixels, [
          `BSCALE  = ${scale}`,
          `BZERO   = ${zero} / offset`,
        ]);
        const read = await readFits(zip ? gzipSync(bytes) : bytes);
        expect([read.width, read.height]).toEqual([width, height]);
        expect([...read.pixels]).toEqual(pixels.map((v) => zero + scale * v));
      }),
      { numRuns: 30 },
    );
  });
});

test("blank integers are no numbers", async () => {
  const { pixels } = await readFits(writeFits(2, 1, 16, [-999, 7], ["BLANK   = -999"]));
  expect([...pixels]).toEqual([Number.NaN, 7]);
});

test("header values: text with quotes, logical, FORTRAN exponent", async () => {
  const { header } = await readFits(
    writeFits(
      1,
      1,
      8,
      [0],
      [
        "OBJECT  = 'Barnard''s star  ' / a name",
        "FLAG    =                    T",
        "TINY    = 1.5D-3",
      ],
    ),
  );
  expect(["OBJECT", "FLAG", "TINY"].map((k) => header.get(k))).toEqual([
    "Barnard's star",
    true,
    0.0015,
  ]);
});

test("an image behind an empty primary unit is found", async () => {
  const text = [
    "SIMPLE  =                    T",
    "BITPIX  =                    8",
    "NAXIS   =                    0",
    "END",
  ]
    .map((c) => c.padEnd(80))
    .join("");
  const extension = Buffer.from(writeFits(3, 2, -32, [1, 2, 3, 4, 5, 6]));
  extension.write("XTENSION= 'IMAGE   '".padEnd(80));
  const { width, pixels } = await readFits(
    Buffer.concat([Buffer.from(text.padEnd(2880)), extension]),
  );
  expect([width, ...pixels]).toEqual([3, 1, 2, 3, 4, 5, 6]);
});

test.each([
  ["not FITS", Buffer.alloc(2880), "not a FITS file"],
  ["empty", Buffer.alloc(0), "without an image"],
  ["no END", Buffer.from("SIMPLE  =                    T".padEnd(2880)), "without END"],
  [
    "cut short",
    Buffer.from(writeFits(40, 40, -64, Array(1600).fill(1))).subarray(0, 2880 * 2),
    "cut short",
  ],
  ["BITPIX 7", Buffer.concat([writeFits(1, 1, 7, []), Buffer.alloc(2880)]), "BITPIX 7"],
])("%s is refused in plain words", async (_name, bytes, message) => {
  await expect(readFits(bytes)).rejects.toThrow(message);
});

describe.skipIf(!existsSync(alerts))("real cutouts (skipped without ../shared)", () => {
  test("ZTF stamps are 63 × 63", async () => {
    const folder = join(alerts, "ztf/v4.02");
    for (const file of readdirSync(folder)) {
      const stamps = gzipMembers(readFileSync(join(folder, file)));
      expect(stamps).toHaveLength(3);
      for (const stamp of stamps) {
        const { width, height, pixels } = await readFits(stamp);
        expect([width, height, pixels.length]).toEqual([63, 63, 3969]);
        expect(pixels.some(Number.isFinite)).toBe(true);
      }
    }
  });

  test("LSST cutouts carry the alert's position", async () => {
    const message = readFileSync(join(alerts, "lsst/wire/7912941781254298.bin"));
    const { width, height, header, pixels } = await readFits(
      message.subarray(message.indexOf("SIMPLE  =")),
    );
    expect([width, height]).toEqual([30, 30]);
    expect(header.get("CRVAL1")).toBeCloseTo(55.75212760972686, 10);
    expect(pixels.every(Number.isFinite)).toBe(true);
  });
});

/** The gzip files (deflated, no flags) that stand in these bytes. */
function gzipMembers(bytes: Buffer): Uint8Array[] {
  const magic = Buffer.from([0x1f, 0x8b, 8, 0]);
  const members: Uint8Array[] = [];
  for (let at = bytes.indexOf(magic); at >= 0; at = bytes.indexOf(magic, at + 1)) {
    // ten bytes of header, the data, eight bytes of checks
    const { engine } = inflateRawSync(bytes.subarray(at + 10), { info: true }) as unknown as {
      engine: { bytesWritten: number };
    };
    members.push(bytes.subarray(at, at + 10 + engine.bytesWritten + 8));
  }
  return members;
}
