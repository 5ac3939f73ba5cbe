import { expect, it } from "vitest";
import { leastSquares } from "./least-squares.ts";

const times = [0, 1, 2, 3, 5, 8, 9];
const sigmoid = (t: number, [a, b, c]: Float64Array | readonly number[]) =>
  c / (1 + Math.exp(-a * (t - b)));

it("finds the parameters that data were made from", () => {
  const truth = [0.7, 4, 900];
  const found = leastSquares(
    (p) => Float64Array.from(times, (t) => Math.abs(sigmoid(t, truth) - sigmoid(t, p))),
    [1, 1, 800],
  )!;
  truth.forEach((value, k) => expect(found[k] / value).toBeCloseTo(1, 7));
});

it("ends where scipy's does, also where the data leave the parameters open", () => {
  // exponential growth: the plateau is anywhere above. scipy.optimize.least_squares(1.17, trf),
  // same residuals and start
  const fluxes = [100, 150, 220, 330, 760, 2600, 3900];
  const found = leastSquares(
    (p) => Float64Array.from(times, (t, i) => Math.abs(fluxes[i] - sigmoid(t, p))),
    [6 / 9, Math.log(38) / (6 / 9), 3900],
  )!;
  [0.41325575330313036, 18.179790315285437, 177134.01650527644].forEach((value, k) =>
    expect(found[k] / value).toBeCloseTo(1, 4),
  );
});

it("gives up where the start is no number", () => {
  expect(leastSquares(() => Float64Array.of(NaN), [1])).toBeNull();
});
