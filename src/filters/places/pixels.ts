import { FinkError } from "../../errors.ts";
import { maxOrder, nestedPixel } from "../../sky/healpix.ts";

/**
 * Pixels of order `maxOrder`, in ranges that are sorted and apart: those of range i are first[i] to
 * before end[i].
 */
export interface Pixels {
  readonly first: Float64Array;
  readonly end: Float64Array;
}

/** The deepest order of a coverage map (MOC 2.0, section 2.3). */
const deepestOrder = 29;

/**
 * Nested pixels of any order up to 29 as ranges; those finer than ours are widened to the one
 * around them. Throws for pixels that there are not.
 */
export class PixelCollector {
  readonly #ranges: [first: number, end: number][] = [];

  /** Numbers of order 26 and deeper need a bigint. */
  add(
    order: number,
    first: number | bigint,
    end: number | bigint = typeof first === "bigint" ? first + 1n : first + 1,
  ): void {
    if (!(Number.isInteger(order) && order >= 0 && order <= deepestOrder))
      throw new FinkError("io", `${order} is not an order of pixels, 0 … ${deepestOrder}`);
    if (!(first >= 0 && first < end && end <= 12n * 4n ** BigInt(order)))
      throw new FinkError(
        "io",
        `order ${order} has no pixels ${first} … ${end} (end not included)`,
      );
    if (order <= maxOrder) {
      const scale = 4 ** (maxOrder - order);
      this.#addRange(Number(first) * scale, Number(end) * scale);
      return;
    }
    const shift = 2n * BigInt(order - maxOrder);
    this.#addRange(Number(BigInt(first) >> shift), Number(((BigInt(end) - 1n) >> shift) + 1n));
  }

  /** Neighbours that come one after the other, as those of a whole map do, take one range. */
  #addRange(first: number, end: number): void {
    const last = this.#ranges.at(-1);
    if (last && last[1] === first) last[1] = end;
    else this.#ranges.push([first, end]);
  }

  /** By the unique number 4 · 4^order + pixel. */
  addUnique(unique: bigint): void {
    const { order, pixel } = pixelOfUnique(unique);
    this.add(order, pixel);
  }

  pixels(): Pixels {
    const apart: [number, number][] = [];
    for (const [first, end] of this.#ranges.sort((a, b) => a[0] - b[0])) {
      const last = apart.at(-1);
      if (last && first <= last[1]) last[1] = Math.max(last[1], end);
      else apart.push([first, end]);
    }
    return {
      first: Float64Array.from(apart, ([first]) => first),
      end: Float64Array.from(apart, ([, end]) => end),
    };
  }
}

export function hasPixelAt({ first, end }: Pixels, ra: number, dec: number): boolean {
  const pixel = nestedPixel(maxOrder, ra, dec);
  let [low, high] = [0, first.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (first[middle] <= pixel) low = middle + 1;
    else high = middle;
  }
  return low > 0 && pixel < end[low - 1];
}

/** Part of the sky, 0 … 1. */
export function partOfSky({ first, end }: Pixels): number {
  return first.reduce((sum, start, i) => sum + end[i] - start, 0) / (12 * 4 ** maxOrder);
}

/** Throws for a number that is none: below 4, or of an order beyond 29. */
export function pixelOfUnique(unique: bigint): { readonly order: number; readonly pixel: bigint } {
  const order = unique < 4n ? -1 : (unique.toString(2).length - 3) >> 1;
  if (order < 0 || order > deepestOrder)
    throw new FinkError(
      "io",
      `${unique} is not the unique number of a pixel (4 · 4^order + pixel)`,
    );
  return { order, pixel: unique - 4n ** BigInt(order + 1) };
}
