import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { FinkError } from "../errors.ts";

/** What `catalogue.json` says. It is written last: a catalogue is what it names. */
export interface CatalogueInfo {
  readonly name: string;
  /**
   * Day on which it was added, and a hash of its files and of how they were read: rows of `science`
   * name it.
   */
  readonly edition: string;
  /**
   * Parquet, beside the JSON: `ra`, `dec` in degrees, `hpx12`, `pm_ra`, `pm_dec` in mas/year where
   * it has them, then the kept columns; sorted by `hpx12`.
   */
  readonly file: string;
  readonly rows: number;
  /** Rows without a usable position. */
  readonly leftOut: number;
  /** Within which it is matched unless something else is asked for. */
  readonly radiusArcsec: number;
  readonly keep: readonly string[];
  /** What each kept column is: a 64-bit integer, another number or a boolean (0, 1), or text. */
  readonly types: readonly KeptType[];
  /** Julian year of the positions; null: they do not move. */
  readonly epochYear: number | null;
  readonly sources: readonly string[];
  readonly addedAt: string;
}

export type KeptType = "long" | "double" | "string";

export const ownColumns = ["ra", "dec", "hpx12", "pm_ra", "pm_dec"];

export function cataloguesFolder(lake: string): string {
  return join(lake, "catalogues");
}

export function catalogueFolder(lake: string, name: string): string {
  return join(cataloguesFolder(lake), name);
}

/** The catalogues of a lake by name. */
export function cataloguesIn(lake: string): CatalogueInfo[] {
  return catalogueNames(lake).map((name) => catalogueInfo(lake, name));
}

export function catalogueNames(lake: string): string[] {
  const folder = cataloguesFolder(lake);
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .sort()
    .filter((name) => existsSync(infoFile(lake, name)));
}

export function catalogueInfo(lake: string, name: string): CatalogueInfo {
  const file = infoFile(lake, name);
  try {
    return JSON.parse(readFileSync(file, "utf8")) as CatalogueInfo;
  } catch (cause) {
    throw new FinkError(
      "lake",
      `${file} is damaged: delete the folder ${catalogueFolder(lake, name)} and add the catalogue again with ./fink catalog add`,
      cause,
    );
  }
}

function infoFile(lake: string, name: string): string {
  return join(catalogueFolder(lake, name), "catalogue.json");
}
