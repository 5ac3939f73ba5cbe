import { randomUUID } from "node:crypto";
import { mkdirSync, renameSync, rmSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { FinkError } from "../errors.ts";
import type { AddFile } from "./actions.ts";
import { atStep, syncPath } from "./durable.ts";
import { mergeStats, parseStats } from "./merge-stats.ts";
import {
  columnsTag,
  dataFields,
  identifier,
  literal,
  pathSql,
  scan,
  type ScanTable,
} from "./scan.ts";
import type { Upkeep } from "./upkeep.ts";

/** No dictionaries: DuckDB's take -0 and 0 for one value. */
const parquetOptions = "FORMAT parquet, COMPRESSION zstd, DICTIONARY_SIZE_LIMIT 0";

/**
 * DuckDB writes a column of a row group as one page: who wants the images of one alert,
 * decompresses those of all.
 */
const groupBytes = 32e6;

/**
 * Rows that DuckDB hands from one step of a query to the next. Its writer closes a row group only
 * between two such pieces.
 */
const pieceRows = 2048;

/** Rows of a group of Parquet, given the size and the number of the rows to be written. */
export function rowGroupRows(bytes: number, rows: number): number {
  return Math.min(122_880, Math.max(64, Math.floor((groupBytes * rows) / Math.max(1, bytes))));
}

/**
 * Writes the rows of some files of one partition into one new file with the table's columns and
 * types, sorted by the given paths. The file is on the disk and waits to be committed; a crash
 * before that leaves a file nothing refers to. `rowsOf`: a SELECT of the same alerts, of which some
 * values differ, but none that files have statistics of.
 */
export async function rewrite(
  upkeep: Upkeep,
  table: ScanTable,
  files: readonly AddFile[],
  sort: readonly string[],
  rowsOf?: string,
): Promise<AddFile> {
  const fields = dataFields(table);
  const known = files.flatMap(({ stats, size }) =>
    stats === undefined ? [] : [{ size, rows: parseStats(stats).numRecords }],
  );
  const groupRows = rowGroupRows(
    known.reduce((sum, { size }) => sum + size, 0),
    known.reduce((sum, { rows: n }) => sum + n, 0),
  );
  // A key that is a column itself would come back from the sort with -0 as 0; inside of ROW() it is
  // a copy.
  const order = sort.length === 0 ? "" : `ORDER BY ROW(${sort.map(pathSql).join(", ")})`;
  const written = join(upkeep.scratch, `${randomUUID()}.parquet`);
  const write = async (select: string) => {
    const options = `${parquetOptions}, ROW_GROUP_SIZE ${groupRows}`;
    return Number(
      (await upkeep.connection.run(`COPY (${select}) TO ${literal(written)} (${options})`))
        .rowsChanged,
    );
  };
  const columns = fields.map((f) => identifier(f.name)).join(", ");
  const sorted = async (of: readonly AddFile[]) => {
    const select =
      rowsOf ?? (await scan(upkeep.connection, table, of, join(upkeep.scratch, "seeds")));
    return `(SELECT ${columns} FROM (${select}) ${order})`;
  };
  // A sort hands on 2,048 rows at a time, and the writer closes a row group only between two such
  // pieces: with images, 100 MB of ZTF, 225 MB of LSST, several times in memory. So some files are
  // sorted at a time, and their rows are a row group.
  const parts =
    rowsOf === undefined && groupRows < pieceRows ? groupsOf(files, groupBytes) : [files];
  const rows = await write((await Promise.all(parts.map(sorted))).join(" UNION ALL "));
  const stats = statsOf(files, rows, table.path);
  const path = join(dirname(files[0].path), `${randomUUID()}.parquet`);
  moveInto(join(table.path, path), written);
  const { size } = statSync(join(table.path, path));
  const tags = {
    [columnsTag]: fields.map((f) => f.name).join(","),
    ...(rowsOf === undefined && countsOf(files)),
  };
  return {
    path,
    partitionValues: files[0].partitionValues,
    size,
    modificationTime: Date.now(),
    dataChange: false,
    stats,
    tags,
  };
}

/** Files of one partition each, in the order they came, as many as the size allows. */
export function groupsOf(files: Iterable<AddFile>, targetBytes: number): AddFile[][] {
  const groups: AddFile[][] = [];
  for (const members of Map.groupBy(files, (f) => JSON.stringify(f.partitionValues)).values()) {
    let size = Infinity;
    for (const file of members) {
      if (size + file.size > targetBytes) {
        groups.push([]);
        size = 0;
      }
      groups.at(-1)!.push(file);
      size += file.size;
    }
  }
  return groups;
}

/** Removes new files that are not going to be committed. */
export function discard(table: string, files: Iterable<AddFile>): void {
  for (const { path } of files) rmSync(join(table, path), { force: true });
}

/** Tags of all the files that count some of their rows: for the rows of all the sum. */
function countsOf(files: readonly AddFile[]): Record<string, string> {
  const counts = Object.keys(files[0].tags ?? {}).filter((tag) =>
    files.every(({ tags }) => /^\d+$/.test(tags?.[tag] ?? "")),
  );
  return Object.fromEntries(
    counts.map((tag) => [
      tag,
      String(files.reduce((sum, { tags }) => sum + Number(tags?.[tag]), 0)),
    ]),
  );
}

/**
 * The rows are the same, and so is what is known of them; the count shows that none was lost on the
 * way.
 */
function statsOf(files: readonly AddFile[], rows: number, table: string): string {
  if (files.some((f) => f.stats === undefined)) return JSON.stringify({ numRecords: rows });
  const merged = mergeStats(files.map((f) => parseStats(f.stats!)));
  const expected = parseStats(merged).numRecords;
  if (rows !== expected)
    throw new FinkError(
      "lake",
      `${table}: ${files.length} files hold ${rows} rows where the log says ${expected}; nothing was changed`,
    );
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
