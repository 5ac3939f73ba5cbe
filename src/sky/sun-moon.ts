import { cosDegrees, normalDegrees, separation, sinDegrees } from "./angle.ts";
import { icrsOfEcliptic } from "./frames.ts";
import { altitudeOf, centuriesSinceJ2000, siderealDegrees } from "./sidereal.ts";

/** The Sun below this altitude, degrees, is astronomical night. */
const nightAltitude = -18;

/**
 * The Sun as seen from the Earth, ICRS degrees, to 0.01° from 1950 to 2050 (Astronomical Almanac,
 * page C5).
 */
export function sunPosition(mjd: number): { readonly ra: number; readonly dec: number } {
  const days = centuriesSinceJ2000(mjd) * 36525;
  const anomaly = 357.528 + 0.9856003 * days;
  const longitude =
    280.46 + 0.9856474 * days + 1.915 * sinDegrees(anomaly) + 0.02 * sinDegrees(2 * anomaly);
  const [ra, dec] = icrsOfEcliptic(longitude - precession(mjd), 0);
  return { ra, dec };
}

/**
 * The Moon from the centre of the Earth, ICRS degrees, to 0.3° (Astronomical Almanac, page D22),
 * and the part of its disc that is lit, 0 … 1; a place on the Earth sees it up to 1° beside.
 */
export function moonPosition(mjd: number): {
  readonly ra: number;
  readonly dec: number;
  readonly illuminated: number;
} {
  const t = centuriesSinceJ2000(mjd);
  const longitude =
    218.32 +
    481267.881 * t +
    6.29 * sinDegrees(135.0 + 477198.87 * t) -
    1.27 * sinDegrees(259.3 - 413335.36 * t) +
    0.66 * sinDegrees(235.7 + 890534.22 * t) +
    0.21 * sinDegrees(269.9 + 954397.74 * t) -
    0.19 * sinDegrees(357.5 + 35999.05 * t) -
    0.11 * sinDegrees(186.5 + 966404.03 * t);
  const latitude =
    5.13 * sinDegrees(93.3 + 483202.02 * t) +
    0.28 * sinDegrees(228.2 + 960400.89 * t) -
    0.28 * sinDegrees(318.3 + 6003.15 * t) -
    0.17 * sinDegrees(217.6 - 407332.21 * t);
  const [ra, dec] = icrsOfEcliptic(longitude - precession(mjd), latitude);
  const sun = sunPosition(mjd);
  // its phase angle is within 0.2° of what its elongation lacks to 180°: the Sun is 400 times as
  // far
  return { ra, dec, illuminated: (1 - cosDegrees(separation(ra, dec, sun.ra, sun.dec))) / 2 };
}

/**
 * Start and end (MJD, UTC) of the astronomical night around that midnight: the Sun is below −18°;
 * null if it never is. `midnightMjd` may be hours off the true midnight.
 */
export function darkTime(
  longitude: number,
  latitude: number,
  midnightMjd: number,
): { readonly start: number; readonly end: number } | null {
  const sunAltitude = (mjd: number): number => {
    const { ra, dec } = sunPosition(mjd);
    return altitudeOf(ra, dec, mjd, longitude, latitude);
  };
  const hourAngle = siderealDegrees(midnightMjd, longitude) - sunPosition(midnightMjd).ra;
  const midnight = midnightMjd + 0.5 - normalDegrees(hourAngle) / 360;
  if (sunAltitude(midnight) > nightAltitude) return null;
  return {
    start: crossing(sunAltitude, midnight, midnight - 0.5),
    end: crossing(sunAltitude, midnight, midnight + 0.5),
  };
}

/** When the Sun is at the limit between midnight and noon, to 0.1 s; noon where it never is. */
function crossing(sunAltitude: (mjd: number) => number, midnight: number, noon: number): number {
  let [night, day] = [midnight, noon];
  while (Math.abs(day - night) > 1e-6) {
    const middle = (night + day) / 2;
    if (sunAltitude(middle) < nightAltitude) night = middle;
    else day = middle;
  }
  return (night + day) / 2;
}

/**
 * By how much ecliptic longitudes of date are larger than those of J2000, degrees: the tables are
 * for the equinox of date.
 */
function precession(mjd: number): number {
  return 1.396971 * centuriesSinceJ2000(mjd);
}
