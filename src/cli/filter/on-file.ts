import { resolve } from "node:path";
import { FinkError } from "../../errors.ts";
import { compile } from "../../filters/compile.ts";
import type { Filter } from "../../filters/filter.ts";
import { openAlertFile } from "../../science/parquet.ts";
import type { CommandContext } from "../command.ts";
import { surveyOf } from "./context.ts";
import { withLab } from "./lab.ts";

/**
 * Prints the ids that a filter selects from a Parquet file of alerts; no quality cut but its own.
 */
export async function testOnFile(
  context: CommandContext,
  filter: Filter,
  given: string,
): Promise<void> {
  const on = resolve(given);
  const { paths } = await openAlertFile(on);
  const survey = surveyOf(context, filter, (path) => paths.has(path));
  const alerts = await withLab(
    context,
    survey,
    { nights: 0, on },
    async ({ engine, columns, run }) => {
      const compiled = await compile(filter, columns, engine.connection, false);
      return await run("", [compiled], async ({ keys, outcomes: [outcome] }) => {
        if ("failure" in outcome)
          throw new FinkError("filter", `${filter.file}: ${outcome.failure}`);
        return outcome.rows.map((row) => String(keys[row].alert));
      });
    },
  );
  if (context.json)
    return context.print(
      JSON.stringify({ filter: filter.name, survey: survey.name, alerts }, null, 1),
    );
  context.print(alerts.join("\n"));
  context.warn(`${alerts.length} selected`);
}
