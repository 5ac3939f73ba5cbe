import { cosDegrees, degreesOf, separation, sinDegrees } from "./angle.ts";
import { maxOrder, pixelCentre, pixelRadius } from "./healpix.ts";

/** Nested pixels of one order, from `first` to before `end`; in a coverage they are sorted and apart. */
export type PixelRange = readonly [first: number, end: number];

type Position = readonly [ra: number, dec: number];

/** How far a position is outside of a region, degrees; inside it is negative: how far the border is. */
export type Outside = (ra: number, dec: number) => number;

/** All pixels that a cone touches, order up to 24, and few that it just misses. Degrees. */
export function coneCoverage(order: number, ra: number, dec: number, radius: number): PixelRange[] {
  return coverage(order, (toRa, toDec) => separation(ra, dec, toRa, toDec) - radius);
}

/** All pixels that a polygon touches. Its sides are great circles; it is smaller than a hemisphere, and either way round. */
export function polygonCoverage(order: number, corners: readonly Position[]): PixelRange[] {
  return coverage(order, outsidePolygon(corners));
}

/** All pixels of a region, and few that it just misses: pixels are cut into four as long as the border may be in them, two orders deeper than asked for. */
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
    else add(ranges, Math.floor(pixel / 4 ** (k - order)), Math.floor(pixel / 4 ** (k - order)) + 1);
  };
  for (let face = 0; face < 12; face++) visit(0, face);
  return ranges;
}

function add(ranges: [number, number][], first: number, end: number): void {
  const last = ranges.at(-1);
  if (last && last[1] >= first) last[1] = Math.max(last[1], end);
  else ranges.push([first, end]);
}

/** Signed distance from a polygon's border; the polygon is as that of `polygonCoverage`. */
export function outsidePolygon(corners: readonly Position[]): Outside {
  const vectors = corners.map(([ra, dec]) => vectorOf(ra, dec));
  const middle = vectors.reduce((sum, v) => [sum[0] + v[0], sum[1] + v[1], sum[2] + v[2]]);
  return (ra, dec) => {
    const p = vectorOf(ra, dec);
    let [turn, least] = [0, Infinity];
    vectors.forEach((a, i) => {
      const b = vectors[(i + 1) % vectors.length];
      turn += angleAt(p, a, b);
      least = Math.min(least, distanceFromArc(p, a, b));
    });
    // the opposite side of the sky sees the polygon turn around it, too
    const isInside = Math.abs(turn) > Math.PI && dot(p, middle) > 0;
    return isInside ? -least : least;
  };
}

type Vector = readonly [number, number, number];

function vectorOf(ra: number, dec: number): Vector {
  return [cosDegrees(dec) * cosDegrees(ra), cosDegrees(dec) * sinDegrees(ra), sinDegrees(dec)];
}

/** By how much the direction from p turns on the way from a to b, radians, −π … π. */
function angleAt(p: Vector, a: Vector, b: Vector): number {
  return Math.atan2(dot(p, cross(a, b)), dot(a, b) - dot(p, a) * dot(p, b));
}

/** Degrees from a point to the shorter arc of a great circle. */
function distanceFromArc(p: Vector, a: Vector, b: Vector): number {
  const pole = cross(a, b);
  const isBeside = dot(cross(pole, a), p) > 0 && dot(cross(pole, b), p) < 0;
  if (!isBeside) return Math.min(angleBetween(p, a), angleBetween(p, b));
  return Math.abs(90 - angleBetween(p, pole));
}

function angleBetween(a: Vector, b: Vector): number {
  return degreesOf(Math.atan2(Math.hypot(...cross(a, b)), dot(a, b)));
}

function dot(a: Vector, b: Vector): number {
  return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

function cross(a: Vector, b: Vector): Vector {
  return [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];
}
