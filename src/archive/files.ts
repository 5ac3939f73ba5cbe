import { randomUUID } from "node:crypto";
import { join } from "node:path";
import type { Data, Struct } from "apache-arrow";
import { columnsOf } from "../avro/columns.ts";
import type { AddFile } from "../lake/actions.ts";
import { columnAt } from "../lake/column.ts";
import { conform } from "../lake/conform.ts";
import { writeNewFile } from "../lake/durable.ts";
import { toParquet } from "../lake/parquet.ts";
import { discard } from "../lake/rewrite.ts";
import { columnsTag } from "../lake/scan.ts";
import { merge, type StructType, structType, withFieldsOf } from "../lake/schema.ts";
import { statistics } from "../lake/stats.ts";
import { jdMinusMjd, mjdOfMs, nightOfMjd } from "../sky/time.ts";
import type { Survey } from "../surveys/definition.ts";
import type { Batch } from "./batch.ts";
import { rejectedColumns, withOrigin } from "./columns.ts";
import type { Decoded, Reject } from "./decode.ts";

/** A data file that is made but not yet on the disk. */
export interface EncodedFile {
  readonly add: AddFile;
  readonly schema: StructType;
  readonly rows: number;
  readonly bytes: Uint8Array;
}

/** Data files that are on the disk and wait to be committed. */
export interface WrittenFiles {
  readonly files: readonly AddFile[];
  /** Their columns; null when there is no file. */
  readonly schema: StructType | null;
  readonly rows: number;
}

/** Where a batch goes. */
export interface Destination {
  readonly survey: Survey;
  /** The table's columns, with those that come with this batch. */
  readonly schema: StructType;
}

/**
 * What `plan` found: how the decoded columns go into the table, or the wider columns the table
 * needs first.
 */
export type Plan =
  | { readonly kind: "write"; readonly decoded: readonly Decoded[]; readonly schema: StructType }
  | { readonly kind: "widen"; readonly schema: StructType };

/**
 * Holds the decoded columns against the table's. Alerts whose types cannot be brought together with
 * the table's are added to `rejects`. `mayWiden` false: so are those that need wider columns.
 */
export function plan(
  decoded: readonly Decoded[],
  schema: StructType,
  mayWiden: boolean,
  rejects: Reject[],
): Plan {
  let table = schema;
  let widens = false;
  const fitting = decoded.filter((d) => {
    const found = merge(table, structType(d.decoder.plan.root.type.children));
    const wait = found.conflicts.length > 0 ? found.conflicts : mayWiden ? [] : found.widened;
    if (wait.length > 0) {
      const advice =
        found.conflicts.length > 0
          ? "no exact cast between them"
          : "run ./fink lake widen, then ./fink retry";
      const reason = `column types differ (table ≠ alert): ${wait.join(", ")}; ${advice}`;
      for (const message of new Set(d.rows.messages))
        rejects.push({ message, code: "type-conflict", reason });
      return false;
    }
    widens ||= found.widened.length > 0;
    table = found.type as StructType;
    return true;
  });
  return widens
    ? { kind: "widen", schema: table }
    : { kind: "write", decoded: fitting, schema: table };
}

/** The alerts as data files: one per schema and night. */
export function encodeAlerts(
  batch: Batch,
  decoded: readonly Decoded[],
  to: Destination,
): EncodedFile[] {
  return decoded.flatMap((one) => {
    const files: EncodedFile[] = [];
    for (const { night, rows, columns } of byNight(batch, one, to.survey)) {
      files.push(
        encodeFile(
          withOrigin(conform(columns, to.schema), batch, one.rows, rows, one.label),
          night,
          to.survey,
        ),
      );
    }
    return files;
  });
}

/** The messages that wait as a data file, under the night they came in. */
export function encodeRejects(batch: Batch, rejects: readonly Reject[]): EncodedFile[] {
  if (rejects.length === 0) return [];
  return [
    encodeFile(
      rejectedColumns(batch, rejects),
      nightOfMjd(mjdOfMs(batch.receivedAt[rejects[0].message])),
    ),
  ];
}

/**
 * Puts all the files on the disk, or none. A crash before they are committed leaves files that
 * nothing refers to; vacuum removes them.
 */
