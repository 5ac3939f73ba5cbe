import { cosDegrees, sinDegrees } from "../../sky/angle.ts";
import type { Galaxy } from "../classes/class.ts";
import { type Band, wavelengthNm } from "../survey/telescope.ts";
import { abFlux } from "../photometry.ts";
import type { Random } from "../random.ts";
import { arcsecPerKpc, distanceModulus } from "./cosmology.ts";
import { transmission } from "./dust.ts";
import { perBand } from "./per-band.ts";

/** The kind of galaxy that a class of events lives in. */
export interface HostKind {
  /**
   * M* in the r band at rest: −21.2 for all galaxies (Blanton et al. 2003, ApJ 592, 819, with H0 =
   * 70).
   */
  readonly characteristicMagnitude: number;
  /** Share of ellipticals; the others are discs. */
  readonly earlyShare: number;
  readonly place: "where the light is" | "nucleus";
}

/**
 * Magnitude at these wavelengths at rest (nm) relative to r, of an Sbc and of an E galaxy: rounded
 * from Coleman, Wu & Weedman 1980, ApJS 43, 393 and Fukugita et al. 1995, PASP 107, 945.
 */
const spectrumNm = [150, 230, 300, 368, 478, 622, 755, 869, 971, 1200];
const lateMagnitudes = [3.6, 3.1, 2.5, 1.75, 0.6, 0, -0.3, -0.45, -0.55, -0.75];
const earlyMagnitudes = [6.5, 5.6, 4.2, 2.5, 0.78, 0, -0.38, -0.65, -0.8, -1.1];

/**
 * A galaxy around a source. Luminosities: as events follow the light, L φ(L) of a Schechter
 * function with slope −1, an exponential. Sizes: Shen et al. 2003, MNRAS 343, 978; smaller in the
 * past as (1 + z)^−0.75 (van der Wel et al. 2014, ApJ 788, 28).
 */
export function galaxyAround(
  kind: HostKind,
  redshift: number,
  extinction: number,
  random: Random,
): Galaxy {
  const isEarly = random.uniform() < kind.earlyShare;
  const magnitude =
    kind.characteristicMagnitude - 2.5 * Math.log10(0.01 - Math.log(1 - random.uniform()));
  const radiusKpc =
    (isEarly ? earlyRadiusKpc(magnitude) : lateRadiusKpc(magnitude)) *
    Math.exp(0.3 * random.normal()) *
    (1 + redshift) ** -0.75;
  const radiusArcsec = radiusKpc * arcsecPerKpc(redshift);
  // a disc with a thickness of 0.2 seen from anywhere
  const axisRatio = isEarly
    ? random.between(0.5, 1)
    : Math.sqrt(0.04 + 0.96 * random.uniform() ** 2);
  const angle = random.between(0, 180);
  const [eastArcsec, northArcsec] =
    kind.place === "nucleus" ? [0, 0] : offset(radiusArcsec, axisRatio, angle, random);
  const apparent = magnitude + distanceModulus(redshift) - 2.5 * Math.log10(1 + redshift);
  const flux = perBand(
    (band) => abFlux(apparent + colour(isEarly, band, redshift)) * transmission(extinction, band),
  );
  return {
    flux,
    radiusArcsec,
    axisRatio,
    angle,
    eastArcsec,
    northArcsec,
    redshift,
    sersic: isEarly ? 4 : 1,
  };
}

function lateRadiusKpc(magnitude: number): number {
  return (
    10 ** (-0.104 * magnitude + 0.25 * Math.log10(1 + 10 ** (-0.4 * (magnitude + 20.91))) - 1.71)
  );
}

function earlyRadiusKpc(magnitude: number): number {
  return 10 ** (-0.26 * Math.max(-24, Math.min(magnitude, -18)) - 5.06);
}

/**
 * From a place that follows an exponential disc to the centre; half of its light is within 1.678
 * scale lengths.
 */
function offset(
  radiusArcsec: number,
  axisRatio: number,
  angle: number,
  random: Random,
): readonly [eastArcsec: number, northArcsec: number] {
  const distance =
    (-radiusArcsec / 1.678) * Math.log((1 - random.uniform()) * (1 - random.uniform()));
  const azimuth = random.between(0, 2 * Math.PI);
  const [along, across] = [distance * Math.cos(azimuth), distance * axisRatio * Math.sin(azimuth)];
  return [
    along * sinDegrees(angle) + across * cosDegrees(angle),
    along * cosDegrees(angle) - across * sinDegrees(angle),
  ];
}

function colour(isEarly: boolean, band: Band, redshift: number): number {
  const nm = Math.max(spectrumNm[0], wavelengthNm[band] / (1 + redshift));
  const i = spectrumNm.findIndex((end) => end > nm) - 1;
  const share = (nm - spectrumNm[i]) / (spectrumNm[i + 1] - spectrumNm[i]);
  const magnitudes = isEarly ? earlyMagnitudes : lateMagnitudes;
  return magnitudes[i] + share * (magnitudes[i + 1] - magnitudes[i]);
}
