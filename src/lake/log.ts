import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { FinkError, messageOf } from "../errors.ts";
import { type Action, Replay } from "./actions.ts";
import { readCheckpoint } from "./checkpoint.ts";
import { checkReadable } from "./protocol.ts";

/** File of one log entry; names sort by version. */
export function entryPath(table: string, version: number): string {
  return join(logFolder(table), `${String(version).padStart(20, "0")}.json`);
}

export function checkpointPath(table: string, version: number): string {
  return join(logFolder(table), `${String(version).padStart(20, "0")}.checkpoint.parquet`);
}

export function logFolder(table: string): string {
  return join(table, "_delta_log");
}

/**
 * Reads the log from its last checkpoint on. Throws FinkError "lake" where it cannot be read, or
 * not by Fink.
 */
export function readLog(table: string): Replay {
  const replay = new Replay();
  readCheckpointAfter(table, replay);
  readOn(table, replay);
  return replay;
}

/** The log up to a version. Throws FinkError "lake" where vacuum has removed what tells of it. */
export function readLogAt(table: string, version: number): Replay {
  const replay = new Replay();
  begin(
    table,
    replay,
    checkpointVersions(table).filter((at) => at <= version),
  );
  while (replay.version < version) {
    const actions = actionsOf(table, replay.version + 1);
    if (!actions)
      throw new FinkError(
        "lake",
        `${table}: there is no version ${version}${replay.version < 0 ? " any more" : ""}`,
      );
    for (const action of actions) replay.apply(action);
    replay.version++;
  }
  checkReadable(table, replay);
  return replay;
}

/** Applies what came since; true when there was anything. */
export function readOn(table: string, replay: Replay): boolean {
  const before = replay.version;
  for (;;) {
    const actions = actionsOf(table, replay.version + 1);
    if (actions) {
      for (const action of actions) replay.apply(action);
      replay.version++;
    } else if (!readCheckpointAfter(table, replay)) {
      checkReadable(table, replay);
      return replay.version > before;
    }
  }
}

/**
 * An entry that is missing below a checkpoint was removed by vacuum: a commit under its name would
 * never be seen.
 */
function readCheckpointAfter(table: string, replay: Replay): boolean {
  const last = lastCheckpoint(table);
  if (last <= replay.version) return false;
  const versions = [
    ...checkpointVersions(table).filter((version) => version > replay.version && version < last),
    last,
  ];
  if (begin(table, replay, versions)) return true;
  if (existsSync(entryPath(table, replay.version + 1))) return false; // the entries are all there
  throw new FinkError(
    "lake",
    `${checkpointPath(table, last)} is damaged, and the log entries before it are gone: restore it from a backup`,
  );
}

/**
 * Starts from the newest of the checkpoints (oldest first) that is whole. False: there is none, and
 * nothing has changed.
 */
function begin(table: string, replay: Replay, versions: readonly number[]): boolean {
  for (const version of versions.toReversed()) {
    const actions = readWhole(checkpointPath(table, version));
    if (!actions) continue;
    replay.clear();
    for (const action of actions) replay.apply(action);
    replay.version = version;
    return true;
  }
  return false;
}

const damaged = new Set<string>();

/** The actions of a checkpoint; null when it is damaged, which is said once. */
function readWhole(path: string): Action[] | null {
  try {
    return [...readCheckpoint(path)];
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    if (!damaged.has(path))
      process.emitWarning(
        `${path} is damaged (${messageOf(error)}). Fink reads the log entries instead; the next checkpoint takes its place`,
      );
    damaged.add(path);
    return null;
  }
}

/** False also where there is none. */
export function isWholeCheckpoint(path: string): boolean {
  return existsSync(path) && readWhole(path) !== null;
}

/** What one entry says; null when it is not there: not yet written, or removed by vacuum. */
export function actionsOf(table: string, version: number): Action[] | null {
  const path = entryPath(table, version);
  const lines = readIfThere(path)?.split("\n");
  return lines?.filter((line) => line.trim() !== "").map((line) => parseAction(line, path)) ?? null;
}

/** Versions whose log entry is there, oldest first. */
export function entryVersions(table: string): number[] {
  return namesIn(table).flatMap((name) =>
    /^\d{20}\.json$/.test(name) ? [Number(name.slice(0, 20))] : [],
  );
}

export function checkpointVersions(table: string): number[] {
  return namesIn(table).flatMap((name) =>
    /^\d{20}\.checkpoint\.parquet$/.test(name) ? [Number(name.slice(0, 20))] : [],
  );
}

/**
 * `_last_checkpoint` is a hint (Delta protocol, "Last Checkpoint File"): without it the folder is
 * listed.
 */
function lastCheckpoint(table: string): number {
  const hint = readIfThere(join(logFolder(table), "_last_checkpoint"));
  if (hint !== null) {
    const { version } = tryJson(hint) as { version?: number };
    if (version !== undefined && existsSync(checkpointPath(table, version))) return version;
  }
  if (existsSync(entryPath(table, 0)) || !existsSync(logFolder(table))) return -1;
  const [first] = entryVersions(table);
  const last = Math.max(-1, ...checkpointVersions(table));
  if (last < 0 && first > 0) {
    throw new FinkError(
      "lake",
      `${table}: its log begins at version ${first}, and there is no checkpoint Fink can read; use the program that wrote it`,
    );
  }
  return last;
}

function namesIn(table: string): string[] {
  return existsSync(logFolder(table)) ? readdirSync(logFolder(table)).sort() : [];
}

function parseAction(line: string, path: string): Action {
  try {
    return JSON.parse(line) as Action;
  } catch (cause) {
    const advice =
      "restore it from a backup, or remove it if it is the last one (its alerts will be read again)";
    throw new FinkError("lake", `log entry ${path} is damaged: ${advice}`, cause);
  }
}

function tryJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return {};
  }
}

function readIfThere(path: string): string | null {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw error;
  }
}
