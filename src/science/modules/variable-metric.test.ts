import { expect, it } from "vitest";
import { variableMetric } from "./variable-metric.ts";

const valley = ([x, y]: Float64Array): number => 100 * (y - x * x) ** 2 + (1 - x) ** 2;

it("goes along a curved valley to its lowest point", () => {
  const [x, y] = variableMetric(valley, [-1.2, 1], 1e-12)!;
  expect(x).toBeCloseTo(1, 4);
  expect(y).toBeCloseTo(1, 4);
});

it("begins where the cost bends down, and turns back where it is infinite", () => {
  const [x] = variableMetric(([a]) => (Math.abs(a) < 4 ? -Math.cos(a) : Infinity), [2.5], 1e-12)!;
  expect(x).toBeCloseTo(0, 4);
});

it("gives nothing for a start that is no good", () => {
  expect(variableMetric(() => NaN, [1], 1e-6)).toBeNull();
});
