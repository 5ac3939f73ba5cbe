import { setTimeout as sleep } from "node:timers/promises";
import { surveysOf } from "../archive/setup.ts";
import { messageOf } from "../errors.ts";
import { tablesIn } from "../lake/tables.ts";
import { type Progress, ScienceTable } from "../science/follow.ts";
import { SciencePool } from "../science/pool.ts";
import { ScienceUpdates } from "../science/updates.ts";
import type { Run } from "../science/work.ts";
import { StageMeter } from "./stage.ts";
import type { Service, ServiceContext } from "./service.ts";

/**
 * Follows `raw` of every survey and writes `science`: a row for each distinct alert; with `once`, until it has caught up. Rows for which an answer was missing, or
 * of which a catalogue has learnt something, it writes anew to `science_updates`.
 */
export const science: Service = { name: "science", run: (context) => runScience(context) };

const pauseMs = 100;
const shortestPauseMs = 1000;
const longestPauseMs = 30_000;

async function runScience(context: ServiceContext): Promise<void> {
  const { config, lake, signal, once, status } = context;
  const pool = new SciencePool({ lake, config: config.science }, surveysOf(config).all);
  const meter = new StageMeter();
  const report = () => status({ stage: meter.status() });
  const timer = setInterval(report, 1000);
  const failed = new AbortController();
  const running = { ...context, signal: AbortSignal.any([signal, failed.signal]) };
  try {
    status({ state: "running" });
    if (once) {
      await follow(running, pool, meter);
      await update(running, pool);
    } else await Promise.all([follow(running, pool, meter), update(running, pool)]);
  } finally {
    failed.abort();
    clearInterval(timer);
    report();
    await pool.close();
  }
}

/** Asks again as long as answers come, then after a pause that grows while none does. */
async function update({ config, lake, signal, once, log }: ServiceContext, pool: SciencePool): Promise<void> {
  const tables = new Map<string, ScienceUpdates>();
  const { recentNights, changesMinutes } = config.science;
  const run: Run = (kind, job) => pool.run(kind, job);
  let learntAt = 0;
  for (let pause = shortestPauseMs; !signal.aborted;) {
    let changed = 0;
    const now = Date.now();
    const isTime = now - learntAt >= changesMinutes * 60_000;
    for (const survey of surveysWith(lake, "science")) {
      const table = tables.get(survey) ?? new ScienceUpdates(lake, surveysOf(config).named(survey), recentNights);
      tables.set(survey, table);
      try {
        if (isTime) await table.learn(run, learntAt);
        changed += (await table.step(run))?.changed ?? 0;
      } catch (error) {
        if (once) throw error;
        log.error({ err: error }, `updates of science of ${survey} failed; they are tried again`);
      }
    }
    if (isTime) learntAt = now;
    if (changed === 0 && once) return;
    pause = changed > 0 ? 0 : Math.min(longestPauseMs, Math.max(shortestPauseMs, 2 * pause));
    await sleep(pause, null, { signal }).catch(() => null);
  }
}

async function follow(context: ServiceContext, pool: SciencePool, meter: StageMeter): Promise<void> {
  const { config, lake, signal, once, status } = context;
  const tables = new Map<string, ScienceTable>();
  let duplicates = 0;
  while (!signal.aborted) {
    let isBusy = false;
    for (const survey of surveysWith(lake, "raw")) {
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

function surveysWith(lake: string, table: string): string[] {
  return tablesIn(lake).flatMap(({ survey, kind }) => (kind === table ? [survey] : []));
}
