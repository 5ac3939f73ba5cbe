import type { ClassModel } from "../classes/class.ts";
import type { HostTruth, ObjectTruth } from "../night/batch.ts";
import type { Random } from "../random.ts";
import { shifted, type Sight, type Star } from "./catalogue.ts";

/** What other telescopes see where the object is. */
export function sightOf(
  object: ObjectTruth,
  model: ClassModel,
  firstAlert: number,
  random: Random,
): Sight {
  if (model.kind === "moving") return { object, model, firstAlert, stars: [], galaxies: [] };
  const own = starOf(object, model);
  const host = object.host && { ...object.host, ...shifted(object.host.ra, object.host.dec, 0, 0) };
  return {
    object,
    model,
    firstAlert,
    stars: [...(own ? [own] : []), ...chanceStars(object, random)],
    galaxies: [...(host ? [host] : []), ...chanceGalaxies(object, random)],
  };
}

/** 32 bits of a text (FNV-1a). */
export function hashOfText(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}

/**
 * The star that varies, or the nucleus of an active galaxy; null for what was dark before, and for
 * artefacts.
 */
function starOf(
  { ra, dec, referenceMagnitude, distancePc, redshift }: ObjectTruth,
  model: ClassModel,
): Star | null {
  if (model.kind !== "fixed" || referenceMagnitude === null) return null;
  const isNucleus = distancePc === null && redshift !== null && model.lastsDays === null;
  return distancePc !== null || isNucleus
    ? { ra, dec, magnitude: referenceMagnitude, distancePc, simbadType: model.simbadType }
    : null;
}

/**
 * A tenth of the objects has a star that is none of its business near it, a tenth a galaxy: no
 * cross-match is a perfect classifier.
 */
const chance = 0.1;
const withinArcsec = 10;

/**
 * Numbers of stars rise by 10^(0.25 m), as at middle galactic latitudes near 18 mag (Bahcall &
 * Soneira 1980, ApJS 44, 73).
 */
function chanceStars(object: ObjectTruth, random: Random): Star[] {
  if (random.uniform() >= chance) return [];
  const magnitude = 21 + Math.log10(Math.max(1e-3, random.uniform())) / 0.25;
  // a dwarf of absolute magnitude 4 to 10
  return [
    {
      ...near(object, random),
      magnitude,
      distancePc: 10 ** ((magnitude - random.between(4, 10) + 5) / 5),
      simbadType: "*",
    },
  ];
}

/**
 * Numbers of galaxies rise by 10^(0.4 m) (Yasuda et al. 2001, AJ 122, 1104); redshift about that of
 * an L* galaxy, size after Shen et al. 2003, MNRAS 343, 978.
 */
function chanceGalaxies(object: ObjectTruth, random: Random): HostTruth[] {
  if (random.uniform() >= chance) return [];
  const magnitude = 23 + Math.log10(Math.max(1e-3, random.uniform())) / 0.4;
  const redshift = 0.1 * 10 ** ((magnitude - 17.8) / 6) * Math.exp(0.3 * random.normal());
  return [
    {
      ...near(object, random),
      magnitude,
      redshift,
      radiusArcsec: 3 * 10 ** ((17.8 - magnitude) / 8) * Math.exp(0.3 * random.normal()),
    },
  ];
}

function near({ ra, dec }: ObjectTruth, random: Random): { ra: number; dec: number } {
  const distance = withinArcsec * Math.sqrt(random.uniform());
  const angle = 2 * Math.PI * random.uniform();
  return shifted(ra, dec, distance * Math.sin(angle), distance * Math.cos(angle));
}
