import fc from "fast-check";
import { expect, test } from "vitest";
import { asinhLevels } from "./stretch.ts";

test("brighter is never darker, and the whole range is used", () => {
  fc.assert(
    fc.property(fc.array(fc.double({ min: -1e6, max: 1e6, noNaN: true }), { minLength: 2, maxLength: 400 }), (values) => {
      const levels = asinhLevels(Float64Array.from(values)) ?? new Int16Array();
      const order = values.map((_, i) => i).sort((a, b) => values[a] - values[b]);
      for (let i = 1; i < order.length; i++) expect(levels[order[i]]).toBeGreaterThanOrEqual(levels[order[i - 1]]);
      expect(Math.min(...levels)).toBe(0);
      expect(Math.max(...levels)).toBe(new Set(values).size === 1 ? 0 : 255);
    }),
  );
});

test("blank pixels are marked; infinities are clipped", () => {
  expect([...(asinhLevels(Float64Array.of(Number.NaN, 0, 1, Number.POSITIVE_INFINITY)) ?? [])]).toEqual([-1, 0, 255, 255]);
});

test("an image of blanks has nothing to draw", () => {
  expect(asinhLevels(new Float64Array(9).fill(Number.NaN))).toBeNull();
});
