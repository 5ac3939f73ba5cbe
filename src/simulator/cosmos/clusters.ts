import { cosDegrees } from "../../sky/angle.ts";
import { kept } from "../../kept.ts";
import { isIn, type Patch, positionIn } from "../survey/fields.ts";
import { poisson, type Random, randomStream } from "../random.ts";
import { arcsecPerKpc, volumePerRedshift } from "./cosmology.ts";
import { distributionOf } from "./distribution.ts";

/**
 * Share of the galaxies that are in groups and clusters; one sigma of their places, kpc on each
 * axis, and of their velocities / c.
 */
const [clustered, sizeKpc, velocity] = [0.3, 500, 0.002];

/**
 * Clusters above 1e14 solar masses a square degree and redshift: 1.5e-5 a Mpc³ today (Vikhlinin et
 * al. 2009, ApJ 692, 1060), fewer in the past.
 */
const redshifts = distributionOf(
  0,
  1.2,
  240,
  (z) => 1.5e-5 * Math.exp(-z / 0.5) * volumePerRedshift(z),
);

export interface Place {
  readonly ra: number;
  readonly dec: number;
  readonly redshift: number;
}

/**
 * A place for a galaxy of about that redshift (within 5 %): anywhere in the patch or, as a
 * Neyman-Scott process, around one of its clusters.
 */
export function placeIn(patch: Patch, redshift: number, random: Random): Place {
  const anywhere = { ...positionIn(patch, random), redshift };
  if (random.uniform() > clustered) return anywhere;
  const cluster = nearestInRedshift(clustersOf(patch), redshift);
  if (!cluster || Math.abs(cluster.redshift - redshift) > 0.05 * redshift) return anywhere;
  const sigmaDegrees = (sizeKpc * arcsecPerKpc(cluster.redshift)) / 3600;
  const dec = cluster.dec + sigmaDegrees * random.normal();
  const ra = cluster.ra + (sigmaDegrees * random.normal()) / cosDegrees(cluster.dec);
  if (!isIn(patch, ra, dec)) return anywhere;
  const around = cluster.redshift + (1 + cluster.redshift) * velocity * random.normal();
  return { ra, dec, redshift: Math.max(around, cluster.redshift / 2) };
}

/** Of a patch, in the order of redshift. */
export function clustersOf(patch: Patch): readonly Place[] {
  return kept(cache, patch, () => {
    const random = randomStream(0x636c75, patch.number, Math.round(patch.areaSquareDegrees * 1000));
    const drawn = (): Place => ({
      ...positionIn(patch, random),
      redshift: redshifts.at(redshifts.total * random.uniform()),
    });
    return Array.from(
      { length: poisson(redshifts.total * patch.areaSquareDegrees, random) },
      drawn,
    ).sort((a, b) => a.redshift - b.redshift);
  });
}

const cache = new WeakMap<Patch, readonly Place[]>();

function nearestInRedshift(clusters: readonly Place[], redshift: number): Place | undefined {
  let [from, to] = [0, clusters.length - 1];
  while (to - from > 1) {
    const middle = (from + to) >> 1;
    if (clusters[middle].redshift <= redshift) from = middle;
    else to = middle;
  }
  const [below, above] = [clusters[from], clusters[to]];
  return below && redshift - below.redshift < above.redshift - redshift ? below : above;
}
