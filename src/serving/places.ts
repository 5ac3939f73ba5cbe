import { coneCoverage } from "../sky/coverage.ts";
import { pixelRadius } from "../sky/healpix.ts";
import { cellOrder, type Pixel, rangeOfPixel } from "./state.ts";

/** Values of `_healpix_29` in one pixel of `sources`: where rows are looked for. */
export interface Place {
  readonly pixel: Pixel;
  readonly first: bigint;
  /** Not in it any more. */
  readonly end: bigint;
}

type Range = readonly [first: bigint, end: bigint];

/** More selects cost more than the rows between. */
const mostPlaces = 4;

/** Where a cone is in the files. Degrees. */
export function placesOfCone(
  pixels: readonly Pixel[],
  ra: number,
  dec: number,
  radius: number,
): Place[] {
  let order = cellOrder + 4;
  while (order > 0 && pixelRadius(order) < radius / 2) order--;
  return placesOf(pixels, widened(coneCoverage(order, ra, dec, radius), order));
}

/** Where cells of the index are in the files. */
export function placesOfCells(pixels: readonly Pixel[], cells: readonly number[]): Place[] {
  return placesOf(
    pixels,
    widened(
      cells.toSorted((a, b) => a - b).map((cell) => [cell, cell + 1]),
      cellOrder,
    ),
  );
}

/** Of few ranges in a file each is a place, of many the whole of them is. */
function placesOf(pixels: readonly Pixel[], ranges: readonly Range[]): Place[] {
  return pixels.flatMap((pixel) => {
    if (pixel.rows === 0) return [];
    const [first, end] = rangeOfPixel(pixel);
    const inside = ranges.filter((r) => r[1] > first && r[0] < end);
    if (inside.length === 0) return [];
    const parts =
      inside.length <= mostPlaces ? inside : [[inside[0][0], inside.at(-1)![1]] as const];
    return parts.map((r) => ({
      pixel,
      first: r[0] > first ? r[0] : first,
      end: r[1] < end ? r[1] : end,
    }));
  });
}

function widened(ranges: readonly (readonly [number, number])[], order: number): Range[] {
  const shift = BigInt(2 * (29 - order));
  return ranges.map(([first, end]) => [BigInt(first) << shift, BigInt(end) << shift]);
}
