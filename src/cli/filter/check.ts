import { compile } from "../../filters/compile.ts";
import type { Filter } from "../../filters/filter.ts";
import type { CommandContext } from "../command.ts";
import { surveyOf } from "./context.ts";
import { withLab } from "./lab.ts";

/**
 * Holds a filter against the columns of its survey, and tells what it reads and costs. Throws
 * "filter" for what is wrong with it.
 */
export async function check(context: CommandContext, filter: Filter): Promise<void> {
  await withLab(
    context,
    surveyOf(context, filter),
    { nights: 1 },
    async ({ engine, columns, nights, origin, run }) => {
      const compiled = await compile(filter, columns, engine.connection, true);
      const cost = await run(nights[0], [compiled], async ({ keys, outcomes: [outcome] }) => ({
        alerts: keys.length,
        selected: "rows" in outcome ? outcome.rows.length : null,
        failure: "failure" in outcome ? outcome.failure : null,
        microseconds: (1000 * outcome.milliseconds) / Math.max(1, keys.length),
      }));
      const about = {
        filter: filter.name,
        survey: filter.survey,
        columns: compiled.columns.map(({ path }) => path),
        clauses: compiled.clauses.map(({ text }) => text),
      };
      if (context.json) return context.print(JSON.stringify({ ...about, cost }, null, 1));
      context.print(
        `${filter.name} can be used on ${filter.survey}. It reads ${[...about.columns, ...compiled.needs].join(", ")}.`,
      );
      if (cost.failure !== null)
        return context.warn(`fink: it failed on ${origin}: ${cost.failure}`);
      context.print(
        `On ${origin}: ${cost.selected} of ${cost.alerts} selected, ${cost.microseconds.toFixed(1)} µs an alert.`,
      );
      if (filter.description === "")
        context.print(
          "It has no description: write -- description: … at its top, for those who will meet it.",
        );
    },
  );
}
