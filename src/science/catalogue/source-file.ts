import { createReadStream, createWriteStream } from "node:fs";
import { open, readFile, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import type { DuckDBConnection } from "@duckdb/node-api";
import { didYouMean } from "../../config/nearest.ts";
import { FinkError, messageOf } from "../../errors.ts";
import { identifier, literal } from "../../lake/scan.ts";
import { readFits } from "./fits.ts";
import { type ForeignTable, parquetOf } from "./table-columns.ts";
import { copyAsCsv, textTable, type TextTable, unitsOfYaml } from "./text-table.ts";
import { readVoTable } from "./votable.ts";

/** A column of a file: a number or text, in the unit that the file says; null: it says none. */
export interface SourceColumn {
  readonly name: string;
  readonly kind: "number" | "text" | "other";
  readonly unit: string | null;
}

/**
 * A file of positions: CSV and other text, ECSV, Parquet, FITS or VOTable, gzipped or not; which,
 * its first bytes say.
 */
export interface SourceFile {
  readonly columns: readonly SourceColumn[];
  /** Whether the file names its columns, and its first row; both only of text. */
  readonly text: { readonly hasHeading: boolean; readonly firstRow: readonly string[] } | null;
  /** What to select these columns from, in SQL. */
  relation(columns: readonly string[]): Promise<string>;
  /** SQL that gives columns of such a relation the type of their values. */
  typed(relation: string, columns: readonly string[]): Promise<string[]>;
}

/**
 * Scratch is a folder for copies that DuckDB can read. Throws FinkError "io" for what is no table.
 */
export async function openSourceFile(
  connection: DuckDBConnection,
  file: string,
  scratch: string,
): Promise<SourceFile> {
  return await readingSource(file, async () => {
    const head = await firstBytes(file);
    if (head.startsWith("\x1f\x8b"))
      return await openSourceFile(connection, await unzipped(file, scratch), scratch);
    if (head.startsWith("SIMPLE  ="))
      return foreign(readFits(await readFile(file)), copyOf(file, scratch));
    if (/^\s*<\?xml|^\s*<(\w+:)?VOTABLE/i.test(head.replace("\xef\xbb\xbf", "")))
      return foreign(readVoTable(await readFile(file, "utf8")), copyOf(file, scratch));
    return head.startsWith("PAR1")
      ? await parquetFile(connection, file)
      : textFile(connection, file, await textTable(file), copyOf(file, scratch));
  });
}

/**
 * Runs work that reads a file. Throws FinkError "io" that names the file for whatever is wrong with
 * it.
 */
export async function readingSource<T>(file: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (
      error instanceof FinkError &&
      (error.code === "usage" || error.message.includes(basename(file)))
    )
      throw error;
    throw new FinkError(
      "io",
      `${file} cannot be read as CSV, Parquet, FITS or VOTable: ${tableTrouble(error)}`,
      error,
    );
  }
}

/**
 * The fault of a file in one line. DuckDB adds lines that say what it expected of a line of CSV.
 */
export function tableTrouble(error: unknown): string {
  const [, line, expected, found] =
    /CSV Error on Line: (\d+)[\s\S]*Expected Number of Columns: (\d+) Found: (\d+)/.exec(
      String(error),
    ) ?? [];
  return line === undefined
    ? messageOf(error)
    : `line ${line} has ${found} columns, not ${expected} as the first one`;
}

/**
 * The column of that name, whatever its case. Throws "usage" with the name that was probably meant.
 */
export function columnNamed({ columns }: SourceFile, name: string, file: string): SourceColumn {
  const names = columns.map((column) => column.name);
  const found =
    columns.find((column) => column.name === name) ??
    columns.find((column) => column.name.toLowerCase() === name.toLowerCase());
  if (found) return found;
  const meant =
    didYouMean(name, names) ||
    `; it has ${names.slice(0, 20).join(", ")}${names.length > 20 ? " …" : ""}`;
  throw new FinkError("usage", `${basename(file)} has no column ${name}${meant}`);
}

const numberTypes = /^(U?(TINY|SMALL|BIG|HUGE)INT|U?INTEGER|FLOAT|DOUBLE|DECIMAL.*)$/;

/** Astropy writes the units of a table beside its Parquet, in the YAML of ECSV. */
const tableYaml = "table_meta_yaml";

async function parquetFile(connection: DuckDBConnection, file: string): Promise<SourceFile> {
  const relation = `read_parquet(${literal(file)})`;
  const rows = (
    await connection.runAndReadAll(`DESCRIBE FROM ${relation}`)
  ).getRows() as string[][];
  const yaml = `SELECT decode(value) FROM parquet_kv_metadata(${literal(file)}) WHERE decode(key) = '${tableYaml}'`;
  const [[meta] = []] = (await connection.runAndReadAll(yaml)).getRows() as string[][];
  const units = meta === undefined ? new Map<string, string>() : unitsOfYaml(meta);
  const names = new Set(rows.map(([name]) => name));
  // and which values are masked in a column of its own
  const masked =
    meta === undefined
      ? []
      : rows.filter(([name]) => names.has(`${name}.mask`)).map(([name]) => name);
  const unmasked = masked.map(
    (name) =>
      `CASE WHEN NOT ${identifier(`${name}.mask`)} THEN ${identifier(name)} END AS ${identifier(name)}`,
  );
  const columns = rows.map(([name, type]): SourceColumn => {
    const kind =
      type === "VARCHAR" || type.startsWith("ENUM")
        ? "text"
        : numberTypes.test(type)
          ? "number"
          : "other";
    return { name, kind, unit: units.get(name) ?? null };
  });
  const from =
    masked.length === 0 ? relation : `(SELECT * REPLACE (${unmasked.join(", ")}) FROM ${relation})`;
  return { columns, text: null, relation: () => Promise.resolve(from), typed: trimmed(columns) };
}

