import { type PerBand, type Star, stellarClass, type Variation } from "./stellar.ts";
import { hashOf, type Random } from "../random.ts";
import { type Band, inEachBand, wavelengthNm } from "../survey/telescope.ts";

// quiescent colours: West et al. 2011, AJ 141, 97
const typeM3: PerBand = { u: 4.1, g: 1.5, r: 0, i: -1.2, z: -1.8, y: -2.1 };
const typeM5: PerBand = { u: 4.3, g: 1.6, r: 0, i: -1.9, z: -2.9, y: -3.4 };
const contrastM3: PerBand = { u: 30, g: 3, r: 0.7, i: 0.2, z: 0.1, y: 0.07 };
const contrastM5: PerBand = { u: 90, g: 8, r: 1.8, i: 0.3, z: 0.1, y: 0.07 };

/** At most one flare begins in a bin. */
const binDays = 0.5;
/** Then even the longest is over by the end of the next bin. */
const longestWidthDays = 0.02;

/**
 * Flares are as hot as 10,000 K (Kowalski et al. 2013, ApJS 207, 15): their flux in that band
 * relative to g.
 */
const flareColour = inEachBand((band) => planck(band) / planck("g"));

/** Black body of 10,000 K per unit of frequency. */
function planck(band: Band): number {
  const hvOverKT = 14387.77 / (wavelengthNm[band] * 1e-3 * 10_000);
  return wavelengthNm[band] ** -3 / Math.expm1(hvOverKT);
}

/**
 * Flares of energies by a power law, N(> E) ∝ E^-0.9. Amplitude grows as E^0.7 and the full width
 * at half maximum as E^0.3, so that E ∝ amplitude · width. Whether, when and how strong a star
 * flares in a bin of time is a hash of the bin: any time can be asked for.
 */
function vary({ population }: Star, random: Random): Variation {
  const seed = random.integer(2 ** 32);
  const isLate = population.colour === typeM5;
  const flaresPerDay = Math.min(1 / binDays, (isLate ? 1.2 : 0.6) * 10 ** (0.4 * random.normal()));
  const smallestAmplitudeG = isLate ? 0.3 : 0.1;
  const { colour } = population;
  const change = (mjd: number, band: Band): number => {
    const bin = Math.floor(mjd / binDays);
    const inG =
      flareIn(bin, mjd, seed, flaresPerDay, smallestAmplitudeG) +
      flareIn(bin - 1, mjd, seed, flaresPerDay, smallestAmplitudeG);
    return inG === 0 ? 0 : inG * flareColour[band] * 10 ** (0.4 * (colour[band] - colour.g));
  };
  return { change, parameters: { flaresPerDay, smallestAmplitudeG } };
}

/** Flux at that time of the flare that began in the bin, relative to the quiet star in g. */
function flareIn(
  bin: number,
  mjd: number,
  seed: number,
  flaresPerDay: number,
  smallestAmplitudeG: number,
): number {
  if (hashOf(seed, bin) > flaresPerDay * binDays * 2 ** 32) return 0;
  // the strongest: a hundred thousand times the energy of the weakest
  const energy = Math.max(1e-5, hashOf(seed, bin, 1) / 2 ** 32) ** (-1 / 0.9);
  const widthDays = Math.min(longestWidthDays, 0.002 * energy ** 0.3);
  const peakMjd = (bin + hashOf(seed, bin, 2) / 2 ** 32) * binDays + widthDays;
  return smallestAmplitudeG * energy ** 0.7 * template((mjd - peakMjd) / widthDays);
}

/** Davenport et al. 2014, ApJ 797, 122, eq. 1 and 4; time in full widths at half maximum. */
function template(t: number): number {
  if (t < -1 || t > 20) return 0;
  if (t < 0) return Math.max(0, 1 + t * (1.941 + t * (-0.175 + t * (-2.246 - t * 1.125))));
  return 0.689 * Math.exp(-1.6 * t) + 0.303 * Math.exp(-0.2783 * t);
}

export const flareStar = stellarClass(
  {
    name: "flare_star",
    title: "Flare star",
    about:
      "Active M dwarfs: minutes to hours of blue light with the template of Davenport et al., energies by a power law, hot as 10,000 K. " +
      "All flares are given to the few per cent of the stars that flare daily; in u there are about a twentieth of the flares per square degree and hour that SDSS saw, the small ones being left out.",
    papers: [
      "Davenport et al. 2014, ApJ 797, 122 (shape)",
      "Kowalski et al. 2009, AJ 138, 633 (flares per square degree)",
      "Kowalski et al. 2013, ApJS 207, 15 (temperature)",
      "West et al. 2011, AJ 141, 97 (colours, activity)",
    ],
    simbadType: "Flare*",
    tnsType: "M dwarf",
    vsxType: "UV",
  },
  // 1 % of the early and 5 % of the late M dwarfs flare daily
  [
    {
      component: "thin disc",
      perKpc3: 80_000,
      magnitude: 10.3,
      scatter: 0.7,
      colour: typeM3,
      contrast: contrastM3,
    },
    {
      component: "thin disc",
      perKpc3: 400_000,
      magnitude: 13,
      scatter: 1,
      colour: typeM5,
      contrast: contrastM5,
    },
  ],
  vary,
);
