import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** One pixel of the partition of `sources`: together they cover the sky. */
export interface Pixel {
  readonly order: number;
  readonly pixel: number;
  /** 0: there is no file. */
  readonly rows: number;
}

/**
 * What `sources` holds: all rows of these versions of the tables, and perhaps some that came later.
 */
export interface ServingState {
  readonly raw: number;
  readonly science: number;
  readonly updates: number;
  readonly pixels: readonly Pixel[];
}

export const emptyState: ServingState = {
  raw: -1,
  science: -1,
  updates: -1,
  pixels: Array.from({ length: 12 }, (_, pixel) => ({ order: 0, pixel, rows: 0 })),
};

/** Folder of the HATS catalogue of a survey's alerts. */
export function sourcesFolder(lake: string, survey: string): string {
  return join(lake, survey, "sources");
}

export function stateFile(lake: string, survey: string): string {
  return join(sourcesFolder(lake, survey), "fink.json");
}

/** Objects and where they are: `object`, `cell` (nested pixel of order `cellOrder`), by object. */
export function indexFile(lake: string, survey: string): string {
  return join(sourcesFolder(lake, survey), "objects.index.parquet");
}

export const cellOrder = 10;

/** The cell of a position, as SQL. */
export function cellSql(ra: string, dec: string): string {
  return `(coalesce(healpix29(${ra}, ${dec}), 0) >> ${2 * (29 - cellOrder)})::INTEGER`;
}

export function readState(lake: string, survey: string): ServingState {
  const file = stateFile(lake, survey);
  return existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as ServingState) : emptyState;
}

/** HATS: `dataset/Norder=K/Dir=D/Npix=N.parquet`. */
export function pixelFile(
  lake: string,
  survey: string,
  { order, pixel }: Pick<Pixel, "order" | "pixel">,
): string {
  const folder = `Norder=${order}/Dir=${Math.floor(pixel / 10_000) * 10_000}`;
  return join(sourcesFolder(lake, survey), "dataset", folder, `Npix=${pixel}.parquet`);
}

/** The values of `_healpix_29` in a pixel, from `first` to before `end`. */
export function rangeOfPixel({
  order,
  pixel,
}: Pick<Pixel, "order" | "pixel">): readonly [first: bigint, end: bigint] {
  const shift = BigInt(2 * (29 - order));
  return [BigInt(pixel) << shift, BigInt(pixel + 1) << shift];
}
