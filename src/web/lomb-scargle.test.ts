import { expect, test } from "vitest";
import { peaks, periodogram } from "./lomb-scargle.ts";

const random = (i: number) => {
  const x = Math.sin(i * 12.9898) * 43758.5453;
  return x - Math.floor(x);
};
const band = (period: number, seed: number, mean: number) => {
  const times = Array.from({ length: 60 }, (_, i) => i + 0.3 * random(i + seed));
  const values = times.map(
    (t, i) => mean + 0.3 * Math.sin((2 * Math.PI * t) / period) + 0.02 * random(seed + 3 * i),
  );
  return { times, values, errors: times.map(() => 0.02) };
};

test("finds a period that two bands of different brightness share", () => {
  const found = periodogram([band(0.6137, 1, 16), band(0.6137, 500, 19)], 0.05, 8, 0.001);
  const [best] = peaks(found, 3, 0.02);
  expect(1 / best.frequency).toBeCloseTo(0.6137, 2);
  expect(best.power).toBeGreaterThan(0.95);
});

// values: astropy 8.0.2, LombScargle(t, y, dy, fit_mean=True).power(f)
test("the power is astropy's", () => {
  const times = [0, 1.1, 2.3, 2.9, 4.2, 5.5, 7.1, 8.4, 9, 10.7];
  const values = [1, 3, 2, 5, 4, 1, 0, 2, 6, 3];
  const errors = [0.1, 0.2, 0.3, 0.1, 0.2, 0.3, 0.1, 0.2, 0.3, 0.1];
  const { power } = periodogram([{ times, values, errors }], 0.1, 0.9, 0.2);
  const expected = [
    0.6624360104904091, 0.24675073266556893, 0.36917228930043156, 0.1884934669640652,
    0.5398515137411954,
  ];
  expect(power).toHaveLength(expected.length);
  expected.forEach((value, i) => expect(power[i]).toBeCloseTo(value, 9));
});
