import type { Data, Struct } from "apache-arrow";
import { didYouMean } from "../config/nearest.ts";
import { messageOf } from "../errors.ts";
import { type AlertColumns, alertsOf, onlyColumns, withColumns } from "./alerts.ts";
import { missingColumn } from "./missing.ts";
import type { ScienceContext, ScienceModule, Values } from "./module.ts";
import { inOrder } from "./order.ts";
import { faultOf, nested, toArrow } from "./results.ts";

export interface Results {
  /** All added columns, a row per alert; dotted names are structures. */
  readonly columns: Data<Struct>;
  /** In the order in which they ran. */
  readonly outcomes: readonly ModuleOutcome[];
}

export interface ModuleOutcome {
  readonly module: ScienceModule;
  readonly milliseconds: number;
  /** Why its columns are null; null: they are not. */
  readonly failure: string | null;
}

/**
 * Runs the modules of one survey over a batch. One that fails has null in all its columns, and the others run: those that need these columns see nulls.
 * A column that a module adds hides one of the same name that the alerts have already.
 */
export function runModules(modules: readonly ScienceModule[], alerts: AlertColumns, context: ScienceContext): Results {
  let known = alerts;
  const outcomes: ModuleOutcome[] = [];
  const columns: [string, Data][] = [];
  for (const module of inOrder(modules)) {
    const startedAt = performance.now();
    const { values, failure } = attempt(module, known, context);
    outcomes.push({ module, milliseconds: performance.now() - startedAt, failure });
    const added = module.adds.map((column) => [column.name, toArrow(column, values?.[column.name] ?? null, alerts.count)] as [string, Data]);
    columns.push(...added);
    known = withColumns(known, alertsOf([nested(added, alerts.count)]));
  }
  return { columns: nested(columns, alerts.count), outcomes };
}

type Attempt = { readonly values: Readonly<Record<string, Values>>; readonly failure: null } | { readonly values: null; readonly failure: string };

function attempt(module: ScienceModule, alerts: AlertColumns, context: ScienceContext): Attempt {
  try {
    for (const path of module.needs) if (!alerts.paths.has(path)) throw missingColumn(path, alerts.paths);
    const values = module.run(onlyColumns(alerts, module.needs), context);
    const failure = faultIn(module, values, alerts.count);
    return failure === null ? { values, failure } : { values: null, failure };
  } catch (error) {
    return { values: null, failure: messageOf(error) };
  }
}

function faultIn({ adds }: ScienceModule, given: unknown, count: number): string | null {
  if (typeof given !== "object" || given === null) return `run gave ${String(given)}, not columns by name`;
  const values = given as Readonly<Record<string, Values | undefined>>;
  for (const column of adds) {
    const fault = faultOf(column, values[column.name], count);
    if (fault !== null) return fault;
  }
  const names = adds.map(({ name }) => name);
  const more = Object.keys(values).find((name) => !names.includes(name));
  return more === undefined ? null : `it gave a column ${more}, which it does not declare${didYouMean(more, names)}`;
}
