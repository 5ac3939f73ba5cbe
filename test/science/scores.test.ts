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
import { lsstPlaces, ztfPlaces } from "../../src/science/history.ts";
import { alertOf, type LightCurve, resultsAsAlerts } from "./light-curve-alert.ts";
import { available } from "../require.ts";
import type { Fidelity } from "../../src/cli/fidelity.ts";
import { expectFidelity } from "./fidelity.ts";

/** Fink's models, what its code gives on real alerts, and cases of single models. */
const folder = join(project, "../shared/reference");
const hasReference = available(
  "reference",
  existsSync(folder),
  "Fink's scores of real alerts: there is no ../shared/reference",
);

const ztfFiles = [
  "ztf_regular_a",
  "ztf_regular_b",
  "ztf_spicy_yso",
  "ztf_symbiotic",
  "ztf_dwarf_agn",
  "ztf_hostless20",
  "perturbed_ztf_a",
];
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

describe.skipIf(!hasReference)("scores of Fink's models", { timeout: 180_000 }, () => {
  const networks = ["snn_snia_vs_nonia", "snn_sn_vs_all", "snn_elasticc_sn_vs_other", "cats"];
  const added = [
    ...networks,
    "kndetect_partial",
    "rf_snia_sigmoid",
    "anomaly_beta_r",
    "anomaly_beta_g",
    "rf_snia_rainbow_rubin",
  ];
  beforeAll(async () => {
    for (const name of added)
      await addModel(join(folder, `models/${name}.onnx`), undefined, models);
  }, 180_000);

  it.each(["snn_snia_vs_nonia", "snn_sn_vs_all"])("%s", async (name) => {
    const differences = new Differences(name);
    for (const file of ztfFiles) {
      const { ids, alerts, expected } = await reference(file, name);
      const found = (await run(name, alerts))[name];
      ids.forEach((id, i) => differences.add(id, valueOf(found, i), expected[name][id]));
    }
    differences.expectWithin(1e-5, name);
  });

  it("clf.snnSnVsOthers_score", async () => {
    const differences = new Differences("clf.snnSnVsOthers_score");
    // the original's choice among points of one epoch and band with equal errors depends on the
    // batch: those alerts are counted apart
    const tied = new Differences("clf.snnSnVsOthers_score, tied points");
    const { ties } = json("models/snn_elasticc_sn_vs_other.json") as {
      ties: { ids: readonly string[] };
    };
    for (const file of lsstFiles) {
      const { ids, alerts, expected } = await reference(file, "snn_sn_vs_others");
      const found = (await run("snn_sn_vs_others", alerts))["clf.snnSnVsOthers_score"];
      ids.forEach((id, i) =>
        (ties.ids.includes(id) ? tied : differences).add(
          id,
          valueOf(found, i),
          expected["snnSnVsOthers_score"][id],
        ),
      );
    }
    expect(tied.compared).toBe(ties.ids.length);
    const left = `${tied.compared} alerts with points of one epoch, band and error left out: which the original takes depends on the batch; off by ${tied.largest.toFixed(3)} at most`;
    differences.expectWithin(1e-5, "snn_sn_vs_others", left);
  });

  it("rf_kn_vs_nonkn", async () => {
    const scores = new Differences("rf_kn_vs_nonkn");
    const features = new Differences("features_kn");
    for (const file of ztfFiles) {
      const { ids, alerts, expected } = await reference(file, "rf_kn_vs_nonkn");
      const found = await run("rf_kn_vs_nonkn", alerts);
      const columns = Object.entries(found).filter(([name]) => name.startsWith("features_kn."));
      ids.forEach((id, i) => {
        scores.add(id, valueOf(found["rf_kn_vs_nonkn"], i), expected["rf_kn_vs_nonkn"][id]);
        const wanted = String(expected["features_kn"][id]).split(",");
        columns.forEach(([name, column], k) => {
          if (column.missing?.[i] === 0)
            features.add(
              `${id} ${name}`,
              valueOf(column, i)! / (1 + Math.abs(Number(wanted[k]))),
              Number(wanted[k]) / (1 + Math.abs(Number(wanted[k]))),
            );
        });
      });
    }
    features.print();
    scores.expectWithin(1e-5, "rf_kn_vs_nonkn");
  });

  it("rf_snia_vs_nonia", async () => {
    const scores = new Differences("rf_snia_vs_nonia");
    for (const { id, input, score } of vectors<Case>("rf_snia_sigmoid")) {
      const found = (await run("rf_snia_vs_nonia", alertOf(input, ztfPlaces)))["rf_snia_vs_nonia"];
      scores.add(id, valueOf(found, 0), score);
    }
    scores.expectWithin(
      1e-5,
      "rf_snia_vs_nonia",
      "cases with the original's score, not whole alerts",
    );
  });

  it("anomaly_score", async () => {
    const differences = new Differences("anomaly_score");
    for (const file of ztfFiles) {
      const { ids, alerts, expected } = await reference(file, "lc_features_ztf");
      const features = await run("lc_features_ztf", alerts);
      const found = (await run("anomaly_score", resultsAsAlerts(alerts.count, features)))[
        "anomaly_score"
      ];
      ids.forEach((id, i) =>
        differences.add(id, valueOf(found, i), expected["anomaly_score_beta"][id]),
      );
    }
    differences.expectWithin(
      1e-5,
      "anomaly_score",
      "of the model _beta, the one that is published",
    );
  });

  it("clf.cats_*", async () => {
    const differences = new Differences("clf.cats_11 … 22");
    for (const { id, input, original } of vectors<{
      id: string;
      input: LightCurve;
      original: readonly (number | null)[];
    }>("cats")) {
      const found = await run("cats", alertOf(input, lsstPlaces));
      [11, 12, 13, 21, 22].forEach((code, k) =>
        differences.add(`${id} ${code}`, valueOf(found[`clf.cats_${code}`], 0), original[k] ?? NaN),
      );
    }
    differences.expectWithin(
      1e-5,
      "cats",
      "cases with the original's probabilities, not whole alerts",
    );
  });

  it("clf.earlySNIa_score: the same alerts are fitted, with the original's score or, where an ulp changes that, one within what it then is", async () => {
    const differences: number[] = [];
    let unfitted = 0;
    const changing = changingScores();
    for (const { id, input, score } of vectors<Case>("rf_snia_rainbow_rubin").filter(
      (one) => one.input?.["psfFlux"] !== undefined,
    )) {
      const found = valueOf(
        (await run("early_snia", alertOf(input, lsstPlaces)))["clf.earlySNIa_score"],
        0,
      )!;
      expect(found === -1, id).toBe(score === -1);
      if (score === -1) unfitted++;
      else differences.push(Math.abs(found - score));
      const { least, most, ours } = changing.get(id) ?? { least: score, most: score, ours: found };
      expect(found, id).toBeGreaterThanOrEqual(least - 1e-4);
      expect(found, id).toBeLessThanOrEqual(most + 1e-4);
      expect(Math.abs(found - ours), `${id} in docs/models.md`).toBeLessThan(1e-4);
      if (!changing.has(id)) expect(Math.abs(found - score), id).toBeLessThanOrEqual(1e-5);
    }
    const largest = Math.max(...differences);
    const agreeing = differences.filter((difference) => difference <= 1e-5).length;
    // the original itself, with an ulp of noise: 18 to 23
    expect(agreeing).toBeGreaterThanOrEqual(18);
    const note = `cases, not whole alerts. Not fitted by both: ${unfitted}. Fitted: off by ${largest.toFixed(3)} at most. With an ulp of noise the original agrees with itself in 18 to 23 of these ${differences.length}, and each of ours is within what it then gives: docs/models.md`;
    const compared = unfitted + differences.length;
    const row = {
      survey: "lsst",
      module: "early_snia",
      columns: "clf.earlySNIa_score",
      compared,
      equal: unfitted,
      within: agreeing,
    } as const;
    rows.push({ ...row, differing: differences.length - agreeing, tolerance: 1e-5, note });
  });

  it("is what the page of fidelity says", async () => await expectFidelity("scores", rows));
});

