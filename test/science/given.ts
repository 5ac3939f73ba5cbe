import { type Data, vectorFromArray } from "apache-arrow";
import { configSchema } from "../../src/config/schema.ts";
import { type AlertColumns, alertsOf } from "../../src/science/alerts.ts";
import type { Columns, ScienceModule, ScienceSetup } from "../../src/science/module.ts";
import { knownModules } from "../../src/science/registry.ts";
import { nested } from "../../src/science/results.ts";

/** Alerts with these columns, by dotted path. */
export function alertsWith(
  columns: Readonly<
    Record<string, readonly number[] | readonly bigint[] | readonly (string | null)[]>
  >,
): AlertColumns {
  const entries = Object.entries(columns).map(([path, values]) => [path, dataOf(values)] as const);
  return alertsOf([nested(entries, entries[0][1].length)]);
}

function dataOf(values: readonly unknown[]): Data {
  return vectorFromArray(
    typeof values[0] === "number" ? Float64Array.from(values as number[]) : (values as unknown[]),
  ).data[0] as Data;
}

export function setupWith(lake: string, science: object = {}): ScienceSetup {
  return { lake, config: configSchema.parse({ science: { modules: "", ...science } }).science };
}

/** Rows of what the module of that name says, and which of them wait for an answer. */
export async function rowsOf(
  setup: ScienceSetup,
  name: string,
  alerts: AlertColumns,
): Promise<{ rows: Record<string, unknown>[]; pending: number[] }> {
  const module = await moduleNamed(setup, name);
  const pending = new Set<number>();
  const signal = new AbortController().signal;
  const columns: Columns = await module.run(alerts, {
    ...setup,
    seed: 1,
    signal,
    pending: (alert) => void pending.add(alert),
  });
  const valueAt = ({ values, missing }: Columns[string], row: number) =>
    missing?.[row] === 1 ? null : values[row];
  const rows = Array.from({ length: alerts.count }, (_, row) =>
    Object.fromEntries(
      module.adds.map((column) => [column.name, valueAt(columns[column.name], row)]),
    ),
  );
  return { rows, pending: [...pending] };
}

export async function moduleNamed(setup: ScienceSetup, name: string): Promise<ScienceModule> {
  const found = (await knownModules(setup)).modules.find((module) => module.name === name);
  if (!found) throw new Error(`there is no module ${name}`);
  return found;
}
