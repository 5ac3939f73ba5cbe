import {
  DOUBLE,
  DuckDBListType,
  DuckDBMapType,
  DuckDBStructType,
  type DuckDBType,
  DuckDBTypeId,
  LIST,
} from "@duckdb/node-api";
import { didYouMean } from "../config/nearest.ts";
import { FinkError } from "../errors.ts";
import { literal } from "../lake/scan.ts";

/** DuckDB's SQL of an expression; null: its type is not known here, DuckDB finds it. */
export interface Emitted {
  readonly sql: string;
  readonly type: DuckDBType | null;
  /** Dotted path of the column that it is, or of which it is an entry. */
  readonly path?: string;
  readonly isConstant?: boolean;
}

/** A field of a structure, or of each structure in a list. */
export function fieldOf(of: Emitted, name: string): Emitted {
  return { ...fieldIn(of, name), ...(of.path !== undefined && { path: `${of.path}.${name}` }) };
}

function fieldIn({ sql, type }: Emitted, name: string): Emitted {
  if (type?.typeId === DuckDBTypeId.SQLNULL) return { sql: "NULL", type };
  if (type instanceof DuckDBListType) {
    const inner = fieldOf({ sql: "_f", type: type.valueType }, name);
    return {
      sql: `list_transform(${sql}, _f -> ${inner.sql})`,
      type: inner.type && LIST(inner.type),
    };
  }
  if (type instanceof DuckDBMapType)
    return asDouble({ sql: `map_extract_value(${sql}, ${literal(name)})`, type: type.valueType });
  if (!(type instanceof DuckDBStructType)) {
    if (type === null) return { sql: `struct_extract(${sql}, ${literal(name)})`, type: null };
    throw new FinkError("filter", `there is no ${name} in a value of type ${String(type)}`);
  }
  const index = type.entryNames.findIndex((entry) => entry.toLowerCase() === name.toLowerCase());
  if (index < 0)
    throw new FinkError(
      "filter",
      `its entries have no ${name}${didYouMean(name, type.entryNames)}`,
    );
  return asDouble({
    sql: `struct_extract(${sql}, ${literal(type.entryNames[index])})`,
    type: type.entryTypes[index],
  });
}

/** float32, and lists of them, as doubles; a column without a type is null. */
export function asDouble(emitted: Emitted): Emitted {
  const { sql, type } = emitted;
  if (type?.typeId === DuckDBTypeId.SQLNULL) return { sql: "NULL", type };
  if (type?.typeId === DuckDBTypeId.FLOAT) return { sql: `CAST(${sql} AS DOUBLE)`, type: DOUBLE };
  if (type instanceof DuckDBListType && type.valueType.typeId === DuckDBTypeId.FLOAT)
    return { sql: `CAST(${sql} AS DOUBLE[])`, type: LIST(DOUBLE) };
  return emitted;
}

export function elementOf(type: DuckDBType | null): DuckDBType | null {
  return type instanceof DuckDBListType ? type.valueType : null;
}
