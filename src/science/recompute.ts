import { join } from "node:path";
import { type EncodedFile, writeFiles } from "../archive/files.ts";
import { FinkError } from "../errors.ts";
import type { AddFile } from "../lake/actions.ts";
import { discard } from "../lake/rewrite.ts";
import { emptySchema, type StructType, withFieldsOf } from "../lake/schema.ts";
import { LakeTable } from "../lake/table.ts";
import { type AlertId, alertIds } from "../surveys/alert-id.ts";
import type { Survey } from "../surveys/definition.ts";
import type { Outcome } from "./compute.ts";
import { nightOf, rawsOf, updatesPosition } from "./updates.ts";
import type { Run } from "./work.ts";

export interface Recomputed {
  readonly rows: number;
  /** Of `science`, before and after: what `./fink science diff` compares. */
  readonly from: number;
  readonly to: number;
  readonly outcomes: readonly Outcome[];
}

export interface RecomputeOptions {
  readonly survey: Survey;
  readonly night: number;
  /** Names; null: all modules, and what others made before is gone. */
  readonly modules: readonly string[] | null;
  readonly signal: AbortSignal;
  /** Files, and rows so far. */
  progress(done: number, of: number, rows: number): void;
}

/** Files computed at once. */
const filesAtOnce = 8;

/** A row of `science` as it is now: the newest of both tables. */
interface Row {
  readonly table: LakeTable;
  readonly add: AddFile;
  readonly revision: number;
}

/**
 * Computes the science of one night anew: one commit of `science` in which new files stand for all of that night. Rows that come in meanwhile stay; where
 * compaction replaced files meanwhile, what is missing is computed and it is tried again. A crash before the commit leaves files that nothing refers to, and
 * nothing has happened; one after it leaves updates that are older than their rows, which compaction takes away.
 */
export async function recomputeNight(lake: string, run: Run, options: RecomputeOptions): Promise<Recomputed> {
  const { survey, night } = options;
  const table = (kind: string) => new LakeTable(join(lake, survey.name, kind));
  const tables = { raw: table("raw"), science: table("science"), updates: table("science_updates") };
  const done = new Done(tables.science);
  try {
    for (;;) {
      for (const one of Object.values(tables)) one.refresh();
      const own = [...tables.science.snapshot.files.values()].filter((add) => nightOf(add) === night);
      if (own.length === 0)
        throw new FinkError("usage", `there is no science of ${survey.name} in night ${night}; ./fink start science --once computes what is new`);
      const rows = await newestRows(tables, own, run, options);
      const missing = new Map([...rows].filter(([id]) => !done.ids.has(id)));
      await (options.modules === null ? computeAll : computeSome)(missing, { ...options, tables, run, done });
      const lost = [...missing.keys()].find((id) => !done.ids.has(id));
      if (lost !== undefined) throw new FinkError("lake", `alert ${lost} of night ${night} is in science and not in raw; nothing was changed`);
      const to = done.commit(own);
      if (to === null) continue;
      takeAway(tables.updates, night);
      return { rows: done.ids.size, from: to - 1, to, outcomes: done.outcomes };
    }
  } catch (error) {
    discard(tables.science.path, done.files);
    throw error;
  }
}

interface Tables {
  readonly raw: LakeTable;
  readonly science: LakeTable;
  readonly updates: LakeTable;
}

interface Task extends RecomputeOptions {
  readonly tables: Tables;
  readonly run: Run;
  readonly done: Done;
}

/** What is on the disk and waits for the commit. */
class Done {
  readonly ids = new Set<AlertId>();
  readonly files: AddFile[] = [];
  readonly outcomes: Outcome[] = [];
  readonly #science: LakeTable;
  #schema: StructType = emptySchema;

  constructor(science: LakeTable) {
    this.#science = science;
  }