/** FITS and GCVS pad texts with blanks. */
function trimmed(columns: readonly SourceColumn[]): SourceFile["typed"] {
  const isText = new Set(columns.filter(({ kind }) => kind === "text").map(({ name }) => name));
  return (_, names) =>
    Promise.resolve(
      names.map((name) => (isText.has(name) ? `trim(${identifier(name)})` : identifier(name))),
    );
}

function foreign(table: ForeignTable, copy: string): SourceFile {
  const columns = table.columns.map(({ name, type, unit }): SourceColumn => ({
    name,
    unit,
    kind: type === "text" ? "text" : type === "boolean" ? "other" : "number",
  }));
  return {
    columns,
    text: null,
    async relation(names) {
      await writeFile(copy, parquetOf(table, new Set(names)));
      return `(SELECT ${names.map(identifier).join(", ")} FROM read_parquet(${literal(copy)}))`;
    },
    typed: trimmed(columns),
  };
}

/** All columns are text; which of them are numbers is known when all rows have been looked at. */
function textFile(
  connection: DuckDBConnection,
  file: string,
  table: TextTable,
  copy: string,
): SourceFile {
  const { names, units, hasHeading, firstRow, delimiter, skippedLines, needsCopy } = table;
  return {
    columns: names.map((name) => ({ name, kind: "text", unit: units.get(name) ?? null })),
    text: { hasHeading, firstRow },
    async relation() {
      if (needsCopy) await copyAsCsv(file, table, copy);
      const [source, sign, skip] = needsCopy ? [copy, ",", 0] : [file, delimiter, skippedLines];
      const columns = names.map((name) => `${literal(name)}: 'VARCHAR'`).join(", ");
      return `read_csv(${literal(source)}, auto_detect = false, compression = 'none', header = false, skip = ${skip}, delim = ${literal(sign)}, quote = '"', escape = '"', columns = {${columns}})`;
    },
    async typed(relation, columns) {
      if (columns.length === 0) return [];
      const tests = columns.flatMap((name) =>
        textTypes.map(
          ({ is }) =>
            `coalesce(bool_and(${is(`trim(${identifier(name)})`)}) FILTER (trim(${identifier(name)}) <> ''), false)`,
        ),
      );
      const [answers] = (
        await connection.runAndReadAll(`SELECT ${tests.join(", ")} FROM ${relation}`)
      ).getRows() as boolean[][];
      return columns.map((name, i) => {
        const found = textTypes.find((_, k) => answers[i * textTypes.length + k]);
        const value = `nullif(trim(${identifier(name)}), '')`;
        return found ? `CAST(${value} AS ${found.type})` : value;
      });
    },
  };
}

/**
 * The types of a column of text, the first that all of its values have. Digits with zeros before
 * them are a name.
 */
const textTypes = [
  {
    type: "BIGINT",
    is: (text: string) =>
      `regexp_full_match(${text}, '[+-]?(0|[1-9][0-9]*)') AND TRY_CAST(${text} AS BIGINT) IS NOT NULL`,
  },
  {
    type: "UBIGINT",
    is: (text: string) =>
      `regexp_full_match(${text}, '(0|[1-9][0-9]*)') AND TRY_CAST(${text} AS UBIGINT) IS NOT NULL`,
  },
  // an integer of more digits is an id, and stays text
  {
    type: "DOUBLE",
    is: (text: string) =>
      `NOT regexp_full_match(${text}, '[+-]?0[0-9]+|[+-]?[0-9]{16,}') AND TRY_CAST(${text} AS DOUBLE) IS NOT NULL`,
  },
  { type: "BOOLEAN", is: (text: string) => `lower(${text}) IN ('true', 'false')` },
] as const;

let copies = 0;

function copyOf(file: string, scratch: string): string {
  return join(scratch, `${copies++}-${basename(file)}`);
}

async function unzipped(file: string, scratch: string): Promise<string> {
  const copy = copyOf(file, scratch);
  await pipeline(createReadStream(file), createGunzip(), createWriteStream(copy));
  return copy;
}

async function firstBytes(file: string): Promise<string> {
  const opened = await open(file);
  try {
    const { buffer, bytesRead } = await opened.read(Buffer.alloc(512), 0, 512, 0);
    return buffer.toString("latin1", 0, bytesRead);
  } finally {
    await opened.close();
  }
}
