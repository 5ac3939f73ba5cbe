import { existsSync } from "node:fs";
import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import { available } from "./require.ts";

const file = join(import.meta.dirname, "../../shared/reference/sky/positions.parquet");

/**
 * 2,000 positions with what astropy 6.1 makes of them; null, after a line that says so, where the
 * reference is missing.
 */
export async function skyPositions<Column extends string>(
  ...columns: readonly Column[]
): Promise<readonly Readonly<Record<Column, number>>[] | null> {
  if (!available("reference", existsSync(file), "no ../shared/reference with positions of astropy"))
    return null;
  const connection = await (await DuckDBInstance.create(":memory:")).connect();
  const rows = await connection.runAndReadAll(`SELECT ${columns.join()} FROM '${file}'`);
  return rows.getRowObjects() as unknown as Readonly<Record<Column, number>>[];
}
