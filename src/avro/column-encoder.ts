import { type Data, DataType, type Struct, TimeUnit } from "apache-arrow";
import { FinkError } from "../errors.ts";
import { generateColumnEncoder, microsPer, type Slot } from "./generate-column-encoder.ts";
import { parseSchema } from "./schema.ts";

/** Writes rows of Arrow columns as bare Avro data; no object is made of a row. */
export interface ColumnEncoder {
  /** Takes up columns of the types it was made for. */
  bind(parts: readonly (Data<Struct> | null)[]): void;
  /**
   * One datum of row `rows[n]` of each part (-1: nulls), with `head` before it. The bytes stay as
   * they are: they are a view of a larger piece of memory.
   */
  encode(rows: readonly number[], head?: Uint8Array): Uint8Array;
}

/**
 * Generates an encoder for a schema as `avroSchemaOf` makes it. The columns of a row may come from
 * several structures: a field is taken from the first that has it, and is null where none has.
 */
export function compileColumnEncoder(schemaText: string, parts: readonly Struct[]): ColumnEncoder {
  const schema = parseSchema(schemaText, true); // no name enters the code
  if (schema.kind !== "record")
    throw new FinkError(
      "schema",
      `the Avro schema is of type ${schema.kind}; an alert has to be a record`,
    );
  const { code, slots } = generateColumnEncoder(schema, parts);
  const made = new Function(`"use strict";\n${code}`)() as {
    bind(slots: readonly Bound[]): void;
    encode(rows: readonly number[], head: Uint8Array): Uint8Array;
  };
  return {
    bind: (own) => made.bind(slots.map((slot) => bound(own, slot))),
    encode: (rows, head = nothing) => made.encode(rows, head),
  };
}

const nothing = new Uint8Array(0);

/** The memory of one column. */
interface Bound {
  readonly nulls: Uint8Array | null;
  readonly values: ArrayBufferView | null;
  readonly offsets: Int32Array | null;
}

function bound(parts: readonly (Data<Struct> | null)[], { part, steps }: Slot): Bound {
  let data: Data | null = parts[part];
  for (const step of steps) data = data?.children[step] ?? null;
  if (!data) return { nulls: new Uint8Array(0), values: null, offsets: null };
  if (data.offset !== 0)
    throw new FinkError(
      "internal",
      "columns that begin within a byte of null bits cannot be encoded",
    );
  return {
    nulls: data.nullCount > 0 ? data.nullBitmap : null,
    values: valuesOf(data),
    offsets: offsetsOf(data),
  };
}

/** 64-bit integers as words; time stamps in µs. */
function valuesOf({ type, values }: Data): ArrayBufferView | null {
  if (DataType.isTimestamp(type) && type.unit !== TimeUnit.MICROSECOND) {
    const [times, by] = microsPer[type.unit];
    return wordsOf(BigInt64Array.from(values as BigInt64Array, (value) => (value * times) / by));
  }
  const view = values as ArrayBufferView | undefined;
  if (view instanceof BigInt64Array || view instanceof BigUint64Array) return wordsOf(view);
  if (DataType.isDecimal(type) && view)
    return new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
  return view ?? null;
}

function wordsOf({ buffer, byteOffset, length }: BigInt64Array | BigUint64Array): Int32Array {
  return new Int32Array(buffer, byteOffset, 2 * length);
}

function offsetsOf({ valueOffsets }: Data): Int32Array | null {
  const offsets = valueOffsets as Int32Array | BigInt64Array | undefined;
  return offsets instanceof BigInt64Array ? Int32Array.from(offsets, Number) : (offsets ?? null);
}
