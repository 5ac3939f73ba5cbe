import { setTimeout as sleep } from "node:timers/promises";
import { surveysOf } from "../archive/setup.ts";
import { messageOf } from "../errors.ts";
import { tablesIn } from "../lake/tables.ts";
import { type Progress, ScienceTable } from "../science/follow.ts";
import { knownModules } from "../science/registry.ts";
import { StageMeter } from "./stage.ts";
import type { Service, ServiceContext } from "./service.ts";

/** Follows `raw` of every survey and writes `science`: a row for each distinct alert; with `once`, until it has caught up. */
export const science: Service = { name: "science", run: (context) => runScience(context) };

const pauseMs = 500;

async function runScience(context: ServiceContext): Promise<void> {
  const { config, lake, log, signal, once, status } = context;
  const setup = { lake, config: config.science };
  const { modules, problems } = await knownModules(setup, surveysOf(config).all);
  for (const problem of problems) log.warn(`science module left out: ${problem.message}`);
  const tables = new Map<string, ScienceTable>();
  const meter = new StageMeter();
  let duplicates = 0;
  status({ state: "running", stage: meter.status() });
  while (!signal.aborted) {
    let isBusy = false;
    for (const survey of surveysWithAlerts(lake)) {
      const own = modules.filter((module) => module.surveys.includes(survey));
      const table = tables.get(survey) ?? new ScienceTable(setup, surveysOf(config).named(survey), own);
      tables.set(survey, table);
      const progress = await stepOf(table, survey, context);
      if (progress === null) continue;
      isBusy = true;
      duplicates += progress.duplicates;
      meter.commit(progress.alerts, progress.publishedAt);
      meter.fail(progress.outcomes.filter(({ failure }) => failure !== null).length);
      meter.waiting(progress.lag);
      status({ message: messageFor(duplicates, progress) });
    }
    status({ stage: meter.status() });
    if (isBusy) continue;
    if (once) return;
    await sleep(pauseMs, null, { signal }).catch(() => null);
  }
}

/** One survey that cannot go on does not keep the others from it: it is tried again. */
async function stepOf(table: ScienceTable, survey: string, { once, log, status }: ServiceContext): Promise<Progress | null> {
  try {
    return await table.step();
  } catch (error) {
    if (once) throw error;
    log.error({ err: error }, `science of ${survey} failed; it is tried again`);
    status({ message: `${survey}: ${messageOf(error)}` });
    return null;
  }
}

function messageFor(duplicates: number, { outcomes }: Progress): string {
  const failed = [...new Set(outcomes.flatMap(({ module, failure }) => (failure === null ? [] : [`${module.name}: ${failure}`])))];
  return [...(duplicates > 0 ? [`${duplicates} sent again`] : []), ...failed].join("; ");
}

function surveysWithAlerts(lake: string): string[] {
  return tablesIn(lake).flatMap(({ survey, kind }) => (kind === "raw" ? [survey] : []));
}