interface Case {
  readonly id: string;
  readonly input: LightCurve;
  readonly score: number;
}

/**
 * Where the original's score changes with an ulp, by case: what docs/models.md says of it and of
 * ours.
 */
function changingScores(): ReadonlyMap<
  string,
  { readonly least: number; readonly most: number; readonly ours: number }
> {
  const page = readFileSync(join(project, "docs/models.md"), "utf8");
  const table = page.matchAll(
    /^\| (\d+) \| \d+ \| [\d.]+ \| ([\d.]+)–([\d.]+) \| \d+ of 40 \| ([\d.]+) \|$/gm,
  );
  return new Map(
    Array.from(table, ([, id, ...values]) => [id, values.map(Number)] as const).map(
      ([id, [least, most, ours]]) => [id, { least, most, ours }],
    ),
  );
}

function vectors<T>(model: string): readonly T[] {
  return (json(`models/${model}.vectors.json`) as { cases: readonly T[] }).cases;
}

const rows: Fidelity[] = [];

/** How far scores are from the reference's. */
class Differences {
  readonly #name: string;
  compared = 0;
  scored = 0;
  largest = 0;
  equal = 0;
  readonly #missing: string[] = [];

  constructor(name: string) {
    this.#name = name;
  }

  add(id: string, found: number | null, wanted: unknown): void {
    if (wanted === undefined) return;
    this.compared++;
    const value = wanted === null ? null : Number(wanted);
    if (Object.is(found, value) || found === value) this.equal++;
    if (value !== null && value !== 0) this.scored++;
    if (found === null || value === null || Number.isNaN(found) || Number.isNaN(value)) {
      if (!Object.is(found, value)) this.#missing.push(`${id}: ${found} is not ${value}`);
    } else this.largest = Math.max(this.largest, Math.abs(found - value));
  }

  print(): void {
    process.stdout.write(
      `${this.#name}: ${this.compared} compared, ${this.scored} scored, largest difference ${this.largest.toExponential(1)}\n`,
    );
  }

  /** Of the module of that name, for the page of fidelity. */
  expectWithin(tolerance: number, module: string, note = ""): void {
    const { surveys } = modules.find(({ name }) => name === module)!;
    const { compared, equal } = this;
    const within = compared - equal - this.#missing.length;
    rows.push({
      survey: surveys[0] as "ztf" | "lsst",
      module,
      columns: this.#name,
      compared,
      equal,
      within,
      differing: this.#missing.length,
      tolerance,
      note,
    });
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
  const results = json(`science/expected/modules/${file}.json.gz`) as Readonly<
    Record<string, { values?: Readonly<Record<string, unknown>> }>
  >;
  const expected = Object.fromEntries(
    Object.entries(results).map(([name, { values }]) => [name, values ?? {}]),
  );
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
