import type { DuckDBConnection } from "@duckdb/node-api";
import { firstValueSql, scan, type ScanTable } from "../lake/scan.ts";
import { withFieldsOf } from "../lake/schema.ts";
import type { LakeTable } from "../lake/table.ts";
import type { Survey } from "../surveys/definition.ts";

/** What is needed of a table: its folder and a snapshot. */
export type Stored = Pick<LakeTable, "path" | "snapshot">;

/**
 * A SELECT of one row per alert: rows of `science`, with the newest of `science_updates` in place
 * of those that were computed again. `seeds`: a folder for `scan`, to be kept until the SELECT has
 * run.
 */
export async function newestScience(
  connection: DuckDBConnection,
  { alert }: Survey,
  science: Stored,
  updates: Stored,
  seeds: string,
): Promise<string> {
  const schema = withFieldsOf(science.snapshot.schema, updates.snapshot.schema);
  const scanned = (table: Stored) =>
    scan(
      connection,
      { path: table.path, schema, partitionColumns: partitionsOf(table) },
      table.snapshot.files.values(),
      seeds,
    );
  const [base, again] = [await scanned(science), await scanned(updates)];
  const [id, own] = [firstValueSql(schema, alert), firstValueSql(schema, alert, "s")];
  if (updates.snapshot.files.size === 0 || id === undefined) return base;
  // updates are few: they are what is kept in memory, and the rest flows past
  return `SELECT s.* FROM (${base}) AS s ANTI JOIN (SELECT ${id} AS _id FROM (${again})) AS u ON ${own} = u._id
    UNION ALL SELECT * FROM (${again}) QUALIFY row_number() OVER (PARTITION BY ${id} ORDER BY _revision DESC) = 1`;
}

function partitionsOf({ snapshot }: Stored): ScanTable["partitionColumns"] {
  return snapshot.metaData?.partitionColumns ?? [];
}
