import { expect, test } from "vitest";
import type { Measurement } from "../api/pages/types.ts";
import { marksOf, undrawnText } from "./photometry.ts";

const point = (mjd: number, of: Partial<Measurement>): Measurement => ({
  mjd,
  band: "g",
  kind: "history",
  alertId: null,
  magnitude: null,
  magnitudeError: null,
  fluxNJy: null,
  fluxErrorNJy: null,
  apparentNJy: null,
  apparentErrorNJy: null,
  limitMagnitude: null,
  isBad: false,
  ...of,
});
const points = [
  point(1, { magnitude: 18, magnitudeError: 0.1, fluxNJy: 1000 }),
  point(2, { magnitude: 19, magnitudeError: 0.1, fluxNJy: -500, kind: "alert" }),
  point(3, { fluxNJy: -5, fluxErrorNJy: 4, kind: "forced" }),
  point(4, { fluxNJy: 5, fluxErrorNJy: 4, kind: "forced" }),
  point(5, { limitMagnitude: 20.5, kind: "limit" }),
];
const marks = (quantity: Parameters<typeof marksOf>[1]) =>
  marksOf(
    points,
    quantity,
    (p) => p.mjd,
    (p) => String(p.mjd),
  );

test("a negative difference is no brightening: it has a marker of its own and says so", () => {
  expect(marks("difference").map(({ y, isNegative }) => [y, isNegative])).toEqual([
    [18, false],
    [19, true],
    [20.5, false],
  ]);
  expect(marks("difference")[1].title).toContain("negative: fainter than the template");
  expect(marks("flux").map(({ y, isNegative }) => [y, isNegative])).toEqual([
    [1, false],
    [-0.5, false],
    [-0.005, false],
    [0.005, false],
  ]);
});

test("what cannot be drawn is counted", () => {
  expect(undrawnText(points, "difference")).toBe(
    "2 of 5 points cannot be drawn as difference magnitude (below three errors): 2 forced photometry.",
  );
  expect(undrawnText(points, "flux")).toBe(
    "1 of 5 points cannot be drawn as difference flux (no flux): 1 upper limit.",
  );
  expect(undrawnText(points.slice(0, 2), "difference")).toBeNull();
});
