import { setTimeout as sleep } from "node:timers/promises";
import { surveysOf } from "../archive/setup.ts";
import { messageOf } from "../errors.ts";
import { tablesIn } from "../lake/tables.ts";
import { type Progress, ScienceTable } from "../science/follow.ts";
import { knownModules } from "../science/registry.ts";
import type { Service, ServiceContext } from "./service.ts";

/** Follows `raw` of every survey and writes `science`: a row for each distinct alert; with `once`, until it has caught up. */
export const science: Service = { name: "science", run: (context) => runScience(context) };

const pauseMs = 500;

async function runScience(context: ServiceContext): Promise<void> {
  const { lake, log, signal, once, status } = context;
  const { modules, problems } = await knownModules(context.config.science.modules);
  for (const problem of problems) log.warn(`science module left out: ${problem.message}`);
  const tables = new Map<string, ScienceTable>();
  const done = { alerts: 0, duplicates: 0 };
  status({ state: "running" });
  while (!signal.aborted) {
    let isBusy = false;
    for (const survey of surveysWithAlerts(lake)) {
      const own = modules.filter((module) => module.surveys.includes(survey));
      const table = tables.get(survey) ?? new ScienceTable(lake, surveysOf(context.config).named(survey), own, context.config.science.batchAlerts);
      tables.set(survey, table);
      const progress = await stepOf(table, survey, context);
      if (progress === null) continue;
      isBusy = true;
      done.alerts += progress.alerts;
      done.duplicates += progress.duplicates;
      status({ message: messageFor(done, progress) });
    }
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

function messageFor({ alerts, duplicates }: { alerts: number; duplicates: number }, { outcomes }: Progress): string {
  const failed = [...new Set(outcomes.flatMap(({ module, failure }) => (failure === null ? [] : [`${module.name}: ${failure}`])))];
  return [`${alerts} alerts, ${duplicates} sent again`, ...failed].join("; ");
}

function surveysWithAlerts(lake: string): string[] {
  return tablesIn(lake).flatMap(({ survey, kind }) => (kind === "raw" ? [survey] : []));
}
