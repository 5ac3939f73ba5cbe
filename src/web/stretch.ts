export const stretches = ["asinh", "linear", "log", "zscale"] as const;
export type Stretch = (typeof stretches)[number];

/** Softening of the asinh: below it the stretch is nearly linear, above nearly logarithmic. */
const SOFTENING = 0.25;
const LOW_FRACTION = 0.05;
const HIGH_FRACTION = 0.998;
/** Contrast of the log stretch: log(1 + 1000 x), as DS9 has it. */
const LOG_CONTRAST = 1000;

const curves: Readonly<Record<Stretch, (fraction: number) => number>> = {
  asinh: (x) => Math.asinh(x / SOFTENING) / Math.asinh(1 / SOFTENING),
  linear: (x) => x,
  log: (x) => Math.log1p(LOG_CONTRAST * x) / Math.log1p(LOG_CONTRAST),
  zscale: (x) => x,
};

/**
 * Grey levels 0 to 255, bright is bright, between two percentiles (zscale: its own limits). Blank
 * pixels get -1. Null when no pixel is a number.
 */
export function greyLevels(pixels: Float64Array, stretch: Stretch): Int16Array | null {
  const sorted = pixels.filter(Number.isFinite).sort();
  if (sorted.length === 0) return null;
  const [low, high] = stretch === "zscale" ? zscaleLimits(sorted) : percentileLimits(sorted);
  const range = high - low || 1;
  const levelOf = (value: number) =>
    Math.round(255 * curves[stretch](Math.min(1, Math.max(0, (value - low) / range))));
  return Int16Array.from(pixels, (value) => (Number.isNaN(value) ? -1 : levelOf(value)));
}

function percentileLimits(sorted: Float64Array): readonly [number, number] {
  return [
    sorted[Math.floor((sorted.length - 1) * LOW_FRACTION)],
    sorted[Math.ceil((sorted.length - 1) * HIGH_FRACTION)],
  ];
}

const CONTRAST = 0.25;
const MOST_SAMPLES = 1000;
const MOST_SIGMAS = 2.5;
const ITERATIONS = 5;

/**
 * IRAF's zscale: a line through the sorted pixels, those far from it left out, its slope divided by
 * the contrast.
 */
export function zscaleLimits(sorted: Float64Array): readonly [number, number] {
  const stride = Math.max(1, Math.floor(sorted.length / MOST_SAMPLES));
  const sample = sorted.filter((_, i) => i % stride === 0);
  const n = sample.length;
  const middle = sample[n >> 1];
  let kept = Array.from(sample, (value, i) => [i - (n >> 1), value] as const);
  let slope = 0;
  for (let i = 0; i < ITERATIONS; i++) {
    const line = lineThrough(kept);
    slope = line.slope;
    const rest = kept.map(([x, y]) => y - line.at0 - slope * x);
    const sigma = Math.sqrt(rest.reduce((sum, r) => sum + r * r, 0) / rest.length);
    const next = kept.filter((_, j) => Math.abs(rest[j]) <= MOST_SIGMAS * sigma);
    if (next.length === kept.length || next.length < Math.max(5, n / 2)) break;
    kept = next;
  }
  const half = (n / 2) * (slope / CONTRAST);
  return [Math.max(sorted[0], middle - half), Math.min(sorted[sorted.length - 1], middle + half)];
}

function lineThrough(points: readonly (readonly [number, number])[]): {
  slope: number;
  at0: number;
} {
  const mean = (of: (p: readonly [number, number]) => number) =>
    points.reduce((sum, p) => sum + of(p), 0) / points.length;
  const [x, y] = [mean((p) => p[0]), mean((p) => p[1])];
  const slope = mean((p) => (p[0] - x) * (p[1] - y)) / (mean((p) => (p[0] - x) ** 2) || 1);
  return { slope, at0: y - slope * x };
}
