import { cosDegrees, sinDegrees } from "./angle.ts";

type Vector = readonly [number, number, number];
type Corner = readonly [ra: number, dec: number];

/**
 * Tells which positions (degrees) lie in a polygon. Its sides are great circles; it is smaller than
 * a hemisphere, and its corners go either way round.
 */
export function insidePolygon(corners: readonly Corner[]): (ra: number, dec: number) => boolean {
  const vectors = corners.map(([ra, dec]) => vectorOf(ra, dec));
  const middle = middleOf(vectors);
  // the cap around the middle that holds all corners, and so all sides: most positions of the sky
  // are decided by it
  const least = Math.max(0, Math.min(...vectors.map((v) => dot(v, middle))));
  return (ra, dec) => {
    const p = vectorOf(ra, dec);
    if (!(dot(p, middle) >= least - 1e-12)) return false;
    let turn = 0;
    for (let i = 0, before = vectors.length - 1; i < vectors.length; before = i++)
      turn += angleAt(p, vectors[before], vectors[i]);
    return Math.abs(turn) > Math.PI;
  };
}

/**
 * Part of the sky that a polygon takes, 0 … 1, by the solid angles of its triangles with the middle
 * (Van Oosterom & Strackee 1983).
 */
export function polygonArea(corners: readonly Corner[]): number {
  const vectors = corners.map(([ra, dec]) => vectorOf(ra, dec));
  const middle = middleOf(vectors);
  let half = 0;
  for (let i = 0, before = vectors.length - 1; i < vectors.length; before = i++) {
    const [a, b] = [vectors[before], vectors[i]];
    half += Math.atan2(dot(middle, cross(a, b)), 1 + dot(middle, a) + dot(a, b) + dot(b, middle));
  }
  return Math.min(1, Math.abs(half) / (2 * Math.PI));
}

function middleOf(vectors: readonly Vector[]): Vector {
  const [x, y, z] = vectors.reduce<Vector>(
    (sum, v) => [sum[0] + v[0], sum[1] + v[1], sum[2] + v[2]],
    [0, 0, 0],
  );
  const length = Math.hypot(x, y, z);
  return length > 0 ? [x / length, y / length, z / length] : [0, 0, 1];
}

function vectorOf(ra: number, dec: number): Vector {
  return [cosDegrees(dec) * cosDegrees(ra), cosDegrees(dec) * sinDegrees(ra), sinDegrees(dec)];
}

/** By how much the direction from p turns on the way from a to b, radians, −π … π. */
function angleAt(p: Vector, a: Vector, b: Vector): number {
  return Math.atan2(dot(p, cross(a, b)), dot(a, b) - dot(p, a) * dot(p, b));
}

function dot(a: Vector, b: Vector): number {
  return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

function cross(a: Vector, b: Vector): Vector {
  return [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];
}
