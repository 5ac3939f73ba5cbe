import { FinkError } from "../../errors.ts";
import { type Compiled, compile } from "../../filters/compile.ts";
import type { Filter } from "../../filters/filter.ts";
import { allFilterFiles } from "../../filters/library.ts";
import { loadFilter } from "../../filters/load.ts";
import type { Looked } from "../../filters/follow.ts";
import type { CommandContext } from "../command.ts";
import { table } from "../table.ts";
import { surveyOf } from "./context.ts";
import { type Lab, withLab } from "./lab.ts";
import { byClass, readTruth } from "./truth.ts";

/** What a filter selected of one night. */
interface NightOf {
  readonly night: string;
  readonly alerts: number;
  readonly selected: readonly Looked["keys"][number][];
  readonly milliseconds: number;
  /** How many of them each other filter selects as well. */
  readonly shared: ReadonlyMap<string, number>;
}

/**
 * Shows how many alerts a night a filter selects, what others select of them, and with a truth
 * table how well it does.
 */
export async function testOnNights(
  context: CommandContext,
  filter: Filter,
  nights: number,
  truthFile: string | undefined,
): Promise<void> {
  const survey = surveyOf(context, filter);
  const truth = truthFile === undefined ? null : await readTruth(truthFile);
  await withLab(context, survey, { nights }, async (lab) => {
    const own = await compile(filter, lab.columns, lab.engine.connection, true);
    const others = await othersOf(context, lab, filter);
    const results: NightOf[] = [];
    for (const night of lab.nights)
      results.push(
        await lab.run(night, [own, ...others], async (looked) =>
          summary(night, looked, own, others),
        ),
      );
    const selected = results.flatMap((result) => result.selected);
    const classes = truth ? byClass(truth, selected) : [];
    if (context.json)
      return context.print(JSON.stringify(asJson(filter, lab, results, classes), null, 1));
    report(context, filter, lab, results);
    if (truth)
      context.print(
        `\n${table(["class", "alerts", "selected", "completeness", "purity", "days from first alert to first selected"], classes.map(classRow))}`,
      );
  });
}

/** The other SQL filters of the survey. */
async function othersOf(
  context: CommandContext,
  { columns, engine }: Lab,
  filter: Filter,
): Promise<Compiled[]> {
  const { filters } = context.config().config;
  const files = allFilterFiles(filters.folder).filter(
    (one) =>
      one.survey === columns.survey.name && one.name !== filter.name && one.file.endsWith(".sql"),
  );
  const compiled = await Promise.all(
    files.map(async (one) =>
      compile(await loadFilter(one.file, one.survey), columns, engine.connection, true).catch(
        () => null,
      ),
    ),
  );
  return compiled.filter((one) => one !== null);
}

function summary(
  night: string,
  { keys, outcomes: [own, ...rest] }: Looked,
  { filter }: Compiled,
  others: readonly Compiled[],
): NightOf {
  if ("failure" in own) throw new FinkError("filter", `${filter.file}: ${own.failure}`);
  const rows = new Set(own.rows);
  const shared = others.map((other, i) => {
    const outcome = rest[i];
    return [
      other.filter.name,
      "rows" in outcome ? outcome.rows.filter((row) => rows.has(row)).length : 0,
    ] as const;
  });
  return {
    night,
    alerts: keys.length,
    selected: own.rows.map((row) => keys[row]),
    milliseconds: own.milliseconds,
    shared: new Map(shared),
  };
}

function report(
  context: CommandContext,
  filter: Filter,
  { origin }: Lab,
  results: readonly NightOf[],
): void {
  const counts = results.map(({ selected }) => selected.length);
  const [total, alerts, milliseconds] = [
    counts,
    results.map((r) => r.alerts),
    results.map((r) => r.milliseconds),
  ].map((list) => list.reduce((a, b) => a + b, 0));
  context.print(
    `${filter.name} on ${origin}: ${total} of ${alerts} alerts, ${((1000 * milliseconds) / Math.max(1, alerts)).toFixed(1)} µs an alert`,
  );
  if (results.length > 1)
    context.print(
      `${sparkLine(counts)}  ${results[0].night} to ${results[results.length - 1].night}`,
    );
  const perNight = results.map(({ night, selected, alerts: of }) => [night, selected.length, of]);
  if (results.length > 1) context.print(table(["night", "selected", "of"], perNight));
  const shared = overlap(results);
  if (shared.length > 0)
    context.print(`\nselected by others as well:\n${table(["filter", "alerts"], shared)}`);
  const sample = results
    .flatMap(({ selected }) =>
      selected.map(({ alert, object, mjd }) => [alert, object, mjd?.toFixed(5)]),
    )
    .slice(0, 10);
  if (sample.length > 0)
    context.print(`\nsome of them:\n${table(["alert", "object", "mjd"], sample)}`);
}

function overlap(results: readonly NightOf[]): [name: string, count: number][] {
  const counts = new Map<string, number>();
  for (const { shared } of results)
    for (const [name, count] of shared) counts.set(name, (counts.get(name) ?? 0) + count);
  return [...counts].filter(([, count]) => count > 0).sort((a, b) => b[1] - a[1]);
}

function sparkLine(counts: readonly number[]): string {
  const most = Math.max(1, ...counts);
  return counts
    .map((count) => (count === 0 ? " " : "▁▂▃▄▅▆▇█"[Math.ceil((8 * count) / most) - 1]))
    .join("");
}

type ClassResult = ReturnType<typeof byClass>[number];

function classRow({ name, alerts, selected, completeness, purity, delayDays }: ClassResult) {
  return [name, alerts, selected, percent(completeness), percent(purity), delayDays?.toFixed(1)];
}

function percent(part: number): string {
  return `${(100 * part).toFixed(1)} %`;
}

function asJson(
  filter: Filter,
  { origin }: Lab,
  results: readonly NightOf[],
  classes: readonly ClassResult[],
): object {
  const nights = results.map(({ night, alerts, selected, milliseconds }) => ({
    night,
    alerts,
    selected: selected.map(({ alert }) => String(alert)),
    milliseconds,
  }));
  return {
    filter: filter.name,
    survey: filter.survey,
    origin,
    nights,
    overlap: Object.fromEntries(overlap(results)),
    classes,
  };
}
