import { maxOrder, nestedPixel } from "../../sky/healpix.ts";

/** Pixels of order `maxOrder`, in ranges that are sorted and apart: those of range i are first[i] to before end[i]. */
export interface Pixels {
  readonly first: Float64Array;
  readonly end: Float64Array;
}

/** Nested pixels of any order up to 29 as ranges; of those that are finer than ours the one around them is taken. */
export class PixelCollector {
  readonly #ranges: [first: number, end: number][] = [];

  add(order: number, first: number, end = first + 1): void {
    const scale = 4 ** (maxOrder - order);
    this.#ranges.push([Math.floor(first * scale), Math.ceil(end * scale)]);
  }

  pixels(): Pixels {
    const apart: [number, number][] = [];
    for (const [first, end] of this.#ranges.sort((a, b) => a[0] - b[0])) {
      const last = apart.at(-1);
      if (last && first <= last[1]) last[1] = Math.max(last[1], end);
      else apart.push([first, end]);
    }
    return { first: Float64Array.from(apart, ([first]) => first), end: Float64Array.from(apart, ([, end]) => end) };
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
