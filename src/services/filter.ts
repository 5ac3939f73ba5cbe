import { availableParallelism } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { surveysOf } from "../archive/setup.ts";
import { messageOf } from "../errors.ts";
import { ActiveFilters } from "../filters/active.ts";
import type { ColumnTypes } from "../filters/columns.ts";
import { type Engine, openEngine } from "../filters/engine.ts";
import { addedColumns } from "../filters/file-alerts.ts";
import { MatchTable, type Step } from "../filters/follow.ts";
import type { MissedRange } from "../filters/missed.ts";
import { Places } from "../filters/places/places.ts";
import { FilterStates } from "../filters/states.ts";
import { surveysWith } from "../lake/tables.ts";
import type { ScienceModule } from "../science/module.ts";
import { knownModules } from "../science/registry.ts";
import { periodically, Troubles } from "./periodic.ts";
import type { Service, ServiceContext } from "./service.ts";
import { StageMeter } from "./stage.ts";

/**
 * Runs all filters on what comes to `science` and `science_updates`, and writes `matches`; with
 * `once`, until it has caught up.
 */
export const filter: Service = { name: "filter", run: runFilterService };

/** Short: it is part of the time from a telescope to whoever waits for the alert. */
const pauseMs = 100;

interface Running {
  readonly context: ServiceContext;
  readonly engine: Engine;
  readonly states: FilterStates;
  readonly active: ActiveFilters;
  readonly modules: readonly ScienceModule[];
  readonly meter: StageMeter;
  readonly surveys: Map<string, SurveyFilters>;
  readonly troubles: Troubles;
}

interface SurveyFilters {
  readonly table: MatchTable;
  /** Ranges that filters have missed, for the status. */
  missed: readonly MissedRange[];
  shape: string;
  columns: ColumnTypes | null;
}

async function runFilterService(context: ServiceContext): Promise<void> {
  const { config, lake, log, status } = context;
  const { modules, problems } = await knownModules({ lake, config: config.science });
  for (const { message } of problems) log.warn(`science module left out: ${message}`);
  const places = new Places(config.filters);
  const engine = await openEngine({
    memory: config.filters.memory,
    threads: Math.min(2, availableParallelism()),
    places,
  });
  const states = new FilterStates(lake);
  const active = new ActiveFilters(lake, config.filters, states);
  const meter = new StageMeter();
  const surveys = new Map<string, SurveyFilters>();
  const troubles = new Troubles(context);
  const report = periodically(troubles, 1000, "keep the states of filters", () => {
    status({ stage: meter.status(), message: messageFor(states), note: noteFor(surveys) });
    states.write();
  });
  try {
    status({ state: "running" });
    await follow({ context, engine, states, active, modules, meter, surveys, troubles });
  } finally {
    await report.end();
    await active.close();
    engine.close();
  }
}

async function follow(running: Running): Promise<void> {
  const { context, active, troubles } = running;
  const { lake, signal, once } = context;
  const failures = new Map<string, unknown>();
  while (!signal.aborted) {
    const look = () => active.look();
    if (once) await look();
    else await troubles.during("read the folder of filters", look);
    let isBusy = false;
    for (const survey of surveysWith(lake, "science"))
      isBusy = (await stepOf(survey, running, failures)) || isBusy;
    if (isBusy) continue;
    const [failure] = failures.values();
    if (once && failure !== undefined) throw failure; // the other surveys are done
    if (once) return;
    await sleep(pauseMs, null, { signal }).catch(() => null);
  }
}

/**
 * Whether there was something to do. One survey that cannot go on does not keep the others from it:
 * it is tried again.
 */
async function stepOf(
  survey: string,
  running: Running,
  failures: Map<string, unknown>,
): Promise<boolean> {
  const { context, meter, troubles } = running;
  try {
    const step = await filterSurvey(survey, running);
    troubles.say(`filter alerts of ${survey}`, "");
    failures.delete(survey);
    if (!step) return false;
    meter.commit(step.matches, step.publishedAt);
    meter.fail(step.outcomes.filter((outcome) => "failure" in outcome).length);
    meter.waiting(step.lag);
    return true;
  } catch (error) {
    failures.set(survey, error);
    if (troubles.say(`filter alerts of ${survey}`, messageOf(error)))
      context.log.error({ err: error }, `filters of ${survey} failed; they are tried again`);
    return false;
  }
}

async function filterSurvey(
  survey: string,
  { context, engine, active, modules, surveys }: Running,
): Promise<Step | null> {
  const { config, lake, log } = context;
  const own = surveys.get(survey) ?? {
    table: new MatchTable(lake, surveysOf(config).named(survey)),
    missed: [],
    shape: "",
    columns: null,
  };
  surveys.set(survey, own);
  const shape = own.table.shape();
  if (!own.columns || own.shape !== shape) {
    own.columns = await own.table.columns(
      engine,
      addedColumns(modules.filter((module) => module.surveys.includes(survey))),
      engine.places.check,
    );
    own.shape = shape;
  }
  const filters = await active.of(survey, engine, own.columns, shape);
  const options = { seconds: config.filters.seconds, functions: active.functions(survey) };
  const step = await own.table.step(
    engine,
    own.columns,
    filters,
    config.filters.batchAlerts,
    options,
  );
  own.missed = await own.table.missed();
  const due = step ? null : active.due(own.missed, filters.on); // new alerts go first
  if (!step && !due) return null;
  const done =
    step ??
    (await own.table.makeUp(
      engine,
      own.columns,
      { ...due!, isOn: true },
      config.filters.batchAlerts,
      options,
    ));
  for (const off of active.account(due ? [due.filter] : filters.on, done.outcomes, done.alerts))
    log.error(`filter ${off.survey}/${off.name} is switched off: ${off.reason}`);
  return done;
}

/**
 * A shipped filter whose catalogue nobody has added yet is nothing to mend: ./fink filter list says
 * how to get it.
 */
const waitsForCatalogue = /it needs the catalogue /;

function messageFor(states: FilterStates): string {
  const of = (state: string) =>
    states.all
      .filter((one) => one.state === state && !waitsForCatalogue.test(one.reason))
      .map(({ name }) => name);
  return (["off", "refused"] as const)
    .flatMap((state) => (of(state).length > 0 ? `${state}: ${someOf(of(state))}` : []))
    .join("; ");
}

/** It stays in the status when the service has stopped. */
function noteFor(surveys: ReadonlyMap<string, SurveyFilters>): string {
  const names = [
    ...new Set([...surveys.values()].flatMap(({ missed }) => missed.map(({ filter }) => filter))),
  ];
  return names.length === 0
    ? ""
    : `${someOf(names)} missed alerts; ./fink filter list says why, ./fink filter rerun ${names[0]} looks at them`;
}

function someOf(names: readonly string[]): string {
  return `${names.slice(0, 5).join(", ")}${names.length > 5 ? " …" : ""}`;
}
