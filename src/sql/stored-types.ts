import {
  DuckDBArrayType,
  DuckDBDecimalType,
  DuckDBListType,
  DuckDBMapType,
  DuckDBStructType,
  type DuckDBType,
  DuckDBTypeId,
} from "@duckdb/node-api";
import { identifier } from "../lake/scan.ts";

/**
 * A set of types that a file format has. `parquet`: DuckDB's Parquet. `exact`: those of the lake,
 * with decimals (Avro). `plain`: the same without decimals (VOTable, fink-client). `text`: plain,
 * and decimals at the top level as text with all their digits (CSV).
 */
export type StoredTypes = "parquet" | "exact" | "plain" | "text";

/**
 * The SQL type a column is cast to before it is stored, so that every writer meets only types it
 * has. Nothing is rounded, except that `plain` has doubles for decimals with a fraction. A type
 * that no format has (an interval, a time of day) becomes text. A sum that does not fit ends the
 * query with an error.
 */
export function storedType(type: DuckDBType, types: StoredTypes): string {
  if (type instanceof DuckDBListType || type instanceof DuckDBArrayType)
    return `${storedType(type.valueType, nested(types))}[]`;
  if (type instanceof DuckDBMapType) {
    // Avro and JSON have no other keys
    const keys = types === "parquet" ? storedType(type.keyType, types) : "VARCHAR";
    return `MAP(${keys}, ${storedType(type.valueType, nested(types))})`;
  }
  if (type instanceof DuckDBStructType) {
    const entries = type.entryTypes.map(
      (entry, i) =>
        `${identifier(type.entryNames[i] || `_${i + 1}`)} ${storedType(entry, nested(types))}`,
    );
    return `STRUCT(${entries.join(", ")})`;
  }
  if (type instanceof DuckDBDecimalType) return storedDecimal(type, types);
  return leafTypes[types].get(type.typeId) ?? "VARCHAR";
}

function nested(types: StoredTypes): StoredTypes {
  return types === "text" ? "plain" : types;
}

function storedDecimal({ width, scale }: DuckDBDecimalType, types: StoredTypes): string {
  if (types === "text") return "VARCHAR";
  if (types !== "plain") return `DECIMAL(${width},${scale})`;
  if (scale > 0) return "DOUBLE";
  return width <= 18 ? "BIGINT" : "VARCHAR";
}

type TypeName = keyof typeof DuckDBTypeId;

/** DuckDB's types by the SQL type they become; all others become text. */
const shared: Readonly<Record<string, readonly TypeName[]>> = {
  BOOLEAN: ["BOOLEAN"],
  INTEGER: ["TINYINT", "UTINYINT", "SMALLINT", "USMALLINT", "INTEGER", "SQLNULL"],
  BIGINT: ["UINTEGER", "BIGINT"],
  FLOAT: ["FLOAT"],
  DOUBLE: ["DOUBLE"],
  BLOB: ["BLOB"],
  DATE: ["DATE"],
  "TIMESTAMP WITH TIME ZONE": ["TIMESTAMP", "TIMESTAMP_TZ", "TIMESTAMP_S", "TIMESTAMP_MS"],
};
const sums: readonly TypeName[] = ["HUGEINT", "UHUGEINT"];
const inParquet = [
  "TINYINT",
  "UTINYINT",
  "SMALLINT",
  "USMALLINT",
  "UINTEGER",
  "UBIGINT",
  "TIMESTAMP",
  "TIMESTAMP_S",
  "TIMESTAMP_MS",
  "TIMESTAMP_NS",
] as const;

const leafTypes: Readonly<Record<StoredTypes, ReadonlyMap<DuckDBTypeId, string>>> = {
  exact: byId({ ...shared, "DECIMAL(20,0)": ["UBIGINT"], "DECIMAL(38,0)": sums }),
  plain: byId({ ...shared, BIGINT: [...shared.BIGINT, ...sums] }),
  text: byId(shared),
  parquet: byId({
    ...shared,
    "DECIMAL(38,0)": sums,
    ...Object.fromEntries(inParquet.map((name) => [name, [name]])),
    TIME: ["TIME"],
    UUID: ["UUID"],
  }),
};

function byId(
  names: Readonly<Record<string, readonly TypeName[]>>,
): ReadonlyMap<DuckDBTypeId, string> {
  return new Map(
    Object.entries(names).flatMap(([type, from]) => from.map((name) => [DuckDBTypeId[name], type])),
  );
}
