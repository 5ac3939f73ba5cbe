import { join } from "node:path";
import { type EncodedFile, writeFiles } from "../archive/files.ts";
import { FinkError } from "../errors.ts";
import type { AddFile } from "../lake/actions.ts";
import { discard } from "../lake/rewrite.ts";
import { LakeTable } from "../lake/table.ts";
import type { Survey } from "../surveys/definition.ts";
import { changesAfter } from "./changes.ts";
import type { Outcome } from "./compute.ts";
import { SeenAlerts } from "./seen.ts";
import type { Run } from "./work.ts";

export interface Progress {
  readonly alerts: number;
  /** Alerts that the survey had sent before. */
  readonly duplicates: number;
  readonly outcomes: readonly Outcome[];
  /** When the new alerts were published: ms since 1970, NaN where that is not known. */
  readonly publishedAt: readonly number[];
  /** Versions of `raw` that wait. */
  readonly lag: number;
}

/** Position of this reader in `raw`: the next version. */
const appId = "science:raw";

/** `science` of one survey: a row for each distinct alert of `raw`, with what the modules say. */
export class ScienceTable {
  readonly #survey: Survey;
  readonly #raw: LakeTable;
  readonly #table: LakeTable;
  readonly #seen: SeenAlerts;

  constructor(lake: string, survey: Survey) {
    this.#survey = survey;
    this.#raw = new LakeTable(join(lake, survey.name, "raw"));
    this.#table = new LakeTable(join(lake, survey.name, "science"));
    this.#seen = new SeenAlerts(this.#table, survey);
  }

  /**
   * Takes up what came to `raw`, some `batchAlerts` of it; null: nothing did. One commit holds the rows and the version of `raw` they lead to. A crash before it
   * leaves files that nothing refers to, and the same alerts are computed again; after it they are done. Another writer that was first is noticed at the
   * commit, and its rows count.
   */
  async step(run: Run, batchAlerts: number): Promise<Progress | null> {
    this.#raw.refresh();
    this.#table.refresh();
    const from = this.#table.snapshot.positions.get(appId) ?? null;
    const next = from ?? 0;
    if (this.#raw.snapshot.version < next) return null;
    const { files, to } = changesAfter(this.#raw, next - 1, batchAlerts);
    try {
      const { wanted, duplicates } = await this.#wanted(files, run);
      const { schema } = this.#table.snapshot;
      const done = await Promise.all(wanted.map((one) => run("compute", { survey: this.#survey, raw: this.#raw.path, schema, ...one, revisions: null })));
      const computed = done.map(({ file }) => file);
      await this.#commit(computed, from, to + 1);
      return {
        alerts: computed.reduce((sum, { rows }) => sum + rows, 0),
        duplicates,
        outcomes: done.flatMap(({ outcomes }) => outcomes),
        publishedAt: done.flatMap(({ publishedAt }) => [...publishedAt]),
        lag: this.#raw.snapshot.version - to,
      };
    } catch (error) {
      this.#seen.forget(); // it has alerts that are not in the table
      if (error instanceof FinkError && error.code === "fenced") return { alerts: 0, duplicates: 0, outcomes: [], publishedAt: [], lag: 0 };
      throw error;
    }
  }

  /** Of each file the rows that are not in the table yet. */
  async #wanted(files: readonly AddFile[], run: Run): Promise<{ wanted: Wanted[]; duplicates: number }> {
    const ids = await Promise.all(files.map(({ path }) => run("ids", { survey: this.#survey, file: join(this.#raw.path, path) })));
    const wanted: Wanted[] = [];
    let duplicates = 0;
    for (const [i, { path, partitionValues }] of files.entries()) {
      const night = partitionValues["night"] === null ? null : Number(partitionValues["night"]);
      const fresh = await this.#seen.fresh(night, ids[i], run);
      duplicates += ids[i].length - fresh.length;
      if (fresh.length > 0) wanted.push({ path, night, rows: fresh.length === ids[i].length ? null : fresh });
    }
    return { wanted, duplicates };
  }

  async #commit(computed: readonly EncodedFile[], from: number | null, to: number): Promise<void> {
    const written = await writeFiles(computed, this.#table.path);
    try {
      const schema = written.schema ?? undefined;
      this.#table.commit({ operation: "science", add: written.files, ...(schema && { schema }), positions: new Map([[appId, { from, to }]]) });
    } catch (error) {
      discard(this.#table.path, written.files);
      throw error;
    }
  }
}

interface Wanted {
  readonly path: string;
  readonly night: number | null;
  /** null: all. */
  readonly rows: readonly number[] | null;
}
