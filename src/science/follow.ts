import { join } from "node:path";
import type { Data, Struct } from "apache-arrow";
import { encodeFile, type EncodedFile, writeFiles } from "../archive/files.ts";
import { FinkError } from "../errors.ts";
import type { AddFile } from "../lake/actions.ts";
import { discard } from "../lake/rewrite.ts";
import { LakeTable } from "../lake/table.ts";
import type { Survey } from "../surveys/definition.ts";
import { changesAfter } from "./changes.ts";
import { keysOf } from "./keys.ts";
import type { ScienceModule, ScienceSetup } from "./module.ts";
import { openAlertFile } from "./parquet.ts";
import { publishedAt, storedRows } from "./rows.ts";
import { type ModuleOutcome, runModules } from "./runner.ts";
import { SeenAlerts } from "./seen.ts";
import { take } from "./take.ts";

export interface Progress {
  readonly alerts: number;
  /** Alerts that the survey had sent before. */
  readonly duplicates: number;
  readonly outcomes: readonly ModuleOutcome[];
  /** When the new alerts were published: ms since 1970, NaN where that is not known. */
  readonly publishedAt: readonly number[];
  /** Versions of `raw` that wait. */
  readonly lag: number;
}

/** Tag of a data file of `science`: the file of `raw` its rows were computed from. A hint, which compaction drops. */
export const rawTag = "fink.raw";

/** Position of this reader in `raw`: the next version. */
const appId = "science:raw";

/** `science` of one survey: a row for each distinct alert of `raw`, with what the modules say. */
export class ScienceTable {
  readonly #survey: Survey;
  readonly #modules: readonly ScienceModule[];
  readonly #setup: ScienceSetup;
  readonly #raw: LakeTable;
  readonly #table: LakeTable;
  readonly #seen: SeenAlerts;

  constructor(setup: ScienceSetup, survey: Survey, modules: readonly ScienceModule[]) {
    this.#survey = survey;
    this.#modules = modules;
    this.#setup = setup;
    this.#raw = new LakeTable(join(setup.lake, survey.name, "raw"));
    this.#table = new LakeTable(join(setup.lake, survey.name, "science"));
    this.#seen = new SeenAlerts(this.#table, survey);
  }

  /**
   * Takes up what came to `raw`; null: nothing did. One commit holds the rows and the version of `raw` they lead to. A crash before it leaves files that nothing
   * refers to, and the same alerts are computed again; after it they are done. Another writer that was first is noticed at the commit, and its rows count.
   */
  async step(): Promise<Progress | null> {
    this.#raw.refresh();
    this.#table.refresh();
    const from = this.#table.snapshot.positions.get(appId) ?? null;
    const next = from ?? 0;
    if (this.#raw.snapshot.version < next) return null;
    const { files, to } = changesAfter(this.#raw, next - 1, this.#setup.config.batchAlerts);
    try {
      const done: Computed[] = [];
      for (const file of files) done.push(await this.#compute(file));
      await this.#commit(done, from, to + 1);
      const sum = (of: (c: Computed) => number): number => done.reduce((total, c) => total + of(c), 0);
      return {
        alerts: sum((c) => c.rows),
        duplicates: sum((c) => c.duplicates),
        outcomes: done.flatMap((c) => c.outcomes),
        publishedAt: done.flatMap((c) => c.publishedAt),
        lag: this.#raw.snapshot.version - to,
      };
    } catch (error) {
      this.#seen.forget(); // it has alerts that are not in the table
      if (error instanceof FinkError && error.code === "fenced") return { alerts: 0, duplicates: 0, outcomes: [], publishedAt: [], lag: 0 };
      throw error;
    }
  }

  async #commit(done: readonly Computed[], from: number | null, to: number): Promise<void> {
    const written = await writeFiles(
      done.flatMap(({ file }) => file ?? []),
      this.#table.path,
    );
    try {
      const schema = written.schema ?? undefined;
      this.#table.commit({ operation: "science", add: written.files, ...(schema && { schema }), positions: new Map([[appId, { from, to }]]) });
    } catch (error) {
      discard(this.#table.path, written.files);
      throw error;
    }
  }

  /** Rows of one file of `raw`, which are of one night, without those that are there already. */
  async #compute({ path, partitionValues }: AddFile): Promise<Computed> {
    const file = await openAlertFile(join(this.#raw.path, path));
    const keyPaths = keysOf(this.#survey, file.paths).map(({ path: key }) => key);
    const alerts = await file.read([...keyPaths, publishedAt, ...this.#modules.flatMap((m) => m.needs)]);
    const night = partitionValues["night"] === null ? null : Number(partitionValues["night"]);
    const keys = keysOf(this.#survey, alerts.paths);
    const fresh = await this.#seen.fresh(night, alerts.longs(keys[0].path));
    const results = await runModules(this.#modules, alerts, this.#setup);
    const all = storedRows(keys, alerts, results, new Int32Array(alerts.count));
    const rows = fresh.length === alerts.count ? all : (take(all, fresh) as Data<Struct>);
    const encoded = fresh.length === 0 ? null : encodeFile(rows, night, this.#survey, { [rawTag]: path });
    const times = alerts.paths.has(publishedAt) ? alerts.numbers(publishedAt) : new Float64Array(alerts.count).fill(NaN);
    return {
      file: encoded,
      rows: fresh.length,
      duplicates: alerts.count - fresh.length,
      outcomes: results.outcomes,
      publishedAt: fresh.map((row) => times[row] / 1000),
    };
  }
}

interface Computed {
  readonly file: EncodedFile | null;
  readonly rows: number;
  readonly duplicates: number;
  readonly outcomes: readonly ModuleOutcome[];
  readonly publishedAt: readonly number[];
}
