import {
  DuckDBArrayType,
  DuckDBDecimalType,
  DuckDBListType,
  DuckDBMapType,
  DuckDBStructType,
  type DuckDBType,
  DuckDBTypeId,
} from "@duckdb/node-api";
import { FinkError } from "../errors.ts";
import { exact, setPath } from "../lake/stats.ts";
import { pathSql, typeAt } from "../lake/scan.ts";
import { type ColumnType, field, type StructType } from "../lake/schema.ts";

/**
 * The lake's type of a column as DuckDB reads it: the narrowest that holds all its values. Throws
 * "type-conflict" for what the lake has no type for.
 */
export function columnTypeOf(type: DuckDBType, path: string): ColumnType {
  const leaf = leafTypes.get(type.typeId);
  if (leaf !== undefined) return leaf;
  if (type instanceof DuckDBDecimalType) return `decimal(${type.width},${type.scale})`;
  if (type instanceof DuckDBStructType) return structOf(type.entryNames, type.entryTypes, path);
  if (type instanceof DuckDBListType || type instanceof DuckDBArrayType)
    return {
      type: "array",
      elementType: columnTypeOf(type.valueType, `${path}[]`),
      containsNull: true,
    };
  if (type instanceof DuckDBMapType) {
    return {
      type: "map",
      keyType: columnTypeOf(type.keyType, `${path}{}`),
      valueType: columnTypeOf(type.valueType, `${path}{}`),
      valueContainsNull: true,
    };
  }
  throw new FinkError(
    "type-conflict",
    `column ${path} is of type ${String(type)}, which the lake does not have; cast it or leave it out`,
  );
}

export function structOf(
  names: readonly string[],
  types: readonly DuckDBType[],
  path = "",
): StructType {
  return {
    type: "struct",
    fields: names.map((name, i) =>
      field(name, columnTypeOf(types[i], path === "" ? name : `${path}.${name}`)),
    ),
  };
}

/** DuckDB's types by the lake's. */
const leafNames: Readonly<Record<string, readonly (keyof typeof DuckDBTypeId)[]>> = {
  boolean: ["BOOLEAN"],
  integer: ["TINYINT", "UTINYINT", "SMALLINT", "USMALLINT", "INTEGER"],
  long: ["UINTEGER", "BIGINT"],
  "decimal(20,0)": ["UBIGINT"],
  float: ["FLOAT"],
  double: ["DOUBLE"],
  string: ["VARCHAR", "ENUM", "UUID"],
  binary: ["BLOB"],
  date: ["DATE"],
  timestamp: ["TIMESTAMP", "TIMESTAMP_TZ", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS"],
};
const leafTypes = new Map(
  Object.entries(leafNames).flatMap(([type, names]) =>
    names.map((name) => [DuckDBTypeId[name], type]),
  ),
);

/** What `COPY … (RETURN_STATS)` tells of one column; all as text. */
export type WrittenColumn = Readonly<Record<string, string | undefined>>;

/**
 * Delta's statistics of a file that DuckDB wrote, for the given columns of it; as `statistics`
 * makes them.
 */
export function statisticsOf(
  rows: number,
  columns: ReadonlyMap<string, WrittenColumn>,
  schema: StructType,
  paths: readonly string[],
): string {
  const minValues = {};
  const maxValues = {};
  const nullCount = {};
  for (const path of paths) {
    const { min, max, null_count, has_nan } = columns.get(pathSql(path)) ?? {};
    if (null_count !== undefined) setPath(nullCount, path, Number(null_count));
    const [least, greatest] = [min, max].map((text) => statisticOf(text, typeAt(schema, path)));
    if (least === undefined || greatest === undefined || has_nan === "true") continue;
    setPath(minValues, path, least);
    setPath(maxValues, path, greatest);
  }
  return JSON.stringify({ numRecords: rows, minValues, maxValues, nullCount });
}

/** Undefined for what has no order worth noting, and for long texts. */
function statisticOf(text: string | undefined, type: ColumnType | undefined): unknown {
  if (text === undefined) return undefined;
  if (type === "integer" || type === "long") return exact(BigInt(text));
  if (type === "float" || type === "double")
    return Number.isFinite(Number(text)) ? Number(text) : undefined;
  // to the millisecond, as `_received_at` is
  if (type === "timestamp") return new Date(text.replace("+00", "Z")).toISOString();
  return type === "string" && text.length <= 32 ? text : undefined;
}
