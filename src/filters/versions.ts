import { existsSync, readdirSync, readFileSync } from "node:fs";
import { extname, join } from "node:path";
import { didYouMean } from "../config/nearest.ts";
import { FinkError } from "../errors.ts";
import { makeFolder } from "../folder.ts";
import { createWhole } from "../lake/durable.ts";
import type { Filter } from "./filter.ts";

type Named = Pick<Filter, "survey" | "name" | "file" | "text">;

/** What is kept of filters: in `<lake>/.fink/filters`. */
export function filtersFolder(lake: string): string {
  return join(lake, ".fink", "filters");
}

/** The texts that filters have had: `<lake>/.fink/filters/versions/<survey>/<name>/<n>.sql`. */
export class Versions {
  readonly #folder: string;

  constructor(lake: string) {
    this.#folder = join(filtersFolder(lake), "versions");
  }

  /** The filter's number; 0: its text is not kept, it has never run. */
  known(filter: Named): number {
    const last = this.#last(filter);
    return last > 0 && readFileSync(this.#fileOf(filter, last), "utf8") === filter.text ? last : 0;
  }

  /** The same, and keeps a text that is not the last one as the next version. */
  keep(filter: Named): number {
    for (;;) {
      const known = this.known(filter);
      if (known > 0) return known;
      const next = this.#last(filter) + 1;
      const file = this.#fileOf(filter, next);
      makeFolder(join(file, ".."));
      if (createWhole(file, Buffer.from(filter.text))) return next;
    }
  }

  /** The file of version n. Throws "usage" where it is not kept. */
  file(filter: Pick<Filter, "survey" | "name">, version: number): string {
    const kept = this.#kept(filter);
    const found = kept.find((name) => Number.parseInt(name, 10) === version);
    if (found) return join(this.#folder, filter.survey, filter.name, found);
    const numbers = kept.map((name) => String(Number.parseInt(name, 10)));
    const others = didYouMean(String(version), numbers) || `; there are ${numbers.join(", ") || "none"}`;
    throw new FinkError("usage", `no version ${version} of ${filter.name} is kept${others}`);
  }

  #fileOf({ survey, name, file }: Named, version: number): string {
    return join(this.#folder, survey, name, `${version}${extname(file)}`);
  }

  #last(filter: Named): number {
    const own = this.#kept(filter).filter((name) => extname(name) === extname(filter.file));
    return Math.max(0, ...own.map((name) => Number.parseInt(name, 10)));
  }

  #kept({ survey, name }: Pick<Filter, "survey" | "name">): string[] {
    const folder = join(this.#folder, survey, name);
    return existsSync(folder) ? readdirSync(folder).filter((one) => /^\d+\.(sql|ts)$/.test(one)) : [];
  }
}
