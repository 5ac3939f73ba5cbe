import { FinkError } from "../../errors.ts";

const degreesPerRadian = 180 / Math.PI;

/** Degrees per unit, by the names that FITS, VOTable, ECSV and CDS write. */
const units: Readonly<Record<string, number>> = {
  ...named(1, "deg", "degree", "degrees", "d", "°"),
  ...named(degreesPerRadian, "rad", "radian", "radians"),
  ...named(15, "h", "hr", "hour", "hours", "hourangle"),
  ...named(1 / 60, "arcmin", "arcminute", "arcminutes", "'", "′"),
  ...named(1 / 3600, "arcsec", "arcsecond", "arcseconds", "asec", '"', "″"),
  ...named(1 / 3.6e6, "mas", "marcsec"),
  ...named(1 / 3.6e9, "uas", "uarcsec", "µas"),
};

function named(degrees: number, ...names: readonly string[]): Readonly<Record<string, number>> {
  return Object.fromEntries(names.map((name) => [name, degrees]));
}

/** A column of angles, and the unit that its file gives it; null: none. */
export interface AngleColumn {
  readonly name: string;
  readonly unit: string | null;
}

/**
 * Degrees per unit of a column; where the file says nothing, those of `otherwise`. A sexagesimal
 * unit, as VizieR writes `"h:m:s"`, is said by the text itself.
 */
export function degreesPerUnit({ name, unit }: AngleColumn, otherwise = "deg"): number {
  const written = (unit ?? "").trim();
  const plain = written.replace(/^"(.+)"$/, "$1").toLowerCase();
  if (/^(h[\s:]*m[\s:]*s|d[\s:]*m[\s:]*s|hms|dms|sexagesimal)$/.test(plain)) return units.deg;
  // astropy writes an hour angle as 15deg
  const [, times = "1", angle] = /^(\d+(?:\.\d+)?)?\s*(.*)$/.exec(
    plain === "" ? otherwise : plain,
  )!;
  if (Object.hasOwn(units, angle)) return Number(times) * units[angle];
  throw new FinkError(
    "usage",
    `column ${name} is in ${written}, which is no unit of angles here: convert it to deg (or rad, hourangle, arcmin, arcsec, mas)`,
  );
}

/** mas/year per unit of a column of proper motion. */
export function masPerYearPerUnit({ name, unit }: AngleColumn): number {
  const written = (unit ?? "").trim();
  const [, angle, year] =
    /^(\S+?)\s*(?:\/|\.|\*|\s)?\s*(yr|year|a|jyr)(?:\s*(?:\*\*|\^)?\s*\(?-1\)?)?$/i.exec(written) ??
    [];
  if (written === "") return 1;
  if (year !== undefined && angle !== undefined)
    return degreesPerUnit({ name, unit: angle }) * 3.6e6;
  throw new FinkError(
    "usage",
    `column ${name} is in ${written}, which is no unit of proper motion here: convert it to mas/yr`,
  );
}
