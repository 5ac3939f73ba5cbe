import { lsstPlaces, withHistory } from "../history.ts";
import type { Alerts } from "../module.ts";

/**
 * Whether the detections of an alert follow a line on the sky, faster than 2 arcsec an hour and
 * with less than 0.5 arcsec of scatter: an asteroid. As maybe_moving_transient.
 */
export function isMoving(alerts: Alerts, i: number): boolean {
  const { offsets, values } = withHistory(alerts, "midpointMjdTai", lsstPlaces);
  const [first, end] = [offsets[i], offsets[i + 1]];
  if (end - first < 3) return false;
  const of = (field: string) => withHistory(alerts, field, lsstPlaces).values.slice(first, end);
  const days = values.slice(first, end);
  const dec = of("dec");
  const toSky = Math.cos((mean(dec) * Math.PI) / 180);
  const ra = unwrapped(of("ra")).map((degrees) => degrees * toSky);
  const [inRa, inDec] = [lineThrough(days, ra), lineThrough(days, dec)];
  const arcsecPerHour = (Math.hypot(inRa.slope, inDec.slope) * 3600) / 24;
  const scatterArcsec = Math.sqrt(inRa.meanSquare + inDec.meanSquare) * 3600;
  return arcsecPerHour > 2 && scatterArcsec < 0.5;
}

function mean(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Across RA 0 and 360 without a jump. */
function unwrapped(degrees: Float64Array): Float64Array {
  return degrees.map((value) => value + 360 * Math.round((degrees[0] - value) / 360));
}

function lineThrough(x: Float64Array, y: Float64Array): { slope: number; meanSquare: number } {
  const [middleX, middleY] = [mean(x), mean(y)];
  let [squares, products] = [0, 0];
  for (let i = 0; i < x.length; i++) {
    squares += (x[i] - middleX) ** 2;
    products += (x[i] - middleX) * (y[i] - middleY);
  }
  const slope = squares === 0 ? 0 : products / squares;
  return {
    slope,
    meanSquare: mean(x.map((at, i) => (y[i] - middleY - slope * (at - middleX)) ** 2)),
  };
}
