import type { Random } from "../random.ts";
import { faintest } from "../survey/telescope.ts";
import {
  brighterThan,
  drawAsteroid,
  epoch,
  magnitudeOfRank,
  rayleigh,
  type SizeDistribution,
} from "./asteroid.ts";
import type { MovingClass } from "./class.ts";

/** 962 brighter than H = 17.75, 28,000 than 22, 800,000 than 25 (Granvik et al. 2018, table 6). */
const sizes: SizeDistribution = { h: 22, count: 28_000, brightSlope: 0.345, faintSlope: 0.485 };

export const nearEarth: MovingClass = {
  kind: "moving",
  name: "near_earth",
  title: "Near-Earth asteroid",
  about:
    "Asteroids with perihelia inside 1.3 au. All those that are bright enough at 1 au from the Sun and from the Earth, and no smaller ones: of the many that are seen only within " +
    "0.5 au, most are left out. Unperturbed orbits, so that close encounters do not bend them.",
  papers: ["Granvik et al. 2018, Icarus 312, 181", "Warner et al. 2009, Icarus 202, 134"],
  count: (telescope) => brighterThan(sizes, faintest(telescope)),
  draw(telescope, random) {
    const h = magnitudeOfRank(
      sizes,
      (1 - random.uniform()) * brighterThan(sizes, faintest(telescope)),
    );
    const { a, e } = drawShape(random);
    const inclination = Math.min(150, rayleigh(13, random));
    const orbit = {
      a,
      e,
      inclination,
      node: random.between(0, 360),
      perihelion: random.between(0, 360),
      meanAnomaly: random.between(0, 360),
      epoch,
    };
    return drawAsteroid(orbit, h, random.uniform() < 0.6 ? "s" : "c", 20.5, random);
  },
};

/**
 * Semi-major axes of 0.5 to 4.2 au and perihelia that crowd towards 1.3 au, where they come from
 * the main belt (after figures 12 to 14 of Granvik et al. 2018).
 */
function drawShape(random: Random): { readonly a: number; readonly e: number } {
  for (;;) {
    const q = 1.3 * Math.sqrt(random.uniform());
    const e = Math.abs(0.5 + 0.2 * random.normal());
    const a = q / (1 - e);
    if (q > 0.1 && e < 0.95 && a > 0.5 && a < 4.2) return { a, e };
  }
}
