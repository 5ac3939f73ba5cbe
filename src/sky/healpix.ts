import { cosDegrees, degreesOf, normalDegrees, radiansOf } from "./angle.ts";

// HEALPix: Górski et al. 2005, ApJ 622, 759. Order k cuts the sky into 12 · 4^k pixels of equal
// area; in the nested scheme pixel p has the children 4p … 4p + 3.

/**
 * The finest order whose pixel numbers a JavaScript number holds; `nestedPixelBig` goes to order
 * 29.
 */
export const maxOrder = 24;

/** The nested pixel at a position, degrees, of orders up to 24; NaN for a position that is none. */
export function nestedPixel(order: number, ra: number, dec: number): number {
  return pixelAt(order, placeOf(order, ra, dec));
}

/** The nested pixel at a position, of orders up to 29; null for a position that is none. */
export function nestedPixelBig(order: number, ra: number, dec: number): bigint | null {
  const { face, x, y } = placeOf(order, ra, dec);
  if (Number.isNaN(face)) return null;
  return (
    (BigInt(face) << BigInt(2 * order)) +
    (BigInt(interleaved(x >>> 16, y >>> 16)) << 32n) +
    BigInt(interleaved(x, y))
  );
}

/** Where a pixel's centre is, degrees. */
export function pixelCentre(order: number, pixel: number): readonly [ra: number, dec: number] {
  const { face, x, y } = placeOfPixel(order, pixel);
  const sides = 2 ** order;
  return positionAt(face, (x + 0.5) / sides, (y + 0.5) / sides);
}

/** The corners of a pixel, degrees: north, west, south, east. */
export function pixelCorners(
  order: number,
  pixel: number,
): readonly (readonly [ra: number, dec: number])[] {
  const { face, x, y } = placeOfPixel(order, pixel);
  const sides = 2 ** order;
  const at = (a: number, b: number) => positionAt(face, (x + a) / sides, (y + b) / sides);
  return [at(1, 1), at(0, 1), at(0, 0), at(1, 0)];
}

/**
 * The ring-scheme number of a nested pixel, orders up to 24: pixels are counted from the north
 * pole, ring by ring eastwards.
 */
export function ringOfNested(order: number, pixel: number): number {
  const { face, x, y } = placeOfPixel(order, pixel);
  const sides = 2 ** order;
  const ring = (2 + (face >> 2)) * sides - x - y - 1; // 1 … 4 · sides − 1
  const inCap = Math.min(ring, 4 * sides - ring);
  const perQuarter = Math.min(inCap, sides);
  const shift = inCap < sides ? 0 : (ring - sides) & 1;
  const column =
    (((longitudeOfFace(face) * perQuarter + x - y + 1 + shift) >> 1) + 4 * perQuarter - 1) %
    (4 * perQuarter);
  if (ring < sides) return 2 * ring * (ring - 1) + column;
  if (ring <= 3 * sides) return 2 * sides * (sides - 1) + (ring - sides) * 4 * sides + column;
  return 12 * sides * sides - 2 * inCap * (inCap + 1) + column;
}

/**
 * One of the 12 base pixels, and column and row in it from its southern corner: x to the
 * north-east, y to the north-west.
 */
export interface Place {
  readonly face: number;
  readonly x: number;
  readonly y: number;
}

/** Where a position is, orders up to 29; face NaN for a position that is none. */
export function placeOf(order: number, ra: number, dec: number): Place {
  if (!(Math.abs(dec) <= 90) || !Number.isFinite(ra)) return { face: NaN, x: NaN, y: NaN };
  const sides = 2 ** order;
  const quarters = normalDegrees(ra) / 90;
  // not the sine: healpy rounds so, and it decides at corners
  const z = Math.cos(Math.PI / 2 - radiansOf(dec));
  return Math.abs(z) <= 2 / 3
    ? equatorialPlace(sides, quarters, z)
    : polarPlace(sides, quarters, z, cosDegrees(dec));
}

/** The pixel number of a place, orders up to 24. */
export function pixelAt(order: number, { face, x, y }: Place): number {
  return face * 4 ** order + interleaved(x >>> 16, y >>> 16) * 2 ** 32 + interleaved(x, y);
}

// A position on a border belongs to the pixel that healpy gives it to: hence what is counted from
// which side.

