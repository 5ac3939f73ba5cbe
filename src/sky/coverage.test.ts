import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { available } from "../../test/require.ts";
import { coneCoverage, type PixelRange } from "./coverage.ts";
import { nestedPixel } from "./healpix.ts";

const file = join(import.meta.dirname, "../../../shared/reference/sky/cones.json");
const hasCones = available(
  "reference",
  existsSync(file),
  "no ../shared/reference with cones of healpy",
);

interface Cone {
  readonly ra: number;
  readonly dec: number;
  readonly radius_deg: number;
  readonly order10_inclusive_fact4: { readonly n: number } | null;
  readonly order10_centers: { readonly ranges: readonly PixelRange[] } | null;
  readonly order10_must_cover: readonly number[] | null;
}

const covers = (ranges: readonly PixelRange[], pixel: number): boolean =>
  ranges.some(([first, end]) => first <= pixel && pixel < end);
const size = (ranges: readonly PixelRange[]): number =>
  ranges.reduce((sum, [first, end]) => sum + end - first, 0);

describe("the coverage of a cone", () => {
  it.skipIf(!hasCones)("has all pixels it must have, and hardly more than healpy's", () => {
    const { cones } = JSON.parse(readFileSync(file, "utf8")) as { cones: Cone[] };
    for (const cone of cones) {
      const ranges = coneCoverage(10, cone.ra, cone.dec, cone.radius_deg);
      for (const pixel of cone.order10_must_cover ?? []) expect(covers(ranges, pixel)).toBe(true);
      for (const [first, end] of cone.order10_centers?.ranges ?? [])
        expect(covers(ranges, first) && covers(ranges, end - 1)).toBe(true);
      const theirs = cone.order10_inclusive_fact4?.n ?? Infinity;
      expect(size(ranges)).toBeLessThanOrEqual(Math.max(theirs * 1.02, theirs + 2));
    }
  });

  it("has all of its points, at poles, corners and RA 0, at any order", () => {
    for (const [ra, dec] of [
      [0, 90],
      [12, -90],
      [0, 0],
      [359.9999, 0.1],
      [45, 41.8103148957786],
      [90, -89.99],
    ]) {
      for (const order of [3, 9, 24]) {
        const radius = 50 / 2 ** order;
        const ranges = coneCoverage(order, ra, dec, radius);
        for (let i = 0; i < 200; i++)
          expect(
            covers(
              ranges,
              nestedPixel(order, ...beside(ra, dec, radius * Math.sqrt(i / 200), i * 2.4)),
            ),
          ).toBe(true);
      }
    }
  });

  it("of the whole sky is every pixel, of nothing the pixel at its middle and neighbours that may touch it", () => {
    expect(coneCoverage(5, 10, 10, 180)).toEqual([[0, 12 * 4 ** 5]]);
    expect(covers(coneCoverage(20, 10, 10, 0), nestedPixel(20, 10, 10))).toBe(true);
    expect(size(coneCoverage(20, 10, 10, 0))).toBeLessThanOrEqual(4);
  });
});

/** The position at a distance in degrees and a position angle in radians. */
function beside(
  ra: number,
  dec: number,
  distance: number,
  angle: number,
): [ra: number, dec: number] {
  const [r, d, s] = [ra, dec, distance].map((x) => (x * Math.PI) / 180);
  const sine = Math.sin(d) * Math.cos(s) + Math.cos(d) * Math.sin(s) * Math.cos(angle);
  const east = Math.atan2(
    Math.sin(angle) * Math.sin(s) * Math.cos(d),
    Math.cos(s) - Math.sin(d) * sine,
  );
  return [
    ((r + east) * 180) / Math.PI,
    (Math.asin(Math.min(1, Math.max(-1, sine))) * 180) / Math.PI,
  ];
}
