import { join } from "node:path";
import type { Data, Struct } from "apache-arrow";
import { encodeFile, type EncodedFile, writeFiles } from "../archive/files.ts";
import { FinkError } from "../errors.ts";
import type { AddFile } from "../lake/actions.ts";
import { discard } from "../lake/rewrite.ts";
import { LakeTable } from "../lake/table.ts";
import type { Survey } from "../surveys/definition.ts";
import { changesAfter } from "./changes.ts";
import { keysOf, withKeys } from "./keys.ts";
import type { ScienceModule } from "./module.ts";
import { openAlertFile } from "./parquet.ts";
import { type ModuleOutcome, runModules } from "./runner.ts";
import { SeenAlerts } from "./seen.ts";
import { take } from "./take.ts";

export interface Progress {
  readonly alerts: number;
  /** Alerts that the survey had sent before. */
  readonly duplicates: number;
  readonly outcomes: readonly ModuleOutcome[];
}

/** Position of this reader in `raw`: the next version. */
const appId = "science:raw";

/** `science` of one survey: a row for each distinct alert of `raw`, with what the modules say. */
export class ScienceTable {
  readonly #survey: Survey;
  readonly #modules: readonly ScienceModule[];
  readonly #batchAlerts: number;
  readonly #raw: LakeTable;
  readonly #table: LakeTable;
  readonly #seen: SeenAlerts;

  constructor(lake: string, survey: Survey, modules: readonly ScienceModule[], batchAlerts: number) {
    this.#survey = survey;
    this.#modules = modules;
    this.#batchAlerts = batchAlerts;
    this.#raw = new LakeTable(join(lake, survey.name, "raw"));
    this.#table = new LakeTable(join(lake, survey.name, "science"));
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
    const { files, to } = changesAfter(this.#raw, next - 1, this.#batchAlerts);
    try {
      const done: Computed[] = [];
      for (const file of files) done.push(await this.#compute(file));
      await this.#commit(done, from, to + 1);
      const sum = (of: (c: Computed) => number): number => done.reduce((total, c) => total + of(c), 0);
      return { alerts: sum((c) => c.rows), duplicates: sum((c) => c.duplicates), outcomes: done.flatMap((c) => c.outcomes) };
    } catch (error) {
      this.#seen.forget(); // it has alerts that are not in the table
      if (error instanceof FinkError && error.code === "fenced") return { alerts: 0, duplicates: 0, outcomes: [] };
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
    const alerts = await file.read([...keysOf(this.#survey, file.paths).map(({ path: key }) => key), ...this.#modules.flatMap((m) => m.needs)]);
    const night = partitionValues["night"] === null ? null : Number(partitionValues["night"]);
    const keys = keysOf(this.#survey, alerts.paths);
    const fresh = await this.#seen.fresh(night, alerts.longs(keys[0].path));
    const { columns, outcomes } = runModules(this.#modules, alerts, { seed: 1 });
    const all = withKeys(keys, alerts, columns, outcomes);
    const rows = fresh.length === alerts.count ? all : (take(all, fresh) as Data<Struct>);
    const encoded = fresh.length === 0 ? null : encodeFile(rows, night, this.#survey);
    return { file: encoded, rows: fresh.length, duplicates: alerts.count - fresh.length, outcomes };
  }
}

interface Computed {
  readonly file: EncodedFile | null;
  readonly rows: number;
  readonly duplicates: number;
  readonly outcomes: readonly ModuleOutcome[];
}
