import { FinkError, messageOf } from "../errors.ts";
import type { Compiled } from "./compile.ts";
import type { Engine } from "./engine.ts";

/** Alerts of the batch that a filter selected, and what its clauses say of each. */
export interface Selected {
  readonly rows: readonly number[];
  readonly clauses: readonly string[];
}

export interface FilterLimits {
  /** Seconds per batch. */
  readonly seconds: number;
}

/** Runs a filter on the table `alerts`. Throws "filter" when it fails or takes too long. */
export async function runFilter({ connection }: Engine, { where, clauses }: Compiled, { seconds }: FilterLimits): Promise<Selected> {
  const marks = clauses.map(({ sql }) => `CASE WHEN ${sql} THEN '1' WHEN NOT ${sql} THEN '0' ELSE '?' END`);
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    connection.interrupt();
  }, seconds * 1000);
  try {
    const result = await connection.runAndReadAll(`SELECT _row, concat(${["''", ...marks].join(", ")}) FROM alerts WHERE ${where ?? "true"} ORDER BY _row`);
    const [rows, texts] = result.getColumns() as [bigint[]?, string[]?];
    return { rows: (rows ?? []).map(Number), clauses: texts ?? [] };
  } catch (error) {
    throw new FinkError("filter", isLate ? `it took longer than ${seconds} s and was stopped` : messageOf(error), error);
  } finally {
    clearTimeout(timer);
  }
}