  async add(files: readonly EncodedFile[], ids: Iterable<AlertId>, outcomes: readonly Outcome[]): Promise<void> {
    const written = await writeFiles(files, this.#science.path);
    this.files.push(...written.files);
    if (written.schema) this.#schema = withFieldsOf(this.#schema, written.schema);
    for (const id of ids) this.ids.add(id);
    this.outcomes.push(...outcomes);
  }

  /** The version; null: files were replaced meanwhile. */
  commit(own: readonly AddFile[]): number | null {
    try {
      return this.#science.commit({ operation: "science run", add: this.files, remove: own.map(({ path }) => path), schema: this.#schema });
    } catch (error) {
      if (error instanceof FinkError && error.code === "fenced") return null;
      throw error;
    }
  }
}

async function newestRows({ science, updates }: Tables, own: readonly AddFile[], run: Run, { survey, night }: RecomputeOptions): Promise<Map<AlertId, Row>> {
  const rows = new Map<AlertId, Row>();
  const again = [...updates.snapshot.files.values()].filter((add) => nightOf(add) === night);
  for (const [table, add] of [...own.map((file) => [science, file] as const), ...again.map((file) => [updates, file] as const)]) {
    const { ids, revisions } = await run("states", { survey, file: join(table.path, add.path), which: "all" });
    ids.forEach((id, i) => {
      if (table === updates && !rows.has(id)) return;
      if ((rows.get(id)?.revision ?? -1) <= revisions[i]) rows.set(id, { table, add, revision: revisions[i] });
    });
  }
  return rows;
}

async function computeAll(missing: ReadonlyMap<AlertId, Row>, task: Task): Promise<void> {
  const { survey, night, run, done } = task;
  const { raw, science } = task.tables;
  const files = [...raw.snapshot.files.values()].filter((add) => nightOf(add) === night);
  await each(files, task, async ({ path }) => {
    const ids = await run("ids", { survey, file: join(raw.path, path) });
    const rows = [...ids.keys()].filter((row) => missing.has(ids[row]) && !done.ids.has(ids[row]) && (done.ids.add(ids[row]), true));
    if (rows.length === 0) return;
    const revisions = Int32Array.from(rows, (row) => (missing.get(ids[row])?.revision ?? 0) + 1);
    const { file, outcomes } = await run("compute", { survey, raw: raw.path, path, night, schema: science.snapshot.schema, rows, revisions });
    await done.add([file], [], outcomes);
  });
}

async function computeSome(missing: ReadonlyMap<AlertId, Row>, task: Task): Promise<void> {
  const { survey, night, modules, run, done } = task;
  const { raw, science } = task.tables;
  const byFile = [...Map.groupBy(missing, ([, { add }]) => add.path).values()];
  await each(byFile, task, async (rows) => {
    const [[, { table, add }]] = rows;
    const part = { file: join(table.path, add.path), paths: rawsOf(add, raw, survey), ids: alertIds(rows.map(([id]) => id)) };
    const job = { survey, night, parts: [part], raw: raw.path, schema: science.snapshot.schema, modules: modules ?? [], which: "all" as const };
    const { files, revisions, outcomes } = await run("again", job);
    await done.add(
      files,
      revisions.map(([id]) => id),
      outcomes,
    );
  });
}

async function each<T>(all: readonly T[], { night, signal, progress, done }: Task, work: (one: T) => Promise<void>): Promise<void> {
  for (let i = 0; i < all.length; i += filesAtOnce) {
    if (signal.aborted) throw new FinkError("usage", `stopped; night ${night} is as it was`);
    progress(i, all.length, done.ids.size);
    await Promise.all(all.slice(i, i + filesAtOnce).map(work));
  }
  progress(all.length, all.length, done.ids.size);
}

/** Updates of the night are older than its rows now. The position refuses those that the service computes just now from the rows that were. */
function takeAway(updates: LakeTable, night: number): void {
  for (;;) {
    updates.refresh();
    if (updates.snapshot.version < 0) return;
    const remove = [...updates.snapshot.files.values()].filter((add) => nightOf(add) === night).map(({ path }) => path);
    const from = updates.snapshot.positions.get(updatesPosition) ?? null;
    try {
      updates.commit({ operation: "science run", remove, positions: new Map([[updatesPosition, { from, to: (from ?? 0) + 1 }]]) });
      return;
    } catch (error) {
      if (!(error instanceof FinkError && error.code === "fenced")) throw error;
    }
  }
}
