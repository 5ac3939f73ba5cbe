import {
  type PerBand,
  type Population,
  type Star,
  stellarClass,
  type Variation,
} from "./stellar.ts";
import type { Random } from "../random.ts";
import { fourier, periodic, sine, waveformOf } from "./waveform.ts";

const mira = {
  magnitude: -1.5,
  scatter: 0.8,
  colour: { u: 4.5, g: 1.8, r: 0, i: -1.9, z: -3, y: -3.5 },
  contrast: { u: 3, g: 3, r: 2, i: 1.2, z: 1, y: 0.9 },
};
const semiregular = {
  magnitude: -1.6,
  scatter: 0.6,
  colour: { u: 3.8, g: 1.5, r: 0, i: -1.1, z: -1.7, y: -2 },
  contrast: { u: 0.5, g: 0.5, r: 0.4, i: 0.3, z: 0.25, y: 0.2 },
};

const miras: readonly Population[] = [
  { component: "thin disc", perKpc3: 60, ...mira },
  { component: "thick disc", perKpc3: 4, ...mira },
  { component: "bulge", perKpc3: 5_000, ...mira },
];
const semiregulars: readonly Population[] = [
  { component: "thin disc", perKpc3: 200, ...semiregular },
  { component: "thick disc", perKpc3: 30, ...semiregular },
  { component: "halo", perKpc3: 0.5, ...semiregular },
  { component: "bulge", perKpc3: 14_000, ...semiregular },
];

/** Rises faster than it falls. */
const miraShape = waveformOf(
  fourier([
    [1, 0],
    [0.2, 2.4],
  ]),
);
/**
 * Amplitudes relative to r: they grow to the blue, as TiO bands come and go (Iwanek et al. 2021,
 * ApJS 257, 23).
 */
const amplitudes: PerBand = { u: 1.3, g: 1.3, r: 1, i: 0.65, z: 0.55, y: 0.5 };

function vary({ population }: Star, random: Random): Variation {
  return miras.includes(population) ? pulsation(random) : twoPulsations(random);
}

/** A Mira: 100–600 days; its amplitude comes and goes a little over some ten cycles. */
function pulsation(random: Random): Variation {
  const periodDays = Math.min(600, Math.max(100, 290 * 10 ** (0.14 * random.normal())));
  const amplitudeMagR = random.between(1.7, 4.5);
  const epochMjd = 58000 + periodDays * random.uniform();
  const slowDays = periodDays * random.between(7, 13);
  const cycle = { waveform: miraShape, periodDays, epochMjd, amplitudeMagR };
  const slow = {
    waveform: sine,
    periodDays: slowDays,
    epochMjd: epochMjd + slowDays * random.uniform(),
    amplitudeMagR: 0.3,
  };
  return {
    change: periodic(amplitudes, cycle, slow),
    parameters: { periodDays, epochMjd, amplitudeMagR, slowDays },
  };
}

/** A semi-regular giant: two periods that beat. */
function twoPulsations(random: Random): Variation {
  const periodDays = 80 * 4 ** random.uniform();
  const amplitudeMagR = 0.15 + 0.6 * random.uniform() ** 2;
  const secondPeriodDays = periodDays * random.between(1.6, 2.1);
  const secondAmplitudeMagR = amplitudeMagR * random.between(0.3, 1);
  const epochMjd = 58000 + periodDays * random.uniform();
  const secondEpochMjd = epochMjd + secondPeriodDays * random.uniform();
  const first = { waveform: sine, periodDays, epochMjd, amplitudeMagR };
  const second = {
    waveform: sine,
    periodDays: secondPeriodDays,
    epochMjd: secondEpochMjd,
    amplitudeMagR: secondAmplitudeMagR,
  };
  return {
    change: periodic(amplitudes, first, second),
    parameters: {
      periodDays,
      epochMjd,
      amplitudeMagR,
      secondPeriodDays,
      secondEpochMjd,
      secondAmplitudeMagR,
    },
  };
}

export const longPeriod = stellarClass(
  {
    name: "long_period",
    title: "Long-period variable",
    about:
      "Red giants: Miras of 100–600 days with up to 6 mag in g, and about ten times as many semi-regular ones with two beating periods of 80–670 days and some tenths of a magnitude. " +
      "Near ones saturate, so there are about the 130,000 that ZTF found, not the 1.7 million of Gaia DR3.",
    papers: [
      "Chen et al. 2020, ApJS 249, 18 (numbers)",
      "Lebzelter et al. 2023, A&A 674, A15 (numbers, with near ones)",
      "Iwanek et al. 2022, ApJS 260, 46 (Miras of the bulge and disc)",
      "Iwanek et al. 2021, ApJS 257, 23 (amplitude and wavelength)",
      "Soszyński et al. 2013, Acta Astron. 63, 21 (semi-regular giants)",
    ],
    simbadType: "LPV*",
    vsxType: "LPV",
  },
  [...miras, ...semiregulars],
  vary,
);
