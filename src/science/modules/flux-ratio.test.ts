import { expect, it } from "vitest";
import { ratioOf } from "./flux-ratio.ts";

/**
 * Drawn 4,000,000 times with numpy (default_rng(1)), negative fluxes left out: mean, deviation, 5th
 * and 95th percentile of log10.
 */
const drawn: [number, number, number, number | null, number[]][] = [
  [18, 0.05, 18.5, 0.1, [0.2014, 0.0451, 0.1298, 0.2779]],
  [19, 0.2, 18.7, 0.02, [-0.1277, 0.0843, -0.2771, -0.0042]],
  [19, 0.02, 18.7, 0.2, [-0.1123, 0.0843, -0.2358, 0.0371]],
  [17, 0.1, 20.3, null, [1.7526, 0.4362, 1.3313, 2.6224]],
  [20, 0.35, 20.1, 0.35, [0.04, 0.2408, -0.3299, 0.4097]],
];

it.each(drawn)(
  "agrees with random draws: %d ± %d after %d ± %d",
  (mag, error, earlierMag, earlierError, wanted) => {
    const { mean, deviation, low, high } = ratioOf(
      { mag, error },
      { mag: earlierMag, error: earlierError },
    );
    [mean, deviation, low, high].forEach((found, n) =>
      expect(Math.abs(found - wanted[n])).toBeLessThan(0.0015),
    );
  },
);
