import { expect, it } from "vitest";
import { erfc, lnErfc } from "./erfc.ts";

/** From Python's math.erfc. */
const known = [
  [1e-5, 0.9999887162083294],
  [0.0999, 0.8876488002591807],
  [0.1, 0.8875370839817152],
  [1, 0.15729920705028513],
  [3, 2.2090496998585438e-5],
  [5.99, 2.4300455127321346e-17],
  [8, 1.1224297172982928e-29],
  [-0.5, 1.5204998778130465],
];

it("agrees with Python's erfc", () => {
  for (const [x, y] of known) expect(erfc(x) / y - 1, String(x)).toBeCloseTo(0, 13);
});

it("has a logarithm beyond the smallest number", () => {
  expect(lnErfc(8)).toBeCloseTo(Math.log(1.1224297172982928e-29), 11);
  // -x² - ln(x √π) - 1/(2x²) + 5/(8x⁴), Abramowitz and Stegun 7.1.23
  expect(lnErfc(100)).toBeCloseTo(
    -10000 - Math.log(100 * Math.sqrt(Math.PI)) - 0.5e-4 + 0.625e-8,
    9,
  );
});
