import { randomUUID } from "node:crypto";
import { mkdirSync, renameSync, rmSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { FinkError } from "../errors.ts";
import type { AddFile } from "./actions.ts";
import { atStep, syncPath } from "./durable.ts";
import { mergeStats, parseStats } from "./merge-stats.ts";
import { columnsTag, dataFields, identifier, literal, pathSql, scan, type ScanTable } from "./scan.ts";
import type { Upkeep } from "./upkeep.ts";

/** No dictionaries: DuckDB's take -0 and 0 for one value. */
const parquetOptions = "FORMAT parquet, COMPRESSION zstd, DICTIONARY_SIZE_LIMIT 0";

/** DuckDB writes a column of a row group as one page: who wants the images of one alert, decompresses those of all. */
const groupBytes = 32e6;

/** Rows of a group of Parquet; DuckDB makes none of less than 2,048. */
export function rowGroupRows(bytes: number, rows: number): number {
  return Math.min(122_880, Math.max(2048, Math.floor((groupBytes * rows) / Math.max(1, bytes))));
}

/**
 * Writes the rows of some files of one partition into one new file with the table's columns and types, sorted by the given paths.
 * The file is on the disk and waits to be committed; a crash before that leaves a file nothing refers to.
 * `rowsOf`: a SELECT of the same alerts, of which some values differ, but none that files have statistics of.
 */
export async function rewrite(upkeep: Upkeep, table: ScanTable, files: readonly AddFile[], sort: readonly string[], rowsOf?: string): Promise<AddFile> {
  const fields = dataFields(table);
  const select = rowsOf ?? (await scan(upkeep.connection, table, files, join(upkeep.scratch, "seeds")));
  const columns = fields.map((f) => identifier(f.name)).join(", ");
  // A key that is a column itself would come back from the sort with -0 as 0; inside of ROW() it is a copy.
  const order = sort.length === 0 ? "" : `ORDER BY ROW(${sort.map(pathSql).join(", ")})`;
  const written = join(upkeep.scratch, `${randomUUID()}.parquet`);
  const known = files.flatMap(({ stats, size }) => (stats === undefined ? [] : [{ size, rows: parseStats(stats).numRecords }]));
  const groupRows = rowGroupRows(
    known.reduce((sum, { size }) => sum + size, 0),
    known.reduce((sum, { rows: n }) => sum + n, 0),
  );
  const result = await upkeep.connection.run(
    `COPY (SELECT ${columns} FROM (${select}) ${order}) TO ${literal(written)} (${parquetOptions}, ROW_GROUP_SIZE ${groupRows})`,
  );
  const rows = Number(result.rowsChanged);
  const stats = statsOf(files, rows, table.path);
  const path = join(dirname(files[0].path), `${randomUUID()}.parquet`);
  moveInto(join(table.path, path), written);
  const { size } = statSync(join(table.path, path));
  const tags = { [columnsTag]: fields.map((f) => f.name).join(","), ...(rowsOf === undefined && countsOf(files)) };
  return { path, partitionValues: files[0].partitionValues, size, modificationTime: Date.now(), dataChange: false, stats, tags };
}

/** Removes new files that are not going to be committed. */
export function discard(table: string, files: Iterable<AddFile>): void {
  for (const { path } of files) rmSync(join(table, path), { force: true });
}

/** Tags of all the files that count some of their rows: for the rows of all the sum. */
function countsOf(files: readonly AddFile[]): Record<string, string> {
  const counts = Object.keys(files[0].tags ?? {}).filter((tag) => files.every(({ tags }) => /^\d+$/.test(tags?.[tag] ?? "")));
  return Object.fromEntries(counts.map((tag) => [tag, String(files.reduce((sum, { tags }) => sum + Number(tags?.[tag]), 0))]));
}

/** The rows are the same, and so is what is known of them; the count shows that none was lost on the way. */
function statsOf(files: readonly AddFile[], rows: number, table: string): string {
  if (files.some((f) => f.stats === undefined)) return JSON.stringify({ numRecords: rows });
  const merged = mergeStats(files.map((f) => parseStats(f.stats!)));
  const expected = parseStats(merged).numRecords;
  if (rows !== expected) throw new FinkError("lake", `${table}: ${files.length} files hold ${rows} rows where the log says ${expected}; nothing was changed`);
  return merged;
}

/** Puts a file that DuckDB wrote into the table's folder, whole and on the disk. */
export function moveInto(path: string, written: string): void {
  mkdirSync(dirname(path), { recursive: true });
  syncPath(written);
  atStep("before", "data-file");
  renameSync(written, path);
  syncPath(dirname(path));
  atStep("after", "data-file");
}
