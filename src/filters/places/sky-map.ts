import { FinkError } from "../../errors.ts";
import {
  type BinaryTable,
  binaryTable,
  type Cards,
  columnIntegers,
  columnNumbers,
} from "../../science/catalogue/fits.ts";
import { ringOfNested } from "../../sky/healpix.ts";
import { PixelCollector, pixelOfUnique, type Pixels } from "./pixels.ts";

// MOC 2.0: https://www.ivoa.net/documents/MOC/20220727/, section 4.3; sky maps of gravitational
// waves: LIGO-T1700050 and the multi-order format of LVK's user guide

/**
 * A coverage map (MOC), or the region of a HEALPix map of probability that holds `level` (0 … 1) of
 * it.
 */
export function readSkyFits(bytes: Buffer, level: number): Pixels {
  const table = binaryTable(bytes);
  const { cards, columns } = table;
  const named = (...names: string[]) =>
    columns.findIndex(({ name }) => names.includes(name.trim().toUpperCase()));
  const density = named("PROBDENSITY");
  const unique = named("UNIQ");
  if (unique >= 0 && density >= 0)
    return region(
      multiOrder(columnIntegers(bytes, table, unique), columnNumbers(bytes, table, density)),
      level,
    );
  if (cards.get("ORDERING") === "RANGE")
    return rangesOf(columnIntegers(bytes, table, firstColumn(table)));
  if (cards.get("ORDERING") === "NUNIQ")
    return uniquesOf(columnIntegers(bytes, table, unique >= 0 ? unique : firstColumn(table)));
  if (cards.get("PIXTYPE") === "HEALPIX")
    return region(
      flat(bytes, table, Math.max(named("PROB", "PROBABILITY", "PROBDENSITY"), firstColumn(table))),
      level,
    );
  throw new FinkError(
    "io",
    "it is neither a coverage map (ORDERING NUNIQ or RANGE) nor a HEALPix map (PIXTYPE HEALPIX)",
  );
}

function uniquesOf(uniques: readonly bigint[]): Pixels {
  const collector = new PixelCollector();
  for (const unique of uniques) collector.addUnique(unique);
  return collector.pixels();
}

const rangeOrder = 29;

function rangesOf(ends: readonly bigint[]): Pixels {
  if (ends.length % 2 === 1)
    throw new FinkError("io", `its ranges have ${ends.length} ends, which are not pairs`);
  const collector = new PixelCollector();
  for (let i = 0; i + 1 < ends.length; i += 2) collector.add(rangeOrder, ends[i], ends[i + 1]);
  return collector.pixels();
}

/** Pixels with their probability, in itself and per area. */
interface SkyMap {
  readonly count: number;
  order(i: number): number;
  pixel(i: number): number | bigint;
  readonly density: Float64Array;
  /** Area of a pixel, in any unit. */
  area(i: number): number;
}

function multiOrder(uniques: readonly bigint[], density: Float64Array): SkyMap {
  if (uniques.length !== density.length)
    throw new FinkError("io", `the map has ${uniques.length} pixels, but ${density.length} values`);
  const [orders, pixels] = [new Uint8Array(uniques.length), new BigInt64Array(uniques.length)];
  uniques.forEach((unique, i) => ({ order: orders[i], pixel: pixels[i] } = pixelOfUnique(unique)));
  return {
    count: uniques.length,
    order: (i) => orders[i],
    pixel: (i) => pixels[i],
    density,
    area: (i) => 4 ** -orders[i],
  };
}

function flat(bytes: Buffer, table: BinaryTable, column: number): SkyMap {
  const { cards } = table;
  const values = columnNumbers(bytes, table, column);
  const order = Math.log2(Number(cards.get("NSIDE")));
  const isExplicit = cards.get("INDXSCHM") === "EXPLICIT";
  if (isExplicit || !Number.isInteger(order) || values.length !== 12 * 4 ** order)
    throw new FinkError(
      "io",
      `a map of NSIDE ${cards.get("NSIDE")} has ${values.length} values: only whole maps can be read`,
    );
  const density = isNested(cards)
    ? values
    : values.map((_, pixel) => values[ringOfNested(order, pixel)]);
  return { count: values.length, order: () => order, pixel: (i) => i, density, area: () => 1 };
}

function firstColumn({ columns }: BinaryTable): number {
  if (columns.length > 0) return 0;
  throw new FinkError("io", "its table has no columns");
}

function isNested(cards: Cards): boolean {
  return cards.get("ORDERING")?.startsWith("NEST") ?? false;
}

/**
 * The smallest region that holds that part of the probability: the pixels above a density, which is
 * looked for between 0 and the largest.
 */
function region(map: SkyMap, level: number): Pixels {
  const { count, density, area } = map;
  const above = (limit: number): number => {
    let sum = 0;
    for (let i = 0; i < count; i++) if (density[i] >= limit) sum += density[i] * area(i);
    return sum;
  };
  const whole = above(0);
  if (!(whole > 0)) throw new FinkError("io", "all of its probability is 0");
  let [low, high] = [0, density.reduce((most, one) => (one > most ? one : most), 0)];
  for (let step = 0; step < 64 && low < high; step++) {
    const middle = (low + high) / 2;
    if (middle === low || middle === high) break;
    if (above(middle) >= level * whole) low = middle;
    else high = middle;
  }
  const limit = above(high) >= level * whole ? high : low;
  const collector = new PixelCollector();
  for (let i = 0; i < count; i++)
    if (density[i] >= limit && density[i] > 0) collector.add(map.order(i), map.pixel(i));
  return collector.pixels();
}
