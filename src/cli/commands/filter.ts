import { z } from "zod";
import { didYouMean } from "../../config/nearest.ts";
import { FinkError } from "../../errors.ts";
import { type CommandContext, defineCommand } from "../command.ts";
import { filterGiven } from "../filter/context.ts";
import { flag } from "../flags.ts";

const flags = z.object({
  on: flag(
    "FILE",
    "test, explain: the alerts of this Parquet file; test prints the ids that are selected",
  ),
  nights: flag(
    "N",
    "test, diff: the newest nights of the lake, 7 by default",
    z.int().positive().max(1000).optional(),
  ),
  night: flag(
    "NIGHT",
    "rerun: a past night, YYYYMMDD; may be given several times",
    z.array(z.string()).default([]),
  ),
  truth: flag(
    "FILE",
    "test: what the alerts are, as ./fink simulate --truth writes it (…_alerts.parquet)",
  ),
  survey: flag("NAME", "new: the survey, ztf by default"),
});
type Flags = z.output<typeof flags>;

/** Nights of the lake. */
const newest = 7;

type Action = (context: CommandContext, names: readonly string[], flags: Flags) => Promise<void>;

/** Each is loaded when it is used. */
const actions: Readonly<Record<string, Action>> = {
  new: async (context, [name], { survey }) =>
    (await import("../filter/new.ts")).create(context, name, survey),
  check: async (context, [name]) =>
    (await import("../filter/check.ts")).check(context, await filterGiven(context, name)),
  async test(context, [name], { on, nights = newest, truth }) {
    const filter = await filterGiven(context, name);
    if (on === undefined)
      await (await import("../filter/test.ts")).testOnNights(context, filter, nights, truth);
    else await (await import("../filter/on-file.ts")).testOnFile(context, filter, on);
  },
  async diff(context, [before, after], { nights = newest }) {
    const filters = [
      await filterGiven(context, before),
      await filterGiven(context, after),
    ] as const;
    await (await import("../filter/diff.ts")).diff(context, ...filters, nights);
  },
  explain: async (context, [name, alert], { on }) =>
    (await import("../filter/explain.ts")).explain(
      context,
      await filterGiven(context, name),
      alert,
      on,
    ),
  list: async (context) => (await import("../filter/list.ts")).list(context),
  async rerun(context, [name], { night, nights }) {
    if (nights !== undefined)
      throw new FinkError(
        "usage",
        "rerun takes nights by name: --night YYYYMMDD, as often as there are nights",
      );
    await (
      await import("../filter/rerun.ts")
    ).rerun(context, await filterGiven(context, name), night);
  },
};

export const filter = defineCommand({
  arguments: "new|check|test|diff|explain|list|rerun [FILTER…]",
  description: [
    "new NAME: writes a filter to start from, and shows what it selects.",
    "check F: whether it can be used, what it reads, what it costs. F is a filter's name, survey/name, or a file.",
    "test F: how many alerts a night it selects, of the lake or of simulated ones; with --on FILE which of the file's.",
    "diff F@1 F@2: what a change gains and loses, between versions or any two filters.",
    "explain F ALERT: every clause with its value, true or false.",
    "list: version, matches per hour, time per alert, state and missed alerts of each.",
    "rerun F: the alerts that it missed, because it failed or was switched off. With --night NIGHT: past alerts. Neither finds a match twice.",
  ].join("\n"),
  example: "./fink filter test my_filter.sql --on alerts.parquet",
  flags,
  async run(context, [action, ...names], given) {
    const chosen = actions[action];
    const others =
      didYouMean(action, Object.keys(actions)) || `; there are ${Object.keys(actions).join(", ")}`;
    if (!chosen) throw new FinkError("usage", `there is no ./fink filter ${action}${others}`);
    await chosen(context, names, given);
  },
});
