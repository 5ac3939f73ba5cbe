import { type Data, DataType, type Struct } from "apache-arrow";
import { microsPer } from "../avro/generate-column-encoder.ts";
import type { ColumnType, StructType } from "../lake/schema.ts";
import { decimalJson, isoDay, isoMicros } from "../sql/values.ts";
import type { Alert } from "./alerts.ts";

export type Json =
  | string
  | number
  | boolean
  | null
  | readonly Json[]
  | { readonly [name: string]: Json };

/**
 * An alert as JSON, with values as `toJson` of src/sql/values.ts gives them.
 */
export function jsonOf({ parts, rows }: Alert, { fields }: StructType): Record<string, Json> {
  return Object.fromEntries(
    fields.map(({ name, type }) => {
      const part = parts.findIndex((own) => own && childOf(own, name));
      return [
        name,
        part < 0 || rows[part] < 0 ? null : valueAt(childOf(parts[part]!, name)!, rows[part], type),
      ];
    }),
  );
}

/** Rows as JSON has them. */
export function objectsOf(data: Data<Struct>, columns: StructType): Record<string, Json>[] {
  return Array.from({ length: data.length }, (_, row) =>
    jsonOf({ parts: [data, null], rows: [row, -1] }, columns),
  );
}

function childOf(data: Data, name: string): Data | undefined {
  const lower = name.toLowerCase();
  return data.children[data.type.children.findIndex((field) => field.name.toLowerCase() === lower)];
}

function valueAt(data: Data, row: number, type: ColumnType): Json {
  if (
    DataType.isNull(data.type) ||
    (data.nullCount > 0 && ((data.nullBitmap[row >> 3] >> (row & 7)) & 1) === 0)
  )
    return null;
  if (typeof type === "string") return leafAt(data, row);
  if (type.type === "struct")
    return Object.fromEntries(
      type.fields.map((f) => [f.name, optional(childOf(data, f.name), row, f.type)]),
    );
  const [from, to] = [Number(data.valueOffsets[row]), Number(data.valueOffsets[row + 1])];
  const entries = Array.from({ length: to - from }, (_, i) => from + i);
  const [items] = data.children;
  if (type.type === "array") return entries.map((i) => valueAt(items, i, type.elementType));
  return Object.fromEntries(
    entries.map((i) => [
      String(leafAt(items.children[0], i)),
      valueAt(items.children[1], i, type.valueType),
    ]),
  );
}

function optional(data: Data | undefined, row: number, type: ColumnType): Json {
  return data ? valueAt(data, row, type) : null;
}

function leafAt({ type, values, valueOffsets }: Data, row: number): Json {
  if (
    DataType.isUtf8(type) ||
    DataType.isBinary(type) ||
    DataType.isLargeUtf8(type) ||
    DataType.isLargeBinary(type)
  ) {
    const bytes = Buffer.from(
      values.buffer,
      values.byteOffset + Number(valueOffsets[row]),
      Number(valueOffsets[row + 1]) - Number(valueOffsets[row]),
    );
    return bytes.toString(DataType.isUtf8(type) || DataType.isLargeUtf8(type) ? "utf8" : "base64");
  }
  if (DataType.isBool(type)) return ((values[row >> 3] >> (row & 7)) & 1) === 1;
  if (DataType.isDecimal(type))
    return decimalJson(unscaledAt(values as Uint32Array, row), type.precision, type.scale);
  const value = (values as ArrayLike<number | bigint>)[row];
  if (DataType.isTimestamp(type))
    return isoMicros(((value as bigint) * microsPer[type.unit][0]) / microsPer[type.unit][1]);
  if (DataType.isDate(type)) return isoDay(Number(value));
  if (typeof value === "bigint") return String(value);
  return Number.isFinite(value) ? value : String(value);
}

function unscaledAt(words: Uint32Array, row: number): bigint {
  const bits = [3, 2, 1, 0].reduce((sum, i) => (sum << 32n) | BigInt(words[4 * row + i] >>> 0), 0n);
  return BigInt.asIntN(128, bits);
}

/** The columns of a message without bytes and lists: what people look at. */
export function withoutBulk({ fields }: StructType): StructType {
  const kept = fields.flatMap((field) => {
    if (typeof field.type === "string") return field.type === "binary" ? [] : [field];
    // one with bytes is an image with its name
    if (field.type.type !== "struct" || field.type.fields.some(({ type }) => type === "binary"))
      return [];
    const inner = withoutBulk(field.type);
    return inner.fields.length > 0 ? [{ ...field, type: inner }] : [];
  });
  return { type: "struct", fields: kept };
}

/** The value at a dotted path; undefined: there is none. */
export function jsonAt(json: Json, path: string): Json | undefined {
  const isObject = (value: Json | undefined): value is Readonly<Record<string, Json>> =>
    typeof value === "object" && value !== null && !Array.isArray(value);
  return path
    .split(".")
    .reduce<Json | undefined>((value, name) => (isObject(value) ? value[name] : undefined), json);
}
