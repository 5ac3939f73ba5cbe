import {
  accessSync,
  constants,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
} from "node:fs";
import { hostname, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { isMainThread } from "node:worker_threads";
import { FinkError } from "./errors.ts";

/**
 * Makes the folder and those above it. Node's recursive mkdir never returns where the file system
 * answers "no such file" to a mkdir, as /proc does.
 */
export function makeFolder(path: string): void {
  if (isFolder(path)) return;
  makeFolder(dirname(path));
  try {
    mkdirSync(path);
  } catch (error) {
    if (!isFolder(path)) throw error; // else another process was faster
  }
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

/**
 * True when nothing may be written there: a disk that is mounted read-only, or another user's
 * folder. One that is still to be made counts as the folder above it.
 */
export function isReadOnly(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return false;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return code === "ENOENT" && dirname(path) !== path
      ? isReadOnly(dirname(path))
      : code === "EROFS" || code === "EACCES";
  }
}

/** Throws FinkError "lake" before any work is done for a lake that cannot take it. */
export function requireWritable(lake: string): void {
  if (isReadOnly(lake))
    throw new FinkError(
      "lake",
      `${lake} is read-only: mount it so that this user may write to it, or name another with --lake`,
    );
}

/** Folders in which this process makes temporary ones. */
const swept = new Set<string>();

/** Only what a file's name may hold, and no hyphen, which separates. */
const host = hostname().replace(/[^A-Za-z0-9.]/g, "_");

/**
 * A new folder for temporary files, in the system's folder for them unless another is given. The
 * caller removes it; if it cannot, the end of the process does, and after a SIGKILL the next
 * process of this machine that makes one there. The name holds host and process, so that no running
 * process loses its own.
 */
export function temporaryFolder(purpose: string, within = tmpdir()): string {
  makeFolder(within);
  if (!swept.has(within)) removeIn(within, (pid) => !isRunning(pid));
  if (swept.size === 0 && isMainThread)
    process.once("exit", () =>
      swept.forEach((folder) => removeIn(folder, (pid) => pid === process.pid)),
    );
  swept.add(within);
  return mkdtempSync(join(within, `fink-${purpose}-${host}-${process.pid}-`));
}

/**
 * Removes the temporary folders of some processes. Never throws: what cannot be removed, such as
 * another user's, stays.
 */
function removeIn(within: string, isOf: (pid: number) => boolean): void {
  const ours = new RegExp(`^fink-[a-z]+-${host.replaceAll(".", "\\.")}-(\\d+)-[A-Za-z0-9]{6}$`);
  for (const name of namesIn(within)) {
    const pid = ours.exec(name)?.[1];
    if (pid !== undefined && isOf(Number(pid))) remove(join(within, name));
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM"; // another user's process
  }
}

function remove(path: string): void {
  try {
    rmSync(path, { recursive: true, force: true });
  } catch {
    // it is tried again by the next process
  }
}
