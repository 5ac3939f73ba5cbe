import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { separation } from "../../sky/angle.ts";
import { nestedPixel } from "../../sky/healpix.ts";
import { allWithin, nearestWithin, type Positions, type Sources } from "./match.ts";
import { batchMatch } from "../../../test/science/batch-match.ts";

type Point = readonly [ra: number, dec: number];

const sorted = (points: readonly Point[]): Point[] =>
  points.toSorted((a, b) => nestedPixel(12, ...a) - nestedPixel(12, ...b));
const positionsOf = (points: readonly Point[]): Positions => ({
  ra: Float64Array.from(points, ([ra]) => ra),
  dec: Float64Array.from(points, ([, dec]) => dec),
});

function sourcesOf(points: readonly Point[]): Sources {
  const inOrder = sorted(points);
  return {
    ...positionsOf(inOrder),
    pixel: Int32Array.from(inOrder, (point) => nestedPixel(12, ...point)),
    motion: null,
  };
}

/** Around places where something may go wrong: poles, RA 0, borders and corners of base pixels. */
const place = fc.constantFrom<Point>(
  [0, 90],
  [77, -90],
  [0, 0],
  [0, 30],
  [45, 41.8103148957786],
  [90, 41.8],
  [180, -41.8103148957786],
  [45, 0],
  [123.4, 56.7],
  [270, 80],
);
const around = (degrees: number): fc.Arbitrary<Point> =>
  fc
    .tuple(
      place,
      fc.double({ min: -1, max: 1, noNaN: true }),
      fc.double({ min: -1, max: 1, noNaN: true }),
    )
    .map(([[ra, dec], a, b]) => {
      const moved = Math.max(-90, Math.min(90, dec + b * degrees));
      return [
        (ra + (a * degrees) / Math.max(0.002, Math.cos((moved * Math.PI) / 180)) + 720) % 360,
        moved,
      ];
    });

describe("cross-match", () => {
  it("finds what a comparison of every pair finds, at poles, RA 0 and borders of base pixels, for radii from 1″ to 5°", () => {
    const sky = fc.constantFrom(1, 60, 3000, 18_000).chain((radius) => {
      const points = fc.array(around(radius / 1800), { minLength: 1, maxLength: 30 });
      return fc.tuple(fc.constant(radius), points, points);
    });
    fc.assert(
      fc.property(sky, ([radius, catalogue, alerts]) => {
        const sources = sourcesOf(catalogue);
        const { offsets, rows, separationsArcsec } = allWithin(
          sources,
          positionsOf(alerts),
          radius,
        );
        const nearest = nearestWithin(sources, positionsOf(alerts), radius);
        alerts.forEach(([ra, dec], i) => {
          const all = Array.from(sources.ra, (sourceRa, row) => ({
            row,
            arcsec: 3600 * separation(ra, dec, sourceRa, sources.dec[row]),
          }));
          const wanted = all
            .filter(({ arcsec }) => arcsec < radius)
            .sort((a, b) => a.arcsec - b.arcsec || a.row - b.row);
          expect([...rows.subarray(offsets[i], offsets[i + 1])]).toEqual(
            wanted.map(({ row }) => row),
          );
          expect([...separationsArcsec.subarray(offsets[i], offsets[i + 1])]).toEqual(
            wanted.map(({ arcsec }) => arcsec),
          );
          expect(nearest.rows[i]).toBe(wanted[0]?.row ?? -1);
        });
      }),
      { numRuns: 300 },
    );
  });

  it("matches nearer than the radius, not at it, and of equally near sources takes the first row", () => {
    const sources = sourcesOf([
      [10, 0.001],
      [10, -0.001],
      [10, 0.001],
    ]);
    const [at] = allWithin(sources, positionsOf([[10, 0]]), 10).separationsArcsec;
    expect(nearestWithin(sources, positionsOf([[10, 0]]), at).rows[0]).toBe(-1);
    expect([...allWithin(sources, positionsOf([[10, 0]]), 10).rows]).toEqual([0, 1, 2]);
    expect(nearestWithin(sources, positionsOf([[10, 0.0011]]), 10).rows[0]).toBe(
      [...sources.dec].indexOf(0.001),
    );
  });

  it("takes a radius for each source", () => {
    const sources = sourcesOf([
      [10, 0],
      [10, 10 / 3600],
    ]);
    const radii = Float64Array.from(sources.dec, (dec) => (dec === 0 ? 4 : 8));
    expect(
      sources.dec[nearestWithin(sources, positionsOf([[10, 4.5 / 3600]]), radii).rows[0]],
    ).toBe(10 / 3600);
  });

  it("by Fink's rule gives a source to the nearest alert of the batch only", () => {
    const sources = sourcesOf([[10, 0]]);
    const alerts = positionsOf([
      [10, 1 / 3600],
      [10, 0.5 / 3600],
      [10, 0.5 / 3600],
      [10, 3 / 3600],
    ]);
    expect([...batchMatch(sources, alerts, 2)]).toEqual([-1, 0, -1, -1]);
    expect([...nearestWithin(sources, alerts, 2).rows]).toEqual([0, 0, 0, -1]);
  });

  it("moves sources to the year in which the sky was seen", () => {
    const barnard = sourcesOf([[269.4485025, 4.7394201]]);
    const motion = {
      epochYear: 2016,
      raMasPerYear: Float32Array.of(-801.551),
      decMasPerYear: Float32Array.of(10362.394),
      fastestMasPerYear: 10393.35,
    };
    const in2000 = positionsOf([[269.45207696, 4.69336497]]);
    expect(nearestWithin({ ...barnard, motion }, { ...in2000, year: 2000 }, 1).rows[0]).toBe(0);
    expect(nearestWithin({ ...barnard, motion }, in2000, 1).rows[0]).toBe(-1);
  });

  it("a position that is none, and an empty catalogue, match nothing", () => {
    expect([
      ...nearestWithin(
        sourcesOf([[0, 0]]),
        positionsOf([
          [NaN, 0],
          [0, 91],
        ]),
        3600,
      ).rows,
    ]).toEqual([-1, -1]);
    expect([...nearestWithin(sourcesOf([]), positionsOf([[0, 0]]), 3600).rows]).toEqual([-1]);
  });
});
