import { setTimeout as sleep } from "node:timers/promises";
import { surveysOf } from "../archive/setup.ts";
import type { TargetConfig } from "../config/targets.ts";
import { AlertReader } from "../delivery/alerts.ts";
import { breakAfter, pauseAfter, type Sent, TargetFollower } from "../delivery/follow.ts";
import { openTarget, targetsOf } from "../delivery/open.ts";
import { FinkError, messageOf } from "../errors.ts";
import { tellOwners } from "../delivery/owners.ts";
import { DeliveryStore } from "../delivery/store.ts";
import { Subscriptions } from "../delivery/subscriptions.ts";
import type { Target } from "../delivery/target.ts";
import { surveysWith } from "../lake/tables.ts";
import { diskTrouble, periodically, Troubles } from "./periodic.ts";
import type { Service, ServiceContext, StatusChange } from "./service.ts";
import { StageMeter } from "./stage.ts";

/**
 * Sends the matches of every survey to the targets that their filters name; with `once`, until each
 * target has what there is or has failed.
 */
export const delivery: Service = {
  name: "delivery",
  isSole: true,
  run: (context) => runDelivery(context),
};

const pollMs = 100;
const lookEveryMs = 2000;
const pruneEveryMs = 3_600_000;

/** What the loops share. */
interface Shared {
  readonly context: ServiceContext;
  readonly store: DeliveryStore;
  readonly meter: StageMeter;
  readonly subscriptions: Subscriptions;
  readonly followers: Map<string, TargetFollower>;
  /**
   * The trouble of targets and surveys that cannot be used, and of parts of the service, by name.
   */
  readonly broken: Map<string, string>;
  readonly troubles: Troubles;
}

async function runDelivery(context: ServiceContext): Promise<void> {
  const { lake, signal, once, status, config, log } = context;
  const store = DeliveryStore.open(lake);
  const shared: Shared = {
    context,
    store,
    meter: new StageMeter(),
    subscriptions: new Subscriptions(lake, targetsOf(config).keys(), (message) =>
      log.warn(message),
    ),
    followers: new Map(),
    broken: new Map(),
    troubles: new Troubles(context),
  };
  const loops = new Map<string, Promise<void>>();
  const reports = periodically(shared.troubles, 1000, "report", () => status(statusOf(shared)));
  status({ state: "running" });
  let prunedAt = 0;
  try {
    do {
      await attempted(shared, "the lake", () => {
        for (const survey of surveysWith(lake, "matches"))
          if (!loops.has(survey)) loops.set(survey, surveyLoop(shared, survey));
      });
      await attempted(shared, "the delivery log", () => {
        if (Date.now() - prunedAt > pruneEveryMs) store.prune((prunedAt = Date.now()));
      });
      await attempted(shared, "owners of filters", () =>
        tellOwners(lake, targetsOf(config), store, signal),
      );
      if (!once) await sleep(lookEveryMs, null, { signal }).catch(() => null);
    } while (!signal.aborted && !once);
    await Promise.all(loops.values());
    const [failed] = once ? [...loops.keys()].filter((survey) => shared.broken.has(survey)) : [];
    if (failed !== undefined)
      throw new FinkError("delivery", `${failed}: ${shared.broken.get(failed)}`);
  } finally {
    await reports.end();
    store.close();
  }
}

/**
 * Does a part of the work. What goes wrong is logged once and shown until the part succeeds; the
 * other parts go on. True: it succeeded.
 */
async function attempted(
  { context, broken, troubles }: Shared,
  part: string,
  work: () => void | Promise<void>,
): Promise<boolean> {
  try {
    await work();
    broken.delete(part);
    troubles.say(`use ${part}`, "");
    return true;
  } catch (error) {
    if (broken.get(part) !== messageOf(error))
      context.log.error({ err: error }, `${part}: ${messageOf(error)}`);
    broken.set(part, messageOf(error));
    troubles.say(`use ${part}`, diskTrouble(error));
    return false;
  }
}

