import { join } from "node:path";
import { surveysOf } from "../../archive/setup.ts";
import { didYouMean } from "../../config/nearest.ts";
import { FinkError } from "../../errors.ts";
import { LakeTable } from "../../lake/table.ts";
import { tablesIn } from "../../lake/tables.ts";
import { shareCatalogues } from "../../science/catalogue/load.ts";
import { lastRun, scienceDifference } from "../../science/diff.ts";
import type { ScienceModule } from "../../science/module.ts";
import { SciencePool } from "../../science/pool.ts";
import { recomputeNight } from "../../science/recompute.ts";
import type { Survey } from "../../surveys/definition.ts";
import type { CommandContext } from "../command.ts";
import { ProgressBar } from "../progress.ts";
import { table } from "../table.ts";

export interface NightFlags {
  readonly night?: string | undefined;
  readonly survey?: string | undefined;
  readonly modules?: string | undefined;
  readonly from?: number | undefined;
  readonly to?: number | undefined;
}

/** ./fink science run */
export async function runNight(context: CommandContext, known: readonly ScienceModule[], given: NightFlags): Promise<void> {
  const { config } = context.config();
  const { survey, night } = chosen(context, given);
  const names = given.modules?.split(",") ?? null;
  const own = known.filter(({ surveys }) => surveys.includes(survey.name)).map(({ name }) => name);
  const unknown = names?.find((name) => !own.includes(name));
  if (unknown !== undefined) throw new FinkError("usage", `${survey.name} has no module ${unknown}${didYouMean(unknown, own)}`);
  await shareCatalogues(config.lake);
  const pool = new SciencePool({ lake: config.lake, config: config.science }, surveysOf(config).all, (trouble) => context.warn(`fink: ${trouble}`));
  const bar = new ProgressBar(process.stderr, !context.json);
  const stop = new AbortController();
  const abort = () => stop.abort();
  process.once("SIGINT", abort);
  try {
    const options = {
      survey,
      night,
      modules: names,
      signal: stop.signal,
      progress: (done: number, of: number) => bar.show(done / of, `${done} of ${of} files`),
    };
    const { rows, from, to, outcomes } = await recomputeNight(config.lake, (kind, job) => pool.run(kind, job), options);
    bar.clear();
    const failures = outcomes.filter(({ name, failure }) => failure !== null && !pool.unavailable.has(name)).map(({ name, failure }) => `${name}: ${failure}`);
    for (const failure of new Set(failures)) context.warn(`fink: failed, its columns are null: ${failure}`);
    if (context.json) return context.print(JSON.stringify({ survey: survey.name, night, rows, from, to }));
    context.print(`${rows} alerts of night ${night} were computed again: ${survey.name}.science is at version ${to}.`);
    context.print(`What changed: ./fink science diff --survey ${survey.name} --night ${night} --from ${from} --to ${to}`);
  } finally {
    bar.clear();
    process.off("SIGINT", abort);
    await pool.close();
  }
}

/** ./fink science diff */
export async function diffNight(context: CommandContext, given: NightFlags): Promise<void> {
  const { lake } = context.config().config;
  const { survey, night } = chosen(context, given);
  const path = join(lake, survey.name, "science");
  const to = given.to ?? (given.from === undefined ? lastRun(path) : new LakeTable(path).snapshot.version);
  if (to === null) throw new FinkError("usage", "nothing was computed again yet (./fink science run); or name two versions with --from and --to");
  const from = given.from ?? to - 1;
  const found = await scienceDifference(lake, survey, night, from, to);
  if (context.json) return context.print(JSON.stringify({ survey: survey.name, night, from, to, ...found }, null, 1));
  const { alerts, onlyFrom, onlyTo, columns } = found;
  context.print(`${alerts} alerts of night ${night} in versions ${from} and ${to}; ${onlyFrom} only in the first, ${onlyTo} only in the second.`);
  if (columns.length === 0) return context.print("No value differs.");
  const rows = columns.map(({ column, rows: count, largest, examples }) => [
    column,
    String(count),
    largest === null ? "" : String(Number(largest.toPrecision(4))),
    examples.map((one) => `${one.alert}: ${one.from} → ${one.to}`).join(", "),
  ]);
  context.print(table(["column", "alerts", "largest difference", "examples"], rows));
}

/** The survey may be left out where one alone has science of that night. */
function chosen(context: CommandContext, { night, survey }: NightFlags): { survey: Survey; night: number } {
  if (night === undefined) throw new FinkError("usage", "say which night with --night YYYYMMDD");
  const { config } = context.config();
  const having = tablesIn(config.lake)
    .filter(({ kind, path }) => kind === "science" && [...new LakeTable(path).snapshot.files.values()].some((add) => add.partitionValues["night"] === night))
    .map((one) => one.survey);
  if (survey === undefined && having.length > 1) throw new FinkError("usage", `${having.join(" and ")} have science of night ${night}: choose with --survey`);
  const name = survey ?? having[0];
  if (name === undefined || !having.includes(name)) throw new FinkError("usage", `there is no science of night ${night}${survey ? ` of ${survey}` : ""}`);
  return { survey: surveysOf(config).named(name), night: Number(night) };
}
