import { join } from "node:path";
import { surveysOf } from "../../archive/setup.ts";
import { didYouMean } from "../../config/nearest.ts";
import { FinkError } from "../../errors.ts";
import { LakeTable } from "../../lake/table.ts";
import { tablesIn } from "../../lake/tables.ts";
import { shareCatalogues } from "../../science/catalogue/load.ts";
import { withUsers } from "../../science/again.ts";
import { lastRun, scienceDifference } from "../../science/diff.ts";
import { fitting } from "../../science/fitting.ts";
import type { ScienceModule } from "../../science/module.ts";
import { SciencePool } from "../../science/pool.ts";
import { recomputeNight } from "../../science/recompute.ts";
import { openSession } from "../../sql/session.ts";
import type { Survey } from "../../surveys/definition.ts";
import type { CommandContext } from "../command.ts";
import { ProgressBar } from "../progress.ts";
import { table } from "../table.ts";

export interface NightFlags {
  readonly night?: string | undefined;
  readonly survey?: string | undefined;
  readonly modules?: string | undefined;
  readonly again?: boolean | undefined;
  readonly from?: number | undefined;
  readonly to?: number | undefined;
}

/**
 * ./fink science run: night by night, each of them one commit, so that one that was killed goes on
 * with the night it was in.
 */
export async function runNights(
  context: CommandContext,
  known: readonly ScienceModule[],
  given: NightFlags,
): Promise<void> {
  const { config } = context.config();
  const { survey, nights } = chosen(context, given);
  const own = known.filter(({ surveys }) => surveys.includes(survey.name));
  const names = given.modules?.split(",") ?? null;
  const unknown = names?.find((name) => !own.some((module) => module.name === name));
  if (unknown !== undefined)
    throw new FinkError(
      "usage",
      `${survey.name} has no module ${unknown}${didYouMean(
        unknown,
        own.map(({ name }) => name),
      )}`,
    );
  const todo = given.again ? nights : await notDone(context, survey, nights, own, names);
  if (todo.length === 0) return;
  await shareCatalogues(config.lake);
  const pool = new SciencePool(
    { lake: config.lake, config: config.science },
    surveysOf(config).all,
    (trouble) => context.warn(`fink: ${trouble}`),
  );
  const bar = new ProgressBar(process.stderr, !context.json);
  const stop = new AbortController();
  const abort = () => stop.abort();
  process.once("SIGINT", abort);
  const startedAt = Date.now();
  let alerts = 0;
  try {
    for (const [i, night] of todo.entries()) {
      const progress = (done: number, of: number, rows: number) => {
        const rate = Math.round((1000 * (alerts + rows)) / Math.max(1, Date.now() - startedAt));
        bar.show(
          (i + done / of) / todo.length,
          `night ${night}, ${done} of ${of} files, ${rate} alerts/s`,
        );
      };
      const options = { survey, night, modules: names, signal: stop.signal, progress };
      const { rows, from, to, outcomes } = await recomputeNight(
        config.lake,
        (kind, job) => pool.run(kind, job),
        options,
      );
      alerts += rows;
      bar.clear();
      const failures = outcomes
        .filter(({ name, failure }) => failure !== null && !pool.unavailable.has(name))
        .map(({ name, failure }) => `${name}: ${failure}`);
      for (const failure of new Set(failures))
        context.warn(`fink: failed, its columns are null: ${failure}`);
      if (context.json)
        context.print(JSON.stringify({ survey: survey.name, night, rows, from, to }));
      else
        context.print(
          `${rows} alerts of night ${night} were computed again: ${survey.name}.science is at version ${to}.\nWhat changed: ./fink science diff --survey ${survey.name} --night ${night} --from ${from} --to ${to}`,
        );
    }
  } finally {
    bar.clear();
    process.off("SIGINT", abort);
    await pool.close();
  }
}

/**
 * The nights of which a row was made by other versions of the modules, or by other catalogues, than
 * there are now; the rest is said to be left out.
 */