function equatorialPlace(sides: number, quarters: number, z: number): Place {
  const rising = Math.floor(sides * (0.5 + quarters + 0.75 * z));
  const falling = Math.floor(sides * (0.5 + quarters - 0.75 * z));
  const [up, down] = [Math.floor(rising / sides), Math.floor(falling / sides)];
  const face = up === down ? (up & 3) + 4 : down < up ? down & 3 : (up & 3) + 8;
  return { face, x: rising & (sides - 1), y: sides - 1 - (falling & (sides - 1)) };
}

function polarPlace(sides: number, quarters: number, z: number, cosine: number): Place {
  const quarter = Math.min(3, Math.floor(quarters));
  const along = quarters - quarter;
  const height = Math.abs(z);
  // both are sides · √(3 (1 − |z|)); near the pole the first one loses its digits
  const fromPole =
    sides * (height < 0.99 ? Math.sqrt(3 * (1 - height)) : cosine * Math.sqrt(3 / (1 + height)));
  const [east, west] = [
    Math.min(sides - 1, Math.floor(along * fromPole)),
    Math.min(sides - 1, Math.floor((1 - along) * fromPole)),
  ];
  return z > 0
    ? { face: quarter, x: sides - 1 - west, y: sides - 1 - east }
    : { face: quarter + 8, x: east, y: west };
}

/** The position of a point of a base pixel, x and y in 0 … 1. */
function positionAt(face: number, x: number, y: number): readonly [ra: number, dec: number] {
  const row = 2 + (face >> 2) - x - y; // 0 at the north pole, 4 at the south pole
  const inCap = Math.min(row, 4 - row, 1);
  const ra = inCap === 0 ? 0 : normalDegrees(45 * (longitudeOfFace(face) + (x - y) / inCap));
  if (inCap === 1) return [ra, degreesOf(Math.asin(((2 - row) * 2) / 3))];
  // 1 − |z| = inCap² / 3 is 2 sin² of half the distance from the pole
  const dec = 90 - 2 * degreesOf(Math.asin(inCap / Math.sqrt(6)));
  return [ra, row < 1 ? dec : -dec];
}

/** In steps of 45°: the middle of a base pixel. */
function longitudeOfFace(face: number): number {
  return face >= 4 && face < 8 ? 2 * (face & 3) : 2 * (face & 3) + 1;
}

function placeOfPixel(order: number, pixel: number): Place {
  const perFace = 4 ** order;
  const face = Math.floor(pixel / perFace);
  const rest = pixel - face * perFace;
  const [high, low] = [Math.floor(rest / 2 ** 32), rest >>> 0];
  return {
    face,
    x: evenBits(low) | (evenBits(high) << 16),
    y: evenBits(low >>> 1) | (evenBits(high >>> 1) << 16),
  };
}

/** The lower 16 bits of x and y in turns, x first: 0 … 2³² − 1. */
function interleaved(x: number, y: number): number {
  return (spread(x) | (spread(y) << 1)) >>> 0;
}

function spread(value: number): number {
  let bits = value & 0xffff;
  bits = (bits | (bits << 8)) & 0x00ff00ff;
  bits = (bits | (bits << 4)) & 0x0f0f0f0f;
  bits = (bits | (bits << 2)) & 0x33333333;
  return (bits | (bits << 1)) & 0x55555555;
}

function evenBits(value: number): number {
  let bits = value & 0x55555555;
  bits = (bits | (bits >>> 1)) & 0x33333333;
  bits = (bits | (bits >>> 2)) & 0x0f0f0f0f;
  bits = (bits | (bits >>> 4)) & 0x00ff00ff;
  return (bits | (bits >>> 8)) & 0x0000ffff;
}

/**
 * No point of a pixel of that order is farther from its centre, degrees: the corner of a pixel on
 * the border of a polar cap is.
 */
export function pixelRadius(order: number): number {
  const sides = 2 ** order;
  const z = 1 - (1 - 1 / sides) ** 2 / 3;
  const [decA, decB, turn] = [Math.asin(2 / 3), Math.asin(z), radiansOf(45) / sides];
  // haversine: the distance is small at high orders
  const half = Math.sqrt(
    Math.sin((decB - decA) / 2) ** 2 + Math.cos(decA) * Math.cos(decB) * Math.sin(turn / 2) ** 2,
  );
  return 2 * degreesOf(Math.asin(half));
}
