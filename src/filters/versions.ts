import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { extname, join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { z } from "zod";
import { didYouMean } from "../config/nearest.ts";
import { FinkError, messageOf } from "../errors.ts";
import { makeFolder } from "../folder.ts";
import { createWhole } from "../lake/durable.ts";
import type { Filter } from "./filter.ts";

const keptSchema = z
  .object({
    name: z.string(),
    survey: z.string(),
    description: z.string(),
    owner: z.string(),
    deliver: z.array(z.string()).readonly(),
    columns: z.array(z.string()).readonly().nullable(),
    topic: z.string(),
    keptAt: z.number().describe("When its text was kept: ms since 1970"),
  })
  .readonly();

/**
 * One version of a filter, as delivery needs it. It is kept beside the version's text, so that
 * delivery need not load the filter.
 */
export type KeptFilter = z.output<typeof keptSchema>;

/**
 * Reads a `<n>.json`. Throws "filter" for what is none: the file was cut off, or somebody else
 * wrote it.
 */
export function readKept(file: string): KeptFilter {
  try {
    return keptSchema.parse(JSON.parse(readFileSync(file, "utf8")));
  } catch (error) {
    const why =
      error instanceof z.ZodError
        ? `${error.issues[0].path.join(".") || "it"}: ${error.issues[0].message}`
        : messageOf(error);
    throw new FinkError("filter", `${file} is damaged (${why}): remove it.`, error);
  }
}

type FilterId = Pick<Filter, "survey" | "name">;
type Versioned = Omit<Filter, "version">;

/** The folder with everything Fink keeps about filters. */
export function filtersFolder(lake: string): string {
  return join(lake, ".fink", "filters");
}

/** The folder with a filter's versions. */
export function versionsFolder(lake: string, { survey, name }: FilterId): string {
  return join(filtersFolder(lake), "versions", survey, name);
}

/**
 * The versions that filters have had: `<lake>/.fink/filters/versions/<survey>/<name>/<n>.sql` (or
 * `.ts`) is the text, `<n>.json` a `KeptFilter`.
 */
export class Versions {
  readonly #lake: string;

  constructor(lake: string) {
    this.#lake = lake;
  }

  /** The filter's number; 0: this version is not kept, it has never run. */
  known(filter: Versioned): number {
    const last = this.#last(filter);
    if (
      last === 0 ||
      !existsSync(this.#text(filter, last)) ||
      readFileSync(this.#text(filter, last), "utf8") !== filter.text
    )
      return 0;
    const about = this.#about(filter, last);
    // A .ts filter can import its description, which may then change while its text stays.
    return !existsSync(about) || isSame(about, filter) ? last : 0;
  }

  /**
   * The same, and keeps a filter that is not the last version as the next one. The text takes the
   * number; a crash before `<n>.json` is made up for by the next call. Both are there before a
   * match carries the number.
   */
  keep(filter: Versioned): number {
    for (;;) {
      const number = this.known(filter) || this.#last(filter) + 1;
      const text = this.#text(filter, number);
      makeFolder(versionsFolder(this.#lake, filter));
      // another process took the number
      if (!existsSync(text) && !createWhole(text, Buffer.from(filter.text))) continue;
      const about = this.#about(filter, number);
      if (
        existsSync(about) ||
        createWhole(about, Buffer.from(JSON.stringify(keptOf(filter, textKeptAt(text)), null, 1)))
      )
        return number;
    }
  }

  /** The file with the text of version n. Throws "usage" where it is not kept. */
  file(filter: FilterId, version: number): string {
    const texts = this.#files(filter).filter((name) => extname(name) !== ".json");
    const found = texts.find((name) => numberOf(name) === version);
    if (found) return join(versionsFolder(this.#lake, filter), found);
    const numbers = texts.map((name) => String(numberOf(name)));
    const others =
      didYouMean(String(version), numbers) || `; there are ${numbers.join(", ") || "none"}`;
    throw new FinkError("usage", `no version ${version} of ${filter.name} is kept${others}`);
  }

  #text(filter: Versioned, version: number): string {
    return join(versionsFolder(this.#lake, filter), `${version}${extname(filter.file)}`);
  }

  #about(filter: FilterId, version: number): string {
    return join(versionsFolder(this.#lake, filter), `${version}.json`);
  }

  #last(filter: FilterId): number {
    return Math.max(0, ...this.#files(filter).map(numberOf));
  }

  #files(filter: FilterId): string[] {
    const folder = versionsFolder(this.#lake, filter);
    return existsSync(folder)
      ? readdirSync(folder).filter((one) => /^\d+\.(sql|ts|json)$/.test(one))
      : [];
  }
}

function numberOf(file: string): number {
  return Number.parseInt(file, 10);
}

/** When a text was kept. An older Fink kept texts alone, so that the file's time has to tell. */
export function textKeptAt(text: string): number {
  return Math.round(statSync(text).mtimeMs);
}

function keptOf(
  { name, survey, description, owner, deliver, columns, topic }: Versioned,
  keptAt: number,
): KeptFilter {
  return { name, survey, description, owner, deliver, columns, topic, keptAt };
}

/** False for a damaged description: the filter is kept as the next version then. */
function isSame(about: string, filter: Versioned): boolean {
  try {
    return isDeepStrictEqual({ ...readKept(about), keptAt: 0 }, keptOf(filter, 0));
  } catch {
    return false;
  }
}
