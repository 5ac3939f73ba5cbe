import { existsSync } from "node:fs";
import { join } from "node:path";
import { writeFiles } from "../archive/files.ts";
import { FinkError } from "../errors.ts";
import type { AddFile } from "../lake/actions.ts";
import { mayShareAlerts } from "../lake/merge-stats.ts";
import { discard } from "../lake/rewrite.ts";
import { LakeTable } from "../lake/table.ts";
import { type AlertId, idsAt } from "../surveys/alert-id.ts";
import type { Survey } from "../surveys/definition.ts";
import type { AgainJob, AgainPart, Revised, StatesJob } from "./again.ts";
import { type Outcome, pendingTag, rawTag } from "./compute.ts";
import type { Run } from "./work.ts";

export interface AskedAgain {
  /** Rows that were written anew. */
  readonly changed: number;
  /** Files with rows that wait. */
  readonly waiting: number;
  readonly outcomes: readonly Outcome[];
}

/** Number of commits of new rows: who read it and commits later than another is fenced. */
export const updatesPosition = "science:updates";

/**
 * How long who asked waits before he asks again: not at all where answers came, else 1 s, 2 s … 15
 * s.
 */
export function pauseAfter(pauseMs: number, changed: number): number {
  return changed > 0 ? 0 : Math.min(15_000, Math.max(1000, 2 * pauseMs));
}

/**
 * Rows of a step, about: as many as a request to a service holds, twice; and of those one thread
 * has in memory.
 */
const rowsAtOnce = 20_000;
const rowsPerJob = 5000;
/** Those that are enough to notice whether an answer comes. */
const rowsToTry = 2000;

/** A file of which rows are to be computed again. */
interface Question {
  readonly table: LakeTable;
  readonly add: AddFile;
  readonly which: StatesJob["which"];
  /** null: those that the rows wait for. */
  readonly module: string | null;
}

/**
 * `science_updates` of one survey: rows of `science` that were computed again, whole, with
 * `_revision` 1, 2 …, because an answer came that they waited for, or a catalogue has learnt
 * something. What is known here is a list of files that have such rows, and of the nights in hand
 * the newest revision of each alert that was updated; a new start reads both from the tables.
 */
export class ScienceUpdates {
  readonly #survey: Survey;
  readonly #recentNights: number;
  readonly #raw: LakeTable;
  readonly #science: LakeTable;
  readonly #updates: LakeTable;
  readonly #questions = new Map<string, Question>();
  readonly #looked = new Set<string>();
  readonly #revisions = new Map<number | null, Promise<Map<AlertId, number>>>();
  #at: number | null = null;
  #isAnswered = false;

  constructor(lake: string, survey: Survey, recentNights: number) {
    this.#survey = survey;
    this.#recentNights = recentNights;
    const table = (kind: string) => new LakeTable(join(lake, survey.name, kind));
    [this.#raw, this.#science, this.#updates] = [
      table("raw"),
      table("science"),
      table("science_updates"),
    ];
  }

