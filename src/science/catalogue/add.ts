import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, rename } from "node:fs/promises";
import { basename, join } from "node:path";
import type { DuckDBConnection } from "@duckdb/node-api";
import { FinkError } from "../../errors.ts";
import { replaceWhole, syncPath } from "../../lake/durable.ts";
import { identifier, literal } from "../../lake/scan.ts";
import { scratchFolder } from "../../lake/tables.ts";
import {
  type CatalogueInfo,
  catalogueFolder,
  type KeptType,
  ownColumns,
} from "../../lake/catalogues.ts";
import { checkFile } from "../missing.ts";
import { masPerYearPerUnit } from "./angle-unit.ts";
import { keptType } from "./kept-column.ts";
import { degreesSql, withSkySql } from "./positions.ts";
import { columnNamed, openSourceFile, readingSource } from "./source-file.ts";

export interface CatalogueOptions {
  readonly name: string;
  /** Columns of degrees, or of sexagesimal text. */
  readonly ra: string;
  readonly dec: string;
  readonly keep: readonly string[];
  readonly radiusArcsec: number;
  /**
   * Columns of proper motion in mas/year, in RA with cos(dec) in it, and the Julian year of the
   * positions.
   */
  readonly motion: {
    readonly epochYear: number;
    readonly pmRa: string;
    readonly pmDec: string;
  } | null;
}

/**
 * Stores files as one catalogue of the lake, sorted by pixel; one of that name is replaced, its
 * file stays for whoever reads it. Throws "usage" for a name, column or radius that cannot be, "io"
 * for a file that cannot be read or has hardly any positions.
 */
export async function addCatalogue(
  lake: string,
  files: readonly string[],
  options: CatalogueOptions,
  now = new Date(),
): Promise<CatalogueInfo> {
  check(options);
  for (const file of files) checkFile(file, "io");
  const edition = `${now.toISOString().slice(0, 10).replaceAll("-", "")}-${await hashOf(files, options)}`;
  const [folder, temporary] = [catalogueFolder(lake, options.name), scratchFolder(lake)];
  for (const path of [folder, temporary]) await mkdir(path, { recursive: true });
  return await withSkySql(temporary, async (connection, scratch) => {
    const columns = await stage(connection, files, scratch, options);
    const { rows, leftOut } = await countRows(connection);
    if (rows === 0 || leftOut > rows) throw unusable(rows + leftOut, leftOut, options);
    const [staged, file] = [join(scratch, "sorted.parquet"), `${edition}.parquet`];
    const sorted = `SELECT ${columns.map(identifier).join(", ")} FROM staged WHERE hpx12 IS NOT NULL ORDER BY hpx12, source_row`;
    await connection.run(
      `COPY (${sorted}) TO ${literal(staged)} (FORMAT parquet, COMPRESSION zstd)`,
    );
    syncPath(staged);
    await rename(staged, join(folder, file));
    syncPath(folder);
    const sources = files.map((path) => basename(path));
    const { name, radiusArcsec, motion } = options;
    const keep = columns.filter((column) => !ownColumns.includes(column));
    const types = await keptTypes(connection, keep);
    const info = {
      name,
      edition,
      file,
      rows,
      leftOut,
      radiusArcsec,
      keep,
      types,
      epochYear: motion?.epochYear ?? null,
      sources,
      addedAt: now.toISOString(),
    };
    // the commit: before it the catalogue is the old one
    replaceWhole(join(folder, "catalogue.json"), Buffer.from(`${JSON.stringify(info, null, 2)}\n`));
    return info;
  });
}

function check({ name, keep, radiusArcsec }: CatalogueOptions): void {
  if (!/^[a-z][a-z0-9_]*$/.test(name))
    throw new FinkError(
      "usage",
      `${name} is no name for a catalogue: lower case letters, digits and _, a letter first`,
    );
  if (!(radiusArcsec > 0 && radiusArcsec <= 36_000))
    throw new FinkError("usage", `a radius of ${radiusArcsec}″ is not within 0 … 36,000`);
  const own = keep.find((column) => ownColumns.includes(column.toLowerCase()));
  if (own !== undefined)
    throw new FinkError(
      "usage",
      `${own} cannot be kept under that name: ${ownColumns.join(", ")} are the catalogue's own`,
    );
}