export async function writeFiles(
  files: readonly EncodedFile[],
  table: string,
): Promise<WrittenFiles> {
  const added = files.map((f) => f.add);
  const writes = await Promise.allSettled(
    files.map(({ add, bytes }) => writeNewFile(join(table, add.path), bytes)),
  );
  const failed = writes.find((write) => write.status === "rejected");
  if (failed) {
    discard(table, added);
    throw failed.reason;
  }
  return union(files.map(({ add, schema, rows }) => ({ files: [add], schema, rows })));
}

/** The files of several batches, for one commit. */
export function union(parts: readonly WrittenFiles[]): WrittenFiles {
  const schemas = parts.flatMap((p) => p.schema ?? []);
  return {
    files: parts.flatMap((p) => p.files),
    schema: schemas.length === 0 ? null : schemas.reduce(withFieldsOf),
    rows: parts.reduce((sum, p) => sum + p.rows, 0),
  };
}

interface NightRows {
  readonly night: number | null;
  /** Numbers of the rows in the batch's decode order. */
  readonly rows: ArrayLike<number>;
  readonly columns: Data<Struct>;
}

/**
 * Nearly every batch is of one night, and its columns are used as they are. Otherwise each night's
 * rows are decoded again: cheaper than code that picks rows out of nested columns.
 */
function* byNight(
  batch: Batch,
  { decoder, rows: origins }: Decoded,
  survey: Survey,
): Generator<NightRows> {
  const columns = columnsOf(decoder);
  const nights = nightsOf(columns, survey, (row) => batch.receivedAt[origins.messages[row]]);
  const groups = Map.groupBy(nights.keys(), (row) => nights[row]);
  if (groups.size === 1)
    return yield { night: nights[0], rows: Int32Array.from(nights.keys()), columns };
  for (const [night, rows] of groups) {
    decoder.cut(decoder.start);
    for (const row of rows)
      decoder.decode(origins.bytes[row], origins.starts[row], origins.ends[row]);
    yield { night, rows, columns: columnsOf(decoder) };
  }
}

/**
 * The night of each alert: from its time where the survey says which field that is, else from when
 * it came in.
 */
function nightsOf(
  columns: Data<Struct>,
  { time }: Survey,
  receivedAt: (row: number) => number,
): (number | null)[] {
  const column = columnAt(columns, time?.field);
  const offset = time?.scale === "jd" ? jdMinusMjd : 0;
  const values = column?.data.values as Float64Array | undefined;
  return Array.from({ length: columns.length }, (_, row) => {
    if (!column || !values) return nightOfMjd(mjdOfMs(receivedAt(row)));
    return column.present(row)
      ? nightOfMjd(Number(values[row]) - offset, time?.nightShiftHours)
      : null;
  });
}

/** Rows of one night as a data file. `tags` are further ones of its `add`. */
export function encodeFile(
  columns: Data<Struct>,
  night: number | null,
  survey?: Survey,
  tags: Readonly<Record<string, string>> = {},
): EncodedFile {
  const bytes = toParquet(columns);
  const schema = structType(columns.type.children);
  const indexed = indexedPaths(survey).flatMap((paths) => columnAt(columns, paths) ?? []);
  const file = { size: bytes.length, stats: statistics(columns, indexed) };
  return {
    add: dataFile(newPath(night), night, schema, file, tags),
    bytes,
    schema,
    rows: columns.length,
  };
}

/** Where a new data file of a night goes, within its table. */
export function newPath(night: number | null): string {
  return `night=${night ?? "__HIVE_DEFAULT_PARTITION__"}/${randomUUID()}.parquet`;
}

/** A data file for the log. */
export function dataFile(
  path: string,
  night: number | null,
  { fields }: StructType,
  file: Pick<AddFile, "size" | "stats">,
  tags: Readonly<Record<string, string>> = {},
): AddFile {
  const partitionValues = { night: night === null ? null : String(night) };
  const own = { [columnsTag]: fields.map((f) => f.name).join(","), ...tags };
  return {
    path,
    partitionValues,
    modificationTime: Date.now(),
    dataChange: true,
    ...file,
    tags: own,
  };
}

/** Columns that queries select by, and so get statistics. */
export function indexedPaths(survey?: Survey): string[][] {
  const own = survey
    ? [survey.alert, survey.object, survey.time?.field, survey.position?.ra, survey.position?.dec]
    : [];
  return [
    ...own.filter((paths) => paths !== undefined),
    ["_source"],
    ["_partition"],
    ["_offset"],
    ["_received_at"],
    ["matched_at"],
  ];
}
