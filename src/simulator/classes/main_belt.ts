import { type Random, randomStream } from "../random.ts";
import type { Telescope } from "../survey/telescope.ts";
import {
  brighterThan,
  drawAsteroid,
  epoch,
  magnitudeOfRank,
  rayleigh,
  reach,
  type SizeDistribution,
} from "./asteroid.ts";
import type { MovingClass } from "./class.ts";

/**
 * 700,000 brighter than H = 18 (Ivezić et al. 2001: 670,000); beyond, such that LSST can find its 5
 * million (Jones et al. 2018).
 */
const sizes: SizeDistribution = { h: 18, count: 700_000, brightSlope: 0.38, faintSlope: 0.28 };

/**
 * Semi-major axes (au) between the gaps of the 4:1, 3:1, 5:2, 7:3 and 2:1 resonances with Jupiter
 * (Kirkwood), and their shares.
 */
const zones = [
  { from: 2.1, to: 2.49, share: 0.27 },
  { from: 2.515, to: 2.81, share: 0.33 },
  { from: 2.84, to: 2.945, share: 0.11 },
  { from: 2.97, to: 3.25, share: 0.29 },
];

export const mainBelt: MovingClass = {
  kind: "moving",
  name: "main_belt",
  title: "Main-belt asteroid",
  about:
    "Asteroids between Mars and Jupiter, with Kirkwood's gaps, on unperturbed orbits. S types inside, C types outside; brightness by the H, G system and a rotation " +
    "light curve with two equal maxima. Nearly all brighter than H = 18 have a designation.",
  papers: [
    "Ivezić et al. 2001, AJ 122, 2749",
    "Jedicke, Larsen & Spahr 2002, Asteroids III, 71",
    "Gladman et al. 2009, Icarus 202, 104",
    "Jones et al. 2018, Icarus 303, 181",
    "Bowell et al. 1989, Asteroids II, 524",
    "Warner et al. 2009, Icarus 202, 134",
  ],
  count: (telescope) => brighterThan(sizes, reach(telescope, nearest)) * acceptedShare(telescope),
  draw(telescope, random) {
    const { a, e } = shapeInReach(telescope, random);
    const h = magnitudeOfRank(
      sizes,
      (1 - random.uniform()) * brighterThan(sizes, reach(telescope, a * (1 - e / 2))),
    );
    const orbit = {
      a,
      e,
      inclination: rayleigh(6.5, random),
      node: random.between(0, 360),
      perihelion: random.between(0, 360),
      meanAnomaly: random.between(0, 360),
      epoch,
    };
    // of S type are 3 in 5 at 2.2 au, 1 in 5 at 3.2 au
    const type = random.uniform() < 0.6 - 0.4 * (a - 2.2) ? "s" : "c";
    return drawAsteroid(orbit, h, type, 18.2, random);
  },
};

/** Semi-major axis and eccentricity of any asteroid; perihelia between Mars and 3 au. */
function anyShape(random: Random): { readonly a: number; readonly e: number } {
  for (;;) {
    let chosen = random.uniform();
    const zone = zones.find(({ share }) => (chosen -= share) < 0) ?? zones[0];
    const [a, e] = [random.between(zone.from, zone.to), rayleigh(0.115, random)];
    if (e < 0.4 && a * (1 - e) > 1.66) return { a, e };
  }
}

/** No orbit's a (1 − e / 2) is smaller, au: where a = 2.1 and the perihelion is at 1.66. */
const nearest = 1.88;

/**
 * Chance that an asteroid as small as any in reach is in reach on that orbit: half way between its
 * mean distance and its perihelion, which leaves out those that rarely are.
 */
function chance(
  telescope: Telescope,
  { a, e }: { readonly a: number; readonly e: number },
): number {
  return (
    brighterThan(sizes, reach(telescope, a * (1 - e / 2))) /
    brighterThan(sizes, reach(telescope, nearest))
  );
}

function shapeInReach(
  telescope: Telescope,
  random: Random,
): { readonly a: number; readonly e: number } {
  for (;;) {
    const shape = anyShape(random);
    if (random.uniform() < chance(telescope, shape)) return shape;
  }
}

/** Mean of `chance`, from a sample that is the same each time. */
function acceptedShare(telescope: Telescope): number {
  const [random, tries] = [randomStream(0), 4000];
  let sum = 0;
  for (let i = 0; i < tries; i++) sum += chance(telescope, anyShape(random));
  return sum / tries;
}
