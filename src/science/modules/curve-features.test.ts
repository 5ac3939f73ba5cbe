import { expect, it } from "vitest";
import { FeatureTable } from "./curve-features.ts";

function featuresOf(
  times: number[],
  values: number[],
  errors: number[],
): Record<string, number | null> {
  const table = new FeatureTable(1);
  const weights = Float64Array.from(errors, (error) => 1 / (error * error));
  table.compute(0, {
    count: times.length,
    times: Float64Array.from(times),
    values: Float64Array.from(values),
    weights,
  });
  const columns = Object.entries(table.columns("f"));
  return Object.fromEntries(
    columns.map(([name, column]) => [
      name.slice(2),
      column.missing?.[0] === 1 ? null : (column.values[0] as number),
    ]),
  );
}

/** Computed with light-curve 0.13.3. */
const known = {
  weighted_mean: 2.2499999999999996,
  standard_deviation: 0.4472135954999579,
  beyond_1_std: 0.2,
  cusum: 0.35777087639996624,
  kurtosis: 4.999999999999991,
  linear_trend: 0.2,
  linear_trend_sigma: 0.11547005383792516,
  linear_fit_slope_sigma: 0.0316227766016838,
  linear_fit_reduced_chi2: 11.666666666666664,
  anderson_darling_normal: 0.9637689034562705,
  chi2: 18.749999999999996,
  skew: 2.2360679774997885,
  stetson_K: 0.774596669241483,
};

it("agrees with the light-curve package; an infinite error is no weight", () => {
  const found = featuresOf([1, 2, 3, 4, 5], [2, 2, 2, 2, 3], [0.1, 0.1, Infinity, 0.1, 0.1]);
  for (const [name, value] of Object.entries(known))
    expect(found[name], name).toBeCloseTo(value, 12);
});

it("has no shape where all values are equal, nor with too few points", () => {
  expect(featuresOf([1, 2, 3, 4], [2, 2, 2, 2], [1, 1, 1, 1])).toMatchObject({
    mean: 2,
    standard_deviation: 0,
    chi2: 0,
    skew: Number.NaN,
    stetson_K: Number.NaN,
  });
  expect(featuresOf([1], [2], [1])).toMatchObject({
    mean: 2,
    amplitude: 0,
    standard_deviation: Number.NaN,
    linear_trend: Number.NaN,
  });
});

it("is null with a value that is not finite", () => {
  expect(featuresOf([1, 2], [2, Infinity], [1, 1]).mean).toBeNull();
});
