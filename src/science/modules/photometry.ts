/** A flux or magnitude and its error. */
export interface Measurement {
  value: number;
  error: number;
}

const janskyAtMagnitudeZero = 3631;
/** 2.5 / ln 10 as fink_utils.photometry has it. */
const magnitudesPerRelativeError = 1.0857;

/** A ZTF difference, with the reference image's source below it. */
export interface Difference {
  readonly magpsf: number;
  readonly sigmapsf: number;
  readonly magnr: number;
  readonly sigmagnr: number;
  readonly isdiffpos: string | null;
}

/**
 * Flux of source and reference together, as a share of magnitude 0's; NaN without one of them.
 * Agrees with apparent_flux(jansky=False) of fink_utils.
 */
export function apparentFlux({
  magpsf,
  sigmapsf,
  magnr,
  sigmagnr,
  isdiffpos,
}: Difference): Measurement {
  const difference = 10 ** (-0.4 * magpsf);
  const reference = magnr < 0 ? Number.NaN : 10 ** (-0.4 * magnr);
  const isAdded = isdiffpos === "t" || isdiffpos === "1";
  const differenceError = (sigmapsf / magnitudesPerRelativeError) * difference;
  const referenceError = (sigmagnr / magnitudesPerRelativeError) * reference;
  return {
    value: isAdded ? reference + difference : reference - difference,
    error: Math.sqrt(differenceError ** 2 + referenceError ** 2),
  };
}

export function toJansky({ value, error }: Measurement): Measurement {
  return { value: value * janskyAtMagnitudeZero, error: error * janskyAtMagnitudeZero };
}

/** The magnitude of that flux; NaN for a negative one. Agrees with dc_mag of fink_utils. */
export function apparentMagnitude(difference: Difference): Measurement {
  const { value, error } = apparentFlux(difference);
  return { value: -2.5 * Math.log10(value), error: (error / value) * magnitudesPerRelativeError };
}

/**
 * The flux unit of SNANA, zero point 27.5. Agrees with mag2fluxcal_snana of fink_utils, whose error
 * has rounded constants.
 */
export function snanaFlux(magpsf: number, sigmapsf: number): Measurement {
  return {
    value: 10 ** (-0.4 * magpsf) * 1e11,
    error: 9.21034e10 * Math.exp(-0.921034 * magpsf) * sigmapsf,
  };
}

/** AB magnitude of a flux in nanojansky; NaN for a negative one. */
export function magnitudeOfNanojansky(fluxNJy: number): number {
  return 31.4 - 2.5 * Math.log10(fluxNJy);
}

/**
 * Whether the difference lies on a source of the reference image: distance in pixels. Agrees with
 * is_source_behind of fink_utils.
 */
export function isSourceBehind(distnr: number): boolean {
  return distnr >= 0 && distnr <= 1.5;
}
