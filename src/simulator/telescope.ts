import { randomStream } from "./random.ts";

export type SurveyName = "ztf" | "lsst";

/** What the synthetic night needs to know of a telescope and its camera. */
export interface Telescope {
  /** Degrees, east and north positive. */
  readonly longitude: number;
  readonly latitude: number;
  /** Side of the field of view, degrees. */
  readonly fieldDegrees: number;
  readonly detectors: number;
  readonly exposureSeconds: number;
  readonly secondsBetweenExposures: number;
  /** From the end of the exposure to the alert. */
  readonly secondsToAlert: number;
  readonly pixelArcsec: number;
  /** Median full width at half maximum. */
  readonly seeingArcsec: number;
  /** Effective wavelength and 5 σ depth of one exposure, AB magnitude. */
  readonly bands: Readonly<Record<string, { readonly wavelengthNm: number; readonly depth: number }>>;
  /** Added to the date of a night before it begins at noon UTC: Chile's nights carry the date of their evening. */
  readonly dateShiftDays: number;
}

export const telescopes: Readonly<Record<SurveyName, Telescope>> = {
  // Bellm et al. 2019, PASP 131, 018002; wavelengths of both surveys: SVO Filter Profile Service
  ztf: {
    longitude: -116.865,
    latitude: 33.356,
    fieldDegrees: 6.9,
    detectors: 64,
    exposureSeconds: 30,
    secondsBetweenExposures: 40,
    secondsToAlert: 480,
    pixelArcsec: 1.01,
    seeingArcsec: 2,
    bands: { g: { wavelengthNm: 472, depth: 20.8 }, r: { wavelengthNm: 634, depth: 20.6 }, i: { wavelengthNm: 789, depth: 19.9 } },
    dateShiftDays: 0,
  },
  // Ivezić et al. 2019, ApJ 873, 111
  lsst: {
    longitude: -70.749,
    latitude: -30.245,
    fieldDegrees: 3.1,
    detectors: 189,
    exposureSeconds: 30,
    secondsBetweenExposures: 39,
    secondsToAlert: 60,
    pixelArcsec: 0.2,
    seeingArcsec: 0.8,
    bands: {
      u: { wavelengthNm: 368, depth: 23.9 },
      g: { wavelengthNm: 478, depth: 25.0 },
      r: { wavelengthNm: 622, depth: 24.7 },
      i: { wavelengthNm: 755, depth: 24.0 },
      z: { wavelengthNm: 868, depth: 23.3 },
      y: { wavelengthNm: 972, depth: 22.1 },
    },
    dateShiftDays: 1,
  },
};

export interface Exposure {
  readonly number: number;
  /** Start of the exposure, UTC. */
  readonly mjd: number;
  readonly band: string;
  /** 5 σ, AB magnitude */
  readonly depth: number;
  readonly seeingArcsec: number;
  /** Centre of the field, degrees. */
  readonly ra: number;
  readonly dec: number;
}

/** The time between the astronomical twilights of the night with this date (MJD of its 0 h), as [start, end] in MJD UTC. */
export function darkTime(telescope: Telescope, date: number): readonly [start: number, end: number] {
  const midnight = date + telescope.dateShiftDays - telescope.longitude / 360;
  const cosine = (sin(-18) - sin(telescope.latitude) * sin(sunDeclination(midnight))) / (cos(telescope.latitude) * cos(sunDeclination(midnight)));
  const halfNight = 0.5 - degrees(Math.acos(cosine)) / 360;
  return [midnight - halfNight, midnight + halfNight];
}

export function exposureCount(telescope: Telescope, date: number): number {
  const [start, end] = darkTime(telescope, date);
  return Math.floor(((end - start) * 86400) / telescope.secondsBetweenExposures);
}

/** The exposure of that number: a field of view anywhere above 30° altitude. */
export function exposureOf(telescope: Telescope, date: number, number: number, seed: number): Exposure {
  const random = randomStream(seed, date, number, 1);
  const mjd = darkTime(telescope, date)[0] + (number * telescope.secondsBetweenExposures) / 86400;
  const band = random.pick(Object.keys(telescope.bands));
  const { latitude } = telescope;
  let dec: number;
  let hourAngle: number;
  do {
    dec = degrees(Math.asin(random.between(-1, 1)));
    hourAngle = random.between(-90, 90);
  } while (sin(latitude) * sin(dec) + cos(latitude) * cos(dec) * cos(hourAngle) < sin(30) || Math.abs(dec) > 85);
  const ra = (siderealTime(mjd, telescope.longitude) - hourAngle + 360) % 360;
  return { number, mjd, band, ...conditions(telescope, band, random), ra, dec };
}

/** Depth and seeing of one exposure. */
export function conditions(telescope: Telescope, band: string, random: { normal(): number }): { depth: number; seeingArcsec: number } {
  return {
    depth: telescope.bands[band].depth + 0.2 * random.normal(),
    seeingArcsec: telescope.seeingArcsec * Math.exp(0.15 * random.normal()),
  };
}

/** Low-precision position of the Sun, Astronomical Almanac, section C: good to 0.01°. */
function sunDeclination(mjd: number): number {
  const n = mjd - 51544.5;
  const anomaly = 357.528 + 0.9856003 * n;
  const longitude = 280.46 + 0.9856474 * n + 1.915 * sin(anomaly) + 0.02 * sin(2 * anomaly);
  return degrees(Math.asin(sin(obliquity) * sin(longitude)));
}

/** Ecliptic longitude and latitude of an equatorial position, degrees. */
export function eclipticPosition(ra: number, dec: number): readonly [longitude: number, latitude: number] {
  const longitude = degrees(Math.atan2(sin(ra) * cos(dec) * cos(obliquity) + sin(dec) * sin(obliquity), cos(ra) * cos(dec)));
  const latitude = degrees(Math.asin(sin(dec) * cos(obliquity) - cos(dec) * sin(obliquity) * sin(ra)));
  return [(longitude + 360) % 360, latitude];
}

const obliquity = 23.439;

/** Mean sidereal time in degrees, 0 … 360 (Meeus, Astronomical Algorithms, eq. 12.4). */
function siderealTime(mjd: number, longitude: number): number {
  const angle = 280.46061837 + 360.98564736629 * (mjd - 51544.5) + longitude;
  return ((angle % 360) + 360) % 360;
}

export const sin = (angleDegrees: number): number => Math.sin((angleDegrees * Math.PI) / 180);
export const cos = (angleDegrees: number): number => Math.cos((angleDegrees * Math.PI) / 180);
const degrees = (radians: number): number => (radians * 180) / Math.PI;
