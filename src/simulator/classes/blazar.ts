import { uniformOf } from "../random.ts";
import { nucleusClass } from "./active-nucleus.ts";
import { dampedRandomWalk } from "./damped-random-walk.ts";
import { normalWithin } from "./extragalactic.ts";

/** One flare may begin in each of these. */
const flareEveryDays = 150;

export const blazar = nucleusClass({
  name: "blazar",
  title: "Blazar",
  about:
    "The jet of an active nucleus that points at us: a power law F_ν ∝ ν^−1.2 with red noise (two damped random walks, of weeks to months and of days) " +
    "and flares, each a fast exponential rise and a slower fall. Their density is chosen to give about one in 10 square degrees brighter than 19 mag.",
  papers: [
    "Massaro et al. 2015, Ap&SS 357, 75 (numbers: Roma-BZCAT)",
    "Ruan et al. 2012, ApJ 760, 51 (damped random walk of blazars)",
    "Abdo et al. 2010, ApJ 722, 520 (shape of flares)",
  ],
  simbadType: "Bla",
  vsxType: "BLLAC",
  population: {
    density: (z) => 2.2e-8 * (1 + Math.min(z, 1.5)) ** 3,
    brightest: -28,
    faintest: -22,
    abundance: (magnitude) => 10 ** (0.35 * magnitude),
  },
  spectrum: { slope: 1.2, band: "r", redshift: 0 },
  hostMagnitude: -22,
  margin: 0.5,
  variation(random, _absoluteMagnitude, redshift) {
    const tauDays = 60 * (1 + redshift) * Math.exp(normalWithin(random, 0, 0.6, -1.5, 1.5));
    const amplitudeMagnitudes = normalWithin(random, 0.35, 0.12, 0.1, 0.7);
    const flareDays = 8 * Math.exp(normalWithin(random, 0, 0.5, -1, 1));
    const seed = random.integer(2 ** 31 - 1);
    return {
      at(mjd) {
        const noise =
          amplitudeMagnitudes * dampedRandomWalk(seed, tauDays, mjd) +
          0.06 * dampedRandomWalk(seed + 1, 2, mjd);
        return Math.expm1(0.4 * Math.LN10 * noise) + flares(seed, flareDays, mjd);
      },
      parameters: { tauDays, amplitudeMagnitudes, flareDays },
    };
  },
});

/**
 * What the flares of this bin of time and the two around it add to the mean flux, which is 1. Half
 * of the bins have one.
 */
function flares(seed: number, flareDays: number, mjd: number): number {
  const bin = Math.floor(mjd / flareEveryDays);
  return (
    flare(seed, flareDays, bin - 1, mjd) +
    flare(seed, flareDays, bin, mjd) +
    flare(seed, flareDays, bin + 1, mjd)
  );
}

function flare(seed: number, flareDays: number, bin: number, mjd: number): number {
  const chance = uniformOf(seed, bin, 1);
  if (chance < 0.5) return 0;
  const since = mjd - flareEveryDays * (bin + uniformOf(seed, bin, 2));
  if (Math.abs(since) > flareEveryDays) return 0;
  const height = -0.6 * Math.log(2 * (1 - chance));
  return height * Math.exp(since < 0 ? (since * 3) / flareDays : -since / flareDays);
}
