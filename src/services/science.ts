import { setTimeout as sleep } from "node:timers/promises";
import { surveysOf } from "../archive/setup.ts";
import { messageOf } from "../errors.ts";
import { surveysWith } from "../lake/tables.ts";
import { type Progress, ScienceTable } from "../science/follow.ts";
import { shareCatalogues } from "../science/catalogue/load.ts";
import { SciencePool } from "../science/pool.ts";
import { stampOf } from "../science/registry.ts";
import { remoteTroubles } from "../science/remote/ledger.ts";
import { ScienceReport } from "../science/report.ts";
import { pauseAfter, ScienceUpdates } from "../science/updates.ts";
import { kept } from "../kept.ts";
import { diskTrouble, periodically, Troubles } from "./periodic.ts";
import { StageMeter } from "./stage.ts";
import type { Service, ServiceContext } from "./service.ts";

/**
 * Follows `raw` of every survey and writes `science`: a row for each distinct alert; with `once`,
 * until it has caught up. Rows for which an answer was missing, or of which a catalogue has learnt
 * something, it writes anew to `science_updates`.
 */
export const science: Service = { name: "science", run: (context) => runScience(context) };

/** Between looks for new alerts. */
const pauseMs = 100;
/** Between looks whether a list has come for which alerts wait. */
const waitingMs = 60_000;
/** Between looks whether modules, models or catalogues have changed. */
const lookEveryMs = 5000;

/** What both loops work with. */
interface Work extends ServiceContext {
  readonly pool: SciencePool;
  readonly meter: StageMeter;
  readonly report: ScienceReport;
  readonly troubles: Troubles;
  /** With `once`: what went wrong, thrown when the other surveys are done. */
  readonly failures: unknown[];
}

async function runScience(context: ServiceContext): Promise<void> {
  const { config, lake, log, once, status } = context;
  const setup = { lake, config: config.science };
  await shareCatalogues(lake);
  const pool = new SciencePool(setup, surveysOf(config).all, (trouble) =>
    log.warn(`science: ${trouble}`),
  );
  const failed = new AbortController();
  const signal = AbortSignal.any([context.signal, failed.signal]);
  const troubles = new Troubles(context);
  const work: Work = {
    ...context,
    signal,
    pool,
    meter: new StageMeter(),
    report: new ScienceReport(pool),
    failures: [],
    troubles,
  };
  const say = () =>
    status({
      stage: work.meter.status(),
      message: work.report.message(),
      note: work.report.note(),
    });
  let stamp = stampOf(setup);
  const look = async () => {
    if (config.science.remote.services.length > 0) work.report.services = remoteTroubles(lake);
    const now = stampOf(setup);
    if (now === stamp) return;
    stamp = now;
    await shareCatalogues(lake);
    if (!signal.aborted) pool.renew();
  };
  const looking = periodically(troubles, lookEveryMs, "read modules and catalogues", look);
  const reports = [
    periodically(troubles, 1000, "report", say),
    periodically(troubles, lookEveryMs, "keep what modules cost", () => work.report.save(lake)),
  ];
  try {
    status({ state: "running" });
    if (once) {
      await follow(work);
      await update(work);
      const [failure] = work.failures;
      if (failure !== undefined) throw failure;
    } else await Promise.all([follow(work), update(work)]);
  } finally {
    failed.abort();
    await Promise.all([looking, ...reports].map((one) => one.end()));
    await pool.close();
  }
}

/** Surveys side by side: one whose modules wait for answers keeps no other waiting. */
async function follow(work: Work): Promise<void> {
  const { config, lake, signal, once } = work;
  const tables = new Map<string, ScienceTable>();
  const busy = new Map<string, Promise<void>>();
  const catchUp = async (survey: string): Promise<void> => {
    const definition = surveysOf(config).named(survey);
    if (definition.alert === undefined) return void work.report.undefinedIds.add(survey);
    const table = () => kept(tables, survey, () => new ScienceTable(lake, definition));
    while (!signal.aborted) {
      const progress = await tried(work, `science of ${survey}`, () =>
        table().step((kind, job) => work.pool.run(kind, job), config.science.batchAlerts),
      );
      if (progress === null) return;
      count(progress, work);
    }
  };
  while (!signal.aborted) {
    for (const survey of surveysWith(lake, "raw"))
      kept(busy, survey, () => catchUp(survey).finally(() => busy.delete(survey)));
    if (once) break;
    await sleep(pauseMs, null, { signal }).catch(() => null);
  }
  await Promise.all(busy.values());
}

/** Asks again as long as answers come, then after a pause that grows while none does. */
async function update(work: Work): Promise<void> {
  const { config, lake, signal, once, pool, report } = work;
  const tables = new Map<string, ScienceUpdates>();
  const { recentNights, changesMinutes } = config.science;
  let learntAt = 0;
  for (let pause = 0; !signal.aborted;) {
    const now = Date.now();
    const isTime =
      now - learntAt >=
      Math.min(changesMinutes * 60_000, report.waiting > 0 ? waitingMs : Infinity);
    let [changed, waiting] = [0, 0];
    for (const survey of surveysWith(lake, "science")) {
      const asked = await tried(work, `updates of ${survey}`, async () => {
        const table = kept(
          tables,
          survey,
          () => new ScienceUpdates(lake, surveysOf(config).named(survey), recentNights),
        );
        if (isTime) report.add(await table.learn((kind, job) => pool.run(kind, job), learntAt));
        return await table.step((kind, job) => pool.run(kind, job));
      });
      changed += asked?.changed ?? 0;
      waiting += asked?.waiting ?? 0;
      report.add(asked?.outcomes ?? []);
    }
    if (isTime) learntAt = now;
    report.waiting = waiting;
    if (changed === 0 && once) return;
    pause = pauseAfter(pause, changed);
    await sleep(pause, null, { signal }).catch(() => null);
  }
}

/** Takes a step of one task. If it fails, the other tasks go on, and it is repeated. */
async function tried<T>(
  { once, log, report, failures, troubles }: Work,
  task: string,
  step: () => Promise<T>,
): Promise<T | null> {
  try {
    const done = await step();
    report.errors.delete(task);
    troubles.say(`compute ${task}`, "");
    return done;
  } catch (error) {
    if (once) failures.push(error);
    else if (!report.errors.has(task))
      log.error({ err: error }, `${task} failed; Fink tries again`);
    report.errors.set(task, `${task}: ${messageOf(error)}`);
    troubles.say(`compute ${task}`, diskTrouble(error));
    return null;
  }
}

function count(
  { alerts, duplicates, publishedAt, outcomes, withoutId, lag }: Progress,
  { meter, report }: Work,
): void {
  meter.commit(alerts, publishedAt);
  meter.fail(report.add(outcomes));
  meter.waiting(lag);
  report.duplicates += duplicates;
  report.withoutId += withoutId;
}
