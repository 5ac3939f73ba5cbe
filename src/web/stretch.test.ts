import fc from "fast-check";
import { expect, test } from "vitest";
import { greyLevels, stretches, zscaleLimits } from "./stretch.ts";

test.each(stretches.filter((s) => s !== "zscale"))(
  "%s: brighter is never darker, and the whole range is used",
  (stretch) => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: -1e6, max: 1e6, noNaN: true }), { minLength: 2, maxLength: 400 }),
        (values) => {
          const levels = greyLevels(Float64Array.from(values), stretch) ?? new Int16Array();
          const order = values.map((_, i) => i).sort((a, b) => values[a] - values[b]);
          for (let i = 1; i < order.length; i++)
            expect(levels[order[i]]).toBeGreaterThanOrEqual(levels[order[i - 1]]);
          expect(Math.min(...levels)).toBe(0);
          expect(Math.max(...levels)).toBe(new Set(values).size === 1 ? 0 : 255);
        },
      ),
    );
  },
);

test("blank pixels are marked; infinities are clipped", () => {
  expect([
    ...(greyLevels(Float64Array.of(Number.NaN, 0, 1, Number.POSITIVE_INFINITY), "asinh") ?? []),
  ]).toEqual([-1, 0, 255, 255]);
});

test("an image of blanks has nothing to draw", () => {
  expect(greyLevels(new Float64Array(9).fill(Number.NaN), "zscale")).toBeNull();
});

test("zscale: noise fills the range, a star does not stretch it", () => {
  const noise = Float64Array.from({ length: 4000 }, (_, i) => 100 + 10 * Math.sin(i * 12.9898));
  const [low, high] = zscaleLimits(
    Float64Array.from([...noise, ...Array<number>(20).fill(1e5)]).sort(),
  );
  expect(low).toBeGreaterThanOrEqual(89);
  expect(low).toBeLessThan(95);
  expect(high).toBeGreaterThan(105);
  expect(high).toBeLessThan(200);
});
