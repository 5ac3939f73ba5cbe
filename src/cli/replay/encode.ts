import {
  DuckDBBlobValue,
  type DuckDBDateValue,
  type DuckDBDecimalValue,
  type DuckDBListValue,
  type DuckDBMapValue,
  type DuckDBStructValue,
  type DuckDBTimestampTZValue,
  type DuckDBValue,
} from "@duckdb/node-api";
import { reservedColumns } from "../../archive/columns.ts";
import { writeContainer } from "../../avro/container.ts";
import { compileEncoder } from "../../avro/encoder.ts";
import { columnNames } from "../../avro/layout.ts";
import { type AvroType, parseSchema } from "../../avro/schema.ts";
import { writeWire } from "../../avro/wire.ts";
import { FinkError } from "../../errors.ts";
import type { WriterSchema } from "./schemas.ts";

/** Values of a row by the names of its columns. */
export type Row = Readonly<Record<string, DuckDBValue>>;

/**
 * Makes packets of rows again, as the schema's writer would: what `src/avro/layout.ts` does to a
 * schema, backwards. Null where a schema has parts that cannot be told from its columns (a union of
 * several types).
 */
export function rowEncoder({ text, id }: WriterSchema): ((row: Row) => Uint8Array) | null {
  const schema = parseSchema(text);
  const valueOf = schema.kind === "record" ? recordValue(schema, reservedColumns) : null;
  if (!valueOf) return null;
  const encode = compileEncoder(text);
  const sync = Buffer.alloc(16, "fink");
  return (row) => {
    const datum = encode(valueOf(row));
    return id === null
      ? writeContainer({ schema: text, blocks: [[datum]], sync })
      : writeWire(id, datum);
  };
}

type ToAvro = (value: DuckDBValue) => unknown;

/** null: not possible */
function toAvro(type: AvroType): ToAvro | null {
  switch (type.kind) {
    case "record": {
      const valueOf = recordValue(type);
      // a record in which nothing can be stored has no column
      return (
        valueOf &&
        ((value) =>
          valueOf(
            value === null || value === undefined ? {} : (value as DuckDBStructValue).entries,
          ))
      );
    }
    case "union":
      return unionValue(type.branches);
    case "array": {
      const item = toAvro(type.items);
      return item && ((value) => (value as DuckDBListValue).items.map(item));
    }
    case "map": {
      const entry = toAvro(type.values);
      return (
        entry &&
        ((value) =>
          Object.fromEntries(
            (value as DuckDBMapValue).entries.map(({ key, value: own }) => [
              String(key),
              entry(own),
            ]),
          ))
      );
    }
    case "int":
      // a column may have been widened since
      return type.logical ? (value) => (value as DuckDBDateValue).days : Number;
    case "long":
      return type.logical
        ? timestampValue(type.logical === "timestamp-millis" ? 1000n : 1n)
        : (value) => BigInt(value as bigint);
    case "bytes":
      return type.decimal ? (value) => bigEndian((value as DuckDBDecimalValue).value) : bytesOf;
    case "fixed":
      return type.decimal
        ? (value) => bigEndian((value as DuckDBDecimalValue).value, type.size)
        : bytesOf;
    default:
      return (value) => value;
  }
}

function recordValue(
  { fields }: AvroType & { kind: "record" },
  reserved: readonly string[] = [],
): ((entries: Row) => Record<string, unknown>) | null {
  const columns = columnNames(
    fields.map(({ name }) => name),
    reserved,
  );
  const values = fields.map(({ type }) => toAvro(type));
  if (values.includes(null)) return null;
  const named = fields.map(({ name }, i) => ({ name, column: columns[i], valueOf: values[i]! }));
  return (entries) =>
    Object.fromEntries(
      named.map(({ name, column, valueOf }) => [name, valueOf(inAnyCase(entries, column))]),
    );
}

/** The table spells a column as the first schema did that had it. */
function inAnyCase(entries: Row, column: string): DuckDBValue {
  if (column in entries) return entries[column];
  const same = Object.keys(entries).find((name) => name.toLowerCase() === column.toLowerCase());
  return same === undefined ? null : entries[same];
}

function unionValue(branches: readonly AvroType[]): ToAvro | null {
  const [only, ...more] = branches.filter(({ kind }) => kind !== "null");
  if (only === undefined) return () => null;
  if (more.length > 0) return null;
  const valueOf = toAvro(only);
  if (branches.length === 1 || !valueOf) return valueOf;
  return (value) => (value === null || value === undefined ? null : valueOf(value));
}

function bytesOf(value: DuckDBValue): Uint8Array {
  if (value instanceof DuckDBBlobValue) return value.bytes;
  throw new FinkError("avro", "a column of bytes has another type in the lake");
}

function timestampValue(unit: bigint): ToAvro {
  return (value) => (value as DuckDBTimestampTZValue).micros / unit;
}

/** Two's complement, big-endian (Avro 1.12, "Decimal"): as short as it gets, or of a fixed size. */
function bigEndian(value: bigint, size?: number): Uint8Array {
  let length = size ?? 1;
  while (size === undefined && BigInt.asIntN(8 * length, value) !== value) length++;
  const hex = BigInt.asUintN(8 * length, value).toString(16);
  return Buffer.from(hex.padStart(2 * length, "0"), "hex");
}
