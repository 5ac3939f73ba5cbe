import fc from "fast-check";
import { expect, test } from "vitest";
import { nightOfDate, planNight } from "./plan.ts";

const ranks = fc.array(
  fc
    .array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 20 })
    .map((values) => Float64Array.from(values).sort()),
  { maxLength: 20 },
);

test("a night has exactly as many alerts as asked for, or all there are", () => {
  fc.assert(
    fc.property(ranks, fc.integer({ min: 0, max: 200 }), (visits, alerts) => {
      const plan = planNight(visits, alerts);
      const all = visits.reduce((sum, v) => sum + v.length, 0);
      expect(plan.reduce((sum, v) => sum + v.alerts, 0)).toBe(Math.min(alerts, all));
    }),
  );
});

test("the objects of lowest rank stay, in all of their visits", () => {
  const plan = planNight(
    [Float64Array.of(0.1, 0.5, 0.9), Float64Array.of(), Float64Array.of(0.1, 0.4)],
    4,
  );
  expect(plan.map((v) => v.alerts)).toEqual([2, 0, 2]);
});

test("an object with several alerts may be cut in two to make the number", () => {
  expect(
    planNight([Float64Array.of(0.1, 0.5), Float64Array.of(0.1, 0.5)], 3).map((v) => v.alerts),
  ).toEqual([2, 1]);
});

test("a wrong date is named", () => {
  expect(() => nightOfDate("14/03/2026")).toThrow(
    '"14/03/2026" is not a date; give the night as YYYY-MM-DD',
  );
  expect(nightOfDate("2026-03-14")).toBe(61113);
});
