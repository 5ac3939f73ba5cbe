/** Softening of the asinh: below it the stretch is nearly linear, above nearly logarithmic. */
const SOFTENING = 0.25;
const LOW_FRACTION = 0.05;
const HIGH_FRACTION = 0.998;

/** Grey levels 0 to 255, bright is bright; the same for all cutouts: asinh between two percentiles. Blank pixels get -1. Null when no pixel is a number. */
export function asinhLevels(pixels: Float64Array): Int16Array | null {
  const sorted = pixels.filter(Number.isFinite).sort();
  if (sorted.length === 0) return null;
  const low = sorted[Math.floor((sorted.length - 1) * LOW_FRACTION)];
  const high = sorted[Math.ceil((sorted.length - 1) * HIGH_FRACTION)];
  const range = high - low || 1;
  const levelOf = (value: number) => {
    const fraction = Math.min(1, Math.max(0, (value - low) / range));
    return Math.round((255 * Math.asinh(fraction / SOFTENING)) / Math.asinh(1 / SOFTENING));
  };
  return Int16Array.from(pixels, (value) => (Number.isNaN(value) ? -1 : levelOf(value)));
}
