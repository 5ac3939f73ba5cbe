import { setTimeout as sleep } from "node:timers/promises";
import { aggregationsIn } from "../aggregation/load.ts";
import { StatisticsTable } from "../aggregation/statistics.ts";
import { surveysOf } from "../archive/setup.ts";
import { messageOf } from "../errors.ts";
import { surveysWith } from "../lake/tables.ts";
import { kept } from "../kept.ts";
import { diskTrouble, Troubles } from "./periodic.ts";
import type { Service, ServiceContext } from "./service.ts";
import { StageMeter } from "./stage.ts";

/**
 * Counts alerts in windows of time as the files of `aggregations/` say, into `statistics`; with
 * `once`, until it has caught up.
 */
export const aggregation: Service = {
  name: "aggregation",
  run: (context) => runAggregation(context),
};

/** Counting a night of millions takes its time: of ten seconds one. */
const restPerWork = 9;

async function runAggregation(context: ServiceContext): Promise<void> {
  const { config, lake, signal, once, status, log } = context;
  const tables = new Map<string, StatisticsTable>();
  const meter = new StageMeter();
  const troubles = new Troubles(context);
  let told = "";
  const failures = new Map<string, unknown>();
  while (!signal.aborted) {
    const startedAt = performance.now();
    const { aggregations, problems } = await aggregationsIn(config.aggregation.folder);
    const messages = problems.map((problem) => problem.message);
    let nights = 0;
    for (const survey of new Set([...surveysWith(lake, "science"), ...surveysWith(lake, "raw")])) {
      try {
        const table = kept(
          tables,
          survey,
          () => new StatisticsTable(lake, surveysOf(config).named(survey)),
        );
        const own = aggregations.filter((one) => one.survey === survey);
        const counted = await table.step(own, signal);
        meter.commit(counted.nights);
        nights += counted.nights;
        messages.push(...counted.problems);
        troubles.say(`count alerts of ${survey}`, "");
        failures.delete(survey);
      } catch (error) {
        failures.set(survey, error);
        meter.fail();
        messages.push(`${survey}: ${messageOf(error)}`);
        troubles.say(`count alerts of ${survey}`, diskTrouble(error));
      }
    }
    const message = messages.join("; ");
    if (message !== told && message !== "") log.warn(message);
    told = message;
    status({ state: "running", message, stage: meter.status() });
    const [failure] = failures.values();
    if (once && nights === 0 && failure !== undefined) throw failure; // the other surveys are done
    if (once && nights === 0) return;
    if (once) continue;
    const rest = Math.max(
      config.aggregation.everySeconds * 1000,
      restPerWork * (performance.now() - startedAt),
    );
    await sleep(rest, null, { signal }).catch(() => null);
  }
}
