import {
  Bool,
  type Data,
  type DataType,
  Field,
  Float32,
  Float64,
  Int32,
  Int64,
  makeData,
  Struct,
  Utf8,
} from "apache-arrow";
import type { AddedColumn, Values } from "./module.ts";

/** What is wrong with a column that a module gave; null: nothing. */
export function faultOf(
  { name, type }: AddedColumn,
  given: Values | undefined,
  count: number,
): string | null {
  if (given === undefined) return `it gave no column ${name}`;
  const { values, missing } = given;
  const wanted = arrays[type];
  if (!(values instanceof wanted))
    return `column ${name} of type ${type} has to be ${wanted.name}, not ${kindOf(values)}`;
  if (values.length !== count)
    return `column ${name} has ${values.length} values for ${count} alerts`;
  if (type === "string") {
    const wrong = (values as readonly unknown[]).find(
      (value) => value !== null && typeof value !== "string",
    );
    if (wrong !== undefined) return `column ${name} holds ${String(wrong)}, which is no text`;
  }
  if (missing === undefined) return null;
  if (!(missing instanceof Uint8Array))
    return `what is missing in column ${name} has to be Uint8Array, not ${kindOf(missing)}`;
  return missing.length === count
    ? null
    : `column ${name} says of ${missing.length} values whether they are missing, for ${count} alerts`;
}

/** A column that passed `faultOf`, as Arrow has it; null: all its values are null. */
export function toArrow(
  { type }: Pick<AddedColumn, "type">,
  given: Values | null,
  count: number,
): Data {
  if (!given)
    return make(types[type], {
      length: count,
      nullCount: count,
      nullBitmap: new Uint8Array((count + 7) >> 3),
      ...noValues(type, count),
    });
  const { values } = given;
  const isThere = (i: number): boolean => given.missing?.[i] !== 1 && values[i] !== null;
  const common = {
    length: count,
    ...validity(count, type === "string" || given.missing !== undefined ? isThere : null),
  };
  if (type === "string")
    return make(types[type], {
      ...common,
      ...encoded(values as readonly (string | null)[], isThere),
    });
  return make(types[type], {
    ...common,
    data: type === "boolean" ? bits(count, (i) => values[i] === 1) : values,
  });
}

/** Columns of dotted names → structures within one. Of equal length each. */
export function nested(
  columns: readonly (readonly [name: string, data: Data])[],
  count: number,
): Data<Struct> {
  const groups = new Map<string, [string, Data][]>();
  for (const [name, data] of columns) {
    const [first, ...rest] = name.split(".");
    const group = groups.get(first);
    if (group) group.push([rest.join("."), data]);
    else groups.set(first, [[rest.join("."), data]]);
  }
  const children = [...groups].map(([name, group]) => ({
    name,
    data: group[0][0] === "" ? group[0][1] : nested(group, count),
  }));
  const type = new Struct(children.map(({ name, data }) => new Field(name, data.type, true)));
  return make(type, {
    length: count,
    nullCount: 0,
    children: children.map(({ data }) => data),
  }) as Data<Struct>;
}

type ColumnType = AddedColumn["type"];

const arrays = {
  int: Int32Array,
  long: BigInt64Array,
  float: Float32Array,
  double: Float64Array,
  boolean: Uint8Array,
  string: Array,
} as const satisfies Record<ColumnType, unknown>;

const types: Readonly<Record<ColumnType, DataType>> = {
  int: new Int32(),
  long: new Int64(),
  float: new Float32(),
  double: new Float64(),
  boolean: new Bool(),
  string: new Utf8(),
};

function kindOf(value: unknown): string {
  return typeof value === "object" && value !== null ? value.constructor.name : String(value);
}

function noValues(type: ColumnType, count: number): object {
  if (type === "string")
    return { valueOffsets: new Int32Array(count + 1), data: new Uint8Array(0) };
  return { data: type === "boolean" ? new Uint8Array((count + 7) >> 3) : new arrays[type](count) };
}

function validity(
  count: number,
  isThere: ((i: number) => boolean) | null,
): { nullCount: number; nullBitmap?: Uint8Array } {
  if (!isThere) return { nullCount: 0 };
  let nullCount = 0;
  for (let i = 0; i < count; i++) if (!isThere(i)) nullCount++;
  return nullCount === 0 ? { nullCount } : { nullCount, nullBitmap: bits(count, isThere) };
}

/** One bit a row, least significant first (Arrow columnar format). */
export function bits(count: number, isSet: (i: number) => boolean): Uint8Array {
  const packed = new Uint8Array((count + 7) >> 3);
  for (let i = 0; i < count; i++) if (isSet(i)) packed[i >> 3] |= 1 << (i & 7);
  return packed;
}

function encoded(
  values: readonly (string | null)[],
  isThere: (i: number) => boolean,
): { valueOffsets: Int32Array; data: Uint8Array } {
  const texts = values.map((value, i) => (value !== null && isThere(i) ? value : ""));
  const valueOffsets = new Int32Array(texts.length + 1);
  texts.forEach((text, i) => (valueOffsets[i + 1] = valueOffsets[i] + Buffer.byteLength(text)));
  const data = Buffer.allocUnsafeSlow(valueOffsets[texts.length]);
  texts.forEach((text, i) => data.write(text, valueOffsets[i]));
  return { valueOffsets, data };
}

/** Arrow's makeData is typed per type; here the type is only known at run time. */
function make(type: DataType, props: object): Data {
  return (makeData as (props: object) => Data)({ type, ...props });
}
