export type SurveyName = "ztf" | "lsst";
export type Band = "u" | "g" | "r" | "i" | "z" | "y";

/**
 * Effective wavelengths, nm (SVO Filter Profile Service); ZTF's g, r, i are close enough to LSST's.
 */
export const wavelengthNm: Readonly<Record<Band, number>> = {
  u: 368,
  g: 478,
  r: 622,
  i: 755,
  z: 869,
  y: 971,
};

/** A number for each band. */
export function inEachBand(of: (band: Band) => number): Record<Band, number> {
  return { u: of("u"), g: of("g"), r: of("r"), i: of("i"), z: of("z"), y: of("y") };
}

/** A telescope, its camera and its way of observing. */
export interface Telescope {
  readonly survey: SurveyName;
  /** Degrees, east and north positive; metres. */
  readonly longitude: number;
  readonly latitude: number;
  readonly heightMetres: number;
  /** MJD of the first night of the survey. */
  readonly firstNight: number;
  /** Side of the field of view, degrees. */
  readonly fieldDegrees: number;
  readonly decRange: readonly [south: number, north: number];
  readonly exposureSeconds: number;
  readonly secondsBetweenVisits: number;
  /** From the end of the exposure to the first alert, and until the last of a visit. */
  readonly secondsToAlert: number;
  readonly burstSeconds: number;
  readonly pixelArcsec: number;
  /** Median full width at half maximum. */
  readonly seeingArcsec: number;
  /** 5 σ depth of a point source in a visit at zenith in dark time, AB. */
  readonly bands: Partial<Readonly<Record<Band, { readonly depth: number }>>>;
  /** Electrons per nJy in one visit: the Poisson noise of the sources. */
  readonly electronsPerNJy: Partial<Readonly<Record<Band, number>>>;
  /**
   * Noise that is proportional: to the flux (calibration), and to what stands on the reference
   * image (what flat field, kernel and astrometry leave of it in the difference; Zackay et al.
   * 2016, ApJ 830, 27, section 5). Chosen so that errors at given magnitude are those of real
   * alerts.
   */
  readonly calibrationError: number;
  /**
   * Factor by which the error of a fit exceeds what sky and photons say: median, and standard
   * deviation of its logarithm from one detection to the next.
   */
  readonly fitExcess: { readonly median: number; readonly spread: number };
  readonly subtractionError: number;
  /**
   * Added to the date of a night before it begins at noon UTC: Chile's nights carry the date of
   * their evening.
   */
  readonly dateShiftDays: number;
}

export const telescopes: Readonly<Record<SurveyName, Telescope>> = {
  // Bellm et al. 2019, PASP 131, 018002 and 068003; Masci et al. 2019, PASP 131, 018003
  ztf: {
    survey: "ztf",
    longitude: -116.863,
    latitude: 33.356,
    heightMetres: 1706,
    firstNight: 58194, // 2018-03-17
    fieldDegrees: 7,
    decRange: [-31.5, 87.5],
    exposureSeconds: 30,
    secondsBetweenVisits: 40,
    secondsToAlert: 480,
    burstSeconds: 20,
    pixelArcsec: 1.012,
    seeingArcsec: 2,
    bands: { g: { depth: 20.8 }, r: { depth: 20.6 }, i: { depth: 19.9 } },
    electronsPerNJy: { g: 0.0565, r: 0.0565, i: 0.0325 },
    calibrationError: 0.033,
    fitExcess: { median: 1.45, spread: 0.25 },
    subtractionError: 0.005,
    dateShiftDays: 0,
  },
  // Ivezić et al. 2019, ApJ 873, 111 (tables 1 and 2); Bianco et al. 2022, ApJS 258, 1
  lsst: {
    survey: "lsst",
    longitude: -70.7494,
    latitude: -30.2446,
    heightMetres: 2663,
    firstNight: 61095, // 2026-02-24, the first public alerts
    fieldDegrees: 3.1,
    decRange: [-74.4, 12.4],
    exposureSeconds: 30,
    secondsBetweenVisits: 37,
    secondsToAlert: 60,
    burstSeconds: 5,
    pixelArcsec: 0.2,
    seeingArcsec: 0.8,
    bands: {
      u: { depth: 23.9 },
      g: { depth: 25 },
      r: { depth: 24.7 },
      i: { depth: 24 },
      z: { depth: 23.3 },
      y: { depth: 22.1 },
    },
    electronsPerNJy: { u: 0.53, g: 1.85, r: 1.53, i: 1.14, z: 0.79, y: 0.39 },
    calibrationError: 0.01,
    fitExcess: { median: 1.1, spread: 0.2 },
    subtractionError: 0.02,
    dateShiftDays: 1,
  },
};

/** The limiting magnitude of its best band. */
export function faintest({ survey }: Telescope): number {
  return deepest[survey];
}

const deepest = { ztf: deepestOf(telescopes.ztf), lsst: deepestOf(telescopes.lsst) };

function deepestOf({ bands }: Telescope): number {
  return Math.max(...Object.values(bands).map((b) => b.depth));
}

export function bandsOf(telescope: Telescope): Band[] {
  return Object.keys(telescope.bands) as Band[];
}
