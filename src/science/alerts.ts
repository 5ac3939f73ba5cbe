import { type Data, DataType, type Struct } from "apache-arrow";
import { FinkError } from "../errors.ts";
import type { Survey } from "../surveys/definition.ts";
import { noneIn } from "../surveys/none.ts";
import { absentColumns, noneAt } from "./absent.ts";
import { bytesAt, type Leaf, longsOf, numbersOf, textsOf, truthsOf } from "./leaf.ts";
import { missingColumn } from "./missing.ts";
import type { Alerts } from "./module.ts";

/** Alerts of which is known what columns they have. */
export interface AlertColumns extends Alerts {
  /** Dotted paths of all columns, and of the structures and lists around them. */
  readonly paths: ReadonlySet<string>;
}

/**
 * Arrow columns as modules see them, whether a decoder made them or they come from a file that
 * Spark, pandas or polars wrote. All chunks have the same type. Arrays are those of Arrow where
 * there is one chunk and the type and nulls allow; else they are copied once.
 */
export function alertsOf(chunks: readonly Data<Struct>[]): AlertColumns {
  const paths = new Set(pathsOf(chunks[0].type));
  const whole: readonly Leaf[] = chunks.map((data) => ({ data, missing: null, offsets: null }));
  // what lies in one structure or list shares its nulls and offsets
  const leaves: (path: string) => readonly Leaf[] = kept((path) => {
    if (!paths.has(path)) throw missingColumn(path, paths);
    const dot = path.lastIndexOf(".");
    return (dot < 0 ? whole : leaves(path.slice(0, dot))).map((outer) =>
      leafIn(outer, path.slice(dot + 1), path),
    );
  });
  const single = (path: string) => outsideOfLists(leaves(path), path);
  const inLists = (path: string) => leaves(path).map(emptyLists);
  const columns = {
    numbers: kept((path) => numbersOf(single(path), path)),
    longs: kept((path) => longsOf(single(path), path)),
    booleans: kept((path) => truthsOf(single(path), path)),
    texts: kept((path) => textsOf(single(path), path)),
    bytes: (path: string, alert: number) => bytesAt(single(path), path, alert),
    lists: kept((path) => ({
      offsets: offsetsOf(inLists(path), path),
      values: numbersOf(inLists(path), path),
    })),
    textLists: kept((path) => ({
      offsets: offsetsOf(inLists(path), path),
      values: textsOf(inLists(path), path),
    })),
  };
  return {
    count: chunks.reduce((sum, { length }) => sum + length, 0),
    paths,
    ...columns,
    isNone: (path) => noneAt(columns, path),
  };
}

/** The columns of both; those of `added` where both have one. */
export function withColumns(alerts: AlertColumns, added: AlertColumns): AlertColumns {
  return view(alerts, new Set([...alerts.paths, ...added.paths]), (path) =>
    added.paths.has(path) ? added : alerts,
  );
}

/**
 * What a module may read: a column that it does not declare is not read from files either, and one
 * that they lack is null. `none`: as in the survey's definition.
 */
export function onlyColumns(
  alerts: AlertColumns,
  needs: readonly string[],
  none: Survey["none"] = [],
): Alerts {
  const absent = absentColumns(alerts);
  const columns = view(alerts, new Set(needs), (path) => {
    if (!needs.includes(path))
      throw new FinkError("schema", `column ${path} is read but not among its needs`);
    return alerts.paths.has(path) ? alerts : absent(path);
  });
  return { ...columns, isNone: kept((path) => noneAt(columns, path, noneIn({ none }, path))) };
}

/** Some of the alerts, in the given order. */
export function someRows(alerts: AlertColumns, rows: readonly number[]): AlertColumns {
  return {
    count: rows.length,
    paths: alerts.paths,
    numbers: kept((path) => someOf(alerts.numbers(path), rows)),
    longs: kept((path) => someOf(alerts.longs(path), rows)),
    booleans: kept((path) => someOf(alerts.booleans(path), rows)),
    texts: kept((path) => someOf(alerts.texts(path), rows)),
    bytes: (path, alert) => alerts.bytes(path, rows[alert]),
    lists: kept((path) => someLists(alerts.lists(path), rows)),
    textLists: kept((path) => someLists(alerts.textLists(path), rows)),
    isNone: (path) => someOf(alerts.isNone(path), rows),
  };
}

function someOf<T extends Float64Array | BigInt64Array | Uint8Array | readonly (string | null)[]>(
  values: T,
  rows: readonly number[],
): T {
  if (Array.isArray(values)) return rows.map((row) => values[row] as unknown) as unknown as T;
  return (
    values.constructor as unknown as {
      from(rows: readonly number[], of: (row: number) => unknown): T;
    }
  ).from(rows, (row) => values[row]);
}

