import { join } from "node:path";
import type { DuckDBValue, Json } from "@duckdb/node-api";
import { firstValueSql } from "../lake/scan.ts";
import { LakeTable } from "../lake/table.ts";
import type { LakeSession } from "../sql/session.ts";
import { rowsOf, toJson } from "../sql/values.ts";
import type { Survey } from "../surveys/definition.ts";

/** One survey's tables. */
export class Books {
  readonly survey: Survey;
  readonly #lake: string;
  readonly #session: LakeSession;

  constructor(lake: string, survey: Survey, session: LakeSession) {
    this.#lake = lake;
    this.survey = survey;
    this.#session = session;
  }

  /**
   * Reads the logs of all tables now, so that later queries compare tables of the same moment.
   * Throws FinkError "lake" where one cannot be read.
   */
  open(): void {
    for (const table of this.#session.tables)
      if (table.survey === this.survey.name) void table.snapshot;
  }

  /** Whether the table ever had a row. */
  has(kind: string): boolean {
    return this.#session.tables.some(
      (table) =>
        table.survey === this.survey.name &&
        table.kind === kind &&
        table.snapshot.schema.fields.length > 1,
    );
  }

  /**
   * SQL of the alert's id in a table (`of`: its alias); null where the table or the id is not
   * there.
   */
  idIn(kind: string, of?: string): string | null {
    return (
      (this.has(kind) && firstValueSql(this.table(kind).snapshot.schema, this.survey.alert, of)) ||
      null
    );
  }

  table(kind: string): LakeTable {
    return new LakeTable(join(this.#lake, this.survey.name, kind));
  }

  view(kind: string): string {
    return `"${this.survey.name}".${kind}`;
  }

  async rows(sql: string, values: readonly DuckDBValue[] = []): Promise<Record<string, Json>[]> {
    const result = await this.#session.query(sql, values);
    const names = result.deduplicatedColumnNames();
    const rows: Record<string, Json>[] = [];
    for await (const row of rowsOf(result, toJson))
      rows.push(Object.fromEntries(names.map((name, i) => [name, row[i]])));
    return rows;
  }
}

export function nightIs(night: number | undefined): string {
  return night === undefined ? "" : `WHERE night = ${night}`;
}
