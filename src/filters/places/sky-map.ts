import { FinkError } from "../../errors.ts";
import { type BinaryTable, binaryTable, type Cards, columnNumbers } from "../../science/catalogue/fits.ts";
import { ringOfNested } from "../../sky/healpix.ts";
import { PixelCollector, type Pixels } from "./pixels.ts";

// MOC 2.0: https://www.ivoa.net/documents/MOC/20220727/, section 4.3; sky maps of gravitational waves: LIGO-T1700050 and the multi-order format of LVK's user guide

/** A coverage map (MOC), or the region of a HEALPix map of probability that holds `level` (0 … 1) of it. */
export function readSkyFits(bytes: Buffer, level: number): Pixels {
  const table = binaryTable(bytes);
  const { cards, columns } = table;
  const named = (...names: string[]) => columns.findIndex(({ name }) => names.includes(name.trim().toUpperCase()));
  const density = named("PROBDENSITY");
  const unique = named("UNIQ");
  if (unique >= 0 && density >= 0) return region(multiOrder(columnNumbers(bytes, table, unique), columnNumbers(bytes, table, density)), level);
  if (cards.get("ORDERING") === "RANGE") return rangesOf(bytes, table);
  if (cards.get("ORDERING") === "NUNIQ") return uniquesOf(columnNumbers(bytes, table, Math.max(unique, 0)));
  if (cards.get("PIXTYPE") === "HEALPIX") return region(flat(bytes, table, Math.max(named("PROB", "PROBABILITY", "PROBDENSITY"), 0)), level);
  throw new FinkError("io", "it is neither a coverage map (ORDERING NUNIQ or RANGE) nor a HEALPix map (PIXTYPE HEALPIX)");
}

/** Order and number of a pixel whose unique number is 4 · 4^order + number. */
function orderOf(unique: number): number {
  return Math.floor(Math.log2(unique / 4) / 2);
}

function uniquesOf(uniques: Float64Array): Pixels {
  const collector = new PixelCollector();
  for (const unique of uniques) collector.add(orderOf(unique), unique - 4 * 4 ** orderOf(unique));
  return collector.pixels();
}

const rangeOrder = 29;

function rangesOf(bytes: Buffer, table: BinaryTable): Pixels {
  const [column] = table.columns;
  if (column.letter !== "K") throw new FinkError("io", "the ranges of the coverage map are not 64-bit integers");
  const ends = columnNumbers(bytes, table, 0);
  const collector = new PixelCollector();
  for (let i = 0; i + 1 < ends.length; i += 2) collector.add(rangeOrder, ends[i], ends[i + 1]);
  return collector.pixels();
}

/** Pixels with their probability, in itself and per area. */
interface SkyMap {
  readonly count: number;
  order(i: number): number;
  pixel(i: number): number;
  readonly density: Float64Array;
  /** Area of a pixel, in any unit. */
  area(i: number): number;
}

function multiOrder(uniques: Float64Array, density: Float64Array): SkyMap {
  const order = (i: number) => orderOf(uniques[i]);
  return { count: uniques.length, order, pixel: (i) => uniques[i] - 4 * 4 ** order(i), density, area: (i) => 4 ** -order(i) };
}

function flat(bytes: Buffer, table: BinaryTable, column: number): SkyMap {
  const { cards } = table;
  const values = columnNumbers(bytes, table, column);
  const order = Math.log2(Number(cards.get("NSIDE")));
  const isExplicit = cards.get("INDXSCHM") === "EXPLICIT";
  if (isExplicit || values.length !== 12 * 4 ** order)
    throw new FinkError("io", `a map of NSIDE ${cards.get("NSIDE")} has ${values.length} values: only whole maps can be read`);
  const density = isNested(cards) ? values : values.map((_, pixel) => values[ringOfNested(order, pixel)]);
  return { count: values.length, order: () => order, pixel: (i) => i, density, area: () => 1 };
}

function isNested(cards: Cards): boolean {
  return cards.get("ORDERING")?.startsWith("NEST") ?? false;
}

/** The smallest region that holds that part of the probability: the pixels above a density, which is looked for between 0 and the largest. */
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
  for (let i = 0; i < count; i++) if (density[i] >= limit && density[i] > 0) collector.add(map.order(i), map.pixel(i));
  return collector.pixels();
}
