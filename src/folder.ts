import { mkdirSync, statSync } from "node:fs";
import { dirname } from "node:path";

/** Makes the folder and those above it. Node's recursive mkdir never returns where the file system answers "no such file" to a mkdir, as /proc does. */
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
