import { cosDegrees, sinDegrees } from "../../sky/angle.ts";
import { galacticOf } from "../../sky/frames.ts";
import { kept } from "../../kept.ts";
import type { Patch } from "../survey/fields.ts";

export type Component = "young disc" | "thin disc" | "thick disc" | "halo" | "bulge";

/**
 * A part of a patch, small enough for one line of sight: `towards` is its direction, x to the
 * Galactic centre, y to l = 90°, z to the north pole.
 */
export interface LineOfSight extends Patch {
  readonly towards: readonly [x: number, y: number, z: number];
}

const sunToCentreKpc = 8.2;
const sunAbovePlaneKpc = 0.025;

/**
 * Exponential discs, kpc. Thin and thick: Jurić et al. 2008, ApJ 673, 864, table 10; young: as high
 * as the classical Cepheids (Skowron et al. 2019, Science 365, 478).
 */
const discs = {
  "young disc": { height: 0.09, length: 2.6 },
  "thin disc": { height: 0.3, length: 2.6 },
  "thick disc": { height: 0.9, length: 3.6 },
};

/**
 * Oblate power law (Jurić et al. 2008) that steepens at 28 kpc (Sesar et al. 2011, ApJ 731, 4),
 * with a core so that it stays finite.
 */
const halo = { flattening: 0.64, slope: 2.77, breakKpc: 28, outerSlope: 3.8, coreKpc: 1 };

/**
 * Bar seen in red clump stars: scale lengths in kpc along its axes, angle between its long axis and
 * the Sun (Stanek et al. 1997, ApJ 477, 163, model E2).
 */
const bar = { axes: [0.89, 0.385, 0.25], angle: 24 };

/**
 * Number density at that distance, relative to that near the Sun; of the bulge: relative to that at
 * the Galactic centre.
 */
export function relativeDensity(
  component: Component,
  { towards }: LineOfSight,
  distanceKpc: number,
): number {
  const x = distanceKpc * towards[0] - sunToCentreKpc;
  const y = distanceKpc * towards[1];
  const z = distanceKpc * towards[2] + sunAbovePlaneKpc;
  if (component === "halo")
    return (
      haloProfile(Math.sqrt(x * x + y * y + (z / halo.flattening) ** 2)) /
      haloProfile(sunToCentreKpc)
    );
  if (component === "bulge") return barProfile(x, y, z);
  const { height, length } = discs[component];
  return Math.exp(
    (sunToCentreKpc - Math.sqrt(x * x + y * y)) / length -
      (Math.abs(z) - sunAbovePlaneKpc) / height,
  );
}

function haloProfile(radius: number): number {
  if (radius > halo.breakKpc)
    return halo.breakKpc ** -halo.slope * (radius / halo.breakKpc) ** -halo.outerSlope;
  return Math.max(radius, halo.coreKpc) ** -halo.slope;
}

function barProfile(x: number, y: number, z: number): number {
  // its near end is at positive longitudes
  const along = x * barCosine - y * barSine;
  const across = x * barSine + y * barCosine;
  return Math.exp(
    -Math.sqrt((along / bar.axes[0]) ** 2 + (across / bar.axes[1]) ** 2 + (z / bar.axes[2]) ** 2),
  );
}

const [barCosine, barSine] = [cosDegrees(bar.angle), sinDegrees(bar.angle)];

/** Near the plane a field of view is many scale heights wide: the patch in pieces of about 2.5°. */
export function linesOfSight(patch: Patch): readonly LineOfSight[] {
  return kept(cache, patch, () => {
    const pieces = Math.ceil((patch.decMax - patch.decMin) / 2.5);
    return Array.from({ length: pieces ** 2 }, (_, i) =>
      pieceOf(patch, pieces, Math.floor(i / pieces), i % pieces),
    );
  });
}

const cache = new WeakMap<Patch, readonly LineOfSight[]>();

function pieceOf(patch: Patch, pieces: number, row: number, column: number): LineOfSight {
  const width = (patch.raMax - patch.raMin) / pieces;
  // equal steps in sin(dec): all pieces have the same area
  const decOf = (part: number): number => {
    const [south, north] = [sinDegrees(patch.decMin), sinDegrees(patch.decMax)];
    return (Math.asin(south + ((north - south) * part) / pieces) * 180) / Math.PI;
  };
  const [raMin, raMax, decMin, decMax] = [
    patch.raMin + width * column,
    patch.raMin + width * (column + 1),
    decOf(row),
    decOf(row + 1),
  ];
  const [ra, dec] = [(raMin + raMax) / 2, (decMin + decMax) / 2];
  const [l, b] = galacticOf(ra, dec);
  const towards = [
    cosDegrees(b) * cosDegrees(l),
    cosDegrees(b) * sinDegrees(l),
    sinDegrees(b),
  ] as const;
  return {
    number: patch.number,
    raMin,
    raMax,
    decMin,
    decMax,
    ra,
    dec,
    l,
    b,
    areaSquareDegrees: patch.areaSquareDegrees / pieces ** 2,
    towards,
  };
}
