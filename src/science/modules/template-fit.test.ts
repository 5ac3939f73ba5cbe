import fc from "fast-check";
import { expect, it } from "vitest";
import { fitTemplates } from "./template-fit.ts";

const numbers = fc
  .array(fc.double({ min: -1, max: 1, noNaN: true }), { minLength: 4, maxLength: 4 })
  .map((values) => Float64Array.from(values));

it("no coefficients near or far give a smaller loss", () => {
  fc.assert(
    fc.property(
      numbers,
      numbers,
      numbers,
      numbers,
      fc.double({ min: 0.1, max: 100, noNaN: true }),
      (a, b, c, values, penalty) => {
        const weights = Float64Array.of(1, 4, 9, 2);
        const loss = ([x, y, z]: readonly number[]) =>
          values.reduce(
            (sum, value, i) => sum + weights[i] * (x * a[i] + y * b[i] + z * c[i] - value) ** 2,
            0,
          ) +
          penalty * ((x < 0 ? x * x : 0) + y * y + z * z);
        const found = fitTemplates({ rows: [a, b, c], values, weights, penalty });
        for (const value of found) expect(Math.abs(value)).toBeLessThanOrEqual(2);
        for (const step of [1e-3, 0.1, 1]) {
          for (let k = 0; k < 27; k++) {
            const near = found.map((value, i) =>
              Math.max(-2, Math.min(2, value + step * ((Math.floor(k / 3 ** i) % 3) - 1))),
            );
            expect(loss(near)).toBeGreaterThanOrEqual(loss(found) - 1e-9 * (1 + loss(found)));
          }
        }
      },
    ),
    { numRuns: 200 },
  );
});
