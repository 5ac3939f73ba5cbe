import { galacticOf } from "../../sky/frames.ts";
import { distanceModulus } from "../cosmos/cosmology.ts";
import { extinctionV, transmission } from "../cosmos/dust.ts";
import { placeIn } from "../cosmos/clusters.ts";
import { galaxyAround, type HostKind } from "../cosmos/galaxies.ts";
import { perBand } from "../cosmos/per-band.ts";
import { type Population, visibleOf } from "../cosmos/visible.ts";
import { abFlux, abMagnitude } from "../photometry.ts";
import type { Random } from "../random.ts";
import { type Band, type Telescope, wavelengthNm } from "../survey/telescope.ts";
import type { FixedClass } from "./class.ts";

/**
 * A class of events in galaxies: how many, how bright, in what hosts, and their light at rest.
 * `density` of the population is per Mpc³ and year at rest.
 */
export interface EventClass extends Omit<FixedClass, "kind" | "density" | "draw"> {
  readonly lastsDays: readonly [from: number, to: number];
  readonly population: Omit<Population, "limit">;
  readonly host: HostKind;
  /** V-band extinction in the host. */
  hostAv(random: Random): number;
  light(random: Random, absoluteMagnitude: number): Light;
}

/** The light curve at rest of one event. */
export interface Light {
  /**
   * Luminosity per unit of frequency, relative to that at the peak and the wavelength that absolute
   * magnitudes are of.
   */
  at(phaseDays: number, restNm: number): number;
  readonly parameters: Readonly<Record<string, number>>;
}

export function eventClass({
  population,
  host,
  hostAv,
  light,
  ...description
}: EventClass): FixedClass {
  const [from, to] = description.lastsDays;
  const typical = light(average, (population.brightest + population.faintest) / 2);
  const visible = visibleOf({
    ...population,
    // time dilation: fewer a year
    density: (z) => population.density(z) / (1 + z),
    limit: (telescope, z) => faintestPeak(telescope, z, typical),
  });
  return {
    ...description,
    kind: "fixed",
    density: (patch, telescope) =>
      (visible(telescope).perSquareDegree * patch.areaSquareDegrees) / 365.25,
    draw(patch, telescope, epochMjd, random) {
      const { redshift: about, absoluteMagnitude } = visible(telescope).draw(random);
      const { ra, dec, redshift } = placeIn(patch, about, random);
      const event = light(random, absoluteMagnitude);
      const av = hostAv(random);
      const extinction = extinctionV(galacticOf(ra, dec)[1], Infinity);
      const galaxy = galaxyAround(host, redshift, extinction, random);
      const atPeak = abFlux(absoluteMagnitude + distanceModulus(redshift)) * (1 + redshift);
      const scale = perBand(
        (band) =>
          atPeak *
          transmission(extinction, band) *
          hostTransmission(av, wavelengthNm[band] / (1 + redshift)),
      );
      const hostOffsetArcsec = Math.hypot(galaxy.eastArcsec, galaxy.northArcsec);
      const magnitude = abMagnitude(scale("r") * event.at(0, wavelengthNm.r / (1 + redshift)));
      const parameters = { absoluteMagnitude, hostAv: av, hostOffsetArcsec, ...event.parameters };
      const truth = {
        redshift,
        distancePc: null,
        peakMjd: epochMjd,
        magnitude,
        extinctionV: extinction,
        parameters,
      };
      const flux = (mjd: number, band: Band): number => {
        const days = mjd - epochMjd;
        return days < from || days > to
          ? 0
          : scale(band) * event.at(days / (1 + redshift), wavelengthNm[band] / (1 + redshift));
      };
      return { ra, dec, galaxy, flux, referenceFlux: () => 0, truth };
    },
  };
}

/**
 * Of a peak as all that is random makes it on average, in the band where it is best seen; half a
 * magnitude is left for what is better than that.
 */
function faintestPeak(telescope: Telescope, redshift: number, typical: Light): number {
  const limits = Object.entries(telescope.bands).map(
    ([band, { depth }]) =>
      depth + 2.5 * Math.log10(typical.at(0, wavelengthNm[band as Band] / (1 + redshift))),
  );
  return Math.max(...limits) + 0.5 + 2.5 * Math.log10(1 + redshift) - distanceModulus(redshift);
}

const average: Random = {
  uniform: () => 0.5,
  between: (low, high) => (low + high) / 2,
  integer: (n) => n >> 1,
  normal: () => 0,
  pick: (choices) => choices[choices.length >> 1],
};

/**
 * Density of star formation relative to today's (Madau & Dickinson 2014, ARA&A 52, 415, eq. 15).
 */
export function starFormation(redshift: number): number {
  return (1 + redshift) ** 2.7 / (1 + ((1 + redshift) / 2.9) ** 5.6);
}

/** Bell curve of magnitudes. */
export function gaussian(mean: number, sigma: number): (magnitude: number) => number {
  return (magnitude) => Math.exp(-0.5 * ((magnitude - mean) / sigma) ** 2);
}

export function exponential(mean: number): (random: Random) => number {
  return (random) => -mean * Math.log(1 - random.uniform());
}

/** Within the range: for parameters whose tails would make no sense. */
export function normalWithin(
  random: Random,
  mean: number,
  sigma: number,
  low: number,
  high: number,
): number {
  return Math.min(high, Math.max(low, mean + sigma * random.normal()));
}

/** A_λ ∝ λ^−1.2, close to Cardelli et al. 1989 between 300 nm and 1 µm. */
function hostTransmission(av: number, restNm: number): number {
  return 10 ** (-0.4 * av * (restNm / 550) ** -1.2);
}
