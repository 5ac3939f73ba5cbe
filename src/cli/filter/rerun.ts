import { FinkError } from "../../errors.ts";
import { compile } from "../../filters/compile.ts";
import { openEngine } from "../../filters/engine.ts";
import { addedColumns } from "../../filters/file-alerts.ts";
import type { Filter } from "../../filters/filter.ts";
import { MatchTable, type Step } from "../../filters/follow.ts";
import { FunctionProcess } from "../../filters/function-process.ts";
import { missedText } from "../../filters/missed.ts";
import { Places } from "../../filters/places/places.ts";
import { Versions } from "../../filters/versions.ts";
import type { CommandContext } from "../command.ts";
import { modulesOf, surveyOf } from "./context.ts";

/**
 * Runs a filter on past nights, or without any on the alerts that it has missed; what it finds that
 * is no match yet becomes one, and is delivered.
 */
export async function rerun(
  context: CommandContext,
  filter: Filter,
  nights: readonly string[],
): Promise<void> {
  const wrong = nights.find((night) => !/^\d{8}$/.test(night));
  if (wrong !== undefined)
    throw new FinkError("usage", `--night ${wrong}: write YYYYMMDD, e.g. 20260131`);
  const { config } = context.config();
  const table = new MatchTable(config.lake, surveyOf(context, filter));
  const known = table.nights();
  const missing = nights.find((night) => !known.includes(night));
  if (missing !== undefined)
    throw new FinkError(
      "usage",
      `the lake has no science of ${filter.survey} for the night ${missing}`,
    );
  const missed = async () => (await table.missed()).filter((range) => range.filter === filter.name);
  if (nights.length === 0 && (await missed()).length === 0)
    return context.print(
      `${filter.name} has missed nothing; to run it on a past night: ./fink filter rerun ${filter.name} --night YYYYMMDD`,
    );
  const engine = await openEngine({
    memory: "2GB",
    threads: 2,
    places: new Places(config.filters),
  });
  const own = new FunctionProcess(config.lake);
  try {
    const columns = await table.columns(
      engine,
      addedColumns(await modulesOf(context, table.survey)),
      engine.places.check,
    );
    const compiled = await compile(filter, columns, engine.connection, true);
    const kept = {
      ...compiled,
      filter: { ...filter, version: new Versions(config.lake).keep(filter) },
    };
    const options = { seconds: rerunSeconds, functions: own };
    const tell = (what: string, { alerts, matches, outcomes: [outcome] }: Step) => {
      if (outcome && "failure" in outcome)
        throw new FinkError("filter", `${filter.file}: ${outcome.failure}`);
      context.print(`${what}: ${matches} new matches among ${alerts} alerts`);
    };
    for (const night of nights)
      tell(night, await table.rerun(engine, columns, [kept], Number(night), options));
    if (nights.length > 0) return;
    for (let [range] = await missed(); range; [range] = await missed())
      tell(
        missedText([range]),
        await table.makeUp(
          engine,
          columns,
          { filter: kept, range, isOn: false },
          config.filters.batchAlerts,
          options,
        ),
      );
  } finally {
    await own.close();
    engine.close();
  }
}

/** A night at once may take longer than a batch of the service. */
const rerunSeconds = 600;
