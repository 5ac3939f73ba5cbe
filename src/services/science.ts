import { setTimeout as sleep } from "node:timers/promises";
import { surveysOf } from "../archive/setup.ts";
import { messageOf } from "../errors.ts";
import { tablesIn } from "../lake/tables.ts";
import { type Progress, ScienceTable } from "../science/follow.ts";
import { SciencePool } from "../science/pool.ts";
import { StageMeter } from "./stage.ts";
import type { Service, ServiceContext } from "./service.ts";

/** Follows `raw` of every survey and writes `science`: a row for each distinct alert; with `once`, until it has caught up. */
export const science: Service = { name: "science", run: (context) => runScience(context) };

const pauseMs = 500;

async function runScience(context: ServiceContext): Promise<void> {
  const { config, lake, status } = context;
  const pool = new SciencePool({ lake, config: config.science });
  const meter = new StageMeter();
  const report = () => status({ stage: meter.status() });
  const timer = setInterval(report, 1000);
  try {
    status({ state: "running" });
    await follow(context, pool, meter);
  } finally {
    clearInterval(timer);
    report();
    await pool.close();
  }
}

async function follow(context: ServiceContext, pool: SciencePool, meter: StageMeter): Promise<void> {
  const { config, lake, signal, once, status } = context;
  const tables = new Map<string, ScienceTable>();
  let duplicates = 0;
  while (!signal.aborted) {
    let isBusy = false;
    for (const survey of surveysWithAlerts(lake)) {
      const table = tables.get(survey) ?? new ScienceTable(lake, surveysOf(config).named(survey));
      tables.set(survey, table);
      const progress = await stepOf(table, survey, context, pool);
      if (progress === null) continue;
      isBusy = true;
      duplicates += progress.duplicates;
      count(progress, meter);
      status({ message: messageFor(duplicates, progress, pool) });
    }
    if (isBusy) continue;
    if (once) return;
    await sleep(pauseMs, null, { signal }).catch(() => null);
  }
}

/** One survey that cannot go on does not keep the others from it: it is tried again. */
async function stepOf(table: ScienceTable, survey: string, { config, once, log, status }: ServiceContext, pool: SciencePool): Promise<Progress | null> {
  try {
    return await table.step((kind, job) => pool.run(kind, job), config.science.batchAlerts);
  } catch (error) {
    if (once) throw error;
    log.error({ err: error }, `science of ${survey} failed; it is tried again`);
    status({ message: `${survey}: ${messageOf(error)}` });
    return null;
  }
}

function count({ alerts, publishedAt, outcomes, lag }: Progress, meter: StageMeter): void {
  meter.commit(alerts, publishedAt);
  meter.fail(outcomes.filter(({ failure }) => failure !== null).length);
  meter.waiting(lag);
}

function messageFor(duplicates: number, { outcomes }: Progress, { troubles }: SciencePool): string {
  const failed = outcomes.flatMap(({ name, failure }) => (failure === null ? [] : [`${name}: ${failure}`]));
  return [...(duplicates > 0 ? [`${duplicates} sent again`] : []), ...new Set([...troubles, ...failed])].join("; ");
}

function surveysWithAlerts(lake: string): string[] {
  return tablesIn(lake).flatMap(({ survey, kind }) => (kind === "raw" ? [survey] : []));
}
