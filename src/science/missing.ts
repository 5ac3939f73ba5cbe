import { existsSync, readdirSync, statSync } from "node:fs";
import { basename, dirname } from "node:path";
import { didYouMean } from "../config/nearest.ts";
import { type ErrorCode, FinkError } from "../errors.ts";

export function missingColumn(path: string, paths: Iterable<string>): FinkError {
  return new FinkError("schema", `there is no column ${path}${didYouMean(path, paths)}`);
}

/** Throws `code` for a file that is not there. */
export function checkFile(path: string, code: ErrorCode): void {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found?.isFile()) return;
  if (found) throw new FinkError(code, `${path} is no file`);
  const folder = dirname(path);
  const names = existsSync(folder) ? readdirSync(folder) : [];
  throw new FinkError(code, `there is no file ${path}${didYouMean(basename(path), names)}`);
}
