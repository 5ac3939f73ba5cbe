import {
  type PerBand,
  type Population,
  type Star,
  stellarClass,
  type Variation,
} from "./stellar.ts";
import type { Random } from "../random.ts";

const contrast = { u: 0.35, g: 0.35, r: 0.35, i: 0.35, z: 0.35, y: 0.35 };
const typeB: PerBand = { u: 0.9, g: -0.2, r: 0, i: 0.15, z: 0.25, y: 0.3 };
const typeF: PerBand = { u: 1.5, g: 0.35, r: 0, i: -0.1, z: -0.12, y: -0.13 };
const typeG: PerBand = { u: 1.9, g: 0.5, r: 0, i: -0.17, z: -0.22, y: -0.25 };
const typeK: PerBand = { u: 3.1, g: 1.0, r: 0, i: -0.4, z: -0.6, y: -0.7 };

// about one in 1,000 F, G, K stars is in contact and seen edge on enough for 0.1 mag, half of what
// Rucinski 2002, PASP 114, 1124 found at any amplitude
const contact: readonly Population[] = [
  { component: "thin disc", perKpc3: 2_500, magnitude: 4.3, scatter: 0.7, colour: typeG, contrast },
  { component: "thick disc", perKpc3: 800, magnitude: 4.5, scatter: 0.5, colour: typeG, contrast },
  { component: "halo", perKpc3: 40, magnitude: 4.3, scatter: 0.5, colour: typeF, contrast },
  { component: "bulge", perKpc3: 40_000, magnitude: 3.9, scatter: 0.5, colour: typeG, contrast },
];
const detached: readonly Population[] = [
  {
    component: "young disc",
    perKpc3: 1_000,
    magnitude: 0.3,
    scatter: 0.9,
    colour: typeB,
    contrast,
  },
  { component: "thin disc", perKpc3: 3_000, magnitude: 3, scatter: 0.8, colour: typeF, contrast },
  { component: "thin disc", perKpc3: 2_500, magnitude: 6.2, scatter: 0.9, colour: typeK, contrast },
];

/**
 * Hotter or cooler stars have deeper or shallower eclipses in the blue; the effect for an ordinary
 * pair.
 */
const blueness: PerBand = { u: 1.1, g: 1.05, r: 1, i: 0.97, z: 0.95, y: 0.94 };

/**
 * A Gaussian per eclipse and a cosine for the ellipsoidal shape of the stars: the model of Mowlavi
 * et al. 2017, A&A 606, A92. Depths are parts of the flux.
 */
function vary({ population }: Star, random: Random): Variation {
  const isContact = contact.includes(population);
  const { periodDays, primaryDepthR, secondaryDepthR, widthPhase, ellipsoidal } = isContact
    ? contactPair(random)
    : detachedPair(random);
  const epochMjd = 58000 + periodDays * random.uniform();
  const scale = -1 / (2 * widthPhase ** 2);
  const gaussianArea = widthPhase * Math.sqrt(2 * Math.PI);
  const change = (mjd: number, band: keyof PerBand): number => {
    const cycles = (mjd - epochMjd) / periodDays;
    const phase = cycles - Math.floor(cycles);
    const fromPrimary = phase > 0.5 ? phase - 1 : phase;
    const fromSecondary = phase - 0.5;
    const [primary, secondary] = [primaryDepthR * blueness[band], secondaryDepthR / blueness[band]];
    // a reference image is a median of many: of short eclipses it shows nothing
    const mean = isContact ? 1 - gaussianArea * (primary + secondary) : 1;
    const eclipses =
      primary * Math.exp(scale * fromPrimary ** 2) +
      secondary * Math.exp(scale * fromSecondary ** 2);
    return (1 - eclipses - ellipsoidal * Math.cos(4 * Math.PI * phase)) / mean - 1;
  };
  return {
    change,
    parameters: { periodDays, epochMjd, primaryDepthR, secondaryDepthR, widthPhase, ellipsoidal },
  };
}

interface Pair {
  readonly periodDays: number;
  readonly primaryDepthR: number;
  readonly secondaryDepthR: number;
  /** Standard deviation of the Gaussians. */
  readonly widthPhase: number;
  readonly ellipsoidal: number;
}

/** EW: periods about 0.35 days, both eclipses alike. */
function contactPair(random: Random): Pair {
  const periodDays = Math.min(1, Math.max(0.21, 0.35 * 10 ** (0.1 * random.normal())));
  const primaryDepthR = random.between(0.12, 0.45);
  return {
    periodDays,
    primaryDepthR,
    secondaryDepthR: primaryDepthR * random.between(0.75, 1),
    widthPhase: random.between(0.06, 0.08),
    ellipsoidal: 0.15 * primaryDepthR,
  };
}

/**
 * EA and EB: periods 0.4–30 days, few of them long, for a wide pair is seldom seen edge on; its
 * eclipses are short.
 */
function detachedPair(random: Random): Pair {
  const periodDays = 0.4 * 75 ** (random.uniform() ** 1.6);
  const primaryDepthR = 0.1 + 0.5 * random.uniform() ** 1.5;
  const widthPhase = Math.min(0.06, 0.03 * periodDays ** (-2 / 3) * random.between(0.7, 1.3));
  return {
    periodDays,
    primaryDepthR,
    secondaryDepthR: primaryDepthR * random.uniform(),
    widthPhase,
    ellipsoidal: Math.min(0.08, 0.02 / periodDays ** 2) * random.uniform(),
  };
}

export const eclipsingBinary = stellarClass(
  {
    name: "eclipsing_binary",
    title: "Eclipsing binary",
    about:
      "Contact pairs of about 0.35 days (EW) and detached ones of 0.4–30 days (EB, EA): two Gaussian eclipses and an ellipsoidal cosine. " +
      "Numbers are such that down to the limit of Gaia DR3 there are about the 2.2 million it found.",
    papers: [
      "Mowlavi et al. 2017, A&A 606, A92 (model of the light curve)",
      "Rucinski 2002, PASP 114, 1124 (contact binaries near the Sun)",
      "Mowlavi et al. 2023, A&A 674, A16 (numbers)",
      "Soszyński et al. 2016, Acta Astron. 66, 405 (bulge)",
    ],
    simbadType: "EB*",
    vsxType: "E",
  },
  [...contact, ...detached],
  vary,
);
