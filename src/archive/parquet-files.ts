import { randomUUID } from "node:crypto";
import { existsSync, statSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import type { DuckDBConnection } from "@duckdb/node-api";
import { FinkError, messageOf } from "../errors.ts";
import type { AddFile } from "../lake/actions.ts";
import { logFolder } from "../lake/log.ts";
import { discard, moveInto } from "../lake/rewrite.ts";
import { columnPath, identifier, literal, pathSql, sqlType, typeAt } from "../lake/scan.ts";
import { field, fieldNamed, merge, type StructType } from "../lake/schema.ts";
import { isOvertaken, LakeTable } from "../lake/table.ts";
import type { Upkeep } from "../lake/upkeep.ts";
import { widenTable } from "../lake/widen.ts";
import { jdMinusMjd, mjdOfMs, mjdOfUnixEpoch, nightOfMjd } from "../sky/time.ts";
import type { ListedFile } from "../sources/file-list.ts";
import type { Survey } from "../surveys/definition.ts";
import type { Surveys } from "../surveys/surveys.ts";
import { reservedColumns } from "./columns.ts";
import { dataFile, indexedPaths, newPath } from "./files.ts";
import { statisticsOf, structOf, type WrittenColumn } from "./parquet-columns.ts";

export interface ParquetOptions {
  readonly lake: string;
  readonly surveys: Surveys;
  /** Name of the survey; undefined: the columns tell. */
  readonly survey: string | undefined;
  /** A table larger than this is not widened for a file. */
  readonly widenUpToBytes: number;
}

export interface ParquetCounts {
  readonly archived: number;
  /** Rows that were in the lake before. */
  readonly duplicates: number;
}

/**
 * Leaves out the files in the folders of Delta tables that these tables do not name (any more):
 * their rows are in others.
 */
export function currentFiles(files: readonly ListedFile[]): ListedFile[] {
  const tables = new Map<string, LakeTable | null>();
  const tableAbove = (folder: string): LakeTable | null => {
    if (!tables.has(folder)) {
      const own = existsSync(logFolder(folder)) ? new LakeTable(folder) : null;
      tables.set(folder, own ?? (folder === dirname(folder) ? null : tableAbove(dirname(folder))));
    }
    return tables.get(folder)!;
  };
  return files.filter(({ realPath }) => {
    const table = tableAbove(dirname(realPath));
    return !table || table.snapshot.files.has(relative(table.path, realPath));
  });
}

/** A Parquet file of alerts, and where it goes. */
interface Input {
  readonly file: ListedFile;
  /** SQL of its rows, with their number. */
  readonly rows: string;
  readonly count: number;
  /** Its columns but for those that are the lake's own. */
  readonly schema: StructType;
  readonly survey: Survey;
  readonly receivedAt: number;
}

/** How often a file is begun anew because other writers changed the table. */
const maxTries = 5;

/**
 * Archives the rows of a Parquet file that are not in the lake yet, in one commit; the position
 * `files:<path>` in it makes a second time add nothing. Throws FinkError "type-conflict" where a
 * column's type is not the table's: there are no bytes that could wait in `rejected`, so the file
 * is refused whole.
 */
export async function ingestParquet(
  upkeep: Upkeep,
  file: ListedFile,
  options: ParquetOptions,
  now: () => number = Date.now,
): Promise<ParquetCounts> {
  const input = await open(upkeep.connection, file, options, now());
  const raw = new LakeTable(join(options.lake, input.survey.name, "raw"));
  const appId = `files:${file.realPath}`;
  for (let tries = 1; ; tries++) {
    raw.refresh();
    const from = raw.snapshot.positions.get(appId) ?? null;
    const duplicates = Math.min(from ?? 0, input.count);
    if (duplicates === input.count) return { archived: 0, duplicates };
    const schema = await fittedSchema(raw, input, options.widenUpToBytes);
    const add = await write(upkeep, raw.path, input, schema, duplicates);
    try {
      raw.commit({
        operation: "ingest",
        add,
        schema,
        positions: new Map([[appId, { from, to: input.count }]]),
      });
      return { archived: input.count - duplicates, duplicates };
    } catch (error) {
      discard(raw.path, add);
      if (!isOvertaken(error) || tries === maxTries) throw error;
    }
  }
}

async function open(
  connection: DuckDBConnection,
  file: ListedFile,
  { surveys, survey }: ParquetOptions,
  receivedAt: number,
): Promise<Input> {
  // DuckDB takes a path for a pattern
  const path = literal(file.realPath.replace(/[*?[]/g, "[$&]"));
  const rows = `read_parquet(${path}, hive_partitioning=false, file_row_number=true)`;
  try {
    const columns = await connection.run(`SELECT * EXCLUDE (file_row_number) FROM ${rows} LIMIT 0`);
    const counted = await connection.runAndReadAll(
      `SELECT num_rows FROM parquet_file_metadata(${path})`,
    );
    const all = structOf(columns.columnNames(), columns.columnTypes());
    const schema: StructType = {
      type: "struct",
      fields: all.fields.filter((f) => !reservedColumns.includes(f.name.toLowerCase())),
    };
    return {
      file,
      rows,
      schema,
      count: Number(counted.getRows()[0][0]),
      survey: surveys.named(survey ?? surveyOf(schema, surveys)),
      receivedAt,
    };
  } catch (error) {
    if (error instanceof FinkError)
      throw new FinkError(error.code, `${file.path}: ${error.message}`, error);
    throw new FinkError("io", `${file.path} cannot be read as Parquet: ${messageOf(error)}`, error);
  }
}

/** Parquet keeps no name of its schema; Spark calls it so when it writes such columns as Avro. */
function surveyOf(schema: StructType, surveys: Surveys): string {
  const name = surveys.ofSchema({
    name: "topLevelRecord",
    has: (path) => typeAt(schema, path) !== undefined,
  });
  if (surveys.all.some((s) => s.name === name)) return name;
  throw new FinkError(
    "usage",
    "its columns are those of no survey that is known; say whose alerts they are with --survey NAME",
  );
}

/**
 * The columns that the file's rows have in the table. The table is widened where that is needed and
 * it is small enough.
 */
async function fittedSchema(
  raw: LakeTable,
  { file, schema }: Input,
  widenUpToBytes: number,
): Promise<StructType> {
  const size = [...raw.snapshot.files.values()].reduce((sum, f) => sum + f.size, 0);
  const { type, conflicts, widened } = merge(raw.snapshot.schema, schema);
  const wait = [...conflicts, ...(size > widenUpToBytes ? widened : [])];
  if (wait.length > 0)
    throw new FinkError(
      "type-conflict",
      `${file.path} is left out, column types differ (table ≠ file): ${listed(wait)}; cast them and try again`,
    );
  if (widened.length > 0) await widenTable(raw, type as StructType);
  const merged = type as StructType;
  return {
    type: "struct",
    fields: [...schema.fields.map((f) => fieldNamed(merged, f.name)!), ...originFields],
  };
}

function listed(names: readonly string[]): string {
  return names.length > 5
    ? `${names.slice(0, 5).join(", ")} and ${names.length - 5} more`
    : names.join(", ");
}

const originFields = [
  field("_source", "string"),
  field("_partition", "integer"),
  field("_offset", "long"),
  field("_published_at", "timestamp"),
  field("_received_at", "timestamp"),
  field("_schema", "string"),
];

/**
 * Writes the rows from number `first` on: a file for each night. A crash before they are committed
 * leaves files nothing refers to.
 */
async function write(
  upkeep: Upkeep,
  table: string,
  input: Input,
  schema: StructType,
  first: number,
): Promise<AddFile[]> {
  const night = nightSql(input);
  const rows = `${input.rows} WHERE file_row_number >= ${first}`;
  const nights = await upkeep.connection.runAndReadAll(
    `SELECT DISTINCT ${night} AS own FROM ${rows} ORDER BY own`,
  );
  const added: AddFile[] = [];
  for (const [value] of nights.getRows()) {
    const select = `SELECT ${selectList(input, schema)} FROM ${rows} AND ${night} IS NOT DISTINCT FROM ${String(value)}`;
    added.push(
      await writeNight(upkeep, table, input, schema, select, value === null ? null : Number(value)),
    );
  }
  return added;
}

async function writeNight(
  { connection, scratch }: Upkeep,
  table: string,
  { file, count, survey }: Input,
  schema: StructType,
  select: string,
  night: number | null,
): Promise<AddFile> {
  const written = join(scratch, `${randomUUID()}.parquet`);
  const rowGroup =
    2048 * Math.max(1, Math.min(60, Math.floor(rowGroupBytes / (file.bytes / count) / 2048)));
  const result = await connection.runAndReadAll(
    `COPY (${select}) TO ${literal(written)} (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE ${rowGroup}, RETURN_STATS)`,
  );
  const [{ count: rows, column_statistics: columns }] = result.getRowObjectsJson() as unknown as [
    { count: string; column_statistics: Entries<Entries<string>> },
  ];
  const path = newPath(night);
  moveInto(join(table, path), written);
  const indexed = indexedPaths(survey).flatMap((paths) => columnPath(schema, paths) ?? []);
  const stats = statisticsOf(
    Number(rows),
    new Map(columns.map(({ key, value }) => [key, recordOf(value)])),
    schema,
    indexed,
  );
  return dataFile(path, night, schema, { size: statSync(join(table, path)).size, stats });
}

/** A row group is in memory whole while it is written. */
const rowGroupBytes = 64 << 20;

/** A map as DuckDB gives it in JSON. */
type Entries<T> = readonly { readonly key: string; readonly value: T }[];

function recordOf(entries: Entries<string>): WrittenColumn {
  return Object.fromEntries(entries.map(({ key, value }) => [key, value]));
}

/** The file's columns under the table's names and types, and where each row comes from. */
function selectList({ file, schema: own, receivedAt }: Input, schema: StructType): string {
  const columns = own.fields.map(
    (f, i) =>
      `${identifier(f.name)}::${sqlType(schema.fields[i].type)} AS ${identifier(schema.fields[i].name)}`,
  );
  const received = `epoch_ms(${receivedAt})::TIMESTAMP::TIMESTAMPTZ`;
  const origin = [
    literal(file.path),
    "0::INTEGER",
    "file_row_number::BIGINT",
    "NULL::TIMESTAMPTZ",
    received,
    "'parquet'",
  ];
  return [...columns, ...originFields.map((f, i) => `${origin[i]} AS ${identifier(f.name)}`)].join(
    ", ",
  );
}

/**
 * As `nightOfMjd` has it, with the same steps in the same order: the last digit decides at
 * midnight.
 */
function nightSql({ schema, survey: { time }, receivedAt }: Input): string {
  const path = columnPath(schema, time?.field);
  if (!time || !path || !/^(integer|long|float|double|decimal)/.test(String(typeAt(schema, path))))
    return String(nightOfMjd(mjdOfMs(receivedAt)));
  const value = `${pathSql(path)}::DOUBLE`;
  const mjd = time.scale === "jd" ? `(${value} - '${jdMinusMjd}'::DOUBLE)` : value;
  const ms = `trunc((${mjd} + '${time.nightShiftHours / 24}'::DOUBLE - ${mjdOfUnixEpoch}::DOUBLE) * 86400000::DOUBLE)`;
  return `CASE WHEN ${mjd} > 15020 AND ${mjd} < 124594 THEN strftime(make_timestamp(${ms}::BIGINT * 1000), '%Y%m%d')::INTEGER END`;
}
