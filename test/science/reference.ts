import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import type { AlertColumns } from "../../src/science/alerts.ts";
import type { Columns, Values } from "../../src/science/module.ts";
import { openAlertFile } from "../../src/science/parquet.ts";
import { project } from "../cli/run.ts";
import { available } from "../require.ts";
import { type Agreement, countAgreement } from "./agreement.ts";

/** What the original code of Fink computes on real alerts; its README says how. */
export const referenceFolder = join(project, "../shared/reference");
export const hasReference = available(
  "reference",
  existsSync(referenceFolder),
  "Fink's results on real alerts: there is no ../shared/reference",
);

export const filesOf = {
  ztf: [
    "ztf_regular_a",
    "ztf_regular_b",
    "ztf_spicy_yso",
    "ztf_symbiotic",
    "ztf_dwarf_agn",
    "ztf_hostless20",
    "perturbed_ztf_a",
  ],
  lsst: ["lsst_rubin_test_data_10_0", "perturbed_lsst_a"],
} as const;

export const idOf = { ztf: "candid", lsst: "diaSourceId" } as const;

/** By alert id; a value, or a record of them. */
export type ByAlert = Readonly<Record<string, unknown>>;
export type Expected = Readonly<Record<string, { readonly values?: ByAlert }>>;

export function referenceJson<T>(path: string): T {
  const bytes = readFileSync(join(referenceFolder, path));
  return JSON.parse((path.endsWith(".gz") ? gunzipSync(bytes) : bytes).toString()) as T;
}

export function expectedOf(file: string): Expected {
  return referenceJson(`science/expected/modules/${file}.json.gz`);
}

/** The columns of these that the file has. */
export async function alertsOfFile(file: string, paths: readonly string[]): Promise<AlertColumns> {
  const opened = await openAlertFile(join(referenceFolder, `science/${file}.parquet`));
  return await opened.read(paths.filter((path) => opened.paths.has(path)));
}

export function valueOf(column: Values, i: number): unknown {
  return column.missing?.[i] === 1 ? null : column.values[i];
}

/** A column, or a structure of them, of alerts that the reference has. */
export function compareColumn(
  agreement: Agreement,
  ids: BigInt64Array,
  name: string,
  expected: ByAlert,
  found: Columns,
): void {
  for (const [i, id] of ids.entries()) {
    const wanted = expected[String(id)];
    if (wanted === undefined) continue;
    const parts =
      found[name] === undefined
        ? Object.entries(wanted as object).map(([part, value]) => [`${name}.${part}`, value])
        : [[name, wanted]];
    for (const [part, value] of parts as [string, unknown][])
      countAgreement(agreement, `${id} ${part}`, valueOf(found[part], i), value);
  }
}
