import {
  type Data,
  DataType,
  Field,
  Float64,
  Int64,
  List,
  makeData,
  Map_,
  Struct,
} from "apache-arrow";
import { FinkError } from "../errors.ts";
import { type ColumnType, columnType, fieldNamed, fits, type StructType } from "./schema.ts";

/**
 * Columns as the table has them: numbers cast where that is exact, names spelled as the table
 * spells them. Fields the table has and the columns lack stay absent: every reader takes a missing
 * column for nulls. The table's type must come from `merge(table, columns)` without conflicts.
 */
export function conform(data: Data<Struct>, table: StructType): Data<Struct> {
  return fits(table, columnType(data.type)) ? data : (conformed(data, table) as Data<Struct>);
}

function conformed(data: Data, table: ColumnType): Data {
  if (typeof table === "string") return castNumber(data, table);
  if (table.type === "struct") return conformStruct(data, table);
  const [child] = data.children;
  if (table.type === "array") {
    const items = conformed(child, table.elementType);
    return withChildren(data, new List(new Field("element", items.type, true)), [items]);
  }
  const [keys, values] = child.children;
  const cast = conformed(values, table.valueType);
  const entry = new Struct<{ key: DataType; value: DataType }>([
    new Field("key", keys.type, false),
    new Field("value", cast.type, true),
  ]);
  const entries = withChildren(child, entry, [keys, cast]);
  return withChildren(data, new Map_(new Field("entries", entry, false)), [entries]);
}

function conformStruct(data: Data, table: StructType): Data {
  const children: Data[] = [];
  const fields = (data.type as Struct).children.map((f, i) => {
    const own = fieldNamed(table, f.name);
    if (!own) throw new FinkError("internal", `the merged schema lacks ${f.name}`);
    children[i] = conformed(data.children[i], own.type);
    return new Field(own.name, children[i].type, true);
  });
  return withChildren(data, new Struct(fields), children);
}

function castNumber(data: Data, table: string): Data {
  const from = columnType(data.type);
  if (from === table) return data;
  const values = data.values as Int32Array | Float32Array;
  if (table === "long" && from === "integer")
    return withValues(data, new Int64(), BigInt64Array.from(values, BigInt));
  if (table === "double" && (from === "integer" || from === "float"))
    return withValues(data, new Float64(), Float64Array.from(values));
  throw new FinkError("internal", `no exact cast from ${JSON.stringify(from)} to ${table}`);
}

function withValues(data: Data, type: DataType, values: BigInt64Array | Float64Array): Data {
  return (makeData as (props: object) => Data)({
    type,
    length: data.length,
    nullCount: data.nullCount,
    nullBitmap: data.nullBitmap,
    data: values,
  });
}

function withChildren(data: Data, type: DataType, children: Data[]): Data {
  const common = {
    type,
    length: data.length,
    nullCount: data.nullCount,
    nullBitmap: data.nullBitmap,
  };
  const rest = DataType.isStruct(type)
    ? { children }
    : { valueOffsets: data.valueOffsets, child: children[0] };
  return (makeData as (props: object) => Data)({ ...common, ...rest });
}
