import { join } from "node:path";
import { type EncodedFile, writeFiles } from "../archive/files.ts";
import { FinkError } from "../errors.ts";
import type { AddFile } from "../lake/actions.ts";
import { discard } from "../lake/rewrite.ts";
import { emptySchema, type StructType, withFieldsOf } from "../lake/schema.ts";
import { LakeTable } from "../lake/table.ts";
import { type AlertId, alertIds } from "../surveys/alert-id.ts";
import type { Survey } from "../surveys/definition.ts";
import { changesAfter } from "./changes.ts";
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
 * Computes the science of one night anew: one commit of `science` in which new files stand for all
 * of that night. Rows that come in meanwhile stay; where compaction replaced files meanwhile, what
 * is missing is computed and it is tried again. Updates that are made meanwhile are computed anew
 * as updates. A crash before the commit leaves files that nothing refers to, and nothing has
 * happened; one after it leaves updates that are older than their rows, which compaction takes
 * away.
 */
export async function recomputeNight(
  lake: string,
  run: Run,
  options: RecomputeOptions,
): Promise<Recomputed> {
  const { survey, night } = options;
  const table = (kind: string) => new LakeTable(join(lake, survey.name, kind));
  const tables = {
    raw: table("raw"),
    science: table("science"),
    updates: table("science_updates"),
  };
  const done = new Done(tables.science);
  tables.updates.refresh();
  const since = tables.updates.snapshot.version;
  try {
    for (;;) {
      for (const one of Object.values(tables)) one.refresh();
      const own = filesOf(tables.science, night);
      if (own.length === 0)
        throw new FinkError(
          "usage",
          `there is no science of ${survey.name} in night ${night}; ./fink start science --once computes what is new`,
        );
      const rows = await newestRows(tables, own, run, options);
      const missing = new Map([...rows].filter(([id]) => !done.ids.has(id)));
      await compute(missing, { ...options, tables, run, done });
      const lost = [...missing.keys()].find((id) => !done.ids.has(id));
      if (lost !== undefined)
        throw new FinkError(
          "lake",
          `alert ${lost} of night ${night} is in science and not in raw; nothing was changed`,
        );
      const to = done.commit(own);
      if (to === null) continue;
      await replaceUpdates({ ...options, tables, run, done }, since);
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
  readonly table: LakeTable;
  schema: StructType = emptySchema;

  constructor(table: LakeTable) {
    this.table = table;
  }

  async add(
    files: readonly EncodedFile[],
    ids: Iterable<AlertId>,
    outcomes: readonly Outcome[],
  ): Promise<void> {
    const written = await writeFiles(files, this.table.path);
    this.files.push(...written.files);
    if (written.schema) this.schema = withFieldsOf(this.schema, written.schema);
    for (const id of ids) this.ids.add(id);
    this.outcomes.push(...outcomes);
  }

  /** The version; null: files were replaced meanwhile. */
  commit(own: readonly AddFile[]): number | null {
    try {
      return this.table.commit({
        operation: "science run",
        add: this.files,
        remove: own.map(({ path }) => path),
        schema: this.schema,
      });
    } catch (error) {
      if (error instanceof FinkError && error.code === "fenced") return null;
      throw error;
    }
  }
}

async function newestRows(
  { science, updates }: Tables,
  own: readonly AddFile[],
  run: Run,
  { survey, night }: RecomputeOptions,
): Promise<Map<AlertId, Row>> {
  const rows = new Map<AlertId, Row>();
  await addNewest(rows, science, own, run, survey);
  const ids = new Set(rows.keys());
  await addNewest(rows, updates, filesOf(updates, night), run, survey);
  for (const id of rows.keys()) if (!ids.has(id)) rows.delete(id);
  return rows;
}

async function addNewest(
  rows: Map<AlertId, Row>,
  table: LakeTable,
  files: readonly AddFile[],
  run: Run,
  survey: Survey,
): Promise<void> {
  for (const add of files) {
    const { ids, revisions } = await run("states", {
      survey,
      file: join(table.path, add.path),
      which: "all",
    });
    ids.forEach((id, i) => {
      if ((rows.get(id)?.revision ?? -1) <= revisions[i])
        rows.set(id, { table, add, revision: revisions[i] });
    });
  }
}

function filesOf(table: LakeTable, night: number): AddFile[] {
  return [...table.snapshot.files.values()].filter((add) => nightOf(add) === night);
}

async function compute(missing: ReadonlyMap<AlertId, Row>, task: Task): Promise<void> {
  await (task.modules === null ? computeAll : computeSome)(missing, task);
}

async function computeAll(missing: ReadonlyMap<AlertId, Row>, task: Task): Promise<void> {
  const { survey, night, run, done } = task;
  const { raw, science } = task.tables;
  const files = filesOf(raw, night);
  await each(files, task, async ({ path }) => {
    const ids = await run("ids", { survey, file: join(raw.path, path) });
    const rows = [...ids.keys()].filter(
      (row) => missing.has(ids[row]) && !done.ids.has(ids[row]) && (done.ids.add(ids[row]), true),
    );
    if (rows.length === 0) return;
    const revisions = Int32Array.from(rows, (row) => (missing.get(ids[row])?.revision ?? 0) + 1);
    const { file, outcomes } = await run("compute", {
      survey,
      raw: raw.path,
      path,
      night,
      schema: science.snapshot.schema,
      rows,
      revisions,
    });
    await done.add([file], [], outcomes);
  });
}

async function computeSome(missing: ReadonlyMap<AlertId, Row>, task: Task): Promise<void> {
  const { survey, night, modules, run, done } = task;
  const { raw, science } = task.tables;
  const byFile = [...Map.groupBy(missing, ([, { add }]) => add.path).values()];
  await each(byFile, task, async (rows) => {
    const [[, { table, add }]] = rows;
    const part = {
      file: join(table.path, add.path),
      paths: rawsOf(add, raw, survey),
      ids: alertIds(rows.map(([id]) => id)),
    };
    const job = {
      survey,
      night,
      parts: [part],
      raw: raw.path,
      schema: science.snapshot.schema,
      modules: modules ?? [],
      which: "all" as const,
    };
    const { files, revisions, outcomes } = await run("again", job);
    await done.add(
      files,
      revisions.map(([id]) => id),
      outcomes,
    );
  });
}

async function each<T>(
  all: readonly T[],
  { night, signal, progress, done }: Task,
  work: (one: T) => Promise<void>,
): Promise<void> {
  for (let i = 0; i < all.length; i += filesAtOnce) {
    if (signal.aborted) throw new FinkError("usage", `stopped; night ${night} is as it was`);
    progress(i, all.length, done.ids.size);
    await Promise.all(all.slice(i, i + filesAtOnce).map(work));
  }
  progress(all.length, all.length, done.ids.size);
}

/**
 * Takes the night's updates away, which are older than its rows now. Those that the service made
 * since the rows were read know what the rows do not: they are computed anew, as updates of the
 * next revision. The position refuses what the service computes just now from the rows that were,
 * and is compared here too.
 */
async function replaceUpdates(task: Task, since: number): Promise<void> {
  const { survey, night, tables, run } = task;
  const { updates } = tables;
  for (;;) {
    for (const table of Object.values(tables)) table.refresh();
    if (updates.snapshot.version < 0) return;
    const from = updates.snapshot.positions.get(updatesPosition) ?? null;
    const remove = filesOf(updates, night).map(({ path }) => path);
    const late = new Map<AlertId, Row>();
    // of the log, because compaction may have merged them into rows that are gone
    await addNewest(
      late,
      updates,
      changesAfter(updates, since, Infinity).files.filter((add) => nightOf(add) === night),
      run,
      survey,
    );
    const done = new Done(updates);
    try {
      await compute(late, { ...task, done });
      const positions = new Map([[updatesPosition, { from, to: (from ?? 0) + 1 }]]);
      updates.commit({
        operation: "science run",
        add: done.files,
        remove,
        schema: done.schema,
        positions,
      });
      return;
    } catch (error) {
      discard(updates.path, done.files);
      if (!(error instanceof FinkError && error.code === "fenced")) throw error;
    }
  }
}
