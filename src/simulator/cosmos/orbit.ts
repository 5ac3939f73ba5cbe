import { cosDegrees, degreesOf, normalDegrees, radiansOf, sinDegrees } from "../../sky/angle.ts";
import { obliquityDegrees } from "../../sky/frames.ts";
import type { Orbit } from "../classes/class.ts";

export type Vector = readonly [x: number, y: number, z: number];

/** Position and velocity, J2000 ecliptic, au and au/day. */
export interface State {
  readonly position: Vector;
  readonly velocity: Vector;
}

/**
 * Gauss's constant: radians a day of a body at 1 au from the Sun; k² is the Sun's GM in au³/day².
 */
const gauss = 0.01720209895;

/** TT − UTC since 2017, days; no leap second is foreseen. */
export const ttMinusUtc = 69.184 / 86400;

/** Heliocentric, at MJD (TT): two bodies, so that planets do not disturb. */
export function stateAt(orbit: Orbit, mjdTt: number): State {
  const { a, e } = orbit;
  const motion = meanMotion(a);
  const eccentric = eccentricAnomaly(
    radiansOf(orbit.meanAnomaly) + motion * (mjdTt - orbit.epoch),
    e,
  );
  const [cos, sin] = [Math.cos(eccentric), Math.sin(eccentric)];
  const rate = motion / (1 - e * cos);
  const { toPerihelion: p, across: q } = planeOf(orbit);
  const along = (u: number, v: number): Vector => [
    p[0] * u + q[0] * v,
    p[1] * u + q[1] * v,
    p[2] * u + q[2] * v,
  ];
  return { position: along(cos - e, sin), velocity: along(-sin * rate, cos * rate) };
}

/** Radians a day at that semi-major axis in au. */
export function meanMotion(a: number): number {
  return gauss / (a * Math.sqrt(a));
}

/**
 * Half axes of the ellipse, au: towards its perihelion, and where the body is a quarter of its
 * eccentric anomaly later.
 */
export function planeOf({ a, e, inclination, node, perihelion }: Orbit): {
  readonly toPerihelion: Vector;
  readonly across: Vector;
} {
  const [cn, sn, cw, sw] = [
    cosDegrees(node),
    sinDegrees(node),
    cosDegrees(perihelion),
    sinDegrees(perihelion),
  ];
  const [ci, si] = [cosDegrees(inclination), sinDegrees(inclination)];
  const b = a * Math.sqrt(1 - e * e);
  return {
    toPerihelion: [a * (cw * cn - sw * ci * sn), a * (cw * sn + sw * ci * cn), a * sw * si],
    across: [b * (-sw * cn - cw * ci * sn), b * (-sw * sn + cw * ci * cn), b * cw * si],
  };
}

/**
 * Solves Kepler's equation E − e sin E = M, radians, by Halley's method. From the start E = M +
 * 0.85 e sign(sin M) (Danby 1988, Fundamentals of Celestial Mechanics, 6.6) it takes 3 steps in the
 * main belt, and at most 8 for e < 0.99.
 */
export function eccentricAnomaly(meanAnomaly: number, e: number): number {
  const m = meanAnomaly - 2 * Math.PI * Math.round(meanAnomaly / (2 * Math.PI));
  let eccentric = m + (m < 0 ? -0.85 : 0.85) * e;
  for (let i = 0; i < 12; i++) {
    const [s, c] = [e * Math.sin(eccentric), e * Math.cos(eccentric)];
    const [miss, slope] = [eccentric - s - m, 1 - c];
    const step = miss / (slope - (0.5 * miss * s) / slope);
    eccentric -= step;
    if (Math.abs(step) < 1e-5) break; // the next step would be of its third power
  }
  return eccentric;
}

const [cosObliquity, sinObliquity] = [cosDegrees(obliquityDegrees), sinDegrees(obliquityDegrees)];

/** From the ecliptic's axes (J2000) to the equator's (ICRS). */
export function equatorial([x, y, z]: Vector): Vector {
  return [x, y * cosObliquity - z * sinObliquity, y * sinObliquity + z * cosObliquity];
}

/** From the equator's axes (ICRS) to the ecliptic's (J2000). */
export function ecliptic([x, y, z]: Vector): Vector {
  return [x, y * cosObliquity + z * sinObliquity, z * cosObliquity - y * sinObliquity];
}

/** Where a vector in equatorial axes points to, ICRS degrees. */
export function directionOf([x, y, z]: Vector): { readonly ra: number; readonly dec: number } {
  return {
    ra: normalDegrees(degreesOf(Math.atan2(y, x))),
    dec: degreesOf(Math.atan2(z, Math.hypot(x, y))),
  };
}

export function minus(a: Vector, b: Vector): Vector {
  return [a[0] - b[0], a[1] - b[1], a[2] - b[2]];
}

export function lengthOf(v: Vector): number {
  return Math.sqrt(v[0] * v[0] + v[1] * v[1] + v[2] * v[2]);
}
