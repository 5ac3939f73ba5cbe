import { join } from "node:path";
import type { Data, Struct } from "apache-arrow";
import { encodeFile, type EncodedFile, writeFiles } from "../archive/files.ts";
import { kept } from "../kept.ts";
import type { AddFile } from "../lake/actions.ts";
import { conform } from "../lake/conform.ts";
import { mayShareAlerts } from "../lake/merge-stats.ts";
import { discard } from "../lake/rewrite.ts";
import { isOvertaken, LakeTable } from "../lake/table.ts";
import { type AlertId, type AlertIds, hasNoId } from "../surveys/alert-id.ts";
import type { Survey } from "../surveys/definition.ts";
import { waitingIn } from "./again.ts";
import { idsOf, pendingTag, rawTag } from "./compute.ts";
import { type FirstCopy, firstCopies } from "./copies.ts";
import { idPaths, idsIn } from "./keys.ts";
import { sortedIds } from "./night-ids.ts";
import { openAlertFile } from "./parquet.ts";
import { publishedAt } from "./rows.ts";
import { take } from "./take.ts";
import { nightOf } from "./updates.ts";

/** Tables in which an alert, or one revision of it, has one row. */
export const repairedKinds = ["science", "science_updates"] as const;

export interface RepairOptions {
  readonly signal: AbortSignal;
  progress(done: number, of: number): void;
}

export interface Repaired {
  /** Nights that had doubled rows. */
  readonly nights: number;
  /** Rows that were taken away. */
  readonly rows: number;
}

/**
 * Takes away doubled rows of a science table, night by night, each in one commit. Services may run
 * meanwhile: where one replaced files first, the night is looked at again. A crash before a commit
 * leaves files that nothing refers to; after it the night is done. The commit says that rows are
 * gone and none is new, so that statistics are counted again and filters do not run.
 */
export async function repairTable(
  lake: string,
  survey: Survey,
  kind: (typeof repairedKinds)[number],
  { signal, progress }: RepairOptions,
): Promise<Repaired> {
  const [raw, table] = [
    new LakeTable(join(lake, survey.name, "raw")),
    new LakeTable(join(lake, survey.name, kind)),
  ];
  const nights = [...new Set([...table.snapshot.files.values()].map(nightOf))];
  const done = { nights: 0, rows: 0 };
  for (const [i, night] of nights.entries()) {
    if (signal.aborted) break;
    progress(i, nights.length);
    const rows = await repairNight(raw, table, survey, night);
    done.rows += rows;
    done.nights += rows > 0 ? 1 : 0;
  }
  return done;
}

async function repairNight(
  raw: LakeTable,
  table: LakeTable,
  survey: Survey,
  night: number | null,
): Promise<number> {
  for (;;) {
    raw.refresh();
    table.refresh();
    const own = [...table.snapshot.files.values()].filter((add) => nightOf(add) === night);
    const doubled = await doubledRows(table, own, survey);
    if (doubled.length === 0) return 0;
    const superfluous = await superfluousRows(raw, doubled, survey);
    const files = await Promise.all(
      [...superfluous].map(([add, rows]) => withoutRows(table, add, rows, survey)),
    );
    const written = await writeFiles(files.flat(), table.path);
    try {
      table.commit({
        operation: "repair",
        add: written.files,
        remove: [...superfluous.keys()].map(({ path }) => path),
        removesRows: true,
      });
      return [...superfluous.values()].reduce((sum, rows) => sum + rows.size, 0);
    } catch (error) {
      discard(table.path, written.files);
      if (!isOvertaken(error)) throw error;
    }
  }
}

interface StoredRow {
  readonly id: AlertId;
  readonly add: AddFile;
  readonly row: number;
  readonly revision: number;
  /** µs since 1970; 0: not known. */
  readonly publishedAt: bigint;
}

/**
 * Rows of the same alert and, in `science_updates`, of the same revision: those of each alert
 * together.
 */
async function doubledRows(
  table: LakeTable,
  files: readonly AddFile[],
  survey: Survey,
): Promise<StoredRow[][]> {
  const isUpdates = table.path.endsWith("_updates");
  const parts: AlertIds[] = [];
  for (const add of files) parts.push(await idsOf({ survey, file: join(table.path, add.path) }));
  const sorted = sortedIds(parts);
  const twice = new Set(
    [...sorted.keys()]
      .filter((i) => i > 0 && sorted[i] === sorted[i - 1] && !hasNoId(sorted[i]))
      .map((i) => sorted[i]),
  );
  if (twice.size === 0) return [];
  const rows = new Map<string, StoredRow[]>();
  for (const add of files) {
    const file = await openAlertFile(join(table.path, add.path));
    const alerts = await file.read([...idPaths(survey, file), "_revision", publishedAt]);
    const [revisions, times] = [alerts.numbers("_revision"), alerts.longs(publishedAt)];
    for (const [row, id] of idsIn(alerts, survey).entries()) {
      if (!twice.has(id)) continue;
      const of = kept(rows, isUpdates ? `${id} ${revisions[row]}` : String(id), () => []);
      of.push({ id, add, row, revision: revisions[row], publishedAt: times[row] });
    }
  }
  return [...rows.values()].filter(({ length }) => length > 1);
}

/**
 * By file the rows that go. Of each alert the newest revision stays; of its copies that computed
 * from what the view `alerts` shows.
 */
async function superfluousRows(
  raw: LakeTable,
  doubled: readonly StoredRow[][],
  survey: Survey,
): Promise<Map<AddFile, Set<number>>> {
  const ids = new Set(doubled.map(([{ id }]) => id));
  const files = new Set(doubled.flat().map(({ add }) => add));
  const paths = [...raw.snapshot.files.values()]
    .filter((file) => [...files].some((add) => mayShareAlerts(file, add, survey)))
    .map(({ path }) => path);
  const first = await firstCopies(
    ids,
    paths,
    (path) => openAlertFile(join(raw.path, path)),
    survey,
  );
  const superfluous = new Map<AddFile, Set<number>>();
  for (const rows of doubled) {
    const [, ...others] = rows.toSorted(
      (a, b) => b.revision - a.revision || likeness(b, first) - likeness(a, first),
    );
    for (const { add, row } of others) kept(superfluous, add, () => new Set()).add(row);
  }
  return superfluous;
}

/**
 * How surely a row was computed from the copy that is shown: 2, its file says so; 1, the copy was
 * published at the same time.
 */
function likeness(
  { id, add, publishedAt: at }: StoredRow,
  first: ReadonlyMap<AlertId, FirstCopy>,
): number {
  const copy = first.get(id);
  if (copy === undefined) return 0;
  return add.tags?.[rawTag] === copy.path ? 2 : Number(copy.publishedAt === at);
}

/** The file without these rows: none, one, or more where it is large. */
async function withoutRows(
  table: LakeTable,
  add: AddFile,
  rows: ReadonlySet<number>,
  survey: Survey,
): Promise<EncodedFile[]> {
  const files: EncodedFile[] = [];
  let first = 0;
  for (const part of await (await openAlertFile(join(table.path, add.path))).rows()) {
    const from = first;
    const left = Array.from({ length: part.length }, (_, row) => row).filter(
      (row) => !rows.has(from + row),
    );
    first += part.length;
    if (left.length === 0) continue;
    const stored = conform(take(part, left) as Data<Struct>, table.snapshot.schema);
    files.push(
      encodeFile(stored, nightOf(add), survey, {
        ...(add.tags?.[rawTag] !== undefined && { [rawTag]: add.tags[rawTag] }),
        [pendingTag]: String(waitingIn(stored)),
      }),
    );
  }
  return files;
}
