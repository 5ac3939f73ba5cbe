import type { DuckDBConnection } from "@duckdb/node-api";
import { identifier } from "../lake/scan.ts";
import type { FlatColumn } from "./columns.ts";

/** Alerts in memory, in the order in which they came: flat columns in the table `alerts`, and `_row` from 0 on. */
export interface AlertBatch {
  readonly count: number;
}

/** Makes the table `alerts` of the columns that are needed. `relation` is a SELECT that gives the alerts' nested columns. */
export async function makeBatch(connection: DuckDBConnection, relation: string, columns: Iterable<FlatColumn>): Promise<AlertBatch> {
  const list = [...columns].map(({ path, sql }) => `${sql} AS ${identifier(path)}`);
  const result = await connection.run(
    `CREATE OR REPLACE TEMP TABLE alerts AS SELECT ${["row_number() OVER () - 1 AS _row", ...list].join(", ")} FROM (${relation}) AS source`,
  );
  return { count: Number(result.rowsChanged) };
}
