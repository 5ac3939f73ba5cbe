import { cosDegrees, normalDegrees } from "../../sky/angle.ts";
import type { ClassModel } from "../classes/class.ts";
import type { HostTruth, ObjectTruth } from "../night/batch.ts";
import type { Random } from "../random.ts";
import type { Columns, Row, RowOf } from "./columns.ts";

/**
 * A catalogue of the simulated sky: what an observer with other telescopes would have written down
 * of it.
 */
export interface Catalogue {
  /** Of its file, without `.parquet`. */
  readonly name: string;
  readonly columns: Columns;
  /**
   * What it lists at the place of an object. Always the same for an object: chance comes from
   * `random`, whose stream is its own for object and catalogue.
   */
  entries(sight: Sight, random: Random): readonly Row[];
}

/**
 * An object that gave an alert, and what stands there on deep images: its star, nucleus or host,
 * and what happens to be near.
 */
export interface Sight {
  readonly object: ObjectTruth;
  readonly model: ClassModel;
  /** MJD (UTC) of its first alert in the simulated nights. */
  readonly firstAlert: number;
  /** Its own first. */
  readonly stars: readonly Star[];
  readonly galaxies: readonly HostTruth[];
}

/** A point source. */
export interface Star {
  readonly ra: number;
  readonly dec: number;
  /** r band, AB */
  readonly magnitude: number;
  /** null: a quasar, too far for a parallax. */
  readonly distancePc: number | null;
  /** SIMBAD's short label, if SIMBAD has such things. */
  readonly simbadType?: string;
}

/** Ties the rows that `entries` makes to the columns. */
export function catalogue<C extends Columns>(
  name: string,
  columns: C,
  entries: (sight: Sight, random: Random) => readonly RowOf<C>[],
): Catalogue {
  return { name, columns, entries };
}

/**
 * A position as a catalogue gives it that is wrong by about so much in each direction, ICRS
 * degrees.
 */
export function scattered({ ra, dec }: Position, errorArcsec: number, random: Random): Position {
  return shifted(ra, dec, errorArcsec * random.normal(), errorArcsec * random.normal());
}

export function shifted(
  ra: number,
  dec: number,
  eastArcsec: number,
  northArcsec: number,
): Position {
  return {
    ra: normalDegrees(ra + eastArcsec / 3600 / cosDegrees(dec)),
    dec: Math.max(-90, Math.min(90, dec + northArcsec / 3600)),
  };
}

interface Position {
  readonly ra: number;
  readonly dec: number;
}

/**
 * Share of the objects of that magnitude that a catalogue has: from all of the bright to none of
 * the faint, half of them at `half`, falling within some `width` magnitudes.
 */
export function completeness(magnitude: number, half: number, width: number): number {
  return 1 / (1 + Math.exp((magnitude - half) / (width / 4)));
}

/**
 * A name by position, as "SIM J012345.67+012345.6" (digits cut off, not rounded: IAU
 * recommendations for nomenclature).
 */
export function nameByPosition(prefix: string, { ra, dec }: Position): string {
  const sexagesimal = (units: number, decimals: number): string => {
    const smallest = Math.floor(units * 3600 * 10 ** decimals);
    const seconds = smallest / 10 ** decimals;
    const parts = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60].map((part) =>
      String(part).padStart(2, "0"),
    );
    return `${parts.join("")}${(seconds % 60).toFixed(decimals).padStart(3 + decimals, "0")}`;
  };
  return `${prefix} J${sexagesimal(ra / 15, 2)}${dec < 0 ? "-" : "+"}${sexagesimal(Math.abs(dec), 1)}`;
}

export function rounded(value: number, decimals: number): number {
  return Math.round(value * 10 ** decimals) / 10 ** decimals;
}
