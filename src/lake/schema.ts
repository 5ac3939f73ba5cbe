import { DataType, type Field } from "apache-arrow";
import { FinkError } from "../errors.ts";

/**
 * A column's type as the Delta log writes it (Delta protocol, "Schema Serialization Format"). Every
 * field is nullable.
 */
export type ColumnType = string | StructType | ArrayType | MapType;

export interface StructType {
  readonly type: "struct";
  readonly fields: readonly StructField[];
}
export interface StructField {
  readonly name: string;
  readonly type: ColumnType;
  readonly nullable: boolean;
  readonly metadata: Readonly<Record<string, unknown>>;
}
export interface ArrayType {
  readonly type: "array";
  readonly elementType: ColumnType;
  readonly containsNull: boolean;
}
export interface MapType {
  readonly type: "map";
  readonly keyType: ColumnType;
  readonly valueType: ColumnType;
  readonly valueContainsNull: boolean;
}

export const emptySchema: StructType = { type: "struct", fields: [] };

export function field(name: string, type: ColumnType): StructField {
  return { name, type, nullable: true, metadata: {} };
}

/** The Delta type of an Arrow column. */
export function columnType(type: DataType): ColumnType {
  if (DataType.isStruct(type)) return structType(type.children);
  if (DataType.isList(type))
    return { type: "array", elementType: columnType(type.valueType), containsNull: true };
  if (DataType.isMap(type))
    return {
      type: "map",
      keyType: columnType(type.keyType),
      valueType: columnType(type.valueType),
      valueContainsNull: true,
    };
  if (DataType.isDecimal(type)) return `decimal(${type.precision},${type.scale})`;
  if (DataType.isInt(type)) return type.bitWidth === 64 ? "long" : "integer";
  if (DataType.isFloat(type)) return type.precision === 2 ? "double" : "float";
  if (DataType.isTimestamp(type)) return "timestamp";
  if (DataType.isDate(type)) return "date";
  if (DataType.isBool(type)) return "boolean";
  if (DataType.isUtf8(type)) return "string";
  if (DataType.isBinary(type)) return "binary";
  throw new FinkError("internal", `no Delta type for Arrow's ${String(type)}`);
}

export function structType(fields: readonly Field[]): StructType {
  return { type: "struct", fields: fields.map((f) => field(f.name, columnType(f.type))) };
}

/**
 * Whether columns of the one type can stand in a table of the other as they are: nothing but
 * missing fields differs.
 */
export function fits(table: ColumnType, file: ColumnType): boolean {
  if (typeof table === "string" || typeof file === "string") return table === file;
  if (table.type === "array" && file.type === "array")
    return fits(table.elementType, file.elementType);
  if (table.type === "map" && file.type === "map")
    return fits(table.keyType, file.keyType) && fits(table.valueType, file.valueType);
  if (table.type !== "struct" || file.type !== "struct") return false;
  return file.fields.every((f) => {
    const same = fieldNamed(table, f.name);
    return !same || (same.name === f.name && fits(same.type, f.type));
  });
}

/**
 * What becomes of a table when columns of another type come: new fields are added, and the widest
 * exact number wins.
 */
export interface Merge {
  readonly type: ColumnType;
  /** Whether there are fields the table did not have. */
  readonly added: boolean;
  /** Fields of the table that would have to become wider, as `candidate.jd integer→long`. */
  readonly widened: readonly string[];
  /** Fields that no exact cast can bring together, as `candidate.isdiffpos string≠integer`. */
  readonly conflicts: readonly string[];
}

export function merge(table: ColumnType, incoming: ColumnType, path = ""): Merge {
  if (typeof table === "string" && typeof incoming === "string")
    return mergeLeaf(table, incoming, path);
  if (typeof table !== "string" && typeof incoming !== "string") {
    if (table.type === "struct" && incoming.type === "struct")
      return mergeStruct(table, incoming, path);
    if (table.type === "array" && incoming.type === "array") {
      const inner = merge(table.elementType, incoming.elementType, `${path}[]`);
      return { ...inner, type: { ...table, elementType: inner.type } };
    }
    if (table.type === "map" && incoming.type === "map") {
      const inner = merge(table.valueType, incoming.valueType, `${path}{}`);
      return { ...inner, type: { ...table, valueType: inner.type } };
    }
  }
  return {
    type: table,
    added: false,
    widened: [],
    conflicts: [`${path} ${nameOf(table)}≠${nameOf(incoming)}`],
  };
}

/** A table's schema with the fields of a file added; the file must fit. */
export function withFieldsOf(table: StructType, file: StructType): StructType {
  return merge(table, file).type as StructType;
}

/** Field of that name, compared as Delta, DuckDB and Spark do: without case. */
export function fieldNamed(struct: StructType, name: string): StructField | undefined {
  const lower = name.toLowerCase();
  return (
    struct.fields.find((f) => f.name === name) ??
    struct.fields.find((f) => f.name.toLowerCase() === lower)
  );
}

function mergeStruct(table: StructType, incoming: StructType, path: string): Merge {
  const fields = [...table.fields];
  const at = new Map(fields.map((f, i) => [f.name.toLowerCase(), i]));
  let added = false;
  const widened: string[] = [];
  const conflicts: string[] = [];
  for (const f of incoming.fields) {
    const i = at.get(f.name.toLowerCase());
    if (i === undefined) {
      added = true;
      fields.push(f);
      continue;
    }
    const inner = merge(fields[i].type, f.type, path === "" ? f.name : `${path}.${f.name}`);
    fields[i] = { ...fields[i], type: inner.type };
    added ||= inner.added;
    widened.push(...inner.widened);
    conflicts.push(...inner.conflicts);
  }
  return { type: { type: "struct", fields }, added, widened, conflicts };
}

/** The narrowest number type that holds both exactly. */
const wider: Readonly<Record<string, string>> = {
  "integer long": "long",
  "integer float": "double",
  "integer double": "double",
  "float double": "double",
};

function mergeLeaf(table: string, incoming: string, path: string): Merge {
  const type =
    table === incoming ? table : (wider[`${table} ${incoming}`] ?? wider[`${incoming} ${table}`]);
  if (!type)
    return { type: table, added: false, widened: [], conflicts: [`${path} ${table}≠${incoming}`] };
  return {
    type,
    added: false,
    widened: type === table ? [] : [`${path} ${table}→${type}`],
    conflicts: [],
  };
}

function nameOf(type: ColumnType): string {
  return typeof type === "string" ? type : type.type;
}
