import { cosDegrees, radiansOf, sinDegrees } from "../../sky/angle.ts";
import { centuriesSinceJ2000, siderealDegrees } from "../../sky/sidereal.ts";
import { inPlane, inPlanePerYear, outOfPlane, outOfPlanePerYear } from "./earth-series.ts";
import { ecliptic, type State, ttMinusUtc, type Vector } from "./orbit.ts";

/** A place on the Earth: degrees, east and north positive; metres above the ellipsoid. */
export interface Site {
  readonly longitude: number;
  readonly latitude: number;
  readonly heightMetres: number;
}

const daysPerYear = 365.25;

/**
 * The centre of the Earth from the Sun, at MJD (UTC): within 4e-7 au of ERFA's epv00 (rms 2e-7),
 * 0.08″ for a body at 1 au.
 */
export function earthAt(mjd: number): State {
  const years = centuriesSinceJ2000(mjd + ttMinusUtc) * 100;
  const position: [number, number, number] = [0, 0, 0];
  const velocity: [number, number, number] = [0, 0, 0];
  addCircles(inPlane, years, 1, 0, position, velocity);
  addCircles(inPlanePerYear, years, years, 1, position, velocity);
  addCosines(outOfPlane, years, 1, 0, position, velocity);
  addCosines(outOfPlanePerYear, years, years, 1, position, velocity);
  return {
    position,
    velocity: [velocity[0] / daysPerYear, velocity[1] / daysPerYear, velocity[2] / daysPerYear],
  };
}

/** An observatory from the Sun, at MJD (UTC). */
export function observatoryAt(site: Site, mjd: number): State {
  const earth = earthAt(mjd);
  const place = fromCentre(site, mjd);
  const sum = (a: Vector, b: Vector): Vector => [a[0] + b[0], a[1] + b[1], a[2] + b[2]];
  return {
    position: sum(earth.position, place.position),
    velocity: sum(earth.velocity, place.velocity),
  };
}

/** `factor` multiplies amplitudes and `growth` is its derivative. */
function addCircles(
  terms: readonly number[],
  years: number,
  factor: number,
  growth: number,
  position: number[],
  velocity: number[],
): void {
  for (let i = 0; i < terms.length; i += 3) {
    const [amplitude, frequency] = [terms[i] * 1e-10, terms[i + 2]];
    const angle = terms[i + 1] + frequency * years;
    const [cos, sin] = [amplitude * Math.cos(angle), amplitude * Math.sin(angle)];
    position[0] += factor * cos;
    position[1] += factor * sin;
    velocity[0] += growth * cos - factor * frequency * sin;
    velocity[1] += growth * sin + factor * frequency * cos;
  }
}

function addCosines(
  terms: readonly number[],
  years: number,
  factor: number,
  growth: number,
  position: number[],
  velocity: number[],
): void {
  for (let i = 0; i < terms.length; i += 3) {
    const [amplitude, frequency] = [terms[i] * 1e-10, terms[i + 2]];
    const angle = terms[i + 1] + frequency * years;
    position[2] += factor * amplitude * Math.cos(angle);
    velocity[2] += amplitude * (growth * Math.cos(angle) - factor * frequency * Math.sin(angle));
  }
}

/** WGS 84: equatorial radius and its flattening; and an au, in metres. */
const [equatorialRadius, flattening, metresPerAu] = [6378137, 1 / 298.257223563, 149597870700];

/** Radians a day that the Earth turns against the stars. */
const rotation = radiansOf(360.98564736629);

/**
 * Geocentric place and velocity of an observatory: turned with the sidereal time, then from the
 * equator of date back to that of J2000; without nutation and polar motion (15 m).
 */
function fromCentre({ longitude, latitude, heightMetres }: Site, mjd: number): State {
  const polar = (1 - flattening) ** 2;
  const radius =
    equatorialRadius / Math.sqrt(cosDegrees(latitude) ** 2 + polar * sinDegrees(latitude) ** 2);
  const fromAxis = ((radius + heightMetres) * cosDegrees(latitude)) / metresPerAu;
  const abovePlane = ((radius * polar + heightMetres) * sinDegrees(latitude)) / metresPerAu;
  const sidereal = siderealDegrees(mjd, longitude);
  const speed = fromAxis * rotation;
  return {
    position: ecliptic(
      toJ2000([fromAxis * cosDegrees(sidereal), fromAxis * sinDegrees(sidereal), abovePlane], mjd),
    ),
    velocity: ecliptic(
      toJ2000([-speed * sinDegrees(sidereal), speed * cosDegrees(sidereal), 0], mjd),
    ),
  };
}

/**
 * Precession from the equator and equinox of date (Meeus 1998, ch. 21), to first order: 0.4° in
 * 2030, of which 0.002° are missed.
 */
function toJ2000([x, y, z]: Vector, mjd: number): Vector {
  const centuries = centuriesSinceJ2000(mjd);
  const [turn, tilt] = [radiansOf(1.281232 * centuries), radiansOf(0.556753 * centuries)];
  return [x + turn * y + tilt * z, y - turn * x, z - tilt * x];
}
