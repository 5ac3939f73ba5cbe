import { expect, it } from "vitest";
import { above, and, atMost, below, equal, not, or } from "./truth.ts";

it("keeps null as SQL does", () => {
  expect([
    below(1, 2),
    below(2, 2),
    below(Number.NaN, 2),
    above(3, 2),
    atMost(2, 2),
    equal(Number.NaN, 2),
  ]).toEqual([1, 0, 0.5, 1, 1, 0.5]);
  expect([and(0.5, 0), and(0.5, 1), or(0.5, 1), or(0.5, 0), not(0.5), not(0)]).toEqual([
    0, 0.5, 1, 0.5, 0.5, 1,
  ]);
});
