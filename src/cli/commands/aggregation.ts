import { existsSync } from "node:fs";
import { basename, dirname, resolve } from "node:path";
import { z } from "zod";
import type { Aggregation, Statistic } from "../../aggregation/aggregation.ts";
import { nightStatistics } from "../../aggregation/compute.ts";
import { aggregationsIn, loadAggregation } from "../../aggregation/load.ts";
import { surveysOf } from "../../archive/setup.ts";
import type { Config } from "../../config/schema.ts";
import { didYouMean } from "../../config/nearest.ts";
import { FinkError } from "../../errors.ts";
import { type LakeSession, openSession } from "../../sql/session.ts";
import { type CommandContext, defineCommand } from "../command.ts";
import { table } from "../table.ts";
import { flag } from "../flags.ts";

export const aggregation = defineCommand({
  arguments: "ACTION [NAME]",
  description: [
    "list: the aggregations, shipped ones and those of the folder aggregation.folder.",
    "check NAME: whether one can be counted: its text, its columns, its types. NAME is a name, survey/name, or a file.",
    "test NAME: what it counts in the newest night, or in --night; nothing is stored.",
  ].join("\n"),
  example: "./fink aggregation test my_counts.sql --survey ztf",
  flags: z.object({
    survey: flag("NAME", "Survey of a file whose folder does not tell"),
    night: flag("NIGHT", "test: this night, YYYYMMDD", z.coerce.number().int().optional()),
  }),
  async run(context, [action, name], { survey, night }) {
    const { config } = context.config();
    if (action === "list" && name === undefined) return await list(context, config, survey);
    if ((action !== "check" && action !== "test") || name === undefined)
      throw new FinkError("usage", "there are ./fink aggregation list, check NAME and test NAME");
    const one = await named(config, name, survey);
    const session = await openSession(config.lake, { surveys: surveysOf(config) });
    try {
      const chosen = night ?? (await newestNight(session, one));
      const rows = await nightStatistics(session, surveysOf(config).named(one.survey), chosen, one);
      if (action === "check")
        return context.print(`${one.survey}/${one.name} can be counted; version ${one.version}`);
      context.print(context.json ? JSON.stringify(rows, null, 1) : textOf(one, chosen, rows));
    } finally {
      session.close();
    }
  },
});

async function list(
  context: CommandContext,
  config: Config,
  survey: string | undefined,
): Promise<number> {
  const { aggregations, problems } = await aggregationsIn(config.aggregation.folder);
  const chosen = aggregations.filter((one) => survey === undefined || one.survey === survey);
  const rows = chosen.map((a) => [a.survey, a.name, a.window, a.plot, a.title, a.version]);
  const shown = {
    aggregations: chosen.map((one) => ({ ...one, select: undefined })),
    problems: problems.map(({ message }) => message),
  };
  context.print(
    context.json
      ? JSON.stringify(shown, null, 1)
      : table(["survey", "name", "window", "plot", "title", "version"], rows),
  );
  for (const { message } of problems) context.warn(`fink: ${message}`);
  return problems.length > 0 ? 1 : 0;
}

async function named(
  config: Config,
  name: string,
  survey: string | undefined,
): Promise<Aggregation> {
  if (existsSync(name))
    return await loadAggregation(name, survey ?? basename(dirname(resolve(name))));
  const { aggregations, problems } = await aggregationsIn(config.aggregation.folder);
  const found = aggregations.filter(
    (one) =>
      (name === one.name || name === `${one.survey}/${one.name}`) &&
      (survey ?? one.survey) === one.survey,
  );
  if (found.length === 1) return found[0];
  if (found.length > 1)
    throw new FinkError(
      "usage",
      `there are ${found.map((one) => `${one.survey}/${one.name}`).join(" and ")}: say which`,
    );
  const broken = problems.find(({ message }) => message.includes(`/${name}.sql`));
  if (broken) throw broken;
  const names = aggregations.map((one) => one.name);
  throw new FinkError(
    "usage",
    `there is no aggregation ${name}${didYouMean(name, names) || "; see ./fink aggregation list, or name a file"}`,
  );
}

async function newestNight(session: LakeSession, { survey }: Aggregation): Promise<number> {
  const science = session.tables.find((one) => one.survey === survey && one.kind === "science");
  const nights = [...(science?.snapshot.files.values() ?? [])].map(({ partitionValues }) =>
    Number(partitionValues["night"] ?? 0),
  );
  if (nights.length === 0)
    throw new FinkError(
      "lake",
      `there are no alerts of ${survey} with science yet: ./fink start science --once computes it`,
    );
  return Math.max(...nights);
}

const shown = 40;

/** A line per window and group, a column per value. */
function textOf(
  { title, select, window }: Aggregation,
  night: number,
  rows: readonly Statistic[],
): string {
  const groups = [...Map.groupBy(rows, ({ start, group }) => JSON.stringify([start, group]))];
  const lines = groups.map(([key, values]) => {
    const [start, group] = JSON.parse(key) as [number, string];
    const time = new Date(start).toISOString();
    const cells = select.values.map(({ name }) =>
      String(Number((values.find((one) => one.name === name)?.value ?? NaN).toPrecision(7))),
    );
    return [window === "night" ? time.slice(0, 10) : time.slice(0, 16), group, ...cells];
  });
  const rest = lines.length > shown ? `\n… ${lines.length - shown} more; --json gives all` : "";
  const heading = [
    window,
    select.keys.map(({ name }) => name).join(" · ") || "group",
    ...select.values.map(({ name }) => name),
  ];
  return `${title}, night ${night}\n${table(heading, lines.slice(0, shown))}${rest}`;
}
