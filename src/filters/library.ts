import { join } from "node:path";
import { didYouMean } from "../config/nearest.ts";
import { projectFolder } from "../config/load.ts";
import { FinkError } from "../errors.ts";
import { filterFiles } from "./load.ts";

/** A file that is a filter, or wants to be one. */
export interface FilterFile {
  readonly survey: string;
  readonly name: string;
  readonly file: string;
}

/**
 * The shipped filters and those of a folder, one per survey and name: a user's takes the place of a
 * shipped one.
 */
export function allFilterFiles(
  folder: string,
  { shipped = true }: { readonly shipped?: boolean } = {},
): FilterFile[] {
  const byName = new Map<string, FilterFile>();
  for (const { survey, file } of [
    ...(shipped ? filterFiles(join(projectFolder, "filters")) : []),
    ...filterFiles(folder),
  ]) {
    const name = file.slice(file.lastIndexOf("/") + 1).replace(/\.(sql|ts)$/, "");
    byName.set(`${survey}/${name}`, { survey, name, file });
  }
  return [...byName.values()];
}

/** The file of `name` or `survey/name`. Throws "usage" where there is none, or more than one. */
export function filterFileNamed(name: string, folder: string, survey?: string): FilterFile {
  const all = allFilterFiles(folder);
  const found = all.filter(
    (one) =>
      (name === one.name || name === `${one.survey}/${one.name}`) &&
      (survey ?? one.survey) === one.survey,
  );
  if (found.length === 1) return found[0];
  if (found.length > 1)
    throw new FinkError(
      "usage",
      `there are ${found.map((one) => `${one.survey}/${one.name}`).join(" and ")}: say which`,
    );
  const names = all.map((one) => one.name);
  throw new FinkError(
    "usage",
    `there is no filter ${name}${didYouMean(name, names) || `; see ./fink filter list, or name a file`}`,
  );
}
