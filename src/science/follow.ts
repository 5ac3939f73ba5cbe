import { join } from "node:path";
import { type EncodedFile, writeFiles } from "../archive/files.ts";
import { FinkError } from "../errors.ts";
import type { AddFile } from "../lake/actions.ts";
import { discard } from "../lake/rewrite.ts";
import { rowsOf } from "../lake/merge-stats.ts";
import { LakeTable } from "../lake/table.ts";
import { type AlertIds, hasNoId } from "../surveys/alert-id.ts";
import type { Survey } from "../surveys/definition.ts";
import { changesAfter } from "./changes.ts";
import type { Outcome } from "./compute.ts";
import { NightIds } from "./night-ids.ts";
import { nightOf } from "./updates.ts";
import type { Run } from "./work.ts";

export interface Progress {
  readonly alerts: number;
  /** Alerts that the survey had sent before. */
  readonly duplicates: number;
  readonly outcomes: readonly Outcome[];
  /** When the new alerts were published: ms since 1970, NaN where that is not known. */
  readonly publishedAt: readonly number[];
  /** Alerts without an id, which get no row. */
  readonly withoutId: number;
  /** Versions of `raw` that wait. */
  readonly lag: number;
}

/** Files of `raw` that one commit takes up. */
interface Piece {
  readonly files: readonly AddFile[];
  /** The position after it. */
  readonly to: number;
  readonly lag: number;
}

const nothing: Progress = {
  alerts: 0,
  duplicates: 0,
  outcomes: [],
  publishedAt: [],
  withoutId: 0,
  lag: 0,
};

/** Position of this reader in `raw`: the next version. */
const appId = "science:raw";
/**
 * Number of commits that did not move this position. Each commit compares both, so that no writer
 * is overlooked.
 */
const piecesId = "science:raw:pieces";

/** `science` of one survey: a row for each distinct alert of `raw`, with what the modules say. */
export class ScienceTable {
  readonly #survey: Survey;
  readonly #raw: LakeTable;
  readonly #table: LakeTable;
  readonly #known = new NightIds();
  /** Both positions after the last commit of this reader. */
  #at = "";
  #batch = 0;
  /** Files still to take up of a table that is read whole. */
  #rest: { readonly files: readonly AddFile[]; readonly to: number } | null = null;

  constructor(lake: string, survey: Survey) {
    this.#survey = survey;
    this.#raw = new LakeTable(join(lake, survey.name, "raw"));
    this.#table = new LakeTable(join(lake, survey.name, "science"));
  }

  /**
   * Takes up what came to `raw`, some `batchAlerts` of it; null: nothing did. One commit holds the
   * rows and the version of `raw` they lead to. A crash before it leaves files that nothing refers
   * to, and the same alerts are computed again; after it they are done. Another writer that was
   * first is noticed at the commit, and its rows count.
   */
  async step(run: Run, batchAlerts: number): Promise<Progress | null> {
    this.#raw.refresh();
    this.#table.refresh();
    const from = this.#position(appId);
    if (this.#at !== this.#positions()) this.#startOver(); // another process took a step
    const piece = this.#next(from ?? 0, batchAlerts);
    if (piece === null) return null;
    const batch = this.#batch++;
    try {
      const { wanted, duplicates, withoutId } = await this.#wanted(batch, piece.files, run);
      const { schema } = this.#table.snapshot;
      const done = await Promise.all(
        wanted.map((one) =>
          run("compute", {
            survey: this.#survey,
            raw: this.#raw.path,
            schema,
            ...one,
            revisions: null,
          }),
        ),
      );
      const computed = done.map(({ file }) => file);
      await this.#commit(computed, from, piece.to);
      this.#known.commit(batch);
      this.#at = this.#positions();
      return {
        alerts: computed.reduce((sum, { rows }) => sum + rows, 0),
        duplicates,
        outcomes: done.flatMap(({ outcomes }) => outcomes),
        publishedAt: done.flatMap(({ publishedAt }) => [...publishedAt]),
        withoutId,
        lag: piece.lag,
      };
    } catch (error) {
      this.#known.drop(batch);
      this.#startOver();
      if (error instanceof FinkError && error.code === "fenced") return nothing;
      throw error;
    }
  }

  #startOver(): void {
    this.#known.forget();
    this.#rest = null;
    this.#at = this.#positions();
  }

  #position(id: string): number | null {
    return this.#table.snapshot.positions.get(id) ?? null;
  }

  #positions(): string {
    return `${this.#position(appId)} ${this.#position(piecesId)}`;
  }

  /**
   * The next files, some `batchAlerts` alerts. Where log entries of `raw` are gone, all its files
   * are read, piece by piece and night after night: the position moves with the last piece alone,
   * and a crash before that begins anew, with what was committed known.
   */
  #next(next: number, batchAlerts: number): Piece | null {
    const { version } = this.#raw.snapshot;
    if (this.#rest === null) {
      if (version < next) return null;
      const { files, to, whole } = changesAfter(this.#raw, next - 1, batchAlerts);
      if (!whole) return { files, to: to + 1, lag: version - to };
      this.#rest = {
        files: files.toSorted((a, b) => (nightOf(a) ?? 0) - (nightOf(b) ?? 0)),
        to: to + 1,
      };
    }
    const { files, to } = this.#rest;
    let [count, rows] = [0, 0];
    while (count < files.length && rows < batchAlerts)
      rows += rowsOf(files[count++].stats) ?? batchAlerts;
    this.#rest = count < files.length ? { files: files.slice(count), to } : null;
    return {
      files: files.slice(0, count),
      to: this.#rest ? next : to,
      lag: version + 1 - (this.#rest ? next : to),
    };
  }

  /** Of each file the rows that are not in the table yet. */
  async #wanted(
    batch: number,
    files: readonly AddFile[],
    run: Run,
  ): Promise<{ wanted: Wanted[]; duplicates: number; withoutId: number }> {
    const ids = await Promise.all(
      files.map(({ path }) =>
        run("ids", { survey: this.#survey, file: join(this.#raw.path, path) }),
      ),
    );
    const wanted: Wanted[] = [];
    let [duplicates, withoutId] = [0, 0];
    for (const [i, file] of files.entries()) {
      const night = nightOf(file);
      const fresh = await this.#known.stage(batch, night, ids[i], () => this.#idsOf(night, run));
      const nameless = [...ids[i]].filter(hasNoId).length;
      withoutId += nameless;
      duplicates += ids[i].length - fresh.length - nameless;
      if (fresh.length > 0)
        wanted.push({
          path: file.path,
          night,
          rows: fresh.length === ids[i].length ? null : fresh,
        });
    }
    return { wanted, duplicates, withoutId };
  }

  /** The ids that the table has of a night. */
  async #idsOf(night: number | null, run: Run): Promise<AlertIds[]> {
    const files = [...this.#table.snapshot.files.values()].filter(
      (file) => nightOf(file) === night,
    );
    return await Promise.all(
      files.map(({ path }) =>
        run("ids", { survey: this.#survey, file: join(this.#table.path, path) }),
      ),
    );
  }

  async #commit(computed: readonly EncodedFile[], from: number | null, to: number): Promise<void> {
    const written = await writeFiles(computed, this.#table.path);
    try {
      const schema = written.schema ?? undefined;
      const pieces = this.#position(piecesId);
      const positions = new Map([
        [appId, { from, to }],
        [piecesId, { from: pieces, to: (pieces ?? 0) + (to === (from ?? 0) ? 1 : 0) }],
      ]);
      this.#table.commit({
        operation: "science",
        add: written.files,
        ...(schema && { schema }),
        positions,
      });
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
