import { galacticOf } from "../../sky/frames.ts";
import { degreesOf, sinDegrees } from "../../sky/angle.ts";
import { kept } from "../../kept.ts";
import type { Telescope } from "./telescope.ts";

/** A piece of the sky between two meridians and two parallels, all in degrees. */
export interface Patch {
  readonly number: number;
  readonly raMin: number;
  readonly raMax: number;
  readonly decMin: number;
  readonly decMax: number;
  /** Centre. */
  readonly ra: number;
  readonly dec: number;
  /** Galactic longitude and latitude of the centre. */
  readonly l: number;
  readonly b: number;
  readonly areaSquareDegrees: number;
}

/**
 * The fields of a survey: they cover its part of the sky without gap or overlap, in rows of equal
 * declination, numbered from the south.
 */
export function fieldsOf(telescope: Telescope): readonly Patch[] {
  return kept(cache, telescope, () => cover(telescope));
}

const cache = new WeakMap<Telescope, readonly Patch[]>();

function cover(telescope: Telescope): Patch[] {
  const fields: Patch[] = [];
  const [south, north] = telescope.decRange;
  const rows = Math.round((north - south) / telescope.fieldDegrees);
  for (let row = 0; row < rows; row++) {
    const decMin = south + ((north - south) * row) / rows;
    const decMax = south + ((north - south) * (row + 1)) / rows;
    // as wide as high, on the parallel nearest to the equator
    const widest =
      decMin < 0 && decMax > 0
        ? 1
        : Math.max(Math.cos((decMin * Math.PI) / 180), Math.cos((decMax * Math.PI) / 180));
    const columns = Math.ceil((360 * widest) / telescope.fieldDegrees);
    for (let column = 0; column < columns; column++) {
      fields.push(
        patchOf(
          fields.length,
          (360 * column) / columns,
          (360 * (column + 1)) / columns,
          decMin,
          decMax,
        ),
      );
    }
  }
  return fields;
}

function patchOf(
  number: number,
  raMin: number,
  raMax: number,
  decMin: number,
  decMax: number,
): Patch {
  const [ra, dec] = [(raMin + raMax) / 2, (decMin + decMax) / 2];
  const [l, b] = galacticOf(ra, dec);
  const areaSquareDegrees = (raMax - raMin) * degreesOf(sinDegrees(decMax) - sinDegrees(decMin));
  return { number, raMin, raMax, decMin, decMax, ra, dec, l, b, areaSquareDegrees };
}

/** A position in the patch, each part of its area as likely. */
export function positionIn(
  patch: Patch,
  random: { uniform(): number },
): { ra: number; dec: number } {
  const [low, high] = [sinDegrees(patch.decMin), sinDegrees(patch.decMax)];
  return {
    ra: patch.raMin + (patch.raMax - patch.raMin) * random.uniform(),
    dec: degreesOf(Math.asin(low + (high - low) * random.uniform())),
  };
}

export function isIn(patch: Patch, ra: number, dec: number): boolean {
  return ra >= patch.raMin && ra < patch.raMax && dec >= patch.decMin && dec < patch.decMax;
}
