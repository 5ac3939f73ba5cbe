import { abMagnitude } from "../photometry.ts";
import type { SkyObject } from "../night/alert.ts";
import { type Random, randomStream } from "../random.ts";
import type { Band } from "../survey/telescope.ts";
import type { Target } from "./ztf-detection.ts";
import { fluxOf } from "./ztf-reference.ts";

const missing = -999;

/** A source of another catalogue. */
interface Neighbour {
  readonly distanceArcsec: number;
  readonly magnitudes: Readonly<Partial<Record<Band, number>>>;
  readonly isGalaxy: boolean;
}

/**
 * Faintest magnitudes in the Pan-STARRS1 stacks (Chambers et al. 2016, arXiv:1612.05560), and of
 * Gaia in G.
 */
const panStarrsLimits = { g: 22.8, r: 22.5, i: 22.3, z: 21.7 } as const;
const gaiaLimit = 20.7;

/**
 * The nearest sources of Pan-STARRS1 and Gaia by the names of the packet. What the reference image
 * shows is one of them; the others are spread at random, more of them near the plane of the Galaxy.
 */
export function neighboursOf(
  { object, reference }: Target,
  distanceArcsec: number,
  galacticLatitude: number,
): Record<string, number | bigint> {
  const random = randomStream(object.hash, 2);
  const own: Neighbour = {
    distanceArcsec,
    magnitudes: reference.magnitudes,
    isGalaxy: reference.isGalaxy,
  };
  const crowding = Math.exp(-Math.abs(galacticLatitude) / 12);
  const fields: Record<string, number | bigint> = {};
  const near = distancesWithin(30, 6 + 30 * crowding, random).map((d) =>
    strangerAt(d, crowding, random),
  );
  if ((own.magnitudes.r ?? 99) < panStarrsLimits.r && distanceArcsec < 30) near.push(own);
  near.sort((a, b) => a.distanceArcsec - b.distanceArcsec);
  fields["nmtchps"] = near.length;
  for (const n of [1, 2, 3]) Object.assign(fields, panStarrsFields(n, near[n - 1], object, random));
  setGaia(fields, own, crowding, random);
  return fields;
}

/** Distances of sources spread evenly with `count` expected in the circle, nearest first. */
function distancesWithin(radius: number, count: number, random: Random): number[] {
  const distances: number[] = [];
  for (let area = exponential(random); area < count; area += exponential(random))
    distances.push(radius * Math.sqrt(area / count));
  return distances;
}

/** Numbers of sources grow fourfold with each magnitude and a half. */
function strangerAt(distanceArcsec: number, crowding: number, random: Random): Neighbour {
  const flux = fluxOf(Math.max(13, 22.4 - 1.6 * exponential(random)), random);
  const magnitudes = {
    g: abMagnitude(flux("g")),
    r: abMagnitude(flux("r")),
    i: abMagnitude(flux("i")),
    z: abMagnitude(flux("z")),
  };
  return { distanceArcsec, magnitudes, isGalaxy: random.uniform() < 0.6 * (1 - crowding) };
}

/** Of the n-th source. */
function panStarrsFields(
  n: number,
  source: Neighbour | undefined,
  { ra, dec }: SkyObject,
  random: Random,
): Record<string, number | bigint> {
  const magnitudeIn = (band: keyof typeof panStarrsLimits): number =>
    brighterThan(panStarrsLimits[band], source?.magnitudes[band]);
  return {
    [`sgmag${n}`]: magnitudeIn("g"),
    [`srmag${n}`]: magnitudeIn("r"),
    [`simag${n}`]: magnitudeIn("i"),
    [`szmag${n}`]: magnitudeIn("z"),
    [`objectidps${n}`]: source ? panStarrsId(ra, dec, random) : missing,
    [`sgscore${n}`]: source ? starScore(source, random) : missing,
    [`distpsnr${n}`]: source?.distanceArcsec ?? missing,
  };
}

function brighterThan(limit: number, magnitude: number | undefined): number {
  return magnitude !== undefined && magnitude < limit ? magnitude : missing;
}

/** Faint galaxies and stars are hard to tell apart (Tachibana & Miller 2018, PASP 130, 128001). */
function starScore({ isGalaxy, magnitudes }: Neighbour, random: Random): number {
  const doubt = Math.min(0.6, Math.max(0.03, 0.2 * ((magnitudes.r ?? 22) - 19.5)));
  const off = Math.min(0.8, doubt * exponential(random));
  return isGalaxy ? off : 1 - off;
}

/**
 * Zone of 30 arcsec in declination, then right ascension; the last digits serve to tell neighbours
 * apart.
 */
function panStarrsId(ra: number, dec: number, random: Random): bigint {
  return (
    BigInt(Math.floor((dec + 90) * 120)) * 10_000_000_000_000n +
    BigInt(Math.floor(ra * 1e6) * 10_000 + random.integer(10_000))
  );
}

/** Stars only. The reference source has the place of its Gaia source. */
function setGaia(
  fields: Record<string, number | bigint>,
  own: Neighbour,
  crowding: number,
  random: Random,
): void {
  const ownMagnitude = own.isGalaxy ? Infinity : (own.magnitudes.r ?? Infinity) - 0.1;
  const [any, bright] = [36 / Math.sqrt(1 + 12 * crowding), 90 / Math.sqrt(1 + 4 * crowding)].map(
    (typical) => typical * Math.sqrt(exponential(random)),
  );
  const [faintMagnitude, brightMagnitude] = [
    Math.max(10, 20.5 - 1.6 * exponential(random)),
    Math.max(7, 14 - 0.9 * exponential(random)),
  ];
  const isOwn = ownMagnitude < gaiaLimit && own.distanceArcsec < any;
  const isOwnBright = ownMagnitude < 14 && own.distanceArcsec < bright;
  const [nearest, nearestBright] = [
    isOwn ? own.distanceArcsec : Math.min(any, bright),
    isOwnBright ? own.distanceArcsec : bright,
  ];
  fields["neargaia"] = nearest < 90 ? nearest : missing;
  fields["maggaia"] =
    nearest >= 90
      ? missing
      : isOwn
        ? ownMagnitude
        : any < bright
          ? faintMagnitude
          : brightMagnitude;
  fields["neargaiabright"] = nearestBright < 90 ? nearestBright : missing;
  fields["maggaiabright"] =
    nearestBright >= 90 ? missing : isOwnBright ? ownMagnitude : brightMagnitude;
}

function exponential(random: Random): number {
  return -Math.log(1 - random.uniform());
}