async function notDone(
  context: CommandContext,
  survey: Survey,
  nights: readonly number[],
  own: readonly ScienceModule[],
  names: readonly string[] | null,
): Promise<number[]> {
  const { config } = context.config();
  const setup = { lake: config.lake, config: config.science };
  const { schema } = new LakeTable(join(config.lake, survey.name, "science")).snapshot;
  const { able } = fitting(own, schema);
  const wanted = names === null ? able : withUsers(names, able);
  const off = new Set(
    (
      await Promise.all(
        wanted.map(
          async (module) => ((await module.unavailable?.(setup)) ?? null) !== null && module.name,
        ),
      )
    ).filter(Boolean),
  );
  const made = wanted.map(({ name, version }) => `${name}@${version}${off.has(name) ? "!" : ""}`);
  const editions = wanted.flatMap(({ name, catalogues = [] }) => (off.has(name) ? [] : catalogues));
  const session = await openSession(config.lake, { surveys: surveysOf(config) });
  try {
    const todo: number[] = [];
    for (const night of nights) {
      const sql = `SELECT DISTINCT _modules AS modules, _catalogues AS catalogues FROM "${survey.name}".science WHERE night = ${night}`;
      const rows = (await (await session.query(sql)).getRowObjectsJson()) as {
        modules: string | null;
        catalogues: string | null;
      }[];
      const isDone = rows.every((row) => {
        const [modules, catalogues] = [row.modules, row.catalogues].map((text) =>
          (text ?? "").split(" "),
        );
        return (
          made.every((word) => modules.includes(word)) &&
          editions.every((word) => catalogues.includes(word)) &&
          (names !== null || modules.length === made.length)
        );
      });
      if (!isDone) todo.push(night);
      else if (context.json) context.print(JSON.stringify({ survey: survey.name, night, isDone }));
      else
        context.print(
          `Night ${night} is left out: these modules and catalogues made it (--again computes it all the same).`,
        );
    }
    return todo;
  } finally {
    session.close();
  }
}

/** ./fink science diff */
export async function diffNight(context: CommandContext, given: NightFlags): Promise<void> {
  const { lake } = context.config().config;
  const { survey, nights } = chosen(context, given);
  if (nights.length > 1) throw new FinkError("usage", "diff compares one night: --night YYYYMMDD");
  const [night] = nights;
  const path = join(lake, survey.name, "science");
  const to =
    given.to ?? (given.from === undefined ? lastRun(path) : new LakeTable(path).snapshot.version);
  if (to === null)
    throw new FinkError(
      "usage",
      "nothing was computed again yet (./fink science run); or name two versions with --from and --to",
    );
  const from = given.from ?? to - 1;
  const found = await scienceDifference(lake, survey, night, from, to);
  if (context.json)
    return context.print(
      JSON.stringify({ survey: survey.name, night, from, to, ...found }, null, 1),
    );
  const { alerts, onlyFrom, onlyTo, columns } = found;
  context.print(
    `${alerts} alerts of night ${night} in versions ${from} and ${to}; ${onlyFrom} only in the first, ${onlyTo} only in the second.`,
  );
  if (columns.length === 0) return context.print("No value differs.");
  const rows = columns.map(({ column, rows: count, largest, examples }) => [
    column,
    String(count),
    largest === null ? "" : String(Number(largest.toPrecision(4))),
    examples
      .map(
        ({ alert, from: before, to: after }) =>
          `${alert}: ${wordsBut(before, after)} → ${wordsBut(after, before)}`,
      )
      .join(", "),
  ]);
  context.print(table(["column", "alerts", "largest difference", "examples"], rows));
}

/** Of lists of words, such as the modules of a row, those that the other has not. */
function wordsBut(text: string | null, other: string | null): string | null {
  const others = new Set(other?.split(" "));
  return text?.includes(" ")
    ? text
        .split(" ")
        .filter((word) => !others.has(word))
        .join(" ")
    : text;
}

/** The survey may be left out where one alone has science of those nights. */
function chosen(
  context: CommandContext,
  { night, survey }: NightFlags,
): { survey: Survey; nights: number[] } {
  if (night === undefined) throw new FinkError("usage", "say which night with --night YYYYMMDD");
  const { config } = context.config();
  const [first, last] = [night.slice(0, 8), night.slice(-8)].map(Number);
  const having = tablesIn(config.lake).flatMap((one) => {
    if (one.kind !== "science") return [];
    const all = new Set(
      [...new LakeTable(one.path).snapshot.files.values()].map((add) =>
        Number(add.partitionValues["night"]),
      ),
    );
    const nights = [...all].filter((own) => own >= first && own <= last).sort((a, b) => a - b);
    return nights.length === 0 ? [] : [{ name: one.survey, nights }];
  });
  const which = first === last ? `night ${night}` : `nights ${night}`;
  if (survey === undefined && having.length > 1)
    throw new FinkError(
      "usage",
      `${having.map(({ name }) => name).join(" and ")} have science of ${which}: choose with --survey`,
    );
  const found = having.find(({ name }) => survey === undefined || name === survey);
  if (!found)
    throw new FinkError("usage", `there is no science of ${which}${survey ? ` of ${survey}` : ""}`);
  return { survey: surveysOf(config).named(found.name), nights: found.nights };
}
