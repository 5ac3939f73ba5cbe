import type { Config } from "../config/schema.ts";
import { FinkError } from "../errors.ts";
import { openSession } from "../sql/session.ts";
import { jsonText, toExactJson, toJson } from "../sql/values.ts";
import { Surveys } from "../surveys/surveys.ts";
import { type Cell, type Table, tableOfResult } from "./fink/table.ts";
import type { AskedLake } from "./user-process.ts";

export type SqlLimits = Pick<
  Config["api"],
  "sqlSeconds" | "sqlRows" | "sqlMegabytes" | "sqlSpillMegabytes" | "sqlAnswerMegabytes"
>;

export interface SqlAnswer {
  readonly body: Uint8Array<ArrayBuffer>;
  /** Whether there were more rows than the limits allow. */
  readonly hasMore: boolean;
}

interface AskedSql extends AskedLake {
  readonly sql: string;
  readonly format: "json" | "arrow";
  readonly limits: SqlLimits;
}

/**
 * The rows of a reader's query within the limits of size; that of time is its process's. Throws
 * FinkError "sql" for what the reader can mend.
 */
export async function answerSql({
  lake,
  surveys,
  sql,
  format,
  limits,
}: AskedSql): Promise<SqlAnswer> {
  const { sqlRows, sqlMegabytes, sqlSpillMegabytes, sqlAnswerMegabytes } = limits;
  const session = await openSession(lake, {
    surveys: new Surveys(surveys),
    memory: `${sqlMegabytes}MB`,
    spill: `${sqlSpillMegabytes}MB`,
  });
  try {
    const { table, hasMore } = await tableOfResult(
      await session.query(sql),
      { rows: sqlRows, bytes: sqlAnswerMegabytes * 2 ** 20 },
      format === "json" ? toExactJson : toJson,
    );
    if (hasMore && table.rows.length === 0)
      throw new FinkError(
        "sql",
        `one row is larger than ${sqlAnswerMegabytes} MB (api.sqlAnswerMegabytes)`,
      );
    if (format === "json") return { body: new TextEncoder().encode(json(table)), hasMore };
    // with parquet-wasm, which most queries do without
    const { arrow } = await import("./fink/formats.ts");
    return { body: new Uint8Array(arrow(table)), hasMore };
  } catch (error) {
    throw session.explain(error);
  } finally {
    session.close();
  }
}

function json({ columns, rows }: Table): string {
  const plain = (value: Cell) => (typeof value === "bigint" ? String(value) : value);
  return jsonText(
    rows.map((row) => Object.fromEntries(columns.map(({ name }, i) => [name, plain(row[i])]))),
  );
}
