import { DuckDBTypeId } from "@duckdb/node-api";
import type { Emitted } from "./emitted.ts";

/**
 * SQL of a comparison as numpy, pandas and fink-filters make it: with NaN it is false, and `<>` is
 * true. To DuckDB and Spark alone NaN equals itself and is above every number. Only operands that
 * may be NaN cost a test.
 */
export function comparison(sign: string, a: Emitted, b: Emitted): string {
  const plain = `${a.sql} ${sign.toUpperCase()} ${b.sql}`;
  switch (sign) {
    case ">":
    case ">=":
      return mayBeNaN(a) ? `(${plain} AND NOT ${isNaNSql(a)})` : `(${plain})`;
    case "<":
    case "<=":
      return mayBeNaN(b) ? `(${plain} AND NOT ${isNaNSql(b)})` : `(${plain})`;
    case "=":
      return mayBeNaN(a) && mayBeNaN(b) ? `(${plain} AND NOT ${isNaNSql(a)})` : `(${plain})`;
    default:
      return mayBeNaN(a) && mayBeNaN(b) ? `(${plain} OR ${isNaNSql(a)})` : `(${plain})`;
  }
}

export function between(a: Emitted, low: Emitted, high: Emitted): string {
  const plain = `${a.sql} BETWEEN ${low.sql} AND ${high.sql}`;
  return mayBeNaN(high) ? `(${plain} AND NOT ${isNaNSql(high)})` : `(${plain})`;
}

export function isIn(sign: "IN" | "NOT IN", a: Emitted, list: readonly Emitted[]): string {
  const plain = `${a.sql} ${sign} (${list.map(({ sql }) => sql).join(", ")})`;
  if (!mayBeNaN(a) || !list.some(mayBeNaN)) return `(${plain})`;
  return sign === "IN" ? `(${plain} AND NOT ${isNaNSql(a)})` : `(${plain} OR ${isNaNSql(a)})`;
}

export function listContains(list: Emitted, x: Emitted): string {
  const plain = `list_contains(${list.sql}, ${x.sql})`;
  return mayBeNaN(x) ? `(${plain} AND NOT ${isNaNSql(x)})` : plain;
}

/** False for values whose type has no NaN, and for constants. */
export function mayBeNaN({ type, isConstant = false }: Emitted): boolean {
  return (
    !isConstant &&
    (type === null || type.typeId === DuckDBTypeId.DOUBLE || type.typeId === DuckDBTypeId.FLOAT)
  );
}

/** A value of unknown type is looked at as text: `isnan` does not bind to texts and truths. */
function isNaNSql({ sql, type }: Emitted): string {
  if (type !== null) return `isnan(${sql})`;
  return `(typeof(${sql}) IN ('DOUBLE', 'FLOAT') AND CAST(${sql} AS VARCHAR) = 'nan')`;
}
