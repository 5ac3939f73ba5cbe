import { type PerBand, type Population, sourceOf, starAt, starsOf } from "./stellar.ts";
import type { FixedClass } from "./class.ts";
import type { Random } from "../random.ts";
import type { Patch } from "../survey/fields.ts";

const giant: PerBand = { u: 2.7, g: 0.8, r: 0, i: -0.3, z: -0.45, y: -0.5 };
const dwarf: PerBand = { u: 1.7, g: 0.45, r: 0, i: -0.15, z: -0.2, y: -0.22 };
/** Magnified four times: closer than a quarter of the Einstein radius, as one event of four. */
const contrast: PerBand = { u: 3, g: 3, r: 3, i: 3, z: 3, y: 3 };

/**
 * The stars behind lenses: red clump and turn-off. Bulge: as many as to be seen in Baade's window
 * (Holtzman et al. 1998, AJ 115, 1946).
 */
const populations: readonly Population[] = [
  { component: "bulge", perKpc3: 5e7, magnitude: 0.7, scatter: 0.5, colour: giant, contrast },
  { component: "bulge", perKpc3: 8e8, magnitude: 4.2, scatter: 0.6, colour: dwarf, contrast },
  { component: "thin disc", perKpc3: 2e5, magnitude: 0.7, scatter: 0.6, colour: giant, contrast },
  { component: "thin disc", perKpc3: 3e6, magnitude: 4, scatter: 0.8, colour: dwarf, contrast },
];

/** Longer events exist, but their ends would be steps. */
const [lastsDays, longestEinsteinDays] = [400, 120];

/**
 * Events per star and day: Mróz et al. 2019, ApJS 244, 29, eq. 12 towards the bulge; Mróz et al.
 * 2020, ApJS 249, 16 along the plane.
 */
function eventRate({ l, b }: Patch): number {
  const fromCentre = l > 180 ? l - 360 : l;
  const towardsBulge =
    13.4e-6 * Math.exp(0.49 * (3 - Math.max(1.5, Math.abs(b))) - (fromCentre / 7) ** 2 / 2);
  const towardsDisc = 1.3e-6 * Math.exp((-Math.abs(b) - Math.abs(fromCentre) / 32) / 3);
  return (towardsBulge + towardsDisc) / 365.25;
}

const events = starsOf(populations, eventRate);

/**
 * Flux over that without a lens, at a distance of `u` Einstein radii (Paczyński 1986, ApJ 304, 1).
 */
export function magnification(u: number): number {
  return (u * u + 2) / (u * Math.sqrt(u * u + 4));
}

export const microlensing: FixedClass = {
  kind: "fixed",
  name: "microlensing",
  title: "Microlensing event",
  about:
    "A star of the bulge or the disc behind a lens: Paczyński's curve, the same in all bands, with light of neighbours blended in. " +
    "Event rates fall with latitude and away from the bulge; one lens with one star only.",
  papers: [
    "Paczyński 1986, ApJ 304, 1 (light curve)",
    "Mróz et al. 2019, ApJS 244, 29 (bulge: rates and Einstein times)",
    "Mróz et al. 2020, ApJS 249, 16 (disc)",
  ],
  vsxType: "Microlens",
  lastsDays: [-lastsDays, lastsDays],
  density: events.expected,
  draw: (patch, telescope, epochMjd, random) => {
    const star = starAt(events.place(patch, telescope, random), telescope, random);
    const { einsteinDays, impact, blend } = lens(patch, random);
    const change = (mjd: number): number => {
      const days = mjd - epochMjd;
      if (Math.abs(days) > lastsDays) return 0;
      return blend * (magnification(Math.sqrt(impact ** 2 + (days / einsteinDays) ** 2)) - 1);
    };
    const source = sourceOf(
      star,
      { change, parameters: { einsteinDays, impact, blend } },
      epochMjd,
    );
    const magnitude = star.magnitude - 2.5 * Math.log10(1 + change(epochMjd));
    return { ...source, truth: { ...source.truth, magnitude } };
  },
};

/**
 * `impact`: closest approach in Einstein radii; `blend`: share of the light that is of the lensed
 * star.
 */
function lens(
  { b }: Patch,
  random: Random,
): { einsteinDays: number; impact: number; blend: number } {
  const einsteinDays = Math.min(longestEinsteinDays, 22 * 10 ** (0.35 * random.normal()));
  const impact = Math.max(0.003, random.uniform());
  const blend = Math.abs(b) < 10 ? random.between(0.2, 1) : 1;
  return { einsteinDays, impact, blend };
}
