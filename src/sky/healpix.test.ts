import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { skyPositions } from "../../test/sky-positions.ts";
import { separation } from "./angle.ts";
import {
  nestedPixel,
  nestedPixelBig,
  pixelCentre,
  pixelCorners,
  pixelRadius,
  ringOfNested,
} from "./healpix.ts";

const orders = [0, 4, 7, 10, 13] as const;
const nested = orders.map((order) => `hpx_nest_${order}` as const);
const rows = await skyPositions(
  "ra",
  "dec",
  ...nested,
  "hpx_nest_29",
  "hpx_ring_7",
  "hpx10_center_ra",
  "hpx10_center_dec",
);

describe("HEALPix", () => {
  it.skipIf(!rows)("pixels, nested to order 29 and ring, and their centres are healpy's", () => {
    for (const row of rows ?? []) {
      const { ra, dec } = row;
      expect([ra, dec, ...orders.map((order) => nestedPixel(order, ra, dec))]).toEqual([
        ra,
        dec,
        ...nested.map((name) => Number(row[name])),
      ]);
      expect([ra, dec, nestedPixelBig(29, ra, dec)]).toEqual([ra, dec, row.hpx_nest_29]);
      expect(ringOfNested(7, nestedPixel(7, ra, dec))).toBe(Number(row.hpx_ring_7));
      expect(
        separation(
          ...pixelCentre(10, nestedPixel(10, ra, dec)),
          row.hpx10_center_ra,
          row.hpx10_center_dec,
        ),
      ).toBeLessThan(1e-12);
    }
  });

  it("a pixel's centre is in it, and a number holds order 24", () => {
    const anyPixel = fc.nat(24).chain((order) =>
      fc.tuple(
        fc.constant(order),
        fc.maxSafeNat().map((n) => n % (12 * 4 ** order)),
      ),
    );
    fc.assert(
      fc.property(
        anyPixel,
        ([order, pixel]) => nestedPixel(order, ...pixelCentre(order, pixel)) === pixel,
      ),
    );
  });

  it("the ring scheme numbers every pixel once", () => {
    for (const order of [0, 1, 3]) {
      const pixels = Array.from({ length: 12 * 4 ** order }, (_, pixel) => pixel);
      expect(pixels.map((pixel) => ringOfNested(order, pixel)).sort((a, b) => a - b)).toEqual(
        pixels,
      );
    }
  });

  it("no corner is farther from its centre than the radius of the order, and one is as far", () => {
    for (const order of [0, 1, 3, 5]) {
      const far = Array.from({ length: 12 * 4 ** order }, (_, pixel) =>
        Math.max(
          ...pixelCorners(order, pixel).map((corner) =>
            separation(...corner, ...pixelCentre(order, pixel)),
          ),
        ),
      );
      expect(Math.max(...far)).toBeCloseTo(pixelRadius(order), 9);
    }
  });

  it("a position that is none has no pixel", () => {
    expect([
      nestedPixel(12, NaN, 0),
      nestedPixel(12, 0, 90.001),
      nestedPixel(12, Infinity, 0),
    ]).toEqual([NaN, NaN, NaN]);
    expect(nestedPixelBig(29, 0, NaN)).toBeNull();
  });
});
