/** A light curve in one band, in order of time; the arrays may be longer than it. */
export interface Curve {
  count: number;
  readonly times: Float64Array;
  readonly values: Float64Array;
  /** 1/error². */
  readonly weights: Float64Array;
}

/** What most features start from. */
export interface Sample {
  readonly sorted: Float64Array;
  readonly mean: number;
  readonly variance: number;
  readonly deviation: number;
  readonly median: number;
  /** Half of maximum minus minimum. */
  readonly amplitude: number;
  /** A line without weights, and with them. */
  readonly trend: () => Line;
  readonly fit: () => Line;
}

export interface Line {
  readonly slope: number;
  readonly slopeError: number;
  readonly reducedChi2: number;
}

export function emptyCurve(capacity: number): Curve {
  return {
    count: 0,
    times: new Float64Array(capacity),
    values: new Float64Array(capacity),
    weights: new Float64Array(capacity),
  };
}

export function sampleOf(curve: Curve): Sample {
  const { count, values } = curve;
  const sorted = values.slice(0, count).sort();
  const mean = unrolledSum(values, count) / count;
  const variance = sumOf(count, (i) => square(values[i] - mean)) / (count - 1);
  const amplitude = 0.5 * (sorted[count - 1] - sorted[0]);
  const [trend, fit] = [once(() => fitLine(curve, false)), once(() => fitLine(curve, true))];
  return {
    sorted,
    mean,
    variance,
    deviation: Math.sqrt(variance),
    median: medianOf(sorted),
    amplitude,
    trend,
    fit,
  };
}

export function sumOf(count: number, term: (i: number) => number): number {
  let sum = 0;
  for (let i = 0; i < count; i++) sum += term(i);
  return sum;
}

/** Not `**`, whose last bit is the engine's: these sums cancel. */
export function square(x: number): number {
  return x * x;
}

export function weightedMean({ count, values, weights }: Curve): number {
  return sumOf(count, (i) => values[i] * weights[i]) / unrolledSum(weights, count);
}

export function medianOf(sorted: Float64Array): number {
  const i = (sorted.length - 1) >> 1;
  return sorted.length % 2 === 0 ? 0.5 * (sorted[i] + sorted[i + 1]) : sorted[i];
}

/**
 * Hyndman and Fan's definition 5. The crate keeps the share and the place in single precision, so
 * we do.
 */
export function quantile(sorted: Float64Array, share: number): number {
  const place = Math.fround(Math.fround(sorted.length * share) - 0.5);
  const i = Math.floor(place);
  if (i < 0) return sorted[0];
  if (i >= sorted.length - 1) return sorted[sorted.length - 1];
  return sorted[i] + (place - i) * (sorted[i + 1] - sorted[i]);
}

/** Press et al., Numerical Recipes, section 15.2. */
export function fitLine({ count, times, values, weights }: Curve, isWeighted: boolean): Line {
  const weight = isWeighted ? (i: number) => weights[i] : () => 1;
  const total = sumOf(count, weight);
  const x = sumOf(count, (i) => weight(i) * times[i]);
  const y = sumOf(count, (i) => weight(i) * values[i]);
  const squares = sumOf(count, (i) => weight(i) * square(times[i] - x / total));
  const slope = sumOf(count, (i) => weight(i) * (times[i] - x / total) * values[i]) / squares;
  const intercept = (y - x * slope) / total;
  const reducedChi2 =
    sumOf(count, (i) => square(values[i] - intercept - slope * times[i]) * weight(i)) / (count - 2);
  return {
    slope,
    slopeError: Math.sqrt((1 / squares) * (isWeighted ? 1 : reducedChi2)),
    reducedChi2,
  };
}

/**
 * Eight partial sums, in the order of Rust's ndarray: the last bit decides whether a point lies
 * beyond one standard deviation.
 */
function unrolledSum(values: Float64Array, count: number): number {
  const whole = count - (count % 8);
  const partial = new Float64Array(8);
  for (let i = 0; i < whole; i++) partial[i % 8] += values[i];
  let sum = 0;
  for (let lane = 0; lane < 4; lane++) sum += partial[lane] + partial[lane + 4];
  for (let i = whole; i < count; i++) sum += values[i];
  return sum;
}

function once<T>(make: () => T): () => T {
  let made: T | undefined;
  return () => (made ??= make());
}
