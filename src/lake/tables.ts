import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { logFolder } from "./log.ts";

/** One table of a lake. */
export interface TableName {
  readonly survey: string;
  /** `raw`, `rejected` … */
  readonly kind: string;
  readonly path: string;
}

/** Every `<lake>/<survey>/<kind>` that has a log, by name. */
export function tablesIn(lake: string): TableName[] {
  const names = foldersIn(lake).flatMap((survey) =>
    foldersIn(join(lake, survey)).map((kind) => ({ survey, kind, path: join(lake, survey, kind) })),
  );
  return names.filter(({ path }) => existsSync(logFolder(path)));
}

/**
 * Where compaction and the like keep what is not yet part of a table; on the same file system as
 * the tables.
 */
export function scratchFolder(lake: string): string {
  return join(lake, ".fink", "tmp");
}

function foldersIn(path: string): string[] {
  if (!existsSync(path)) return [];
  const entries = readdirSync(path, { withFileTypes: true }).filter(
    (e) => (e.isDirectory() || e.isSymbolicLink()) && !e.name.startsWith("."),
  );
  return entries.map((e) => e.name).sort();
}

/** Names of the surveys that have such a table. */
export function surveysWith(lake: string, kind: string): string[] {
  return tablesIn(lake).flatMap((table) => (table.kind === kind ? [table.survey] : []));
}
