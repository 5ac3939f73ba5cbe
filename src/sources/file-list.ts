import { type Dirent, readdirSync, realpathSync, statSync, type Stats } from "node:fs";
import { FinkError, messageOf } from "../errors.ts";
import { alertFileFormat, unpackAdvice } from "./file-format.ts";

/** A file as it was when it was listed. */
export interface ListedFile {
  /** As given, or the folder as given and the path below it. */
  readonly path: string;
  /** The same for every spelling and link. */
  readonly realPath: string;
  readonly bytes: number;
  readonly modifiedMs: number;
}

export interface FileList {
  /** Avro containers, single messages and archives of them. */
  readonly alerts: ListedFile[];
  readonly parquet: ListedFile[];
  /** Why files cannot be read that may hold alerts, and what to do. */
  readonly unreadable: string[];
  /** Number of other files; schemas (`.avsc`) do not count. */
  readonly skipped: number;
}

/**
 * The files of the given paths, folders walked in the order of their names; each file once. In
 * folders, logs of tables and names that begin with a dot or end as files do that are still being
 * written are passed over.
 */
export function listAlertFiles(paths: readonly string[]): FileList {
  const files = new Map<string, ListedFile>();
  for (const path of paths) {
    for (const file of walk(path, new Set()))
      if (!files.has(file.realPath)) files.set(file.realPath, file);
  }
  // schemas lie beside alerts, and are read by id
  const all = [...files.values()].filter((file) => !/\.avsc$/i.test(file.path));
  const alerts = all.filter((file) => alertFileFormat(file.path) !== null);
  const parquet = all.filter((file) => /\.parquet$/i.test(file.path));
  const unreadable = all.flatMap((file) => unpackAdvice(file.path) ?? []);
  return {
    alerts,
    parquet,
    unreadable,
    skipped: all.length - alerts.length - parquet.length - unreadable.length,
  };
}

/** `folders` are those this path lies in: a link back to one of them would never end. */
function* walk(path: string, folders: ReadonlySet<string>): Generator<ListedFile> {
  const found = look(path, folders.size === 0);
  if (!found) return;
  const [stats, realPath] = found;
  if (stats.isFile()) yield { path, realPath, bytes: stats.size, modifiedMs: stats.mtimeMs };
  if (!stats.isDirectory() || folders.has(realPath)) return;
  for (const name of namesIn(path)) {
    yield* walk(
      path.endsWith("/") ? path + name : `${path}/${name}`,
      new Set(folders).add(realPath),
    );
  }
}

/**
 * A path that was given must exist; a file below it may have gone since its folder was read, or be
 * a link to nowhere.
 */
function look(path: string, mustExist: boolean): [Stats, realPath: string] | null {
  try {
    return [statSync(path), realpathSync.native(path)];
  } catch (cause) {
    if (!mustExist && (cause as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw unreadable(path, cause);
  }
}

function namesIn(folder: string): string[] {
  let entries: Dirent[];
  try {
    entries = readdirSync(folder, { withFileTypes: true });
  } catch (cause) {
    throw unreadable(folder, cause);
  }
  return entries
    .map((entry) => entry.name)
    .filter((name) => !/^(\.|_delta_log$)|\.(tmp|part)$/.test(name))
    .sort();
}

/** Why a file or folder cannot be read, and what to do. */
export function unreadable(path: string, cause: unknown): FinkError {
  const code = (cause as NodeJS.ErrnoException).code;
  if (code === "ENOENT")
    return new FinkError(
      "io",
      `${path} does not exist; give the path of a file or folder of alerts`,
      cause,
    );
  if (code === "EACCES")
    return new FinkError(
      "io",
      `${path} may not be read by this user; change its permissions`,
      cause,
    );
  return new FinkError(
    "io",
    `${path} cannot be read to its end: ${messageOf(cause)}; is it complete?`,
    cause,
  );
}
