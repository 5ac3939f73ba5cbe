import { isAscii } from "node:buffer";
import { type Data, DataType } from "apache-arrow";
import { FinkError } from "../errors.ts";

/** One column of one chunk. */
export interface Leaf {
  readonly data: Data;
  /** 1 where the value or a structure around it is null; null: nowhere. */
  readonly missing: Uint8Array | null;
  /** Where the entries of each alert begin, from 0 on; null outside of lists. */
  readonly offsets: Int32Array | null;
}

/** All chunks of a column as numbers; booleans are 0 and 1, time stamps counts of their unit. */
export function numbersOf(leaves: readonly Leaf[], path: string): Float64Array {
  const whole = asItIs(leaves, Float64Array);
  if (whole) return whole;
  return fill(leaves, new Float64Array(lengthOf(leaves)), NaN, (data, all, at) => {
    const values = DataType.isBool(data.type) ? bitsOf(data) : valuesOf(data, path, "numbers");
    if (values instanceof BigInt64Array || values instanceof BigUint64Array)
      for (let i = 0; i < data.length; i++) all[at + i] = Number(values[i]);
    else all.set(values.subarray(0, data.length), at);
  });
}

/** Of floating point numbers, which tools make of integers that may be null, the whole part. */
export function longsOf(leaves: readonly Leaf[], path: string): BigInt64Array {
  const whole = asItIs(leaves, BigInt64Array);
  if (whole) return whole;
  return fill(leaves, new BigInt64Array(lengthOf(leaves)), 0n, (data, all, at) => {
    const values = valuesOf(data, path, "integers");
    for (let i = 0; i < data.length; i++) {
      const value = values[i];
      all[at + i] =
        typeof value === "bigint" ? value : Number.isFinite(value) ? BigInt(Math.trunc(value)) : 0n;
    }
  });
}

export function truthsOf(leaves: readonly Leaf[], path: string): Uint8Array {
  return fill(leaves, new Uint8Array(lengthOf(leaves)), 2, (data, all, at) => {
    if (!DataType.isBool(data.type)) throw wrongType(data, path, "booleans");
    all.set(bitsOf(data), at);
  });
}

export function textsOf(leaves: readonly Leaf[], path: string): (string | null)[] {
  return leaves.flatMap(({ data, missing }) => {
    const at = textAt(data, path);
    return Array.from({ length: data.length }, (_, i) => (missing?.[i] === 1 ? null : at(i)));
  });
}

/** A view of the column, not a copy. */
export function bytesAt(leaves: readonly Leaf[], path: string, alert: number): Uint8Array | null {
  let row = alert;
  for (const { data, missing } of leaves) {
    if (row >= data.length) {
      row -= data.length;
      continue;
    }
    if (DataType.isNull(data.type)) return null;
    if (!DataType.isBinary(data.type) && !DataType.isLargeBinary(data.type))
      throw wrongType(data, path, "bytes");
    return missing?.[row] === 1
      ? null
      : (data.values as Uint8Array).subarray(
          Number(data.valueOffsets[row]),
          Number(data.valueOffsets[row + 1]),
        );
  }
  return null;
}

function lengthOf(leaves: readonly Leaf[]): number {
  return leaves.reduce((sum, { data }) => sum + data.length, 0);
}

/** Arrow's own array, where nothing has to be changed in it. */
function asItIs<T extends Float64Array | BigInt64Array>(
  [leaf, ...more]: readonly Leaf[],
  type: new (length: number) => T,
): T | null {
  const isWhole =
    more.length === 0 &&
    !leaf.missing &&
    leaf.data.values instanceof type &&
    !DataType.isDecimal(leaf.data.type);
  return isWhole ? (leaf.data.values.subarray(0, leaf.data.length) as T) : null;
}

function fill<T extends Float64Array | BigInt64Array | Uint8Array>(
  leaves: readonly Leaf[],
  all: T,
  none: T[number],
  put: (data: Data, all: T, at: number) => void,
): T {
  let at = 0;
  for (const { data, missing } of leaves) {
    // Arrow may leave the array of no values out
    if (data.length > 0 && !DataType.isNull(data.type)) put(data, all, at);
    if (missing) for (let i = 0; i < data.length; i++) if (missing[i] === 1) all[at + i] = none;
    at += data.length;
  }
  return all;
}

type Numbers =
  | Int8Array
  | Uint8Array
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | Float32Array
  | Float64Array
  | BigInt64Array
  | BigUint64Array;

function valuesOf(data: Data, path: string, wanted: string): Numbers {
  const { type } = data;
  // float16 is stored as bits
  const isFloat = DataType.isFloat(type) && !(data.values instanceof Uint16Array);
  if (!isFloat && !DataType.isInt(type) && !DataType.isTimestamp(type))
    throw wrongType(data, path, wanted);
  return data.values;
}

/** One byte each of Arrow's bits. */
function bitsOf({ values, offset, length }: Data): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let i = 0, bit = offset; i < length; i++, bit++)
    bytes[i] = (values[bit >> 3] >> (bit & 7)) & 1;
  return bytes;
}

function textAt(data: Data, path: string): (row: number) => string | null {
  const { dictionary, valueOffsets } = data;
  if (data.length === 0 || DataType.isNull(data.type)) return () => null;
  if (DataType.isDictionary(data.type) && dictionary) {
    const words = textsOf(
      dictionary.data.map((part) => ({ data: part, missing: null, offsets: null })),
      path,
    );
    return (row) => words[Number(data.values[row])];
  }
  if (!DataType.isUtf8(data.type) && !DataType.isLargeUtf8(data.type))
    throw wrongType(data, path, "texts");
  const [start, end] = [Number(valueOffsets[0] ?? 0), Number(valueOffsets[data.length] ?? 0)];
  const bytes = Buffer.from(data.values.buffer, data.values.byteOffset + start, end - start);
  // one text cut into pieces: several times faster than to decode each
  if (!isAscii(bytes))
    return (row) =>
      bytes.toString(
        "utf8",
        Number(valueOffsets[row]) - start,
        Number(valueOffsets[row + 1]) - start,
      );
  const all = bytes.toString("latin1");
  return (row) =>
    all.slice(Number(valueOffsets[row]) - start, Number(valueOffsets[row + 1]) - start);
}

function wrongType(data: Data, path: string, wanted: string): FinkError {
  return new FinkError(
    "schema",
    `column ${path} is of type ${String(data.type)}: it cannot be read as ${wanted}`,
  );
}
