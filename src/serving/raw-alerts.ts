import { join } from "node:path";
import type { DuckDBConnection } from "@duckdb/node-api";
import { mayHaveAlerts } from "../lake/merge-stats.ts";
import { columnPath, isOneOfSql, scan } from "../lake/scan.ts";
import type { StructType } from "../lake/schema.ts";
import { LakeTable } from "../lake/table.ts";
import type { AlertId } from "../surveys/alert-id.ts";
import type { Survey } from "../surveys/definition.ts";

/**
 * Whole alerts of `raw` by their ids: images and history, which `sources` has not. A file's
 * statistics tell which it may hold, and ids grow with time.
 */
export class RawAlerts {
  readonly #survey: Survey;
  readonly #table: LakeTable;

  constructor(lake: string, survey: Survey) {
    this.#survey = survey;
    this.#table = new LakeTable(join(lake, survey.name, "raw"));
  }

  /** The table's columns as they are now. */
  get schema(): StructType {
    this.#table.refresh();
    return this.#table.snapshot.schema;
  }

  /**
   * `sql` with `{alerts}` for the rows of these alerts; an alert that was sent again has several.
   * Null: there is none of them.
   */
  async query<T>(
    connection: DuckDBConnection,
    scratch: string,
    ids: readonly AlertId[],
    sql: string,
    read: (sql: string) => Promise<T>,
  ): Promise<T | null> {
    const { schema } = this;
    const id = columnPath(schema, this.#survey.alert);
    if (id === undefined || ids.length === 0) return null;
    const { path, partitionColumns, snapshot } = this.#table;
    const files = [...snapshot.files.values()].filter((file) =>
      mayHaveAlerts(file, this.#survey, ids),
    );
    if (files.length === 0) return null;
    const rows = await scan(
      connection,
      { path, partitionColumns, schema },
      files,
      join(scratch, "seeds"),
    );
    return await read(
      sql.replaceAll(
        "{alerts}",
        () => `(SELECT * FROM (${rows}) WHERE ${isOneOfSql(schema, this.#survey.alert, ids)})`,
      ),
    );
  }
}
