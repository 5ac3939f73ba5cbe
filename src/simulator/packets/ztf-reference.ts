import { abFlux, abMagnitude } from "../photometry.ts";
import { type Random, randomStream } from "../random.ts";
import type { SkyObject } from "../night/alert.ts";
import type { Band } from "../survey/telescope.ts";
import { offsetBy } from "./ztf-identity.ts";

/**
 * The nearest source in the catalogue of the reference images: the same for all observations of an
 * object.
 */
export interface Reference {
  /** From the object's true place, arcsec. */
  readonly east: number;
  readonly north: number;
  readonly ranr: number;
  readonly decnr: number;
  readonly chinr: number;
  readonly sharpnr: number;
  readonly isGalaxy: boolean;
  /** AB; may be fainter than the catalogue in some band. */
  readonly magnitudes: Readonly<Partial<Record<Band, number>>>;
}

/**
 * A faint source can be seen in a stack of some 15 images, and no fainter one (magnr in real
 * alerts).
 */
const catalogueLimit = 23.3;
const neighbourBands: readonly Band[] = ["g", "r", "i", "z"];

/**
 * The star or galaxy of the object itself where there is one, else what happens to lie beside it.
 */
export function referenceOf(object: SkyObject): Reference {
  const random = randomStream(object.hash, 1);
  const { source } = object;
  const { galaxy } = source;
  const [star, host] = [source.referenceFlux("r"), galaxy?.flux("r") ?? 0];
  if (galaxy && host > star && abMagnitude(host) < catalogueLimit) {
    return reference(object, random, {
      east: galaxy.eastArcsec,
      north: galaxy.northArcsec,
      isGalaxy: true,
      flux: (band) => galaxy.flux(band),
    });
  }
  if (star > 0 && abMagnitude(star) < catalogueLimit) {
    const [east, north] = [0.04 * random.normal(), 0.04 * random.normal()];
    return reference(object, random, {
      east,
      north,
      isGalaxy: false,
      flux: (band) => source.referenceFlux(band),
    });
  }
  // subtraction fails on bright stars
  const isResidual = object.shape === "dipole" || object.shape === "bad subtraction";
  const distance = isResidual
    ? 0.5 * random.uniform()
    : 9.5 * Math.sqrt(-Math.log(1 - random.uniform()));
  const red = isResidual ? random.between(12.5, 17) : 23.2 + 0.9 * Math.log(1 - random.uniform());
  return reference(object, random, {
    ...towards(distance, random),
    isGalaxy: !isResidual && random.uniform() < 0.5,
    flux: fluxOf(red, random),
  });
}

function reference(
  object: SkyObject,
  random: Random,
  {
    east,
    north,
    isGalaxy,
    flux,
  }: { east: number; north: number; isGalaxy: boolean; flux: (band: Band) => number },
): Reference {
  const { ra: ranr, dec: decnr } = offsetBy(object, east, north);
  const magnitudes: Partial<Record<Band, number>> = {};
  for (const band of neighbourBands) magnitudes[band] = abMagnitude(flux(band));
  const chinr = (isGalaxy ? 1.6 : 0.75) * Math.exp(0.4 * random.normal());
  const isFaint = (magnitudes.r ?? 0) > 21.5;
  const sharpnr = isFaint
    ? 0.3 * random.normal() - 0.15
    : isGalaxy
      ? 0.25 + 0.2 * Math.abs(random.normal())
      : 0.04 * random.normal() - 0.01;
  return { east, north, ranr, decnr, chinr, sharpnr, isGalaxy, magnitudes };
}

/** Magnitude of the nearest reference source in that band, no fainter than the catalogue. */
export function referenceMagnitude({ magnitudes }: Reference, band: Band): number {
  return Math.min(catalogueLimit, magnitudes[band] ?? catalogueLimit);
}

/** Standard error of such a magnitude: 0.015 of bright sources, 0.3 at the limit. */
export function referenceError(magnitude: number): number {
  return Math.min(0.36, Math.hypot(0.015, 0.32 * 10 ** (0.4 * (magnitude - 22.8))));
}

function towards(distance: number, random: Random): { east: number; north: number } {
  const angle = 2 * Math.PI * random.uniform();
  return { east: distance * Math.sin(angle), north: distance * Math.cos(angle) };
}

/** A source of that r magnitude and the colours of a star or galaxy. */
export function fluxOf(red: number, random: Random): (band: Band) => number {
  const colour = random.between(0.3, 1.3); // g - r
  const perColour: Readonly<Partial<Record<Band, number>>> = { g: 1, r: 0, i: -0.5, z: -0.75 };
  return (band) => abFlux(red + colour * (perColour[band] ?? 0));
}