/**
 * The loop of one survey. If it cannot begin, it is begun again until it can. Never rejects: nobody
 * waits for it before the service ends.
 */
async function surveyLoop(shared: Shared, survey: string): Promise<void> {
  const { signal, once } = shared.context;
  while (!(await attempted(shared, survey, () => deliverSurvey(shared, survey)))) {
    if (signal.aborted || once) return;
    await sleep(lookEveryMs, null, { signal }).catch(() => null);
  }
}

async function deliverSurvey(shared: Shared, survey: string): Promise<void> {
  const { config, lake } = shared.context;
  const definition = surveysOf(config).named(survey);
  const readers = {
    images: new AlertReader(lake, definition, true),
    plain: new AlertReader(lake, definition, false),
  };
  const loops = [...targetsOf(config)].map(async ([name, options]) => {
    const target = opened(shared, name, options);
    if (!target) return;
    const follower = new TargetFollower({
      lake,
      survey,
      target,
      store: shared.store,
      reader: target.images ? readers.images : readers.plain,
      route: (match, to) => shared.subscriptions.route(survey, match, to),
      newTargetHours: config.delivery.newTargetHours,
    });
    shared.followers.set(follower.name, follower);
    await follow(shared, target, follower);
  });
  // All have to end before the survey is begun again, so that a target has one loop.
  const failed = (await Promise.allSettled(loops)).find((result) => result.status === "rejected");
  if (failed) throw failed.reason;
}

/** One that is not configured as it has to be does not keep the others from their matches. */
function opened({ context, broken }: Shared, name: string, options: TargetConfig): Target | null {
  try {
    return openTarget(name, options, context.config);
  } catch (error) {
    broken.set(name, messageOf(error));
    context.log.error(`target ${name} is left out: ${messageOf(error)}`);
    return null;
  }
}

/** The loop of one target: a slow or dead one waits here, and the others go on. */
async function follow(shared: Shared, target: Target, follower: TargetFollower): Promise<void> {
  const { signal, once, log } = shared.context;
  try {
    while (!signal.aborted) {
      const sent = await attempt(follower, shared);
      if (sent === null && once) return;
      const wait = sent === "failed" ? pauseAfter(follower.failures) : sent === null ? pollMs : 0;
      if (sent === "failed" && once && follower.failures >= breakAfter)
        return log.error(`${target.name} did not take its matches: ${follower.trouble}`);
      if (wait > 0) await sleep(wait, null, { signal }).catch(() => null);
    }
  } finally {
    await target.close();
  }
}

async function attempt(
  follower: TargetFollower,
  { context: { signal, log }, meter, troubles }: Shared,
): Promise<Sent | null | "failed"> {
  try {
    const sent = await follower.step(signal);
    troubles.say(`deliver to ${follower.name}`, "");
    if (sent) meter.commit(sent.messages.length);
    if (sent) meter.fail(sent.refused);
    return sent;
  } catch (error) {
    if (signal.aborted) return null;
    meter.fail();
    troubles.say(`deliver to ${follower.name}`, follower.targetFailed ? "" : diskTrouble(error));
    if (follower.failures === 1 || follower.failures === breakAfter)
      log.warn({ err: error }, `delivery failed ${follower.failures} times; it is tried again`);
    return "failed";
  }
}

/** Never throws: a report does not end the process. */
function statusOf({ followers, meter, broken }: Shared): StatusChange {
  const leftOut = [...broken].map(([name, why]) => `${name}: ${why}`);
  const troubles = [...followers].flatMap(([name, { trouble }]) =>
    trouble === "" ? [] : [`${name}: ${trouble}`],
  );
  try {
    meter.waiting(Math.max(0, ...[...followers.values()].map((follower) => follower.lag())));
  } catch (error) {
    meter.waiting(null);
    troubles.push(`the delivery log cannot be read: ${messageOf(error)}`);
  }
  return { message: [...leftOut, ...troubles].join("; "), stage: meter.status() };
}
