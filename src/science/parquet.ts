import { openAsBlob } from "node:fs";
import { join } from "node:path";
import { isMainThread, Worker } from "node:worker_threads";
import type * as Parquet from "parquet-wasm";
import { parquet } from "../lake/parquet.ts";
import { type Data, type DataType, makeData, Struct, tableFromIPC } from "apache-arrow";
import { FinkError, messageOf } from "../errors.ts";
import { type AlertColumns, alertsOf, pathsOf } from "./alerts.ts";
import { checkFile } from "./missing.ts";
import type { ReadApart } from "./parquet-thread.ts";

/** A Parquet file of alerts; its columns are read when they are asked for. */
export interface AlertFile {
  /** As in `AlertColumns`. */
  readonly paths: ReadonlySet<string>;
  /** Reads columns; paths that the file does not have are passed over. */
  read(paths: Iterable<string>): Promise<AlertColumns>;
  /**
   * Whole rows as Arrow has them, in parts of the same columns; or these columns of them, and some
   * of them.
   */
  rows(
    paths?: Iterable<string>,
    range?: { readonly offset: number; readonly limit: number },
  ): Promise<readonly Data<Struct>[]>;
}

export async function openAlertFile(path: string): Promise<AlertFile> {
  checkFile(path, "io");
  try {
    // only ParquetFile heeds `columns`: the function readParquet of 0.8.0 reads them all
    const file = await parquet.ParquetFile.fromFile(await openAsBlob(path));
    const leaves = leavesOf(file);
    const type = new Struct(tableFromIPC(file.schema().intoIPCStream()).schema.fields);
    const rows: AlertFile["rows"] = async (paths, range) => {
      const wanted = paths && [...paths].map((p) => p.split("."));
      if (leaves.length === 0) return [noRows(type) as Data<Struct>];
      const own = leaves.filter(
        (leaf) => !wanted || wanted.some((names) => isWithin(leaf.path, names)),
      );
      const chosen = own.length > 0 ? own : [leaves[0]];
      const options = {
        columns: chosen.map((leaf) => leaf.path.join(".")),
        batchSize: 1 << 16,
        ...range,
      };
      const isLarge =
        isMainThread && chosen.reduce((sum, { bytes }) => sum + bytes, 0) > largeBytes;
      const stream = isLarge
        ? await readApart(path, options)
        : (await file.read(options)).intoIPCStream();
      return tableFromIPC(stream).batches.map(({ data }) => data);
    };
    return {
      paths: new Set(pathsOf(type)),
      rows,
      read: async (paths) => alertsOf(await rows(paths)),
    };
  } catch (error) {
    throw new FinkError("io", `${path} cannot be read as Parquet: ${messageOf(error)}`, error);
  }
}

/** More than new files have; those that compaction made have it. */
const largeBytes = 8 << 20;

/**
 * WebAssembly's memory never shrinks: a file of 128 MB with its images would leave 400 MB of it in
 * this process. A thread's ends with the thread.
 */
async function readApart(path: string, options: Parquet.ReaderOptions): Promise<Uint8Array> {
  const thread = new Worker(join(import.meta.dirname, "parquet-thread.ts"), {
    workerData: { path, options } satisfies ReadApart,
  });
  const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>();
  thread.once("message", resolve).once("error", reject);
  thread.once("exit", () =>
    reject(new FinkError("io", `${path}: the thread that read it has ended`)),
  );
  return await promise;
}

interface Leaf {
  readonly path: readonly string[];
  /** As stored, in all row groups if all are as the first. */
  readonly bytes: number;
}

/**
 * The Parquet paths of all leaves, such as prv_candidates, list, element, jd; empty where the file
 * has no rows.
 */
function leavesOf(file: Parquet.ParquetFile): Leaf[] {
  const metadata = file.metadata();
  const groups = metadata.numRowGroups();
  const first = groups === 0 ? null : metadata.rowGroup(0);
  const columns = first?.columns() ?? [];
  const leaves = columns.map((column) => ({
    path: column.columnPath(),
    bytes: Number(column.compressedSize()) * groups,
  }));
  // memory of WebAssembly never shrinks, and V8 frees these only when it looks at their small
  // wrappers
  for (const one of [...columns, first, metadata]) one?.free();
  return leaves;
}

/** Arrow's own table without rows lacks what is nested in its columns. */
function noRows(type: DataType): Data {
  const children = (type.children ?? []).map((field) => noRows(field.type));
  return (makeData as (props: object) => Data)({
    type,
    length: 0,
    nullCount: 0,
    children,
    child: children[0],
  });
}

/**
 * Writers give the steps of lists different names (list.element, list.item, array), so that other
 * steps may lie between ours.
 */
function isWithin(leaf: readonly string[], names: readonly string[]): boolean {
  let next = 0;
  for (const step of leaf) if (step === names[next]) next++;
  return next === names.length && leaf[0] === names[0];
}