function unusable(rows: number, leftOut: number, { ra, dec }: CatalogueOptions): FinkError {
  return new FinkError(
    "io",
    `${leftOut} of ${rows} rows have no ${ra} of −180 … 360° and ${dec} of −90 … 90°: are the columns the right ones, in degrees?`,
  );
}

/** The same files read the same way have the same. */
async function hashOf(files: readonly string[], options: CatalogueOptions): Promise<string> {
  const hash = createHash("sha256").update(JSON.stringify(options));
  for (const file of files)
    for await (const piece of createReadStream(file)) hash.update(piece as Buffer);
  return hash.digest("hex").slice(0, 12);
}

/** Puts the rows of all files into the table `staged` and returns the columns to store. */
async function stage(
  connection: DuckDBConnection,
  files: readonly string[],
  scratch: string,
  options: CatalogueOptions,
): Promise<string[]> {
  const selects: string[] = [];
  for (const file of files)
    selects.push(await readingSource(file, () => selectOf(connection, file, scratch, options)));
  const staging = `CREATE TEMP TABLE staged AS
      SELECT * REPLACE (CASE WHEN ra < 0 THEN ra + 360 ELSE ra END AS ra), nested_pixel(ra, dec) AS hpx12, row_number() OVER () AS source_row
      FROM (${selects.join(" UNION ALL BY NAME ")})`;
  await readingSource(files.join(", "), () => connection.run(staging));
  return ["ra", "dec", "hpx12", ...(options.motion ? ["pm_ra", "pm_dec"] : []), ...options.keep];
}

async function selectOf(
  connection: DuckDBConnection,
  file: string,
  scratch: string,
  { ra, dec, keep, motion }: CatalogueOptions,
): Promise<string> {
  const source = await openSourceFile(connection, file, scratch);
  const column = (name: string) => columnNamed(source, name, file);
  const positions = [degreesSql(column(ra), true), degreesSql(column(dec), false)];
  const kept = keep.map((name) => column(name).name);
  const moving = motion ? [column(motion.pmRa), column(motion.pmDec)] : [];
  const relation = await source.relation([
    ...new Set([column(ra).name, column(dec).name, ...moving.map(({ name }) => name), ...kept]),
  ]);
  const typed = await source.typed(relation, kept);
  return `SELECT ${[
    `${positions[0]} AS ra`,
    `${positions[1]} AS dec`,
    ...moving.map(
      (own, i) =>
        `coalesce(TRY_CAST(${identifier(own.name)} AS DOUBLE) * ${masPerYearPerUnit(own)}, 'nan')::FLOAT AS ${["pm_ra", "pm_dec"][i]}`,
    ),
    ...typed.map((sql, i) => `${sql} AS ${identifier(keep[i])}`),
  ].join(", ")} FROM ${relation}`;
}

/** An unsigned column is one of 64-bit integers as long as its values are below 2^63. */
async function keptTypes(
  connection: DuckDBConnection,
  keep: readonly string[],
): Promise<KeptType[]> {
  const types = new Map(
    (await connection.runAndReadAll("DESCRIBE staged")).getRows() as [string, string][],
  );
  const found: KeptType[] = [];
  for (const name of keep) {
    const type = types.get(name) ?? "";
    const isTooLarge =
      type === "UBIGINT" &&
      (
        await connection.runAndReadAll(
          `SELECT max(${identifier(name)}) >= 9223372036854775808 FROM staged`,
        )
      ).getRows()[0][0] === true;
    found.push(isTooLarge ? "string" : keptType(type));
  }
  return found;
}

async function countRows(connection: DuckDBConnection): Promise<{ rows: number; leftOut: number }> {
  const [[rows, all]] = (
    await connection.runAndReadAll("SELECT count(hpx12), count(*) FROM staged")
  ).getRows() as bigint[][];
  return { rows: Number(rows), leftOut: Number(all - rows) };
}
