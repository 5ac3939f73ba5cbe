import { radiansOf, separation } from "../../sky/angle.ts";
import { coneCoverage } from "../../sky/coverage.ts";
import { pixelAt, placeOf } from "../../sky/healpix.ts";
import { moved } from "../../sky/proper-motion.ts";

/** Order of the pixels by which catalogues are sorted: 51″ a side, 201 million of them. */
export const catalogueOrder = 12;

/** Sources sorted by their nested pixel of `catalogueOrder`; degrees. */
export interface Sources {
  readonly pixel: Int32Array;
  readonly ra: Float64Array;
  readonly dec: Float64Array;
  readonly motion: ProperMotion | null;
}

export interface ProperMotion {
  /** Julian year of the positions, such as 2016. */
  readonly epochYear: number;
  /** With cos(dec) in it. */
  readonly raMasPerYear: Float32Array;
  readonly decMasPerYear: Float32Array;
  readonly fastestMasPerYear: number;
}

/** Positions to look up, degrees; NaN matches nothing. */
export interface Positions {
  readonly ra: Float64Array;
  readonly dec: Float64Array;
  /**
   * Julian year in which they were seen, one for all or one for each; it moves sources that have a
   * proper motion.
   */
  readonly year?: number | Float64Array;
}

/** For each position the row of its source, −1 without one, and how far it is. */
export interface Nearest {
  readonly rows: Int32Array;
  readonly separationsArcsec: Float64Array;
}

/** Sources of position i are at offsets[i] to before offsets[i + 1], the nearest first. */
export interface AllWithin {
  readonly offsets: Int32Array;
  readonly rows: Int32Array;
  readonly separationsArcsec: Float64Array;
}

/** One for all sources, or one for each; a source at exactly the radius does not match. */
export type Radius = number | Float64Array;

/** The nearest source of each position, of equally near ones the first row. */
export function nearestWithin(sources: Sources, positions: Positions, radius: Radius): Nearest {
  const nearest = noneOf(positions.ra.length);
  eachPair(sources, positions, largest(radius), (position, row, arcsec) => {
    if (arcsec < radiusOf(radius, row)) takeNearer(nearest, position, row, arcsec);
  });
  return nearest;
}

/** Every source of each position, sorted by separation, equally near ones by row. */
export function allWithin(sources: Sources, positions: Positions, radius: Radius): AllWithin {
  const found: { position: number; row: number; arcsec: number }[] = [];
  eachPair(sources, positions, largest(radius), (position, row, arcsec) => {
    if (arcsec < radiusOf(radius, row)) found.push({ position, row, arcsec });
  });
  found.sort((a, b) => a.position - b.position || a.arcsec - b.arcsec || a.row - b.row);
  const offsets = new Int32Array(positions.ra.length + 1);
  for (const { position } of found) offsets[position + 1]++;
  for (let i = 1; i < offsets.length; i++) offsets[i] += offsets[i - 1];
  return {
    offsets,
    rows: Int32Array.from(found, ({ row }) => row),
    separationsArcsec: Float64Array.from(found, ({ arcsec }) => arcsec),
  };
}

function noneOf(count: number): Nearest {
  return {
    rows: new Int32Array(count).fill(-1),
    separationsArcsec: new Float64Array(count).fill(NaN),
  };
}

function takeNearer(
  { rows, separationsArcsec }: Nearest,
  position: number,
  row: number,
  arcsec: number,
): void {
  if (
    rows[position] >= 0 &&
    (arcsec > separationsArcsec[position] ||
      (arcsec === separationsArcsec[position] && row > rows[position]))
  )
    return;
  rows[position] = row;
  separationsArcsec[position] = arcsec;
}

function radiusOf(radius: Radius, row: number): number {
  return typeof radius === "number" ? radius : radius[row];
}

function largest(radius: Radius): number {
  return typeof radius === "number"
    ? radius
    : radius.reduce((most, one) => (one > most ? one : most), 0);
}

/**
 * Calls for each pair of a position and a source nearer than the radius; positions come in order.
 */
