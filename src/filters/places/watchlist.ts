import { tmpdir } from "node:os";
import { FinkError } from "../../errors.ts";
import { identifier } from "../../lake/scan.ts";
import { nearestWithin, type Positions, type Sources } from "../../science/catalogue/match.ts";
import { degreesPerUnit } from "../../science/catalogue/angle-unit.ts";
import { degreesSql, withSkySql } from "../../science/catalogue/positions.ts";
import {
  openSourceFile,
  type SourceColumn,
  type SourceFile,
  tableTrouble,
} from "../../science/catalogue/source-file.ts";
import { degreesOfText } from "../../sky/sexagesimal.ts";

/** Positions with radii, object ids, or both. */
export interface Watchlist {
  readonly positions: number;
  readonly objects: ReadonlySet<string>;
  /** 1 for each alert that is near a position or of an object; NaN is near nothing. */
  mask(alerts: Positions, objects: readonly (string | null)[]): Uint8Array;
}

/** Of entries without one, arcsec. */
export const defaultRadiusArcsec = 1.5;

const names = {
  ra: ["ra", "radeg", "ra_deg", "raj2000", "ra(j2000)", "ra_icrs", "_ra", "right_ascension"],
  dec: [
    "dec",
    "decdeg",
    "dedeg",
    "dec_deg",
    "decj2000",
    "dej2000",
    "dec(j2000)",
    "de_icrs",
    "_de",
    "decl",
    "declination",
  ],
  radius: ["radius", "radius_arcsec"],
  object: ["object", "objectid", "object_id", "diaobjectid", "oid"],
};

/**
 * Reads a CSV, text, Parquet, FITS or VOTable file of `watchlists/`. Throws "filter" for one that
 * cannot be read.
 */
export async function readWatchlist(file: string): Promise<Watchlist> {
  try {
    return await withSkySql(tmpdir(), async (connection, scratch) => {
      const source = await openSourceFile(connection, file, scratch);
      const { ra, dec, radius, object, first } = columnsOf(source);
      const at = ra && dec ? [degreesSql(ra, true), degreesSql(dec, false)] : ["NULL", "NULL"];
      const within = radius
        ? `TRY_CAST(${identifier(radius.name)} AS DOUBLE) * ${degreesPerUnit(radius, "arcsec") * 3600}`
        : "NULL";
      const id = object ? `trim(CAST(${identifier(object.name)} AS VARCHAR))` : "NULL";
      const known = [ra, dec, radius, object].flatMap((column) => column?.name ?? []);
      const relation = await source.relation(known);
      const rows = `SELECT CAST(${at[0]} AS DOUBLE) AS ra, CAST(${at[1]} AS DOUBLE) AS dec, coalesce(${within}, ${defaultRadiusArcsec}) AS radius, ${id} AS object FROM ${relation}`;
      const result = await connection.runAndReadAll(
        `SELECT *, nested_pixel(ra, dec) AS pixel FROM (${rows}) ORDER BY pixel`,
      );
      return watchlistOf(result.getRows() as unknown as Row[], first);
    });
  } catch (error) {
    throw new FinkError(
      "filter",
      `${file} cannot be read as a watch list: ${tableTrouble(error)}`,
      error,
    );
  }
}

interface WatchlistColumns {
  readonly ra?: SourceColumn | undefined;
  readonly dec?: SourceColumn | undefined;
  readonly radius?: SourceColumn | undefined;
  readonly object?: SourceColumn | undefined;
  /** An id that stands where a heading would be; null: none. */
  readonly first: string | null;
}

function columnsOf({ columns, text }: SourceFile): WatchlistColumns {
  const find = (among: readonly string[]) =>
    columns.find(({ name }) => among.includes(name.trim().toLowerCase()));
  const [ra, dec, radius, object] = [names.ra, names.dec, names.radius, names.object].map(find);
  if ((ra && dec) || object) return { ra, dec, radius, object, first: null };
  if (text && columns.length === 1)
    return { object: columns[0], first: text.hasHeading ? columns[0].name : null };
  if (text && !text.hasHeading && isPosition(text.firstRow))
    return { ra: columns[0], dec: columns[1], radius: columns[3], first: null };
  const given =
    text?.hasHeading === false
      ? `${columns.length} columns without a heading`
      : columns.map(({ name }) => name).join(", ");
  throw new FinkError(
    "io",
    `it has no columns ra and dec (degrees or sexagesimal; radius in arcsec beside them, if wanted), nor objectId, but ${given}`,
  );
}

/**
 * Without a heading the columns are those of Lasair's watch lists: ra, dec, name, radius in arcsec;
 * the last two may be absent.
 */
function isPosition([ra = "", dec = ""]: readonly string[]): boolean {
  const longitude = degreesOfText(ra, true);
  return longitude >= -180 && longitude <= 360 && Math.abs(degreesOfText(dec, false)) <= 90;
}

type Row = readonly [
  ra: number | null,
  dec: number | null,
  radius: number,
  object: string | null,
  pixel: number | null,
];

function watchlistOf(rows: readonly Row[], first: string | null): Watchlist {
  const objects = new Set(
    rows.flatMap(([, , , object]) => (object === null || object === "" ? [] : [object])),
  );
  if (first !== null) {
    objects.add(first);
    const noId = [...objects].find((id) => /\s/.test(id));
    if (noId !== undefined)
      throw new FinkError(
        "io",
        `${noId.slice(0, 60)} is no object id, for it has blanks; give the columns a heading, such as ra, dec, with a comma between`,
      );
  }
  const placed = rows.filter(([, , radius, , pixel]) => pixel !== null && radius > 0);
  if (placed.length === 0 && objects.size === 0)
    throw new FinkError("io", "none of its rows has a position or an object id");
  const groups = [
    ...Map.groupBy(placed, ([, , radius]) => Math.floor(Math.log2(radius) / 3)).values(),
  ].map(groupOf);
  return {
    positions: placed.length,
    objects,
    mask(alerts, ids) {
      const mask = Uint8Array.from(ids, (id) => Number(id !== null && objects.has(id)));
      for (const { sources, radii } of groups)
        nearestWithin(sources, alerts, radii).rows.forEach(
          (row, i) => (mask[i] |= Number(row >= 0)),
        );
      return mask;
    },
  };
}

/** Entries of similar radius: the largest one says how far around each alert is looked. */
function groupOf(rows: readonly Row[]): { sources: Sources; radii: Float64Array } {
  const column = (i: 0 | 1 | 2) => Float64Array.from(rows, (row) => row[i]!);
  return {
    sources: {
      ra: column(0),
      dec: column(1),
      pixel: Int32Array.from(rows, (row) => row[4]!),
      motion: null,
    },
    radii: column(2),
  };
}
