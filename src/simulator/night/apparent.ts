import { degreesOf } from "../../sky/angle.ts";
import type { Asteroid } from "../classes/class.ts";
import {
  directionOf,
  equatorial,
  lengthOf,
  minus,
  type State,
  stateAt,
  ttMinusUtc,
  type Vector,
} from "../cosmos/orbit.ts";
import type { Band } from "../survey/telescope.ts";
import type { MovingState } from "./alert.ts";

/** Light takes so many days for an au. */
const lightDaysPerAu = 499.004784 / 86400;

export interface Apparent extends Omit<MovingState, "asteroid" | "number" | "designation"> {
  /** Astrometric place, ICRS degrees: light time is in it, aberration is not. */
  readonly ra: number;
  readonly dec: number;
}

/** An asteroid as an observatory sees it at MJD (UTC). */
export function apparentAt(asteroid: Asteroid, observer: State, mjd: number): Apparent {
  const now = stateAt(asteroid.orbit, mjd + ttMinusUtc);
  const lightDays = lengthOf(minus(now.position, observer.position)) * lightDaysPerAu;
  const { position, velocity } = stateAt(asteroid.orbit, mjd + ttMinusUtc - lightDays);
  const topocentric = minus(position, observer.position);
  const topocentricVelocity = minus(velocity, observer.velocity);
  const [heliocentricDist, topocentricDist] = [lengthOf(position), lengthOf(topocentric)];
  const phaseAngle = degreesOf(angleBetween(position, topocentric));
  return {
    ...directionOf(equatorial(topocentric)),
    ...rates(equatorial(topocentric), equatorial(topocentricVelocity)),
    heliocentric: position,
    heliocentricVelocity: velocity,
    topocentric,
    topocentricVelocity,
    heliocentricDist,
    topocentricDist,
    phaseAngle,
    predictedV:
      asteroid.h +
      5 * Math.log10(heliocentricDist * topocentricDist) +
      phaseDimming(phaseAngle, asteroid.g),
  };
}

/** AB magnitude with the rotation in it: the two ends of a long body turn by at each revolution. */
export function magnitudeAt(
  asteroid: Asteroid,
  { predictedV, topocentricDist }: Apparent,
  mjd: number,
  band: Band,
): number {
  const { amplitude, periodHours, phase } = asteroid.rotation;
  const hours = (mjd + ttMinusUtc - topocentricDist * lightDaysPerAu - asteroid.orbit.epoch) * 24;
  return (
    predictedV +
    asteroid.colour[band] +
    (amplitude / 2) * Math.cos(4 * Math.PI * (phase + hours / periodHours))
  );
}

/**
 * Magnitudes that a body is fainter at a phase angle in degrees than fully lit (Bowell et al. 1989,
 * Asteroids II, 524, eq. A4, in its simple form).
 */
export function phaseDimming(phaseAngle: number, g: number): number {
  const tangent = Math.tan((Math.min(phaseAngle, 170) * Math.PI) / 360);
  return (
    -2.5 *
    Math.log10((1 - g) * Math.exp(-3.33 * tangent ** 0.63) + g * Math.exp(-1.87 * tangent ** 1.22))
  );
}

/** Motion on the sky in degrees a day, from equatorial vectors. */
function rates(
  [x, y, z]: Vector,
  [vx, vy, vz]: Vector,
): { readonly raRateCosDec: number; readonly decRate: number } {
  const inEquator = Math.hypot(x, y);
  const outwards = (x * vx + y * vy) / inEquator;
  return {
    raRateCosDec: degreesOf((x * vy - y * vx) / (inEquator * Math.hypot(inEquator, z))),
    decRate: degreesOf((vz * inEquator - z * outwards) / (inEquator ** 2 + z ** 2)),
  };
}

function angleBetween(a: Vector, b: Vector): number {
  const cosine = (a[0] * b[0] + a[1] * b[1] + a[2] * b[2]) / (lengthOf(a) * lengthOf(b));
  return Math.acos(Math.min(1, Math.max(-1, cosine)));
}
