import { randomUUID } from "node:crypto";
import { closeSync, fsyncSync, linkSync, openSync, renameSync, rmSync, writeSync } from "node:fs";
import { open, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { makeFolder } from "../folder.ts";

/**
 * The steps after which something is safe. Tests kill the process right before and after each:
 * FINK_CRASH_AT=`before:data-file:3` sends SIGKILL before the third data file is written.
 */
export type DurableStep = "data-file" | "log-entry" | "source-told";

const crash = /^(before|after):([a-z-]+):(\d+)$/.exec(process.env["FINK_CRASH_AT"] ?? "");
let crashCount = 0;

export function atStep(when: "before" | "after", step: DurableStep): void {
  if (!crash || crash[1] !== when || crash[2] !== step) return;
  if (++crashCount === Number(crash[3])) process.kill(process.pid, "SIGKILL");
}

/**
 * Writes a new file and its folder's entry to the disk. A crash before the end leaves a file
 * nothing refers to.
 */
export async function writeNewFile(path: string, bytes: Uint8Array): Promise<void> {
  atStep("before", "data-file");
  makeFolder(dirname(path));
  try {
    await writeFile(path, bytes, { flag: "wx", flush: true });
    await syncFolder(dirname(path));
  } catch (error) {
    await rm(path, { force: true });
    throw error;
  }
  atStep("after", "data-file");
}

/** Puts a whole file under a name nobody took yet. False: somebody was first. */
export function createWhole(path: string, bytes: Uint8Array): boolean {
  const temporary = join(dirname(path), `.${randomUUID()}.tmp`);
  try {
    writeSynced(temporary, bytes);
    atStep("before", "log-entry");
    // the commit: before this line nothing happened, after it everything did
    linkSync(temporary, path);
    atStep("after", "log-entry");
  } catch (error) {
    rmSync(temporary, { force: true });
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
  try {
    rmSync(temporary);
    syncPath(dirname(path));
  } catch {
    // It is there and counts: who took it for failed would remove the files it names. The next
    // entry's sync covers it.
  }
  return true;
}

/** Replaces a file whole; readers see the old or the new one. */
export function replaceWhole(path: string, bytes: Uint8Array): void {
  const temporary = join(dirname(path), `.${randomUUID()}.tmp`);
  try {
    writeSynced(temporary, bytes);
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
  syncPath(dirname(path));
}

function writeSynced(path: string, bytes: Uint8Array): void {
  const file = openSync(path, "wx");
  try {
    for (let done = 0; done < bytes.length;) done += writeSync(file, bytes, done);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** Brings a file's content, or a folder's entries, to the disk. */
export function syncPath(path: string): void {
  const opened = openSync(path, "r");
  try {
    fsyncSync(opened);
  } finally {
    closeSync(opened);
  }
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
