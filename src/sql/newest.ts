import type { DuckDBConnection } from "@duckdb/node-api";
import { pathSql, scan, type ScanTable } from "../lake/scan.ts";
import { withFieldsOf } from "../lake/schema.ts";
import type { LakeTable } from "../lake/table.ts";
import { idPath } from "./alerts.ts";

/** What is needed of a table: its folder and a snapshot. */
export type Stored = Pick<LakeTable, "path" | "snapshot">;

/**
 * A SELECT of one row per alert: rows of `science`, with the newest of `science_updates` in place of those that were computed again. `seeds`: a folder for
 * `scan`, to be kept until the SELECT has run.
 */
export async function newestScience(connection: DuckDBConnection, science: Stored, updates: Stored, seeds: string): Promise<string> {
  const schema = withFieldsOf(science.snapshot.schema, updates.snapshot.schema);
  const scanned = (table: Stored) =>
    scan(connection, { path: table.path, schema, partitionColumns: partitionsOf(table) }, table.snapshot.files.values(), seeds);
  const [base, again] = [await scanned(science), await scanned(updates)];
  if (updates.snapshot.files.size === 0) return base;
  const id = pathSql(idPath(science.snapshot.schema));
  // updates are few: they are what is kept in memory, and the rest flows past
  return `SELECT s.* FROM (${base}) AS s ANTI JOIN (${again}) AS u ON s.${id} = u.${id}
    UNION ALL SELECT * FROM (${again}) QUALIFY row_number() OVER (PARTITION BY ${id} ORDER BY _revision DESC) = 1`;
}

function partitionsOf({ snapshot }: Stored): ScanTable["partitionColumns"] {
  return snapshot.metaData?.partitionColumns ?? [];
}
