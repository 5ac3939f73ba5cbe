import { kept } from "../../kept.ts";
import {
  type Component,
  type LineOfSight,
  linesOfSight,
  relativeDensity,
} from "../cosmos/milky-way.ts";
import { extinctionV, transmission } from "../cosmos/dust.ts";
import { abFlux } from "../photometry.ts";
import type { Random } from "../random.ts";
import { type Patch, positionIn } from "../survey/fields.ts";
import {
  type Band,
  bandsOf,
  inEachBand,
  type SurveyName,
  type Telescope,
} from "../survey/telescope.ts";
import type { FixedClass, Source } from "./class.ts";

export type PerBand = Readonly<Record<Band, number>>;

/** Stars of one kind in one component of the Galaxy. */
export interface Population {
  readonly component: Component;
  /** Near the Sun; in the bulge: at the Galactic centre. */
  readonly perKpc3: number;
  /**
   * Absolute magnitude in r (AB) of the flux on the reference image, and its standard deviation.
   */
  readonly magnitude: number;
  readonly scatter: number;
  /** Magnitude in that band minus r, without dust. */
  readonly colour: PerBand;
  /**
   * The largest change that is not rare, relative to the flux on the reference image: how much
   * fainter than the limit of a visit such a star may be.
   */
  readonly contrast: PerBand;
}

export interface Place {
  readonly ra: number;
  readonly dec: number;
  readonly distancePc: number;
  readonly extinctionV: number;
  readonly population: Population;
}

export interface Star extends Place {
  readonly absoluteMagnitude: number;
  /** r, as observed. */
  readonly magnitude: number;
  /** On the reference image, nJy, as it arrives. */
  readonly flux: PerBand;
}

export interface Variation {
  /**
   * Change of the flux relative to that on the reference image; any order of calls gives the same
   * numbers.
   */
  change(mjd: number, band: Band): number;
  readonly parameters: Readonly<Record<string, number>>;
}

type Description = Omit<FixedClass, "kind" | "lastsDays" | "density" | "draw">;

/** A class of stars that always vary. */
export function stellarClass(
  description: Description,
  populations: readonly Population[],
  vary: (star: Star, random: Random) => Variation,
): FixedClass {
  const stars = starsOf(populations);
  return {
    ...description,
    kind: "fixed",
    lastsDays: null,
    density: stars.expected,
    draw: (patch, telescope, _epoch, random) => {
      const star = starAt(stars.place(patch, telescope, random), telescope, random);
      return sourceOf(star, vary(star, random), null);
    },
  };
}

export function sourceOf(
  star: Star,
  { change, parameters }: Variation,
  peakMjd: number | null,
): Source {
  const { ra, dec, flux, distancePc, magnitude } = star;
  return {
    ra,
    dec,
    flux: (mjd, band) => flux[band] * change(mjd, band),
    referenceFlux: (band) => flux[band],
    galaxy: null,
    truth: {
      redshift: null,
      distancePc,
      peakMjd,
      magnitude,
      extinctionV: star.extinctionV,
      parameters,
    },
  };
}

/** A star of the place's population. */
export function starAt(place: Place, telescope: Telescope, random: Random): Star {
  const { ra, dec, distancePc, population } = place;
  const modulus = 5 * Math.log10(distancePc / 10);
  const deviation = population.scatter * random.normal();
  // at its place a mean star does not saturate: neither may this one
  const saturates =
    population.magnitude + deviation + modulus + place.extinctionV * perV.r <
    saturation[telescope.survey];
  const absoluteMagnitude = population.magnitude + (saturates ? Math.abs(deviation) : deviation);
  const undimmed = abFlux(absoluteMagnitude + modulus);
  const flux = inEachBand(
    (band) => undimmed * 10 ** (-0.4 * (population.colour[band] + place.extinctionV * perV[band])),
  );
  return {
    ra,
    dec,
    distancePc,
    extinctionV: place.extinctionV,
    population,
    absoluteMagnitude,
    magnitude: 31.4 - 2.5 * Math.log10(flux.r),
    flux,
  };
}

/**
 * Where the stars of these populations are that the telescope can see vary. `weight`: to count,
 * instead of stars, what happens to them, depending on the direction.
 */
export function starsOf(
  populations: readonly Population[],
  weight: (line: LineOfSight) => number = () => 1,
): {
  expected(patch: Patch, telescope: Telescope): number;
  place(patch: Patch, telescope: Telescope, random: Random): Place;
} {
  const tables = new WeakMap<Telescope, WeakMap<Patch, Table>>();
  const tableOf = (patch: Patch, telescope: Telescope): Table => {
    const ofTelescope = kept(tables, telescope, () => new WeakMap<Patch, Table>());
    return kept(ofTelescope, patch, () => tabulate(populations, patch, telescope, weight));
  };
  return {
    expected: (patch, telescope) => tableOf(patch, telescope).numbers.at(-1)!,
    place: (patch, telescope, random) =>
      placeFrom(tableOf(patch, telescope), populations, linesOfSight(patch), random),
  };
}

