import { FinkError } from "../../errors.ts";
import { compile } from "../../filters/compile.ts";
import { openEngine } from "../../filters/engine.ts";
import { addedColumns } from "../../filters/file-alerts.ts";
import type { Filter } from "../../filters/filter.ts";
import { MatchTable } from "../../filters/follow.ts";
import { FunctionThread } from "../../filters/function-thread.ts";
import { Places } from "../../filters/places/places.ts";
import { Versions } from "../../filters/versions.ts";
import type { CommandContext } from "../command.ts";
import { modulesOf, surveyOf } from "./context.ts";

/** Runs a filter on past nights; what it finds that is no match yet becomes one, and is delivered. */
export async function rerun(context: CommandContext, filter: Filter, nights: readonly string[]): Promise<void> {
  if (nights.length === 0) throw new FinkError("usage", "name the nights: --night 20260131, or several");
  const wrong = nights.find((night) => !/^\d{8}$/.test(night));
  if (wrong !== undefined) throw new FinkError("usage", `--night ${wrong}: write YYYYMMDD, e.g. 20260131`);
  const { config } = context.config();
  const table = new MatchTable(config.lake, surveyOf(context, filter));
  const known = table.nights();
  const missing = nights.find((night) => !known.includes(night));
  if (missing !== undefined) throw new FinkError("usage", `the lake has no science of ${filter.survey} for the night ${missing}`);
  const engine = await openEngine({ memory: "2GB", threads: 2, places: new Places(config.filters) });
  const thread = new FunctionThread(filter.file, config.lake);
  try {
    const columns = await table.columns(engine, addedColumns(await modulesOf(context, table.survey)), engine.places.check);
    const compiled = await compile(filter, columns, engine.connection, true);
    const kept = { ...compiled, filter: { ...filter, version: new Versions(config.lake).keep(filter) } };
    for (const night of nights) {
      const { alerts, matches, outcomes } = await table.rerun(engine, columns, [kept], Number(night), { seconds: rerunSeconds, thread: () => thread });
      const [outcome] = outcomes;
      if (outcome && "failure" in outcome) throw new FinkError("filter", `${filter.file}: ${outcome.failure}`);
      context.print(`${night}: ${outcome && "rows" in outcome ? outcome.rows.length : 0} of ${alerts} alerts selected, ${matches} of them new`);
    }
  } finally {
    await thread.close();
    engine.close();
  }
}

/** A night at once may take longer than a batch of the service. */
const rerunSeconds = 600;
