import { join } from "node:path";
import { type EncodedFile, writeFiles } from "../archive/files.ts";
import { FinkError } from "../errors.ts";
import type { AddFile } from "../lake/actions.ts";
import { discard } from "../lake/rewrite.ts";
import { LakeTable } from "../lake/table.ts";
import type { Survey } from "../surveys/definition.ts";
import { changesAfter } from "./changes.ts";
import type { Outcome } from "./compute.ts";
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

/** Nights whose ids are kept: the one that comes in, and one that comes late. */
const keptNights = 2;

/** Which alerts a table has, by night: some 60 bytes an alert. */
class SeenAlerts {
  readonly #table: LakeTable;
  readonly #survey: Survey;
  readonly #nights = new Map<number | null, Set<bigint>>();

  constructor(table: LakeTable, survey: Survey) {
    this.#table = table;
    this.#survey = survey;
  }

  /** The rows whose id was not there yet, each id once; from now on they are. */
  async fresh(night: number | null, ids: BigInt64Array, run: Run): Promise<number[]> {
    const seen = await this.#of(night, run);
    const rows: number[] = [];
    for (let row = 0; row < ids.length; row++) {
      if (seen.has(ids[row])) continue;
      seen.add(ids[row]);
      rows.push(row);
    }
    return rows;
  }

  /** Looks into the table again: what was computed was not committed. */
  forget(): void {
    this.#nights.clear();
  }

  async #of(night: number | null, run: Run): Promise<Set<bigint>> {
    const known = this.#nights.get(night);
    if (known) return known;
    const files = [...this.#table.snapshot.files.values()].filter(
      ({ partitionValues }) => partitionValues["night"] === (night === null ? null : String(night)),
    );
    const ids = await Promise.all(files.map(({ path }) => run("ids", { survey: this.#survey, file: join(this.#table.path, path) })));
    const seen = new Set<bigint>();
    for (const some of ids) for (const id of some) seen.add(id);
    if (this.#nights.size >= keptNights) this.#nights.delete(this.#nights.keys().next().value as number | null);
    this.#nights.set(night, seen);
    return seen;
  }
}
