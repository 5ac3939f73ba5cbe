/**
 * How many there are of each value of one quantity: a function integrated in equal steps, constant
 * within each.
 */
export interface Distribution {
  readonly total: number;
  /** How many have less than x. */
  below(x: number): number;
  /** The value that `count` (0 … total) are below: `at(total * random.uniform())` draws one. */
  at(count: number): number;
}

export function distributionOf(
  low: number,
  high: number,
  steps: number,
  density: (x: number) => number,
): Distribution {
  const width = (high - low) / steps;
  const sums = new Float64Array(steps + 1);
  for (let i = 0; i < steps; i++) sums[i + 1] = sums[i] + width * density(low + (i + 0.5) * width);
  return {
    total: sums[steps],
    below(x) {
      const place = Math.min(Math.max((x - low) / width, 0), steps);
      const i = Math.min(Math.floor(place), steps - 1);
      return sums[i] + (place - i) * (sums[i + 1] - sums[i]);
    },
    at(count) {
      let [from, to] = [0, steps];
      while (to - from > 1) {
        const middle = (from + to) >> 1;
        if (sums[middle] <= count) from = middle;
        else to = middle;
      }
      const inStep = sums[to] - sums[from];
      return low + width * (from + (inStep > 0 ? (count - sums[from]) / inStep : 0));
    },
  };
}
