import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { FinkError } from "../errors.ts";
import { listAlertFiles } from "../sources/file-list.ts";

/**
 * Folders with schemas (`<id>.avsc`) of alert files: those the files are in, and the folders above
 * these. `chosen`: the folder that is asked first. Throws FinkError "schema" when two of the others
 * give one id to different schemas.
 */
export function foldersOfSchemas(paths: readonly string[], chosen: string): string[] {
  const { alerts } = listAlertFiles(paths);
  const folders = new Set(alerts.map(({ realPath }) => dirname(realPath)));
  for (const folder of Array.from(folders, (folder) => dirname(folder))) folders.add(folder);
  const first = new Map<string, string>();
  return [...folders].filter((folder) => {
    const schemas = schemasIn(folder);
    for (const name of schemas) {
      const other = first.get(name);
      if (other === undefined) first.set(name, folder);
      else if (
        !isSame(join(other, name), join(folder, name)) &&
        !(chosen !== "" && existsSync(join(chosen, name)))
      ) {
        throw new FinkError(
          "schema",
          `${join(other, name)} and ${join(folder, name)} are different schemas of one id. Name the folder of the right one with --schemas`,
        );
      }
    }
    return schemas.length > 0;
  });
}

/** A folder that may not be listed has none: its files are named when they are read. */
function schemasIn(folder: string): string[] {
  try {
    return readdirSync(folder).filter((name) => /^\d+\.avsc$/.test(name));
  } catch {
    return [];
  }
}

function isSame(one: string, other: string): boolean {
  return readFileSync(one).equals(readFileSync(other));
}
