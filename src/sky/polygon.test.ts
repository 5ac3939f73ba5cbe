import { expect, test } from "vitest";
import { separation } from "./angle.ts";
import { insidePolygon, polygonArea } from "./polygon.ts";

test("a polygon that is nearly a cone, either way round, has its area and its positions", () => {
  const corners = Array.from({ length: 360 }, (_, i) => beside(2, 80, 10, (i * Math.PI) / 180));
  for (const round of [corners, corners.toReversed()]) {
    expect(polygonArea(round) / ((1 - Math.cos((10 * Math.PI) / 180)) / 2)).toBeCloseTo(1, 3);
    const isInside = insidePolygon(round);
    for (let i = 0; i < 400; i++) {
      const [ra, dec] = beside(2, 80, 0.05 * i, i);
      const distance = separation(2, 80, ra, dec);
      if (Math.abs(distance - 10) > 0.01) expect(isInside(ra, dec)).toBe(distance < 10);
    }
    expect([isInside(182, -80), isInside(NaN, 80)]).toEqual([false, false]);
  }
});

test("what is inside and what is not, with a corner that points inwards, around RA 0", () => {
  const corners = [
    [350, -10],
    [10, -10],
    [0, 0],
    [10, 10],
    [350, 10],
  ] as const;
  const has = insidePolygon(corners);
  expect([has(355, 0), has(351, 9), has(9, -9.9), has(359.9, 0)]).toEqual([true, true, true, true]);
  expect([has(5, 0), has(11, 0), has(349, 0), has(0, 11), has(175, 0), has(180, 0)]).toEqual([
    false,
    false,
    false,
    false,
    false,
    false,
  ]);
});

test("an octant of the sky is an eighth of it", () => {
  const corners = [
    [0, 0],
    [90, 0],
    [0, 90],
  ] as const;
  expect(polygonArea(corners)).toBeCloseTo(1 / 8, 12);
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
