import { kept } from "../../kept.ts";
import type { Telescope } from "../survey/telescope.ts";
import type { Random } from "../random.ts";
import { maxRedshift, volumePerRedshift } from "./cosmology.ts";
import { distributionOf } from "./distribution.ts";

/** How a class fills the universe. */
export interface Population {
  /**
   * At that redshift, per comoving Mpc³ (and, of events, per year as the observer counts), over all
   * magnitudes.
   */
  density(redshift: number): number;
  /** Absolute AB magnitudes and how many have each, on any scale. */
  readonly brightest: number;
  readonly faintest: number;
  abundance(magnitude: number): number;
  /** Magnitudes by which all are brighter at that redshift. */
  brightening?(redshift: number): number;
  /** The faintest absolute magnitude that the telescope can see there. */
  limit(telescope: Telescope, redshift: number): number;
}

/** What of a population a telescope can see. */
export interface Visible {
  readonly perSquareDegree: number;
  draw(random: Random): { readonly redshift: number; readonly absoluteMagnitude: number };
}

/** Nothing is nearer than 1.3 Mpc, or farther than half of the table of distances. */
const [nearest, farthest] = [0.0003, maxRedshift / 2];
const steps = 400;

/** A function that computes what a telescope can see of the population, once per telescope. */
export function visibleOf(population: Population): (telescope: Telescope) => Visible {
  const cache = new WeakMap<Telescope, Visible>();
  return (telescope) => kept(cache, telescope, () => visibleTo(telescope, population));
}

function visibleTo(
  telescope: Telescope,
  { density, brightest, faintest, abundance, brightening = () => 0, limit }: Population,
): Visible {
  const magnitudes = distributionOf(brightest, faintest, 200, abundance);
  const limitBefore = (z: number): number => limit(telescope, z) + brightening(z);
  let edge = nearest;
  while (edge < farthest && limitBefore(edge) > brightest) edge *= 1.02;
  /** How many of the magnitudes are seen, by equal steps of redshift. */
  const width = (edge - nearest) / steps;
  const seen = Float64Array.from({ length: steps }, (_, i) =>
    magnitudes.below(limitBefore(nearest + (i + 0.5) * width)),
  );
  const stepOf = (z: number): number => Math.min(Math.floor((z - nearest) / width), steps - 1);
  const redshifts = distributionOf(
    nearest,
    edge,
    steps,
    (z) => (density(z) * volumePerRedshift(z) * seen[stepOf(z)]) / magnitudes.total,
  );
  return {
    perSquareDegree: redshifts.total,
    draw(random) {
      const redshift = redshifts.at(redshifts.total * random.uniform());
      const magnitude = magnitudes.at(seen[stepOf(redshift)] * random.uniform());
      return { redshift, absoluteMagnitude: magnitude - brightening(redshift) };
    },
  };
}