  /**
   * Asks again for the rows of some files, those not asked for longest first; null: nothing waits.
   * One commit holds what changed. A crash before it leaves files that nothing refers to; after it
   * the rows are known to be there. Of two processes that do the same the later commit is refused,
   * and asked anew.
   */
  async step(run: Run): Promise<AskedAgain | null> {
    this.#refresh();
    this.#collect();
    const questions = this.#next();
    if (questions.length === 0) return null;
    try {
      const asked = await Promise.all(questions.map(([, question]) => this.#rowsOf(question, run)));
      const revised = await Promise.all(
        jobsOf(asked.flat()).map((job) => run("again", { ...this.#common(), ...job })),
      );
      const changed = await this.#commit(revised);
      for (const { night, revisions } of revised) {
        const newest = await this.#revisions.get(night);
        for (const [id, revision] of revisions) newest?.set(id, revision);
      }
      this.#isAnswered = changed > 0;
      for (const [i, [key, question]] of questions.entries()) {
        this.#questions.delete(key);
        const isWaiting = asked[i].some(({ part: { ids }, revisions, newest }) =>
          ids.some((id, row) => (newest.get(id) ?? 0) <= revisions[row]),
        );
        // at the end
        if (question.which === "waiting" && isWaiting) this.#questions.set(key, question);
      }
      return {
        changed,
        waiting: this.#questions.size,
        outcomes: revised.flatMap(({ outcomes }) => outcomes),
      };
    } catch (error) {
      this.#forget();
      if (error instanceof FinkError && error.code === "fenced")
        return { changed: 0, waiting: this.#questions.size, outcomes: [] };
      throw error;
    }
  }

  /**
   * Asks the modules what they have learnt since (ms since 1970) of places on the sky; the alerts
   * of recent nights there are asked for in the next steps. Outcomes of those that failed.
   */
  async learn(run: Run, since: number): Promise<readonly Outcome[]> {
    this.#refresh();
    const found = await run("changes", { survey: this.#survey, since });
    for (const { module, places } of found) {
      if (places.length === 0) continue;
      for (const { table, add } of this.#recentFiles())
        this.#questions.set(`${add.path} ${module} ${since}`, {
          table,
          add,
          which: places,
          module,
        });
    }
    return found.flatMap(({ outcome }) => outcome ?? []);
  }

  #refresh(): void {
    for (const table of [this.#raw, this.#science, this.#updates]) table.refresh();
    const at = this.#updates.snapshot.positions.get(updatesPosition) ?? null;
    if (at !== this.#at) this.#revisions.clear(); // another process made updates
    this.#at = at;
  }

  /** Begins from what the tables say; what modules have learnt is not in them. */
  #forget(): void {
    for (const [key, { module }] of this.#questions)
      if (module === null) this.#questions.delete(key);
    for (const known of [this.#looked, this.#revisions]) known.clear();
  }

  /**
   * Takes up new files that may have rows that wait, and forgets those that are gone: what replaced
   * them is a new file.
   */
  #collect(): void {
    const files = this.#recentFiles();
    const paths = new Set(files.map(({ add }) => add.path));
    for (const path of this.#looked) if (!paths.has(path)) this.#looked.delete(path);
    const gone = [...this.#questions].filter(([, { add }]) => !paths.has(add.path));
    for (const [key] of gone) this.#questions.delete(key);
    const learnt = gone.filter(([, { module }]) => module !== null);
    for (const { table, add } of files) {
      if (this.#looked.has(add.path)) continue;
      this.#looked.add(add.path);
      for (const [key, question] of learnt)
        this.#questions.set(`${add.path} ${key}`, { ...question, table, add });
      if (add.tags?.[pendingTag] !== "0")
        this.#questions.set(add.path, { table, add, which: "waiting", module: null });
    }
  }

  #recentFiles(): { table: LakeTable; add: AddFile }[] {
    const all = [this.#science, this.#updates].flatMap((table) =>
      [...table.snapshot.files.values()].map((add) => ({ table, add })),
    );
    const nights = [...new Set(all.map(({ add }) => nightOf(add)))]
      .sort((a, b) => (a ?? 0) - (b ?? 0))
      .slice(-this.#recentNights);
    return all.filter(({ add }) => nights.includes(nightOf(add)));
  }

  /** The files not asked for longest: a step's worth, or few while nothing comes. */
  #next(): [string, Question][] {
    const limit = this.#isAnswered ? rowsAtOnce : rowsToTry;
    let rows = 0;
    return [...this.#questions].filter(
      ([, question]) => rows < limit && (rows += weightOf(question)) > 0,
    );
  }

  /** Rows of a file that are to be asked for, by what they wait for. */
  async #rowsOf({ table, add, which, module }: Question, run: Run): Promise<Asked[]> {
    const file = join(table.path, add.path);
    const { ids, revisions, waitsFor } = await run("states", { survey: this.#survey, file, which });
    const newest = await this.#revisionsOf(add, run);
    const current = [...ids.keys()].filter((row) => (newest.get(ids[row]) ?? 0) <= revisions[row]);
    const paths = rawsOf(add, this.#raw, this.#survey);
    return [...Map.groupBy(current, (row) => module ?? waitsFor[row])].map(([modules, rows]) => ({
      night: nightOf(add),
      modules,
      which: which === "waiting" ? "answered" : "changed",
      part: { file, paths, ids: idsAt(ids, rows) },
      revisions: rows.map((row) => revisions[row]),
      newest,
    }));
  }

  #common(): Pick<AgainJob, "survey" | "raw" | "schema"> {
    return { survey: this.#survey, raw: this.#raw.path, schema: this.#science.snapshot.schema };
  }

  /** By alert id, of those that were updated. */
  async #revisionsOf(add: AddFile, run: Run): Promise<Map<AlertId, number>> {
    const night = nightOf(add);
    const known = this.#revisions.get(night);
    if (known) return await known;
    const files = [...this.#updates.snapshot.files.values()].filter(
      (file) => nightOf(file) === night,
    );
    const reading = files.map(({ path }) =>
      run("states", { survey: this.#survey, file: join(this.#updates.path, path), which: "all" }),
    );
    const newest = Promise.all(reading).then((states) => {
      const revisions = new Map<AlertId, number>();
      for (const { ids, revisions: own } of states)
        ids.forEach((id, row) => revisions.set(id, Math.max(own[row], revisions.get(id) ?? 0)));
      return revisions;
    });
    this.#revisions.set(night, newest);
    return await newest;
  }

  async #commit(revised: readonly Revised[]): Promise<number> {
    const files = revised.flatMap((one) => one.files);
    if (files.length === 0) return 0;
    const written = await writeFiles(files, this.#updates.path);
    const to = (this.#at ?? 0) + 1;
    try {
      this.#updates.commit({
        operation: "update",
        add: written.files,
        schema: written.schema!,
        positions: new Map([[updatesPosition, { from: this.#at, to }]]),
      });
    } catch (error) {
      discard(this.#updates.path, written.files);
      throw error;
    }
    this.#at = to;
    return written.rows;
  }
}

/** Rows of one file that wait for the same modules. */
interface Asked {
  readonly night: number | null;
  /** Names. */
  readonly modules: string;
  readonly which: AgainJob["which"];
  readonly part: AgainPart;
  readonly revisions: readonly number[];
  /** Of the night, by alert id. */
  readonly newest: Map<AlertId, number>;
}

/** Rows of many files in one job, so that one request holds what they ask. */
function jobsOf(
  asked: readonly Asked[],
): Pick<AgainJob, "night" | "modules" | "which" | "parts">[] {
  return [
    ...Map.groupBy(asked, ({ night, modules, which }) => `${night} ${which} ${modules}`).values(),
  ].flatMap((alike) => {
    let rows = 0;
    const byJob = Map.groupBy(alike, ({ part }) =>
      Math.floor((rows += part.ids.length) / rowsPerJob),
    );
    const [{ night, modules, which }] = alike;
    return [...byJob.values()].map((some) => ({
      night,
      modules: modules.split(" "),
      which,
      parts: some.map(({ part }) => part),
    }));
  });
}

/** Rows that may be read; of places nearly none has an alert. */
function weightOf({ add, which }: Question): number {
  return which === "waiting" ? Number(add.tags?.[pendingTag] ?? rowsPerJob) : 1;
}

/**
 * Files of `raw` among which the alerts of a file are: the one it was made from, or those of the
 * night whose ids may be the same.
 */
export function rawsOf(add: AddFile, raw: LakeTable, survey: Survey): string[] {
  const own = add.tags?.[rawTag];
  if (own !== undefined && existsSync(join(raw.path, own))) return [own];
  return [...raw.snapshot.files.values()]
    .filter((file) => mayShareAlerts(file, add, survey))
    .map(({ path }) => path);
}

export function nightOf({ partitionValues }: AddFile): number | null {
  const night = partitionValues["night"] ?? null;
  return night === null ? null : Number(night);
}