/** Shells of distance, in equal steps of log distance. */
const shellCount = 30;

/**
 * Stars brighter than this saturate: they give no alerts. Masci et al. 2019, PASP 131, 018003;
 * Ivezić et al. 2019, ApJ 873, 111.
 */
const saturation: Readonly<Record<SurveyName, number>> = { ztf: 12.5, lsst: 16 };

/**
 * By how much a visit may be deeper than the median, or noise lift what is below its limit, mag.
 */
const margin = 0.4;

/** A_band / A_V */
const perV = inEachBand((band) => -2.5 * Math.log10(transmission(1, band)));

interface Table {
  /** Expected numbers, summed up over populations, lines of sight and shells, in that order. */
  readonly numbers: Float32Array;
  /** Of each population. */
  readonly shells: readonly Shells[];
}

/** Where the first begins, and the ratio of the outer to the inner radius of each. */
interface Shells {
  readonly nearKpc: number;
  readonly step: number;
}

function tabulate(
  populations: readonly Population[],
  patch: Patch,
  telescope: Telescope,
  weight: (line: LineOfSight) => number,
): Table {
  const shells = populations.map((population) => shellsOf(population, telescope));
  const lines = linesOfSight(patch);
  const numbers = new Float32Array(populations.length * lines.length * shellCount);
  let [sum, cell] = [0, 0];
  for (const [i, population] of populations.entries()) {
    const { nearKpc, step } = shells[i];
    const isVisible = visibility(population, telescope);
    for (const line of lines) {
      const perKpc3 = population.perKpc3 * weight(line);
      const steradians = line.areaSquareDegrees * (Math.PI / 180) ** 2;
      for (let shell = 0; shell < shellCount; shell++) {
        const distanceKpc = nearKpc * step ** (shell + 0.5);
        const volumeKpc3 = (steradians * distanceKpc ** 3 * (step ** 1.5 - step ** -1.5)) / 3;
        if (isVisible(line, distanceKpc))
          sum += perKpc3 * volumeKpc3 * relativeDensity(population.component, line, distanceKpc);
        numbers[cell++] = sum;
      }
    }
  }
  return { numbers, shells };
}

/**
 * From where the star, without dust, no longer saturates to where it is last seen to vary, but not
 * out of the Galaxy.
 */
function shellsOf(population: Population, telescope: Telescope): Shells {
  const faintest = Math.max(
    ...bandsOf(telescope).map(
      (band) => limitIn(band, population, telescope) - population.colour[band],
    ),
  );
  const kpcOf = (magnitude: number): number => 10 ** ((magnitude - population.magnitude - 10) / 5);
  const nearKpc = Math.max(0.005, kpcOf(saturation[telescope.survey]));
  const farKpc = Math.max(nearKpc * 1.01, Math.min(300, kpcOf(faintest)));
  return { nearKpc, step: (farKpc / nearKpc) ** (1 / shellCount) };
}

/** Magnitude in that band at which the star's largest usual change is 5 σ. */
function limitIn(band: Band, { contrast }: Population, telescope: Telescope): number {
  return telescope.bands[band]!.depth + 2.5 * Math.log10(contrast[band]) + margin;
}

function visibility(
  population: Population,
  telescope: Telescope,
): (line: LineOfSight, distanceKpc: number) => boolean {
  const limits = bandsOf(telescope).map((band) => ({
    limit: limitIn(band, population, telescope) - population.colour[band],
    perV: perV[band],
  }));
  return (line, distanceKpc) => {
    const undimmed = population.magnitude + 10 + 5 * Math.log10(distanceKpc);
    const extinction = extinctionV(line.b, distanceKpc);
    if (undimmed + extinction * perV.r < saturation[telescope.survey]) return false;
    for (const { limit, perV } of limits) if (undimmed + extinction * perV < limit) return true;
    return false;
  };
}

function placeFrom(
  { numbers, shells }: Table,
  populations: readonly Population[],
  lines: readonly LineOfSight[],
  random: Random,
): Place {
  const target = numbers[numbers.length - 1] * random.uniform();
  const cell = firstAbove(numbers, target);
  const before = cell === 0 ? 0 : numbers[cell - 1];
  const line = lines[Math.floor(cell / shellCount) % lines.length];
  const number = Math.floor(cell / (shellCount * lines.length));
  const { nearKpc, step } = shells[number];
  const distanceKpc =
    nearKpc * step ** ((cell % shellCount) + (target - before) / (numbers[cell] - before));
  const { ra, dec } = positionIn(line, random);
  return {
    ra,
    dec,
    distancePc: 1000 * distanceKpc,
    extinctionV: extinctionV(line.b, distanceKpc),
    population: populations[number],
  };
}

/** The first cell whose sum is above the target. */
function firstAbove(numbers: Float32Array, target: number): number {
  let [low, high] = [0, numbers.length - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (numbers[middle] > target) high = middle;
    else low = middle + 1;
  }
  return low;
}
