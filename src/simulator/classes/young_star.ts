import {
  type PerBand,
  type Place,
  type Population,
  sourceOf,
  starAt,
  starsOf,
  type Variation,
} from "./stellar.ts";
import type { FixedClass } from "./class.ts";
import { type Random, randomStream } from "../random.ts";
import { isIn, type Patch } from "../survey/fields.ts";
import { cosDegrees } from "../../sky/angle.ts";
import type { Telescope } from "../survey/telescope.ts";
import { periodic, sine, type Wave } from "./waveform.ts";

const populations: readonly Population[] = [
  {
    component: "young disc",
    perKpc3: 5_000,
    magnitude: 5.6,
    scatter: 1.3,
    colour: { u: 3, g: 1.2, r: 0, i: -0.7, z: -1.1, y: -1.3 },
    contrast: { u: 1, g: 0.8, r: 0.6, i: 0.5, z: 0.45, y: 0.4 },
  },
];

const stars = starsOf(populations);

/**
 * Stars are born together: eight of ten are in one of the star-forming regions of their patch, a
 * few parsecs wide.
 */
const [regions, shareInRegions, regionRadiusPc] = [6, 0.8, 4];

function placeOf(patch: Patch, telescope: Telescope, random: Random): Place {
  if (random.uniform() > shareInRegions) return stars.place(patch, telescope, random);
  const region = random.integer(regions);
  // not from `random`: regions are where they are, for every seed
  const centre = stars.place(patch, telescope, randomStream(0x59534f, patch.number, region));
  const radius = Math.min(1, (regionRadiusPc / centre.distancePc) * (180 / Math.PI));
  const dec = centre.dec + radius * random.normal();
  const ra = centre.ra + (radius * random.normal()) / cosDegrees(dec);
  return isIn(patch, ra, dec) ? { ...centre, ra, dec } : stars.place(patch, telescope, random);
}

/**
 * Slow waves of random phase whose amplitudes grow with the period, as those of a random walk that
 * is damped on the longest.
 */
const waveDays = [0.6, 1.7, 5, 14, 40, 115];

/** Amplitudes relative to r of warm spots and dust that comes and goes. */
const amplitudes: PerBand = { u: 1.9, g: 1.35, r: 1, i: 0.75, z: 0.65, y: 0.6 };

/** T Tauri stars turn with 1–12 days and flicker on all times: Cody et al. 2014, AJ 147, 82. */
function vary(random: Random): Variation {
  const periodDays = 12 ** random.uniform();
  const spotMagR = 0.05 + 0.3 * random.uniform() ** 2;
  const irregularMagR = 0.08 * 8 ** random.uniform();
  const wave = (days: number, amplitudeMagR: number): Wave => ({
    waveform: sine,
    periodDays: days,
    epochMjd: 58000 + days * random.uniform(),
    amplitudeMagR,
  });
  const spots = wave(periodDays, spotMagR);
  const irregular = waveDays.map((days) =>
    wave(
      days * random.between(0.7, 1.4),
      irregularMagR * Math.sqrt(days / waveDays[waveDays.length - 1]),
    ),
  );
  return {
    change: periodic(amplitudes, spots, ...irregular),
    parameters: { periodDays, epochMjd: spots.epochMjd, spotMagR, irregularMagR },
  };
}

export const youngStar: FixedClass = {
  kind: "fixed",
  name: "young_star",
  title: "Young stellar object",
  about:
    "T Tauri stars in and around the star-forming regions of the plane: spots that turn with 1–12 days and irregular waves of 0.5–160 days. " +
    "About as many as the 79,000 of Gaia DR3; outbursts (FU and EX Orionis) and the dust of their own clouds are left out.",
  papers: [
    "Cody et al. 2014, AJ 147, 82 (light curves)",
    "Marton et al. 2023, A&A 674, A21 (numbers)",
  ],
  simbadType: "YSO",
  vsxType: "YSO",
  lastsDays: null,
  density: stars.expected,
  draw: (patch, telescope, _epoch, random) =>
    sourceOf(starAt(placeOf(patch, telescope, random), telescope, random), vary(random), null),
};
