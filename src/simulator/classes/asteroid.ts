import type { Random } from "../random.ts";
import { type Band, faintest, type Telescope } from "../survey/telescope.ts";
import type { Asteroid, Orbit } from "./class.ts";

/** All elements of the classes are for this time: MJD, TT. */
export const epoch = 61000;

/**
 * How many asteroids are brighter than an absolute magnitude: `count` at `h`; a magnitude more has
 * `brightSlope` dex more before it, `faintSlope` after.
 */
export interface SizeDistribution {
  readonly h: number;
  readonly count: number;
  readonly brightSlope: number;
  readonly faintSlope: number;
}

/** Number with an absolute magnitude below h. */
export function brighterThan(sizes: SizeDistribution, h: number): number {
  return sizes.count * 10 ** ((h < sizes.h ? sizes.brightSlope : sizes.faintSlope) * (h - sizes.h));
}

/** The absolute magnitude that so many are brighter than: the inverse of `brighterThan`. */
export function magnitudeOfRank(sizes: SizeDistribution, rank: number): number {
  return (
    sizes.h +
    Math.log10(rank / sizes.count) / (rank < sizes.count ? sizes.brightSlope : sizes.faintSlope)
  );
}

/**
 * Faintest absolute magnitude that the telescope sees at r au from the Sun, opposite of it; 0.2 mag
 * for colours and light curves.
 */
export function reach(telescope: Telescope, r: number): number {
  let limit = limits.get(telescope);
  if (limit === undefined) limits.set(telescope, (limit = faintest(telescope) + 0.2));
  return limit - 5 * Math.log10(r * (r - 1));
}

const limits = new WeakMap<Telescope, number>();

/**
 * AB magnitude in a band minus V. C and S: LSST's moving-object simulations (Jones et al. 2018,
 * Icarus 303, 181); D of the trojans: Szabó et al. 2007, MNRAS 377, 1393.
 */
export const colours = {
  c: { u: 1.53, g: 0.28, r: -0.18, i: -0.29, z: -0.3, y: -0.3 },
  s: { u: 1.82, g: 0.37, r: -0.26, i: -0.46, z: -0.4, y: -0.41 },
  d: { u: 1.75, g: 0.34, r: -0.25, i: -0.48, z: -0.6, y: -0.66 },
} as const satisfies Record<string, Record<Band, number>>;

/**
 * Slope of the phase curve: 0.15 of dark (C, D) and 0.24 of brighter (S) surfaces (Bowell et al.
 * 1989; Pravec et al. 2012, Icarus 221, 365).
 */
const slopeOf = { c: 0.15, s: 0.24, d: 0.15 } as const;

/**
 * `completeH`: half of the asteroids of that absolute magnitude are in the catalogue of the Minor
 * Planet Center.
 */
export function drawAsteroid(
  orbit: Orbit,
  h: number,
  type: keyof typeof colours,
  completeH: number,
  random: Random,
): Asteroid {
  const mean = colours[type];
  const redder = 0.03 * random.normal();
  return {
    orbit,
    h,
    g: slopeOf[type],
    colour: {
      u: mean.u + 2 * redder,
      g: mean.g + redder,
      r: mean.r,
      i: mean.i - redder,
      z: mean.z - redder,
      y: mean.y - redder,
    },
    rotation: drawRotation(random),
    isKnown: random.uniform() < 1 / (1 + 10 ** (2 * (h - completeH))),
  };
}

/**
 * Periods about 8 h, none below the 2.2 h at which rubble flies apart; amplitudes of 0.25 mag on
 * average (light curve database: Warner et al. 2009, Icarus 202, 134).
 */
function drawRotation(random: Random): Asteroid["rotation"] {
  const periodHours = Math.max(2.2, 10 ** (0.9 + 0.35 * random.normal()));
  const amplitude = Math.min(1.5, 0.05 - 0.2 * Math.log(1 - random.uniform()));
  return { amplitude, periodHours, phase: random.uniform() };
}

/** Rayleigh-distributed: what eccentricities and inclinations of small bodies nearly are. */
export function rayleigh(sigma: number, random: Random): number {
  return sigma * Math.sqrt(-2 * Math.log(1 - random.uniform()));
}
