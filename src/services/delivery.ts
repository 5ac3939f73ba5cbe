import { setTimeout as sleep } from "node:timers/promises";
import { surveysOf } from "../archive/setup.ts";
import type { TargetConfig } from "../config/targets.ts";
import { AlertReader } from "../delivery/alerts.ts";
import { breakAfter, pauseAfter, type Sent, TargetFollower } from "../delivery/follow.ts";
import { openTarget, targetsOf } from "../delivery/open.ts";
import { messageOf } from "../errors.ts";
import { tellOwners } from "../delivery/owners.ts";
import { DeliveryStore } from "../delivery/store.ts";
import { Subscriptions } from "../delivery/subscriptions.ts";
import type { Target } from "../delivery/target.ts";
import { surveysWith } from "../lake/tables.ts";
import type { Service, ServiceContext } from "./service.ts";
import { StageMeter } from "./stage.ts";

/** Sends the matches of every survey to the targets that their filters name; with `once`, until each target has what there is or has failed. */
export const delivery: Service = { name: "delivery", run: (context) => runDelivery(context) };

const pollMs = 100;
const lookEveryMs = 2000;

/** What the loops share. */
interface Shared {
  readonly context: ServiceContext;
  readonly store: DeliveryStore;
  readonly meter: StageMeter;
  readonly subscriptions: Subscriptions;
  readonly followers: Map<string, TargetFollower>;
  /** Targets that cannot be used, and why. */
  readonly broken: Map<string, string>;
}

async function runDelivery(context: ServiceContext): Promise<void> {
  const { lake, signal, once, status } = context;
  const store = DeliveryStore.open(lake);
  const shared: Shared = {
    context,
    store,
    meter: new StageMeter(),
    subscriptions: new Subscriptions(lake, targetsOf(context.config).keys(), (message) => context.log.warn(message)),
    followers: new Map(),
    broken: new Map(),
  };
  const loops = new Map<string, Promise<void>>();
  const report = () => status(statusOf(shared));
  const timer = setInterval(report, 1000);
  status({ state: "running" });
  try {
    store.prune(Date.now());
    do {
      for (const survey of surveysWith(lake, "matches")) if (!loops.has(survey)) loops.set(survey, deliverSurvey(shared, survey));
      await tellOwners(lake, targetsOf(context.config), store, signal).catch((error: unknown) => context.log.warn({ err: error }, "owners cannot be told"));
      if (!once) await sleep(lookEveryMs, null, { signal }).catch(() => null);
    } while (!signal.aborted && !once);
    await Promise.all(loops.values());
  } finally {
    clearInterval(timer);
    report();
    store.close();
  }
}

async function deliverSurvey(shared: Shared, survey: string): Promise<void> {
  const { config, lake } = shared.context;
  const definition = surveysOf(config).named(survey);
  const readers = { images: new AlertReader(lake, definition, true), plain: new AlertReader(lake, definition, false) };
  await Promise.all(
    [...targetsOf(config)].map(async ([name, options]) => {
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
      shared.followers.set(`${name} (${survey})`, follower);
      await follow(shared, target, follower);
    }),
  );
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
async function follow({ context, meter }: Shared, target: Target, follower: TargetFollower): Promise<void> {
  const { signal, once, log } = context;
  try {
    while (!signal.aborted) {
      const sent = await attempt(follower, context, meter);
      if (sent === null && once) return;
      const wait = sent === "failed" ? pauseAfter(follower.failures) : sent === null ? pollMs : 0;
      if (sent === "failed" && once && follower.failures >= breakAfter) return log.error(`${target.name} did not take its matches: ${follower.trouble}`);
      if (wait > 0) await sleep(wait, null, { signal }).catch(() => null);
    }
  } finally {
    await target.close();
  }
}

async function attempt(follower: TargetFollower, { signal, log }: ServiceContext, meter: StageMeter): Promise<Sent | null | "failed"> {
  try {
    const sent = await follower.step(signal);
    if (sent) meter.commit(sent.messages.length);
    if (sent) meter.fail(sent.refused);
    return sent;
  } catch (error) {
    if (signal.aborted) return null;
    meter.fail();
    if (follower.failures === 1 || follower.failures === breakAfter) log.warn({ err: error }, `delivery failed ${follower.failures} times; it is tried again`);
    return "failed";
  }
}

function statusOf({ followers, meter, broken }: Shared) {
  const leftOut = [...broken].map(([name, why]) => `${name}: ${why}`);
  const troubles = [...followers].flatMap(([name, { trouble }]) => (trouble === "" ? [] : [`${name}: ${trouble}`]));
  meter.waiting(Math.max(0, ...[...followers.values()].map((follower) => follower.lag())));
  return { message: [...leftOut, ...troubles].join("; "), stage: meter.status() };
}
