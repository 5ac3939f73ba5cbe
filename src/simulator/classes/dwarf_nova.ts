import { type PerBand, type Star, stellarClass, type Variation } from "./stellar.ts";
import { type Random, uniformOf } from "../random.ts";
import { type Band, inEachBand } from "../survey/telescope.ts";

const colour: PerBand = { u: 0.3, g: 0.2, r: 0, i: -0.1, z: -0.15, y: -0.2 };
/** A disc in outburst is hot (10,000–20,000 K): brightens by so much more than in r. */
const bluer: PerBand = { u: 0.5, g: 0.3, r: 0, i: -0.2, z: -0.3, y: -0.35 };
const contrast = (magnitudes: number): PerBand =>
  inEachBand((band) => 10 ** (0.4 * (magnitudes + bluer[band])));

/**
 * Absolute magnitude in r at the top of an outburst, of the discs of common orbital periods (Warner
 * 1987, MNRAS 227, 23).
 */
const inOutburst = 4.9;

/**
 * Outbursts come about every `recurrenceDays`, the rarer the higher (Kukarkin & Parenago 1934;
 * Warner 1987). One begins in each bin of that length, and its time and height are hashes of the
 * bin: any time can be asked for.
 */
function vary({ absoluteMagnitude }: Star, random: Random): Variation {
  const seed = random.integer(2 ** 32);
  const amplitudeMagR = Math.min(
    8,
    Math.max(2, absoluteMagnitude - inOutburst + 0.4 * random.normal()),
  );
  const recurrenceDays = Math.min(
    5000,
    Math.max(12, 10 ** ((amplitudeMagR - 0.7 + 0.4 * random.normal()) / 1.9)),
  );
  const change = (mjd: number, band: Band): number => {
    const bin = Math.floor(mjd / recurrenceDays);
    // an outburst may still go on in the next bin, not in the one after
    const brighter = Math.max(
      outburst(bin, mjd, seed, amplitudeMagR, recurrenceDays),
      outburst(bin - 1, mjd, seed, amplitudeMagR, recurrenceDays),
    );
    return brighter === 0 ? 0 : 10 ** (0.4 * brighter * (1 + bluer[band] / amplitudeMagR)) - 1;
  };
  return { change, parameters: { amplitudeMagR, recurrenceDays } };
}

/**
 * Magnitudes above quiescence at that time, from the outburst that began in the bin: a day's rise,
 * a plateau, a decline of 0.7 mag a day.
 */
function outburst(
  bin: number,
  mjd: number,
  seed: number,
  amplitudeMagR: number,
  recurrenceDays: number,
): number {
  const days = mjd - (bin + 0.6 * uniformOf(seed, bin)) * recurrenceDays;
  if (days < 0 || days > 0.4 * recurrenceDays + 30) return 0;
  const riseDays = 1;
  if (days < riseDays) return (amplitudeMagR * days) / riseDays;
  const isSuper = uniformOf(seed, bin, 1) < 0.25;
  const plateauDays = Math.min(
    isSuper ? 14 : 2 + 4 * uniformOf(seed, bin, 2),
    0.3 * recurrenceDays,
  );
  const fade =
    0.08 * Math.min(days - riseDays, plateauDays) +
    0.7 * Math.max(0, days - riseDays - plateauDays);
  return Math.max(0, amplitudeMagR - fade);
}

export const dwarfNova = stellarClass(
  {
    name: "dwarf_nova",
    title: "Dwarf nova",
    about:
      "Cataclysmic variables in outburst: 2–8 mag within a day, a plateau of days (a quarter are superoutbursts of two weeks), a fast decline; the higher the rarer, every 12 days to 14 years. " +
      "Between outbursts they are quiet here: flickering, orbital humps and eclipses are left out.",
    papers: [
      "Pala et al. 2020, MNRAS 494, 3799 (space density, scale height)",
      "Warner 1987, MNRAS 227, 23 (brightness and recurrence)",
    ],
    simbadType: "DwarfNova",
    tnsType: "CV",
    vsxType: "UG",
  },
  [
    {
      component: "thin disc",
      perKpc3: 700,
      magnitude: 10.8,
      scatter: 0.8,
      colour,
      contrast: contrast(5.5),
    },
    {
      component: "thin disc",
      perKpc3: 40,
      magnitude: 8,
      scatter: 0.7,
      colour,
      contrast: contrast(3),
    },
  ],
  vary,
);
