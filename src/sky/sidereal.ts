import { cosDegrees, degreesOf, normalDegrees, sinDegrees } from "./angle.ts";
import { jdMinusMjd } from "./time.ts";

/** Julian date of J2000.0. */
const j2000 = 2451545;

/** Julian centuries of 36,525 days since J2000.0. */
export function centuriesSinceJ2000(mjd: number): number {
  return (mjd + jdMinusMjd - j2000) / 36525;
}

/**
 * Mean sidereal time at an eastern longitude, degrees (Meeus 1998, Astronomical Algorithms, eq.
 * 12.4); UTC stands for UT1, from which it differs by up to 0.9 s: 0.004°.
 */
export function siderealDegrees(mjd: number, longitude: number): number {
  const centuries = centuriesSinceJ2000(mjd);
  return normalDegrees(
    280.46061837 + 360.98564736629 * 36525 * centuries + 0.000387933 * centuries ** 2 + longitude,
  );
}

/**
 * Altitude of an ICRS position above the horizon of a place, degrees: precession is in it,
 * refraction, nutation and aberration are not. To about 0.02°.
 */
export function altitudeOf(
  ra: number,
  dec: number,
  mjd: number,
  longitude: number,
  latitude: number,
): number {
  // Meeus 1998, eqs. 21.2 – 21.4, with the angles of precession linear in time: good to 1″ until
  // 2100
  const centuries = centuriesSinceJ2000(mjd);
  const [toNode, tilt] = [0.640616 * centuries, 0.556753 * centuries];
  const a = cosDegrees(dec) * sinDegrees(ra + toNode);
  const b =
    cosDegrees(tilt) * cosDegrees(dec) * cosDegrees(ra + toNode) -
    sinDegrees(tilt) * sinDegrees(dec);
  const c =
    sinDegrees(tilt) * cosDegrees(dec) * cosDegrees(ra + toNode) +
    cosDegrees(tilt) * sinDegrees(dec);
  const meridian = siderealDegrees(mjd, longitude) - toNode;
  const sine =
    sinDegrees(latitude) * c +
    cosDegrees(latitude) * (b * cosDegrees(meridian) + a * sinDegrees(meridian));
  return degreesOf(Math.asin(Math.min(1, Math.max(-1, sine))));
}

/**
 * Air along the line of sight relative to the zenith (Pickering 2002, DIO 12, 1, 20): 1 … 38;
 * Infinity below the horizon.
 */
export function airmassOf(altitude: number): number {
  return altitude < 0 ? Infinity : 1 / sinDegrees(altitude + 244 / (165 + 47 * altitude ** 1.1));
}
