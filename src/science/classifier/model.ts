import { type Tree, treeSum } from "./trees.ts";

/** What `early-sn.json` holds. */
export interface EarlyModel {
  readonly version: string;
  readonly features: readonly string[];
  readonly trees: readonly Tree[];
  /** Log odds = slope · sum of the trees + offset. */
  readonly calibration: readonly [slope: number, offset: number];
}

/** Probability of a supernova for each row of features. */
export function probabilities(
  { trees, features, calibration: [slope, offset] }: EarlyModel,
  rows: Float32Array,
): Float64Array {
  return Float64Array.from(
    { length: rows.length / features.length },
    (_, i) => 1 / (1 + Math.exp(-slope * treeSum(trees, rows, i * features.length) - offset)),
  );
}

/**
 * Slope and offset that make weighted log odds right: logistic regression on one number, by
 * Newton's method (Platt 1999).
 */
export function calibrate(
  sums: Float64Array,
  labels: Uint8Array,
  weights: Float64Array,
): [slope: number, offset: number] {
  let [slope, offset] = [1, 0];
  for (let round = 0; round < 50; round++) {
    // a weak pull towards 1 and 0: with few examples of one kind the fit would run away
    let [g0, g1, h00, h01, h11] = [slope - 1, offset, 1, 0, 1];
    sums.forEach((x, i) => {
      const p = 1 / (1 + Math.exp(-slope * x - offset));
      const [off, curvature] = [weights[i] * (p - labels[i]), weights[i] * p * (1 - p)];
      g0 += off * x;
      g1 += off;
      h00 += curvature * x * x;
      h01 += curvature * x;
      h11 += curvature;
    });
    const determinant = h00 * h11 - h01 * h01;
    const [stepSlope, stepOffset] = [
      (h11 * g0 - h01 * g1) / determinant,
      (h00 * g1 - h01 * g0) / determinant,
    ];
    [slope, offset] = [slope - stepSlope, offset - stepOffset];
    if (Math.abs(stepSlope) + Math.abs(stepOffset) < 1e-10) break;
  }
  return [Number(slope.toPrecision(6)), Number(offset.toPrecision(6))];
}
