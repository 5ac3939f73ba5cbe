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
import { readVoTable } from "./votable.ts";

/** A file of positions: CSV, Parquet, FITS or VOTable, gzipped or not; which, its first bytes say. */
export interface SourceFile {
  readonly columns: readonly { readonly name: string; readonly isText: boolean }[];
  /** What to select these columns from, in SQL. */
  relation(columns: readonly string[]): Promise<string>;
}

/** Scratch is a folder for copies that DuckDB can read. Throws FinkError "io" for what is no table. */
export async function openSourceFile(connection: DuckDBConnection, file: string, scratch: string): Promise<SourceFile> {
  try {
    const head = await firstBytes(file);
    if (head.startsWith("\x1f\x8b")) return await openSourceFile(connection, await unzipped(file, scratch), scratch);
    if (head.startsWith("SIMPLE  =")) return foreign(readFits(await readFile(file)), copyOf(file, scratch));
    if (/^\s*<\?xml|^\s*<(\w+:)?VOTABLE/i.test(head.replace("\xef\xbb\xbf", "")))
      return foreign(readVoTable(await readFile(file, "utf8")), copyOf(file, scratch));
    return await known(connection, head.startsWith("PAR1") ? `read_parquet(${literal(file)})` : `read_csv(${literal(file)})`);
  } catch (error) {
    throw new FinkError("io", `${file} cannot be read as CSV, Parquet, FITS or VOTable: ${messageOf(error)}`, error);
  }
}

/** The column of that name, whatever its case. Throws "usage" with the name that was probably meant. */
export function columnNamed({ columns }: SourceFile, name: string, file: string): { readonly name: string; readonly isText: boolean } {
  const names = columns.map((column) => column.name);
  const found = columns.find((column) => column.name === name) ?? columns.find((column) => column.name.toLowerCase() === name.toLowerCase());
  if (found) return found;
  const meant = didYouMean(name, names) || `; it has ${names.slice(0, 20).join(", ")}${names.length > 20 ? " …" : ""}`;
  throw new FinkError("usage", `${basename(file)} has no column ${name}${meant}`);
}

async function known(connection: DuckDBConnection, relation: string): Promise<SourceFile> {
  const rows = (await connection.runAndReadAll(`DESCRIBE FROM ${relation}`)).getRows() as string[][];
  return { columns: rows.map(([name, type]) => ({ name, isText: type === "VARCHAR" })), relation: () => Promise.resolve(relation) };
}

function foreign(table: ForeignTable, copy: string): SourceFile {
  return {
    columns: table.columns.map(({ name, type }) => ({ name, isText: type === "text" })),
    async relation(columns) {
      await writeFile(copy, parquetOf(table, new Set(columns)));
      return `(SELECT ${columns.map(identifier).join(", ")} FROM read_parquet(${literal(copy)}))`;
    },
  };
}

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
