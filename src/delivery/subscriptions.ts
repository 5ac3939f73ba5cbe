import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { didYouMean } from "../config/nearest.ts";
import { messageOf } from "../errors.ts";
import { readHeader } from "../filters/header.ts";
import { allFilterFiles } from "../filters/library.ts";
import { loadFilter } from "../filters/load.ts";
import { parseSelect } from "../filters/parse.ts";
import { filtersFolder } from "../filters/versions.ts";
import type { Subscription } from "./target.ts";

interface Known {
  readonly file: string;
  readonly mtimeMs: number;
  readonly filter: Subscription | null;
}

/**
 * What the headers of filters say of delivery. Of a file that is gone or cannot be read any more what it said last counts, as for the filter service: its matches
 * are still to be sent. A filter is looked at when it has a match: one that is a function takes a thread to be read.
 */
export class Subscriptions {
  readonly #lake: string;
  readonly #folder: string;
  readonly #targets: ReadonlySet<string>;
  readonly #warn: (message: string) => void;
  /** By `survey/name`. */
  readonly #known = new Map<string, Known>();
  #files: ReadonlyMap<string, string> = new Map();
  #at = 0;

  /** `targets`: names of those that there are; a filter that names another is warned of. */
  constructor(lake: string, folder: string, targets: Iterable<string>, warn: (message: string) => void) {
    this.#lake = lake;
    this.#folder = folder;
    this.#targets = new Set(targets);
    this.#warn = warn;
  }

  /** These filters of a survey by name, as they were a few seconds ago; one of which nothing is known is left out. */
  async of(survey: string, names: Iterable<string>): Promise<ReadonlyMap<string, Subscription>> {
    const isDue = Date.now() - this.#at > lookEveryMs;
    if (isDue) this.#files = new Map(allFilterFiles(this.#folder).map((one) => [`${one.survey}/${one.name}`, one.file]));
    if (isDue) this.#at = Date.now();
    const found = new Map<string, Subscription>();
    for (const name of new Set(names)) {
      const filter = await this.#filter(survey, name, isDue);
      if (filter) found.set(name, filter);
    }
    return found;
  }

  async #filter(survey: string, name: string, isDue: boolean): Promise<Subscription | null> {
    const key = `${survey}/${name}`;
    const before = this.#known.get(key);
    if (before && !isDue) return before.filter;
    const file = this.#files.get(key) ?? "";
    const mtimeMs = statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;
    if (before?.file === file && before.mtimeMs === mtimeMs) return before.filter;
    const filter = (file === "" ? null : await this.#load(file, survey)) ?? before?.filter ?? (await this.#kept(survey, name));
    if (!filter) this.#warn(`filter ${key} is gone, and no text of it is kept: its matches are not sent`);
    this.#known.set(key, { file, mtimeMs, filter });
    return filter;
  }

  async #load(file: string, survey: string): Promise<Subscription | null> {
    try {
      const filter = await loadFilter(file, survey);
      for (const target of filter.deliver.filter((name) => !this.#targets.has(name))) {
        this.#warn(`filter ${survey}/${filter.name} is to be sent to ${target}, which is not in delivery.targets${didYouMean(target, this.#targets)}`);
      }
      return filter;
    } catch (error) {
      this.#warn(messageOf(error));
      return null;
    }
  }

  /** The last text that the filter service kept. */
  async #kept(survey: string, name: string): Promise<Subscription | null> {
    const folder = join(filtersFolder(this.#lake), "versions", survey, name);
    const versions = existsSync(folder) ? readdirSync(folder).map((file) => Number(/^(\d+)\.sql$/.exec(file)?.[1] ?? 0)) : [];
    const last = Math.max(0, ...versions);
    if (last === 0) return null;
    const text = readFileSync(join(folder, `${last}.sql`), "utf8");
    const { description, deliver, columns, topic, owner } = readHeader(text);
    return { survey, name, description, deliver, columns: columns ?? (await parseSelect(text)).columns, topic: topic ?? `fink_${name}_${survey}`, owner };
  }
}

const lookEveryMs = 2000;
