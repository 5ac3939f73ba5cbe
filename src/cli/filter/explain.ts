import type { Json } from "@duckdb/node-api";
import { FinkError } from "../../errors.ts";
import { compile } from "../../filters/compile.ts";
import type { Filter } from "../../filters/filter.ts";
import { identifier } from "../../lake/scan.ts";
import type { CommandContext } from "../command.ts";
import { table } from "../table.ts";
import { surveyOf } from "./context.ts";
import { withLab } from "./lab.ts";

/** Nights that are searched for the alert, the newest first. */
const searched = 1000;

/** Shows each clause of a filter with its value for one alert, and the columns it reads. */
export async function explain(
  context: CommandContext,
  filter: Filter,
  given: string | undefined,
  on: string | undefined,
): Promise<void> {
  if (given === undefined)
    throw new FinkError(
      "usage",
      "name the alert: ./fink filter explain my_filter 1234567890123456789",
    );
  const isFound = await withLab(
    context,
    surveyOf(context, filter),
    { nights: searched, on },
    async ({ engine, columns, nights, run }) => {
      const compiled = await compile(filter, columns, engine.connection, on === undefined);
      for (const night of nights.toReversed()) {
        const found = await run(night, [compiled], async ({ keys, outcomes: [outcome] }) => {
          const row = keys.findIndex(({ alert }) => String(alert) === given);
          if (row < 0) return false;
          const values = compiled.clauses.map(({ sql }, i) => `${sql} AS "clause ${i}"`);
          const reads = compiled.columns.map(({ path }) => identifier(path));
          const result = await engine.connection.run(
            `SELECT ${["true", ...values, ...reads].join(", ")} FROM alerts WHERE _row = ${row}`,
          );
          const [[, ...all]] = await result.getRowsJson();
          if ("failure" in outcome)
            throw new FinkError("filter", `${filter.file}: ${outcome.failure}`);
          const clauses = compiled.clauses.map(({ text }, i) => ({
            text,
            value: all[i] as boolean | null,
          }));
          const read = compiled.columns.map(({ path }, i) => ({
            column: path,
            value: all[compiled.clauses.length + i],
          }));
          print(context, given, { isSelected: outcome.rows.includes(row), clauses, columns: read });
          return true;
        });
        if (found) return true;
      }
      return false;
    },
  );
  if (!isFound)
    throw new FinkError("usage", `there is no alert ${given} of ${filter.survey} with science`);
}

interface Explanation {
  readonly isSelected: boolean;
  readonly clauses: readonly { readonly text: string; readonly value: boolean | null }[];
  readonly columns: readonly { readonly column: string; readonly value: Json }[];
}

function print(context: CommandContext, alert: string, explanation: Explanation): void {
  if (context.json) return context.print(JSON.stringify({ alert, ...explanation }, null, 1));
  context.print(`${alert} is ${explanation.isSelected ? "selected" : "not selected"}`);
  const clauses = explanation.clauses.map(({ text, value }) => [String(value), text]);
  const columns = explanation.columns.map(({ column, value }) => [column, short(value)]);
  context.print(`${table(["", "clause"], clauses)}\n\n${table(["column", "value"], columns)}`);
}

function short(value: Json): string {
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return text.length > 100 ? `${text.slice(0, 99)}…` : text;
}
