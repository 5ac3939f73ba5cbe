import { readdirSync, rmSync, statSync } from "node:fs";
import { join, relative } from "node:path";
import type { Snapshot } from "./actions.ts";
import {
  checkpointPath,
  checkpointVersions,
  entryPath,
  entryVersions,
  isWholeCheckpoint,
  logFolder,
} from "./log.ts";
import { scratchFolder } from "./tables.ts";
import { LakeTable } from "./table.ts";

export interface VacuumOptions {
  /** What a snapshot within this time needs is kept. */
  readonly keepDays: number;
  readonly dryRun?: boolean;
}

export interface Vacuumed {
  /** Paths below the table (or scratch) folder that were, or with `dryRun` would be, deleted. */
  readonly deleted: readonly string[];
  readonly bytes: number;
}

const dayMs = 86_400_000;

/**
 * A file that no log entry names yet may be one that is being written, or waits for its commit: it
 * is kept for a day at least.
 */
const settledAfterMs = dayMs;

/**
 * Deletes the table's files that no reader of a snapshot within `keepDays` can need: data files
 * that were replaced before, files that were never committed, and log entries that a checkpoint
 * from before makes needless.
 */
export function vacuumTable(
  path: string,
  { keepDays, dryRun = false }: VacuumOptions,
  now = Date.now(),
): Vacuumed {
  const table = new LakeTable(path);
  table.checkWritable();
  const keepSince = now - keepDays * dayMs;
  const settledBefore = Math.min(keepSince, now - settledAfterMs);
  // the one that a vacuum after `keepDays` goes by; none on a full disk
  if (!dryRun) table.tryCheckpoint();
  const data = filesBelow(path).filter((file) =>
    isDataUnneeded(file, table.snapshot, keepSince, settledBefore),
  );
  return remove(path, [...data, ...unneededLog(path, settledBefore)], dryRun);
}

/** Deletes what upkeep that was killed has left behind. */
export function vacuumScratch(
  lake: string,
  { dryRun = false }: Pick<VacuumOptions, "dryRun"> = {},
  now = Date.now(),
): Vacuumed {
  const folder = scratchFolder(lake);
  const left = filesBelow(folder).filter(({ changedAt }) => changedAt < now - settledAfterMs);
  return remove(folder, left, dryRun);
}

interface FoundFile {
  /** Relative to the folder. */
  readonly path: string;
  readonly size: number;
  /** ms since 1970. */
  readonly changedAt: number;
}

function isDataUnneeded(
  { path, changedAt }: FoundFile,
  { files, removed }: Snapshot,
  keepSince: number,
  settledBefore: number,
): boolean {
  if (path.startsWith("_delta_log") || files.has(path)) return false;
  const tombstone = removed.get(path);
  return tombstone ? tombstone.deletionTimestamp < keepSince : changedAt < settledBefore;
}

/**
 * Entries and checkpoints below the newest checkpoint that is old enough, and temporary files of
 * commits that were cut off.
 */
function unneededLog(table: string, settledBefore: number): FoundFile[] {
  const found = filesBelow(logFolder(table)).map((file) => ({
    ...file,
    path: join("_delta_log", file.path),
  }));
  const old = new Set(
    found.filter((file) => file.changedAt < settledBefore).map((file) => file.path),
  );
  const inTable = (path: string) => relative(table, path);
  // entries go only below one that can be read
  const isBase = (path: string) => old.has(inTable(path)) && isWholeCheckpoint(path);
  const base = checkpointVersions(table).findLast((v) => isBase(checkpointPath(table, v))) ?? -1;
  const before = (versions: readonly number[], pathOf: typeof entryPath) =>
    versions.flatMap((v) => (v < base ? [inTable(pathOf(table, v))] : []));
  const superseded = new Set([
    ...before(entryVersions(table), entryPath),
    ...before(checkpointVersions(table), checkpointPath),
  ]);
  return found.filter(
    ({ path }) => superseded.has(path) || (path.endsWith(".tmp") && old.has(path)),
  );
}

function remove(folder: string, files: readonly FoundFile[], dryRun: boolean): Vacuumed {
  if (!dryRun) for (const { path } of files) rmSync(join(folder, path), { force: true });
  return {
    deleted: files.map(({ path }) => path),
    bytes: files.reduce((sum, { size }) => sum + size, 0),
  };
}

/**
 * By name, so that log entries go oldest first: what is left after a crash has no gap. A file that
 * vanishes meanwhile is not there.
 */
function filesBelow(folder: string): FoundFile[] {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  const found = entries.flatMap((entry) => {
    if (!entry.isFile()) return [];
    const path = join(entry.parentPath, entry.name);
    const found = statSync(path, { throwIfNoEntry: false });
    return found
      ? [{ path: relative(folder, path), size: found.size, changedAt: found.mtimeMs }]
      : [];
  });
  return found.sort((a, b) => (a.path < b.path ? -1 : 1));
}
