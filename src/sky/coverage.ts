import { separation } from "./angle.ts";
import { maxOrder, pixelCentre, pixelRadius } from "./healpix.ts";

/**
 * Nested pixels of one order, from `first` to before `end`; in a coverage they are sorted and
 * apart.
 */
export type PixelRange = readonly [first: number, end: number];

/**
 * How far a position is outside of a region, degrees; inside it is negative: how far the border is.
 */
export type Outside = (ra: number, dec: number) => number;

/** All pixels that a cone touches, order up to 24, and few that it just misses. Degrees. */
export function coneCoverage(order: number, ra: number, dec: number, radius: number): PixelRange[] {
  return coverage(order, (toRa, toDec) => separation(ra, dec, toRa, toDec) - radius);
}

/**
 * All pixels of a region, and few that it just misses: pixels are cut into four as long as the
 * border may be in them, two orders deeper than asked for.
 */
export function coverage(order: number, outside: Outside): PixelRange[] {
  const deepest = Math.min(order + 2, maxOrder);
  const radii = Array.from({ length: deepest + 1 }, (_, k) => pixelRadius(k));
  const ranges: [number, number][] = [];
  const visit = (k: number, pixel: number): void => {
    const distance = outside(...pixelCentre(k, pixel));
    if (distance > radii[k]) return;
    const isDone = k === deepest || distance < -radii[k];
    if (!isDone) for (let child = 4 * pixel; child < 4 * pixel + 4; child++) visit(k + 1, child);
    else if (k <= order) add(ranges, pixel * 4 ** (order - k), (pixel + 1) * 4 ** (order - k));
    else
      add(ranges, Math.floor(pixel / 4 ** (k - order)), Math.floor(pixel / 4 ** (k - order)) + 1);
  };
  for (let face = 0; face < 12; face++) visit(0, face);
  return ranges;
}

function add(ranges: [number, number][], first: number, end: number): void {
  const last = ranges.at(-1);
  if (last && last[1] >= first) last[1] = Math.max(last[1], end);
  else ranges.push([first, end]);
}