function eachPair(
  sources: Sources,
  positions: Positions,
  radiusArcsec: number,
  found: (position: number, row: number, arcsec: number) => void,
): void {
  const { motion, pixel, dec: sourceDec } = sources;
  const yearsAt = yearsSinceEpoch(motion, positions);
  const longest =
    typeof positions.year === "object"
      ? positions.year.reduce((most, _, i) => Math.max(most, Math.abs(yearsAt(i))), 0)
      : Math.abs(yearsAt(0));
  // rounding, 0.4 µas
  const reach = (radiusArcsec + (longest * (motion?.fastestMasPerYear ?? 0)) / 1000) / 3600 + 1e-10;
  const search = new PixelSearch(reach);
  for (let i = 0; i < positions.ra.length; i++) {
    const [ra, dec, years] = [positions.ra[i], positions.dec[i], yearsAt(i)];
    const ranges = search.rangesAround(ra, dec);
    for (let k = 0; k < ranges.length; k += 2) {
      for (
        let row = lowerBound(pixel, ranges[k]);
        row < pixel.length && pixel[row] < ranges[k + 1];
        row++
      ) {
        if (Math.abs(sourceDec[row] - dec) > reach) continue;
        const arcsec = 3600 * separationFrom(ra, dec, sources, row, years);
        if (arcsec < radiusArcsec) found(i, row, arcsec);
      }
    }
  }
}

function yearsSinceEpoch(
  motion: ProperMotion | null,
  { year }: Positions,
): (position: number) => number {
  if (!motion || year === undefined) return () => 0;
  return typeof year === "number"
    ? () => year - motion.epochYear
    : (position) => year[position] - motion.epochYear || 0; // NaN: unknown
}

function separationFrom(
  ra: number,
  dec: number,
  sources: Sources,
  row: number,
  years: number,
): number {
  const { motion } = sources;
  if (!motion || years === 0) return separation(ra, dec, sources.ra[row], sources.dec[row]);
  // NaN: unknown
  const [pmRa, pmDec] = [motion.raMasPerYear[row] || 0, motion.decMasPerYear[row] || 0];
  const [nowRa, nowDec] = moved(sources.ra[row], sources.dec[row], pmRa, pmDec, years);
  return separation(ra, dec, nowRa, nowDec);
}

const finestOrder = 29;

/**
 * By how much x and y of a base pixel, 0 … 1, change within a degree at most: the gradient of the
 * projection is 1.45 a radian at the poles, 1.03 at the equator.
 */
const steepest = radiansOf(1.46);

/**
 * Which pixels of `catalogueOrder` a circle can touch: those of a square around it in the plane of
 * its base pixel; where it leaves that, the circle's coverage.
 */
class PixelSearch {
  readonly #reach: number;
  readonly #halfWidth: number;
  readonly #order: number;
  #ranges: number[] = [];

  constructor(reach: number) {
    this.#reach = reach;
    this.#halfWidth = steepest * reach;
    this.#order = Math.max(
      0,
      Math.min(catalogueOrder, Math.floor(-Math.log2(2 * this.#halfWidth))),
    ); // so that it is at most 2 × 2 pixels
  }

  /** First and end of each range, in turns. */
  rangesAround(ra: number, dec: number): readonly number[] {
    this.#ranges.length = 0;
    const { face, x, y } = placeOf(finestOrder, ra, dec);
    if (Number.isNaN(face)) return this.#ranges;
    const [sides, half] = [2 ** finestOrder, Math.ceil(this.#halfWidth * 2 ** finestOrder) + 1];
    const perPixel = 4 ** (catalogueOrder - this.#order);
    if (Math.min(x, y) < half || Math.max(x, y) + half >= sides) {
      for (const [first, end] of coneCoverage(this.#order, ra, dec, this.#reach))
        this.#ranges.push(first * perPixel, end * perPixel);
      return this.#ranges;
    }
    const shift = finestOrder - this.#order;
    for (let row = (y - half) >> shift; row <= (y + half) >> shift; row++) {
      for (let column = (x - half) >> shift; column <= (x + half) >> shift; column++) {
        const pixel = pixelAt(this.#order, { face, x: column, y: row });
        this.#ranges.push(pixel * perPixel, (pixel + 1) * perPixel);
      }
    }
    return this.#ranges;
  }
}

/** The first row whose pixel is not smaller. */
function lowerBound(pixels: Int32Array, pixel: number): number {
  let [low, high] = [0, pixels.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (pixels[middle] < pixel) low = middle + 1;
    else high = middle;
  }
  return low;
}
