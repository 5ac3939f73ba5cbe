import { DuckDBListType, DuckDBStructType, type DuckDBType } from "@duckdb/node-api";
import { identifier } from "../lake/scan.ts";
import type { ColumnTypes } from "./columns.ts";

/**
 * Columns as modules and functions read them: nested as in the alerts, but without the fields that
 * nobody asked for. A list for SELECT.
 */
export function nestedColumns(columns: ColumnTypes, paths: readonly string[]): string[] {
  return fieldsOf({ path: "", sql: null, type: columns.type }, paths, columns, 0).map(
    ({ name, sql }) => `${sql} AS ${identifier(name)}`,
  );
}

/**
 * A column, structure or list of structures; null: it is not in the alerts, but what is computed
 * may lie in it.
 */
interface Place {
  readonly path: string;
  readonly sql: string | null;
  readonly type: DuckDBType | null;
}

function fieldsOf(
  outer: Place,
  paths: readonly string[],
  columns: ColumnTypes,
  depth: number,
): { name: string; sql: string }[] {
  const prefix = outer.path === "" ? "" : `${outer.path}.`;
  const groups = Map.groupBy(paths, (path) => path.slice(prefix.length).split(".")[0]);
  return [...groups].map(([name, members]) => {
    const path = `${prefix}${name}`;
    const index = outer.type instanceof DuckDBStructType ? outer.type.entryNames.indexOf(name) : -1;
    const type = index < 0 ? null : (outer.type as DuckDBStructType).entryTypes[index];
    const sql =
      index < 0 ? null : outer.sql === null ? identifier(name) : `${outer.sql}.${identifier(name)}`;
    return { name, sql: valueOf({ path, sql, type }, members, columns, depth) };
  });
}

function valueOf(
  place: Place,
  paths: readonly string[],
  columns: ColumnTypes,
  depth: number,
): string {
  const { path, sql, type } = place;
  if (paths.includes(path)) return columns.added.get(path.toLowerCase())?.sql ?? sql ?? "NULL";
  const structure = (of: Place, at: number) => {
    const fields = fieldsOf(of, paths, columns, at).map(
      (field) => `${identifier(field.name)}: ${field.sql}`,
    );
    return `{${fields.join(", ")}}`;
  };
  if (!(type instanceof DuckDBListType)) return structure(place, depth);
  return `list_transform(${sql}, _${depth} -> ${structure({ path, sql: `_${depth}`, type: type.valueType }, depth + 1)})`;
}
