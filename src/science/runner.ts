import type { Data, Struct } from "apache-arrow";
import { didYouMean } from "../config/nearest.ts";
import { messageOf } from "../errors.ts";
import { type AlertColumns, alertsOf, onlyColumns, withColumns } from "./alerts.ts";
import type { Survey } from "../surveys/definition.ts";
import { missingColumn } from "./missing.ts";
import type { Columns, ScienceModule, ScienceSetup } from "./module.ts";
import { mayBeAbsent } from "./modules.ts";
import { inOrder } from "./order.ts";
import { faultOf, nested, toArrow } from "./results.ts";

export interface Results {
  /** All added columns, a row per alert; dotted names are structures. */
  readonly columns: Data<Struct>;
  /** In the order in which they were started. */
  readonly outcomes: readonly ModuleOutcome[];
}

export interface ModuleOutcome {
  readonly module: ScienceModule;
  readonly milliseconds: number;
  /** Why its columns are null; null: they are not. */
  readonly failure: string | null;
  /** 1 for each alert that waits for an answer; null: none does. */
  readonly pending: Uint8Array | null;
}

/** Is told what each module does, so that what hangs is known from outside. */
export type Observer = (
  module: ScienceModule,
  state: "running" | "idle" | "waiting" | "answered",
) => void;

export interface RunnerOptions {
  /** Modules that must not run, and why. */
  readonly off?: ReadonlyMap<string, string>;
  readonly observer?: Observer | undefined;
  /** The survey's, of its definition. */
  readonly none?: Survey["none"];
  /**
   * True for a column that the survey's alerts may have. Not asked for those that shipped modules
   * need.
   */
  readonly isKnown?: (path: string) => boolean;
}

/**
 * Runs the modules of one survey over a batch. One that fails has null in all its columns, and the
 * others run: those that need these columns see nulls. A column that a module adds hides one of the
 * same name that the alerts have already. Modules that wait for something wait side by side, and
 * those that need none of them go on.
 */
export async function runModules(
  modules: readonly ScienceModule[],
  alerts: AlertColumns,
  setup: ScienceSetup,
  { off = new Map(), observer = () => {}, none = [], isKnown = () => false }: RunnerOptions = {},
): Promise<Results> {
  const runs: { module: ScienceModule; done: Promise<Run> }[] = [];
  for (const module of inOrder(modules)) {
    const makers = runs
      .filter(({ module: { adds } }) => adds.some(({ name }) => module.needs.includes(name)))
      .map(({ done }) => done);
    runs.push({
      module,
      done: run(module, alerts, makers, {
        setup,
        off: off.get(module.name) ?? null,
        observer,
        none,
        isKnown,
      }),
    });
  }
  const all = await Promise.all(runs.map(({ done }) => done));
  return {
    columns: nested(
      all.flatMap(({ added }) => added),
      alerts.count,
    ),
    outcomes: all.map(({ outcome }) => outcome),
  };
}

interface Run {
  readonly outcome: ModuleOutcome;
  readonly added: readonly [string, Data][];
}

interface RunOptions {
  readonly setup: ScienceSetup;
  readonly off: string | null;
  readonly observer: Observer;
  readonly none: Survey["none"];
  readonly isKnown: (path: string) => boolean;
}

async function run(
  module: ScienceModule,
  alerts: AlertColumns,
  makers: readonly Promise<Run>[],
  options: RunOptions,
): Promise<Run> {
  const { count } = alerts;
  let known = alerts;
  for (const { added } of await Promise.all(makers))
    known = withColumns(known, alertsOf([nested(added, count)]));
  const { values, ...said } = await attempt(module, known, options);
  const outcome = { module, ...said };
  return {
    outcome,
    added: module.adds.map((column) => [
      column.name,
      toArrow(column, values?.[column.name] ?? null, count),
    ]),
  };
}

interface Attempt extends Omit<ModuleOutcome, "module"> {
  readonly values: Columns | null;
}

async function attempt(
  module: ScienceModule,
  alerts: AlertColumns,
  { setup, off, observer, none, isKnown }: RunOptions,
): Promise<Attempt> {
  const startedAt = performance.now();
  const tookMs = () => performance.now() - startedAt;
  const failed = (failure: string): Attempt => ({
    values: null,
    failure,
    pending: null,
    milliseconds: tookMs(),
  });
  if (off !== null) return failed(off);
  try {
    const missing = missingNeed(module, alerts.paths, isKnown);
    if (missing !== undefined) throw missingColumn(missing, alerts.paths);
    let pending: Uint8Array | null = null;
    const { limitSeconds } = setup.config;
    const say = (alert: number) => void ((pending ??= new Uint8Array(alerts.count))[alert] = 1);
    const values = await watched(module, observer, limitSeconds, (signal) =>
      module.run(onlyColumns(alerts, module.needs, none), {
        ...setup,
        seed: 1,
        signal,
        pending: say,
      }),
    );
    const failure = faultIn(module, values, alerts.count);
    return failure === null
      ? { values: values as Columns, failure, pending, milliseconds: tookMs() }
      : failed(failure);
  } catch (error) {
    return failed(messageOf(error));
  }
}

/**
 * A column for the want of which the module cannot run: one that nobody knows, or the first where
 * alerts have none of them.
 */
export function missingNeed(
  { needs }: ScienceModule,
  paths: ReadonlySet<string>,
  isKnown: (path: string) => boolean,
): string | undefined {
  const absent = needs.filter((path) => !paths.has(path));
  return absent.length === needs.length
    ? absent[0]
    : absent.find((path) => !mayBeAbsent(path) && !isKnown(path));
}

/**
 * What the module gives; the observer knows when it hangs. Throws when an answer takes too long.
 */
export async function watched<T>(
  module: ScienceModule,
  observer: Observer,
  limitSeconds: number,
  work: (signal: AbortSignal) => T | Promise<T>,
): Promise<T> {
  const signal = AbortSignal.timeout(limitSeconds * 1000);
  let isWaiting = false;
  observer(module, "running");
  try {
    const given = work(signal);
    isWaiting = given instanceof Promise;
    if (isWaiting) observer(module, "waiting");
    return isWaiting ? await inTime(given as Promise<T>, signal, limitSeconds) : (given as T);
  } finally {
    observer(module, isWaiting ? "answered" : "idle");
  }
}

async function inTime<T>(given: Promise<T>, signal: AbortSignal, limitSeconds: number): Promise<T> {
  const late = new Promise<never>((_, reject) =>
    signal.addEventListener("abort", () => reject(new Error(`no answer within ${limitSeconds} s`))),
  );
  return await Promise.race([given, late]);
}

function faultIn({ adds }: ScienceModule, given: unknown, count: number): string | null {
  if (typeof given !== "object" || given === null)
    return `run gave ${String(given)}, not columns by name`;
  const values = given as Readonly<Record<string, unknown>>;
  for (const column of adds) {
    const fault = faultOf(column, values[column.name] as Columns[string] | undefined, count);
    if (fault !== null) return fault;
  }
  const names = adds.map(({ name }) => name);
  const more = Object.keys(values).find((name) => !names.includes(name));
  return more === undefined
    ? null
    : `it gave a column ${more}, which it does not declare${didYouMean(more, names)}`;
}
