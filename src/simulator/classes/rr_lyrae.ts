import { type Star, stellarClass, type Variation } from "./stellar.ts";
import type { Random } from "../random.ts";
import { fourier, periodic, waveformOf } from "./waveform.ts";

// AB colours of the middle of the instability strip and amplitudes relative to r: Sesar et al.
// 2010, ApJ 708, 717
const common = {
  magnitude: 0.55,
  scatter: 0.15,
  colour: { u: 1.35, g: 0.22, r: 0, i: -0.05, z: -0.05, y: -0.04 },
  contrast: { u: 0.8, g: 0.8, r: 0.5, i: 0.4, z: 0.35, y: 0.35 },
};
const amplitudes = { u: 1.37, g: 1.41, r: 1, i: 0.79, z: 0.75, y: 0.74 };

/**
 * A quick rise and a slow decline (RRab), nearly a sine (RRc). Typical Fourier parameters: Simon &
 * Teays 1982, ApJ 261, 586.
 */
const fundamental = waveformOf(
  fourier([
    [1, 0],
    [0.46, 2.4],
    [0.33, 5.0],
    [0.21, 7.6],
    [0.13, 10.2],
    [0.08, 12.9],
    [0.05, 15.5],
  ]),
);
const overtone = waveformOf(
  fourier([
    [1, 0],
    [0.12, 2.9],
    [0.06, 5.5],
  ]),
);

/**
 * Three of four are RRab, with a smaller amplitude at a longer period (Clement & Rowe 2000, AJ 120,
 * 2579); amplitudes there are in V, 1.18 times those in r.
 */
function vary(_star: Star, random: Random): Variation {
  const isOvertone = random.uniform() < 0.25;
  const periodDays = Math.min(
    0.95,
    Math.max(
      isOvertone ? 0.22 : 0.38,
      isOvertone ? 0.33 + 0.035 * random.normal() : 0.57 + 0.07 * random.normal(),
    ),
  );
  const inV = isOvertone
    ? 0.48 + 0.06 * random.normal()
    : 1.05 - 5 * (Math.log10(periodDays) + 0.26) + 0.12 * random.normal();
  const amplitudeMagR = Math.min(1.3, Math.max(0.2, inV)) / 1.18;
  const epochMjd = 58000 + periodDays * random.uniform();
  const waveform = isOvertone ? overtone : fundamental;
  return {
    change: periodic(amplitudes, { waveform, periodDays, epochMjd, amplitudeMagR }),
    parameters: { periodDays, epochMjd, amplitudeMagR, isOvertone: isOvertone ? 1 : 0 },
  };
}

export const rrLyrae = stellarClass(
  {
    name: "rr_lyrae",
    title: "RR Lyrae star",
    about:
      "Old pulsating stars of 0.2–0.9 days: three quarters RRab with a saw-tooth and the period–amplitude relation, the rest nearly sinusoidal RRc. " +
      "Most are in the halo and the bulge; together about as many as Gaia DR3 lists outside of the Magellanic Clouds.",
    papers: [
      "Sesar et al. 2010, ApJ 708, 717 (colours, amplitudes, local density)",
      "Clement & Rowe 2000, AJ 120, 2579 (period and amplitude)",
      "Clementini et al. 2023, A&A 674, A18 (numbers)",
    ],
    simbadType: "RRLyr",
    vsxType: "RR",
  },
  [
    { component: "halo", perKpc3: 5, ...common },
    { component: "thick disc", perKpc3: 8, ...common },
    { component: "bulge", perKpc3: 30_000, ...common },
  ],
  vary,
);
