import { normalDegrees } from "../../sky/angle.ts";
import {
  brighterThan,
  drawAsteroid,
  epoch,
  magnitudeOfRank,
  rayleigh,
  reach,
  type SizeDistribution,
} from "./asteroid.ts";
import type { Telescope } from "../survey/telescope.ts";
import type { MovingClass } from "./class.ts";

/** 7,500 brighter than H = 14, where the catalogue is complete. */
const sizes: SizeDistribution = { h: 14, count: 7500, brightSlope: 0.5, faintSlope: 0.4 };

/**
 * Jupiter's semi-major axis, au, and its mean longitude at `epoch`, degrees (Standish & Williams
 * 1992, Explanatory Supplement, table 5.8.1).
 */
const jupiter = { a: 5.2026, longitude: 34.396 + (3034.7461 / 36525) * (epoch - 51544.5) };

export const trojan: MovingClass = {
  kind: "moving",
  name: "trojan",
  title: "Jupiter trojan",
  about:
    "Asteroids 60° before (8 of 13) and behind Jupiter on its orbit, of the reddish D type, scattered about the Lagrangian points as libration scatters them: here they keep their place " +
    "to some degrees in a decade, without libration.",
  papers: [
    "Yoshida & Nakamura 2005, AJ 130, 2900",
    "Szabó et al. 2007, MNRAS 377, 1393",
    "Grav et al. 2011, ApJ 742, 40",
  ],
  count: (telescope) => brighterThan(sizes, faintestH(telescope)),
  draw(telescope, random) {
    const a = jupiter.a + 0.03 * random.normal();
    const e = Math.min(0.25, rayleigh(0.05, random));
    const h = magnitudeOfRank(
      sizes,
      (1 - random.uniform()) * brighterThan(sizes, faintestH(telescope)),
    );
    const fromJupiter = (random.uniform() < 8 / 13 ? 60 : -60) + 12 * random.normal();
    const [node, perihelion] = [random.between(0, 360), random.between(0, 360)];
    const meanAnomaly = normalDegrees(jupiter.longitude + fromJupiter - node - perihelion);
    return drawAsteroid(
      { a, e, inclination: rayleigh(9, random), node, perihelion, meanAnomaly, epoch },
      h,
      "d",
      15,
      random,
    );
  },
};

/** In reach half way to the perihelion at an eccentricity of 0.1. */
function faintestH(telescope: Telescope): number {
  return reach(telescope, jupiter.a * 0.95);
}
