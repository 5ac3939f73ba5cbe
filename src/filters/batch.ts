import type {
  DuckDBConnection,
  DuckDBPreparedStatement,
  DuckDBResultReader,
} from "@duckdb/node-api";
import { identifier } from "../lake/scan.ts";
import type { FlatColumn } from "./columns.ts";

/** Statements that are kept; more are those of filters that have changed. */
const maxKept = 1000;

/**
 * The table `alerts` of an engine: flat columns, and `_row` from 0 on. It is filled anew for each
 * batch and made anew only for other columns, so that the statements on it are planned once: to
 * plan those of LSST's filters takes 0.3 s, as long as to run them on 2,000 alerts.
 */
export class BatchTable {
  readonly #connection: DuckDBConnection;
  readonly #kept = new Map<DuckDBConnection, Map<string, DuckDBPreparedStatement>>();
  #signature = "";

  constructor(connection: DuckDBConnection) {
    this.#connection = connection;
  }

  /** `relation`: a SELECT of the alerts' nested columns. */
  async fill(relation: string, columns: readonly FlatColumn[]): Promise<void> {
    const list = [
      "row_number() OVER () - 1 AS _row",
      ...columns.map(({ path, sql }) => `${sql} AS ${identifier(path)}`),
    ];
    const select = `SELECT ${list.join(", ")} FROM (${relation}) AS source`;
    const signature = columns
      .map(({ path, sql, type }) => `${path} ${sql} ${String(type)}`)
      .join("\n");
    if (signature === this.#signature) {
      await this.#connection.run("TRUNCATE alerts");
      await this.#connection.run(`INSERT INTO alerts ${select}`);
      return;
    }
    this.#signature = "";
    this.#forget();
    await this.#connection.run(`CREATE OR REPLACE TABLE alerts AS ${select}`);
    this.#signature = signature;
  }

  async query(connection: DuckDBConnection, sql: string): Promise<DuckDBResultReader> {
    const kept = this.#kept.get(connection) ?? new Map<string, DuckDBPreparedStatement>();
    this.#kept.set(connection, kept);
    const prepared = kept.get(sql) ?? (await connection.prepare(sql));
    if (kept.size > maxKept) this.#forget();
    kept.set(sql, prepared);
    return await prepared.runAndReadAll();
  }

  #forget(): void {
    for (const kept of this.#kept.values()) {
      for (const prepared of kept.values()) prepared.destroySync();
      kept.clear();
    }
  }
}
