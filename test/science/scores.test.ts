import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { configSchema } from "../../src/config/schema.ts";
import type { AlertColumns } from "../../src/science/alerts.ts";
import type { Columns, ScienceContext, Values } from "../../src/science/module.ts";
import { addModel } from "../../src/science/models/add.ts";
import { modules } from "../../src/science/modules.ts";
import { openAlertFile } from "../../src/science/parquet.ts";
import { project } from "../cli/run.ts";
import { available } from "../require.ts";

/** Fink's models, what its code gives on real alerts, and cases of single models. */
const folder = join(project, "../shared/reference");
const hasReference = available("reference", existsSync(folder), "Fink's scores of real alerts: there is no ../shared/reference");

const ztfFiles = ["ztf_regular_a", "ztf_regular_b", "ztf_spicy_yso", "ztf_symbiotic", "ztf_dwarf_agn", "ztf_hostless20", "perturbed_ztf_a"];
const lsstFiles = ["lsst_rubin_test_data_10_0", "perturbed_lsst_a"];

const models = mkdtempSync(join(tmpdir(), "fink-scores-"));
const context: ScienceContext = {
  lake: "",
  config: configSchema.parse({ science: { models } }).science,
  seed: 1,
  pending: () => {},
  signal: new AbortController().signal,
};
afterAll(() => rmSync(models, { recursive: true }));

describe.skipIf(!hasReference)("scores of Fink's models", () => {
  const added = ["snn_snia_vs_nonia", "snn_sn_vs_all", "snn_elasticc_sn_vs_other"];
  beforeAll(async () => {
    for (const name of added) await addModel(join(folder, `models/${name}.onnx`), undefined, models);
  });

  it.each(["snn_snia_vs_nonia", "snn_sn_vs_all"])("%s", async (name) => {
    const differences = new Differences(name);
    for (const file of ztfFiles) {
      const { ids, alerts, expected } = await reference(file, name);
      const found = (await run(name, alerts))[name];
      ids.forEach((id, i) => differences.add(id, valueOf(found, i), expected[name][id]));
    }
    differences.expectWithin(1e-5);
  });

  it("clf.snnSnVsOthers_score", async () => {
    const differences = new Differences("clf.snnSnVsOthers_score");
    // the original's choice among points of one epoch and band with equal errors depends on the batch: those alerts are counted apart
    const tied = new Differences("clf.snnSnVsOthers_score, tied points");
    const { ties } = json("models/snn_elasticc_sn_vs_other.json") as { ties: { ids: readonly string[] } };
    for (const file of lsstFiles) {
      const { ids, alerts, expected } = await reference(file, "snn_sn_vs_others");
      const found = (await run("snn_sn_vs_others", alerts))["clf.snnSnVsOthers_score"];
      ids.forEach((id, i) => (ties.ids.includes(id) ? tied : differences).add(id, valueOf(found, i), expected["snnSnVsOthers_score"][id]));
    }
    differences.expectWithin(1e-5);
    expect(tied.compared).toBe(ties.ids.length);
    tied.print();
  });
});

/** How far scores are from the reference's. */
class Differences {
  readonly #name: string;
  compared = 0;
  scored = 0;
  largest = 0;
  readonly #missing: string[] = [];

  constructor(name: string) {
    this.#name = name;
  }

  add(id: string, found: number | null, wanted: unknown): void {
    if (wanted === undefined) return;
    this.compared++;
    const value = wanted === null ? null : Number(wanted);
    if (value !== null && value !== 0) this.scored++;
    if (found === null || value === null || Number.isNaN(found) || Number.isNaN(value)) {
      if (!Object.is(found, value)) this.#missing.push(`${id}: ${found} is not ${value}`);
    } else this.largest = Math.max(this.largest, Math.abs(found - value));
  }

  print(): void {
    process.stdout.write(`${this.#name}: ${this.compared} compared, ${this.scored} scored, largest difference ${this.largest.toExponential(1)}\n`);
  }

  expectWithin(tolerance: number): void {
    this.print();
    expect(this.#missing).toEqual([]);
    expect(this.scored).toBeGreaterThan(0);
    expect(this.largest).toBeLessThan(tolerance);
  }
}

interface Reference {
  readonly ids: readonly string[];
  readonly alerts: AlertColumns;
  readonly expected: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

async function reference(file: string, module: string): Promise<Reference> {
  const alertFile = await openAlertFile(join(folder, `science/${file}.parquet`));
  const id = alertFile.paths.has("candid") ? "candid" : "diaSourceId";
  const { needs } = modules.find(({ name }) => name === module)!;
  const alerts = await alertFile.read([id, ...needs].filter((path) => alertFile.paths.has(path)));
  const results = json(`science/expected/modules/${file}.json.gz`) as Readonly<Record<string, { values?: Readonly<Record<string, unknown>> }>>;
  const expected = Object.fromEntries(Object.entries(results).map(([name, { values }]) => [name, values ?? {}]));
  return { ids: Array.from(alerts.longs(id), String), alerts, expected };
}

async function run(name: string, alerts: AlertColumns): Promise<Columns> {
  return await modules.find((module) => module.name === name)!.run(alerts, context);
}

function valueOf({ values, missing }: Values, i: number): number | null {
  return missing?.[i] === 1 ? null : Number(values[i]);
}

function json(path: string): unknown {
  const bytes = readFileSync(join(folder, path));
  return JSON.parse((path.endsWith(".gz") ? gunzipSync(bytes) : bytes).toString());
}
