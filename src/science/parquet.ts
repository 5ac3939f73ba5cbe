import { openAsBlob } from "node:fs";
import type * as Parquet from "parquet-wasm";
import { parquet } from "../lake/parquet.ts";
import { type Data, type DataType, makeData, Struct, tableFromIPC } from "apache-arrow";
import { FinkError, messageOf } from "../errors.ts";
import { type AlertColumns, alertsOf, pathsOf } from "./alerts.ts";
import { checkFile } from "./missing.ts";

/** A Parquet file of alerts; its columns are read when they are asked for. */
export interface AlertFile {
  /** As in `AlertColumns`. */
  readonly paths: ReadonlySet<string>;
  /** Reads columns; paths that the file does not have are passed over. */
  read(paths: Iterable<string>): Promise<AlertColumns>;
  /** Whole rows as Arrow has them, in parts of the same columns; or these columns of them, and some of them. */
  rows(paths?: Iterable<string>, range?: { readonly offset: number; readonly limit: number }): Promise<readonly Data<Struct>[]>;
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
      const chosen = leaves.filter((leaf) => !wanted || wanted.some((names) => isWithin(leaf, names))).map((leaf) => leaf.join("."));
      if (leaves.length === 0) return [noRows(type) as Data<Struct>];
      const table = await file.read({ columns: chosen.length > 0 ? chosen : [leaves[0].join(".")], batchSize: 1 << 16, ...range });
      return tableFromIPC(table.intoIPCStream()).batches.map(({ data }) => data);
    };
    return { paths: new Set(pathsOf(type)), rows, read: async (paths) => alertsOf(await rows(paths)) };
  } catch (error) {
    throw new FinkError("io", `${path} cannot be read as Parquet: ${messageOf(error)}`, error);
  }
}

/** The Parquet paths of all leaves, such as prv_candidates, list, element, jd; empty where the file has no rows. */
function leavesOf(file: Parquet.ParquetFile): string[][] {
  const metadata = file.metadata();
  const first = metadata.numRowGroups() === 0 ? null : metadata.rowGroup(0);
  const columns = first?.columns() ?? [];
  const leaves = columns.map((column) => column.columnPath());
  // memory of WebAssembly never shrinks, and V8 frees these only when it looks at their small wrappers
  for (const one of [...columns, first, metadata]) one?.free();
  return leaves;
}

/** Arrow's own table without rows lacks what is nested in its columns. */
function noRows(type: DataType): Data {
  const children = (type.children ?? []).map((field) => noRows(field.type));
  return (makeData as (props: object) => Data)({ type, length: 0, nullCount: 0, children, child: children[0] });
}

/** Writers give the steps of lists different names (list.element, list.item, array), so that other steps may lie between ours. */
function isWithin(leaf: readonly string[], names: readonly string[]): boolean {
  let next = 0;
  for (const step of leaf) if (step === names[next]) next++;
  return next === names.length && leaf[0] === names[0];
}