function someLists<T extends Float64Array | readonly (string | null)[]>(
  { offsets, values }: Lists<T>,
  rows: readonly number[],
): Lists<T> {
  const entries = rows.flatMap((row) =>
    Array.from({ length: offsets[row + 1] - offsets[row] }, (_, i) => offsets[row] + i),
  );
  const own = new Int32Array(rows.length + 1);
  rows.forEach((row, i) => (own[i + 1] = own[i] + offsets[row + 1] - offsets[row]));
  return { offsets: own, values: someOf(values, entries) };
}

interface Lists<T> {
  readonly offsets: Int32Array;
  readonly values: T;
}

function view(
  { count }: Alerts,
  paths: ReadonlySet<string>,
  having: (path: string) => Omit<Alerts, "count" | "isNone">,
): AlertColumns {
  const columns = {
    numbers: (path: string) => having(path).numbers(path),
    longs: (path: string) => having(path).longs(path),
    booleans: (path: string) => having(path).booleans(path),
    texts: (path: string) => having(path).texts(path),
    bytes: (path: string, alert: number) => having(path).bytes(path, alert),
    lists: (path: string) => having(path).lists(path),
    textLists: (path: string) => having(path).textLists(path),
  };
  return { count, paths, ...columns, isNone: (path) => noneAt(columns, path) };
}

/** Every path in a type, outer ones first; lists add no step. */
export function pathsOf(type: DataType, prefix = ""): string[] {
  const inner = isList(type) ? type.children[0].type : type;
  if (!DataType.isStruct(inner)) return [];
  return inner.children.flatMap((field) => [
    `${prefix}${field.name}`,
    ...pathsOf(field.type, `${prefix}${field.name}.`),
  ]);
}

function kept<T>(make: (path: string) => T): (path: string) => T {
  const known = new Map<string, T>();
  return (path) => {
    const before = known.get(path);
    if (before !== undefined) return before;
    const made = make(path);
    known.set(path, made);
    return made;
  };
}

function isList(type: DataType): boolean {
  return DataType.isList(type) || DataType.isLargeList(type);
}

function leafIn({ data, missing, offsets }: Leaf, name: string, path: string): Leaf {
  const child = data.children[data.type.children.findIndex((field) => field.name === name)];
  return entriesOf({ data: child, missing: missingIn(child, missing), offsets }, path);
}

/** A column without a type, null in all alerts, as lists. */
function emptyLists(leaf: Leaf): Leaf {
  const { data, offsets } = leaf;
  return offsets || !DataType.isNull(data.type)
    ? leaf
    : { data: data.slice(0, 0), missing: null, offsets: new Int32Array(data.length + 1) };
}

/**
 * Steps into a list. One that is null has no entries in memory either: so our decoder and all
 * readers of Parquet lay it out.
 */
function entriesOf(list: Leaf, path: string): Leaf {
  if (!isList(list.data.type)) return list;
  if (list.offsets) throw new FinkError("schema", `column ${path} is a list within a list`);
  const { length, children } = list.data;
  const stored: Int32Array | BigInt64Array =
    length === 0 ? new Int32Array(1) : list.data.valueOffsets;
  const [first, end] = [Number(stored[0]), Number(stored[length])];
  const offsets =
    first === 0 && stored instanceof Int32Array
      ? stored.subarray(0, length + 1)
      : Int32Array.from(stored as ArrayLike<number | bigint>, (offset) => Number(offset) - first);
  const entries = children[0].slice(first, end - first);
  return { data: entries, missing: missingIn(entries, null), offsets };
}

function missingIn(
  { type, nullCount, nullBitmap, offset, length }: Data,
  around: Uint8Array | null,
): Uint8Array | null {
  // as Spark and pandas write a column in which all is null
  if (DataType.isNull(type)) return new Uint8Array(length).fill(1);
  if (nullCount === 0) return around;
  const missing = around ? around.slice() : new Uint8Array(length);
  for (let i = 0, bit = offset; i < length; i++, bit++)
    if (((nullBitmap[bit >> 3] >> (bit & 7)) & 1) === 0) missing[i] = 1;
  return missing;
}

function outsideOfLists(leaves: readonly Leaf[], path: string): readonly Leaf[] {
  if (leaves[0].offsets)
    throw new FinkError(
      "schema",
      `column ${path} is a list, or in one: read it with lists or textLists`,
    );
  return leaves;
}

function offsetsOf(leaves: readonly Leaf[], path: string): Int32Array {
  const [first] = leaves;
  if (!first.offsets) throw new FinkError("schema", `column ${path} is not a list, nor in one`);
  if (leaves.length === 1) return first.offsets;
  const all = new Int32Array(leaves.reduce((sum, { offsets }) => sum + offsets!.length - 1, 1));
  let at = 0;
  for (const { offsets } of leaves) {
    const before = all[at];
    for (let i = 1; i < offsets!.length; i++) all[++at] = before + offsets![i];
  }
  return all;
}
