import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { messageOf } from "../errors.ts";
import { allFilterFiles } from "../filters/library.ts";
import { readHeader } from "../filters/header.ts";
import { loadFilter } from "../filters/load.ts";
import { parseSelect } from "../filters/parse.ts";
import { filtersFolder } from "../filters/versions.ts";
import type { Subscription } from "./target.ts";

interface KnownFile {
  readonly mtimeMs: number;
  readonly filter: Subscription | null;
}

/**
 * What the headers of filters say of delivery. Of a file that is gone or cannot be read any more what it said last counts, as for the filter service: its matches
 * are still to be sent.
 */
export class Subscriptions {
  readonly #lake: string;
  readonly #folder: string;
  readonly #warn: (message: string) => void;
  readonly #known = new Map<string, KnownFile>();
  #bySurvey = new Map<string, Map<string, Subscription>>();
  #at = 0;
  #looking: Promise<void> | null = null;

  constructor(lake: string, folder: string, warn: (message: string) => void) {
    this.#lake = lake;
    this.#folder = folder;
    this.#warn = warn;
  }

  /** The filters of a survey by name, as they were a few seconds ago. */
  async of(survey: string): Promise<ReadonlyMap<string, Subscription>> {
    if (Date.now() - this.#at > lookEveryMs) this.#looking ??= this.#look().finally(() => (this.#looking = null));
    await this.#looking;
    return this.#bySurvey.get(survey) ?? new Map();
  }

  async #look(): Promise<void> {
    const found = new Map<string, Map<string, Subscription>>();
    for (const { file, survey } of allFilterFiles(this.#folder)) {
      const mtimeMs = statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;
      const before = this.#known.get(file);
      const known = before?.mtimeMs === mtimeMs ? before : { mtimeMs, filter: (await this.#load(file, survey)) ?? before?.filter ?? null };
      this.#known.set(file, known);
      if (!known.filter) continue;
      const own = found.get(known.filter.survey) ?? new Map<string, Subscription>();
      found.set(known.filter.survey, own.set(known.filter.name, known.filter));
    }
    for (const kept of await this.#keptBesides(found)) found.set(kept.survey, (found.get(kept.survey) ?? new Map<string, Subscription>()).set(kept.name, kept));
    this.#bySurvey = found;
    this.#at = Date.now();
  }

  /** Filters whose last text is kept in the lake, and that are not among these. */
  async #keptBesides(found: ReadonlyMap<string, ReadonlyMap<string, Subscription>>): Promise<Subscription[]> {
    const versions = join(filtersFolder(this.#lake), "versions");
    const kept: Subscription[] = [];
    for (const survey of namesIn(versions)) {
      for (const name of namesIn(join(versions, survey))) {
        const last = Math.max(0, ...namesIn(join(versions, survey, name)).map((file) => Number(/^(\d+)\.sql$/.exec(file)?.[1] ?? 0)));
        if (last === 0 || found.get(survey)?.has(name)) continue;
        const text = readFileSync(join(versions, survey, name, `${last}.sql`), "utf8");
        const { description, deliver, columns, topic, owner } = readHeader(text);
        const listed = columns ?? (await parseSelect(text)).columns;
        kept.push({ survey, name, description, deliver, columns: listed, topic: topic ?? `fink_${name}_${survey}`, owner });
      }
    }
    return kept;
  }

  async #load(file: string, survey: string): Promise<Subscription | null> {
    try {
      return await loadFilter(file, survey);
    } catch (error) {
      this.#warn(messageOf(error));
      return null;
    }
  }
}

const lookEveryMs = 2000;

function namesIn(folder: string): string[] {
  return existsSync(folder) ? readdirSync(folder) : [];
}
