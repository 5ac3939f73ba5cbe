import { createHash } from "node:crypto";
import { copyFileSync, existsSync, openAsBlob, readFileSync, renameSync, rmSync } from "node:fs";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { type Data, type Struct, tableFromIPC } from "apache-arrow";
import { isReadOnly, makeFolder, temporaryFolder } from "../../folder.ts";
import { replaceWhole } from "../../lake/durable.ts";
import { parquet } from "../../lake/parquet.ts";
import { type StructType, structType } from "../../lake/schema.ts";
import { openSession } from "../../sql/session.ts";
import type { StoredTypes } from "../../sql/stored-types.ts";
import type { Surveys } from "../../surveys/surveys.ts";
import type { KafkaTargetOptions } from "../kafka.ts";
import { formatOf, type Sink } from "./format.ts";
import { kafkaSink } from "./kafka.ts";

export type ExportPlace =
  | { readonly kind: "parquet" | "avro" | "csv" | "vot"; readonly file: string }
  | { readonly kind: "kafka"; readonly topic: string; readonly options: KafkaTargetOptions };

export interface ExportOptions {
  readonly lake: string;
  readonly surveys?: Surveys;
  readonly sql: string;
  readonly place: ExportPlace;
  readonly signal: AbortSignal;
  readonly progress: (done: number, total: number) => void;
}

export interface Exported {
  readonly rows: number;
  /** Rows that an earlier, interrupted run had brought there. */
  readonly before: number;
  /** false: stopped; the same command goes on. */
  readonly complete: boolean;
}

const storedTypes: Readonly<Record<ExportPlace["kind"], StoredTypes>> = {
  parquet: "parquet",
  avro: "exact",
  csv: "text",
  vot: "plain",
  kafka: "plain",
};

/** Rows read and sent at once: those of a row group. */
const groupRows = 2048;

interface State {
  /** Row groups that are in their place. */
  readonly groups: number;
  readonly rows: number;
  /** Bytes of the file up to there. */
  readonly bytes: number;
}

/**
 * Brings the rows of a query to a place. The result is kept as a Parquet file in
 * `<lake>/.fink/exports` until it is there whole: an export that was interrupted goes on after the
 * last rows that are safe there, with the rows as they were when it began.
 */
export async function exportRows(options: ExportOptions): Promise<Exported> {
  const { lake, sql, place } = options;
  const target =
    place.kind === "kafka" ? `${place.options.kafka.brokers.join(",")}/${place.topic}` : place.file;
  const id = createHash("sha256")
    .update(`${sql}\n${place.kind} ${storedTypes[place.kind]}\n${target}`)
    .digest("hex")
    .slice(0, 16);
  // in a lake that is read-only there is no place to go on from after an interruption
  const folder = isReadOnly(lake) ? temporaryFolder("export") : join(lake, ".fink", "exports", id);
  const result = join(folder, "result.parquet");
  makeFolder(folder);
  if (!existsSync(result)) await runQuery(options, folder, result);
  const exported =
    place.kind === "parquet"
      ? await keep(result, place.file)
      : await transfer(options, { id, folder, result });
  if (exported.complete) rmSync(folder, { recursive: true });
  return exported;
}

async function runQuery(
  { lake, surveys, sql, place, signal }: ExportOptions,
  folder: string,
  result: string,
): Promise<void> {
  const part = join(folder, `${process.pid}.part`);
  const session = await openSession(lake, { ...(surveys && { surveys }), writable: part });
  const interrupt = () => session.interrupt();
  signal.addEventListener("abort", interrupt, { once: true });
  try {
    await session.copyTo(part, sql, storedTypes[place.kind], groupRows);
    renameSync(part, result);
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    throw error;
  } finally {
    signal.removeEventListener("abort", interrupt);
    session.close();
  }
}

async function keep(result: string, file: string): Promise<Exported> {
  const { rows } = await groupsOf(result);
  copyFileSync(result, `${file}.part`); // the lake may be on another disk
  renameSync(`${file}.part`, file);
  return { rows, before: 0, complete: true };
}

interface Groups {
  readonly count: number;
  readonly rows: number;
  columns(): StructType;
  read(group: number): Promise<Data<Struct>[]>;
}

async function groupsOf(path: string): Promise<Groups> {
  const file = await parquet.ParquetFile.fromFile(await openAsBlob(path));
  const metadata = file.metadata();
  const { fields } = tableFromIPC(file.schema().intoIPCStream()).schema;
  return {
    count: metadata.numRowGroups(),
    rows: metadata.fileMetadata().numRows(),
    columns: () => structType(fields),
    read: async (group) =>
      tableFromIPC(
        (await file.read({ rowGroups: [group], batchSize: groupRows })).intoIPCStream(),
      ).batches.map(({ data }) => data),
  };
}

interface Work {
  readonly id: string;
  readonly folder: string;
  readonly result: string;
}

async function transfer(
  { place, signal, progress }: ExportOptions,
  { id, folder, result }: Work,
): Promise<Exported> {
  const groups = await groupsOf(result);
  const stateFile = join(folder, "state.json");
  const start: State = existsSync(stateFile)
    ? (JSON.parse(readFileSync(stateFile, "utf8")) as State)
    : { groups: 0, rows: 0, bytes: 0 };
  const sink =
    place.kind === "kafka"
      ? await kafkaSink(place.topic, id, groups.columns(), place.options)
      : await fileSink(place, id, groups);
  let state = start;
  try {
    if (state.groups === 0) state = { ...state, bytes: await sink.begin() };
    for (; state.groups < groups.count && !signal.aborted; progress(state.rows, groups.rows)) {
      let { rows, bytes } = state;
      for (const data of await groups.read(state.groups)) {
        bytes = await sink.rows(data, rows, bytes);
        rows += data.length;
      }
      await sink.safe();
      // what is safe there counts from here on; a crash before it writes or sends the same rows
      // again
      replaceWhole(
        stateFile,
        Buffer.from(JSON.stringify((state = { groups: state.groups + 1, rows, bytes }))),
      );
    }
    const complete = state.groups === groups.count;
    if (complete) await sink.end(state.bytes);
    return { rows: state.rows, before: start.rows, complete };
  } finally {
    await sink.close();
  }
}

async function fileSink(
  { kind, file }: Exclude<ExportPlace, { kind: "kafka" }>,
  id: string,
  groups: Groups,
): Promise<Sink> {
  const format = formatOf(kind as Exclude<typeof kind, "parquet">, groups.columns(), id);
  const part = `${file}.part`;
  const handle = await open(part, existsSync(part) ? "r+" : "w+");
  const write = async (bytes: Uint8Array, at: number) => (
    await handle.write(bytes, 0, bytes.length, at),
    at + bytes.length
  );
  return {
    begin: () => write(format.head(), 0),
    rows: (data, _first, bytes) => write(format.rows(data), bytes),
    safe: () => handle.datasync(),
    async end(bytes) {
      // of an earlier run there may be more
      await handle.truncate(await write(format.tail(), bytes));
      await handle.sync();
      renameSync(part, file);
    },
    close: () => handle.close(),
  };
}
