import {
  type DuckDBConnection,
  DuckDBDecimalType,
  type DuckDBDecimalValue,
  type DuckDBResult,
  type DuckDBType,
  DuckDBTypeId,
  type DuckDBValue,
  type Json,
} from "@duckdb/node-api";
import { type ToJson, toJson } from "../../sql/values.ts";

/** `long` is bigint, `list` anything JSON has. */
export type ColumnKind = "long" | "int" | "double" | "boolean" | "text" | "list";
export type Cell = bigint | number | string | boolean | null | readonly Json[];

export interface TableColumn {
  readonly name: string;
  readonly kind: ColumnKind;
}

/** An answer: rows of named columns. */
export interface Table {
  readonly columns: readonly TableColumn[];
  readonly rows: readonly (readonly Cell[])[];
}

export const emptyTable: Table = { columns: [], rows: [] };

/** Runs a query; 64-bit integers stay exact, NaN is null, times are text. */
export async function tableOf(connection: DuckDBConnection, sql: string): Promise<Table> {
  return (await tableOfResult(await connection.run(sql))).table;
}

interface TableLimits {
  readonly rows?: number;
  /** Rough size of the values. */
  readonly bytes?: number;
}

/**
 * The first rows of a result, and whether there are more; `valueOf`: of types that a cell has not.
 * Values become ours row by row, so that a limit of bytes holds.
 */
export async function tableOfResult(
  result: DuckDBResult,
  { rows: mostRows = Infinity, bytes: mostBytes = Infinity }: TableLimits = {},
  valueOf: ToJson = toJson,
): Promise<{ readonly table: Table; readonly hasMore: boolean }> {
  const types = result.columnTypes();
  const columns = result
    .deduplicatedColumnNames()
    .map((name, i) => ({ name, kind: kindOf(types[i]) }));
  const rows: Cell[][] = [];
  let bytes = 0;
  for await (const chunk of result) {
    const vectors = types.map((_, i) => chunk.getColumnVector(i));
    for (let at = 0; at < chunk.rowCount; at++) {
      const row =
        rows.length === mostRows
          ? null
          : types.map((type, i) => cell(vectors[i].getItem(at), type, valueOf));
      if (row && mostBytes < Infinity)
        bytes += row.reduce((sum: number, value) => sum + sizeOf(value), 0);
      if (!row || bytes > mostBytes) return { table: { columns, rows }, hasMore: true };
      rows.push(row);
    }
  }
  return { table: { columns, rows }, hasMore: false };
}

function sizeOf(value: Cell): number {
  if (typeof value === "string") return value.length + 2;
  return typeof value === "object" && value !== null ? JSON.stringify(value).length : 8;
}

/** The table with more columns at its end. */
export function withColumns(
  table: Table,
  added: readonly TableColumn[],
  valuesOf: (row: readonly Cell[], index: number) => readonly Cell[],
): Table {
  return {
    columns: [...table.columns, ...added],
    rows: table.rows.map((row, i) => [...row, ...valuesOf(row, i)]),
  };
}

/** Position of a column; -1: there is none. */
export function at(table: Table, name: string): number {
  return table.columns.findIndex((c) => c.name === name);
}

/** The rows of both under all their columns; what one lacks is null. */
export function union(a: Table, b: Table): Table {
  const columns = [...a.columns, ...b.columns.filter(({ name }) => at(a, name) < 0)];
  const fit = (table: Table) => {
    const places = columns.map(({ name }) => at(table, name));
    return table.rows.map((row) => places.map((i) => (i < 0 ? null : row[i])));
  };
  return { columns, rows: [...fit(a), ...fit(b)] };
}

function kindOf(type: DuckDBType): ColumnKind {
  if (type instanceof DuckDBDecimalType) return type.scale > 0 ? "double" : "long";
  return kinds.get(type.typeId) ?? "text";
}

const kinds = new Map(
  Object.entries({
    long: ["BIGINT", "UINTEGER", "UBIGINT", "HUGEINT", "UHUGEINT", "BIGNUM"],
    int: ["TINYINT", "SMALLINT", "INTEGER", "UTINYINT", "USMALLINT", "SQLNULL"],
    double: ["FLOAT", "DOUBLE"],
    boolean: ["BOOLEAN"],
    list: ["LIST", "ARRAY", "STRUCT", "MAP", "UNION", "INTERVAL", "VARIANT"],
  } satisfies Partial<Record<ColumnKind, readonly (keyof typeof DuckDBTypeId)[]>>).flatMap(
    ([kind, names]) =>
      names.map((name) => [DuckDBTypeId[name as keyof typeof DuckDBTypeId], kind as ColumnKind]),
  ),
);

function cell(value: DuckDBValue, type: DuckDBType, valueOf: ToJson): Cell {
  if (
    value === null ||
    typeof value === "bigint" ||
    typeof value === "string" ||
    typeof value === "boolean"
  )
    return value;
  if (typeof value === "number")
    return type.typeId === DuckDBTypeId.UINTEGER
      ? BigInt(value)
      : Number.isFinite(value)
        ? value
        : null;
  if (type instanceof DuckDBDecimalType && type.scale === 0)
    return (value as DuckDBDecimalValue).value;
  return valueOf(value, type, valueOf) as Cell;
}
