import { z } from "zod";
import { didYouMean } from "../../config/nearest.ts";
import { targetsOf } from "../../delivery/open.ts";
import { resendMatches } from "../../delivery/resend.ts";
import { DeliveryStore } from "../../delivery/store.ts";
import { Subscriptions } from "../../delivery/subscriptions.ts";
import { FinkError } from "../../errors.ts";
import { type CommandContext, defineCommand } from "../command.ts";
import { table } from "../table.ts";
import { flag } from "../flags.ts";

const flags = z.object({
  target: flag("NAME", "Only this target"),
  failed: z.boolean().default(false).describe("Only what failed, and the dead letters"),
  id: flag("ID", "With redrive: only this dead letter"),
  filter: flag("NAME", "With resend: the filter, as name or survey/name"),
  night: flag(
    "NIGHT",
    "With resend: a past night, YYYYMMDD; may be given several times",
    z.array(z.string().regex(/^\d{8}$/, "write YYYYMMDD")).default([]),
  ),
  limit: flag("N", "Lines of the log", z.int().positive().default(20)),
});

export const deliveries = defineCommand({
  arguments: "[redrive|resend]",
  description:
    "What was sent where, what failed and what was refused for good (dead letters).\nWith redrive, dead letters are sent again by the delivery service, under the ids they had.\nWith resend, matches of a filter's past nights are sent whether they were sent before or not.",
  example: "./fink deliveries --failed",
  flags,
  async run(context, [action], given) {
    if (action === "resend") return await resend(context, given);
    if (action !== undefined && action !== "redrive")
      throw new FinkError(
        "usage",
        `deliveries does not know ${action}; there are redrive and resend`,
      );
    const store = DeliveryStore.openExisting(context.config().config.lake);
    if (!store)
      return context.print(context.json ? "{}" : "nothing was sent yet; see docs/delivery.md");
    try {
      const names = new Set(store.totals().map(({ target }) => target));
      if (given.target !== undefined && !names.has(given.target)) {
        throw new FinkError(
          "usage",
          `nothing was sent to ${given.target}${didYouMean(given.target, names) || `; there are ${[...names].join(", ")}`}`,
        );
      }
      if (action === "redrive") redrive(context, store, given);
      else show(context, store, given);
    } finally {
      store.close();
    }
  },
});

function redrive(
  context: CommandContext,
  store: DeliveryStore,
  { target, id }: z.output<typeof flags>,
): void {
  const marked = store.redrive({ target, id });
  if (context.json) context.print(JSON.stringify({ redriven: marked }));
  else
    context.print(
      marked === 0
        ? "there are no such dead letters"
        : `${marked} dead letters are sent again by the delivery service`,
    );
}

async function resend(
  context: CommandContext,
  { target, filter, night: nights }: z.output<typeof flags>,
): Promise<void> {
  const { config } = context.config();
  const targets = [...targetsOf(config).keys()];
  if (filter === undefined || nights.length === 0)
    throw new FinkError(
      "usage",
      "name a filter and its nights: --filter my_filter --night 20260131",
    );
  if (target !== undefined && !targets.includes(target))
    throw new FinkError("usage", `there is no target ${target}${didYouMean(target, targets)}`);
  const store = DeliveryStore.open(config.lake);
  try {
    const request = { filter, nights, targets: target === undefined ? targets : [target] };
    const asked = await resendMatches(
      config.lake,
      request,
      store,
      new Subscriptions(config.lake, targets, context.warn.bind(context)),
    );
    context.print(
      context.json
        ? JSON.stringify({ resent: asked })
        : `${asked} matches are sent by the delivery service`,
    );
  } finally {
    store.close();
  }
}

function show(
  context: CommandContext,
  store: DeliveryStore,
  { target, failed, limit }: z.output<typeof flags>,
): void {
  const totals = store.totals().filter((one) => (target ?? one.target) === one.target);
  const log = store.log({ target, failed, limit });
  const dead = store.dead({ target, ...(!context.json && { limit }) });
  if (context.json) {
    const letters = dead.map(({ match, ...letter }) => ({
      ...letter,
      filter: match.filter,
      alert: String(match.alert),
    }));
    return context.print(JSON.stringify({ targets: totals, log, dead: letters }));
  }
  if (!failed) {
    const rows = totals.map((t) => [
      t.target,
      t.survey,
      t.sent,
      t.sentAt && timeOf(t.sentAt),
      t.dead || null,
      t.error,
    ]);
    context.print(
      table(["target", "survey", "sent in 30 days", "last", "dead letters", "trouble"], rows),
    );
  }
  if (log.length > 0) {
    const rows = log.map((l) => [
      timeOf(l.at),
      l.target,
      l.survey,
      l.filter,
      l.matches,
      `${l.milliseconds} ms`,
      l.error || "sent",
    ]);
    context.print(
      `\n${table(["time", "target", "survey", "filter", "matches", "took", "outcome"], rows)}`,
    );
  }
  const shown = dead.map((d) => [
    d.target,
    d.id,
    timeOf(d.at),
    d.redrive ? "is sent again" : d.reason,
  ]);
  if (shown.length > 0)
    context.print(
      `\n${table(["dead letter of", "id", "since", "reason"], shown)}\n./fink deliveries redrive sends them again`,
    );
}

function timeOf(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}
