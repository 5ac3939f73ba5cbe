import { type Star, stellarClass, type Variation } from "./stellar.ts";
import type { Random } from "../random.ts";
import { fourier, periodic, waveformOf } from "./waveform.ts";

const common = {
  component: "young disc" as const,
  colour: { u: 2.1, g: 0.5, r: 0, i: -0.2, z: -0.28, y: -0.32 },
  contrast: { u: 0.8, g: 0.6, r: 0.4, i: 0.3, z: 0.28, y: 0.26 },
};
const amplitudes = { u: 2, g: 1.45, r: 1, i: 0.77, z: 0.68, y: 0.63 };

/**
 * Of some five days; the bump that longer periods have on their way through ten days (Hertzsprung's
 * progression) is left out.
 */
const waveform = waveformOf(
  fourier([
    [1, 0],
    [0.42, 2.7],
    [0.19, 5.2],
    [0.08, 7.7],
  ]),
);

/** Leavitt's law in r (AB), from V and I of Fouqué et al. 2007, A&A 476, 73. */
const [slope, atTenDays] = [-2.85, -4.25];

/** The period follows from the luminosity; amplitudes grow with it. */
function vary({ absoluteMagnitude }: Star, random: Random): Variation {
  const logPeriod = 1 + (absoluteMagnitude - atTenDays + 0.15 * random.normal()) / slope;
  const periodDays = 10 ** Math.min(1.8, Math.max(0.2, logPeriod));
  const amplitudeMagR = Math.min(
    1,
    Math.max(0.2, 0.4 + 0.25 * Math.log10(periodDays) + 0.12 * random.normal()),
  );
  const epochMjd = 58000 + periodDays * random.uniform();
  return {
    change: periodic(amplitudes, { waveform, periodDays, epochMjd, amplitudeMagR }),
    parameters: { periodDays, epochMjd, amplitudeMagR },
  };
}

export const cepheid = stellarClass(
  {
    name: "cepheid",
    title: "Classical Cepheid",
    about:
      "Young supergiants that pulsate with 2–60 days by the period–luminosity relation. Near ones saturate: what gives alerts lies far off in the disc, behind dust. " +
      "Numbers are such that there are about the thousand that ZTF found; the bump of periods near ten days is left out.",
    papers: [
      "Fouqué et al. 2007, A&A 476, 73 (period and luminosity)",
      "Chen et al. 2020, ApJS 249, 18 (numbers)",
      "Ripepi et al. 2023, A&A 674, A17 (numbers, with near ones)",
    ],
    simbadType: "deltaCep",
    vsxType: "DCEP",
  },
  [
    { ...common, perKpc3: 35, magnitude: -2.9, scatter: 0.4 },
    { ...common, perKpc3: 15, magnitude: -4.2, scatter: 0.6 },
  ],
  vary,
);
