import { statSync } from "node:fs";
import { messageOf } from "../errors.ts";
import { allFilterFiles } from "../filters/library.ts";
import { loadFilter } from "../filters/load.ts";
import type { Subscription } from "./target.ts";

interface KnownFile {
  readonly mtimeMs: number;
  readonly filter: Subscription | null;
}

/** What the headers of filters say of delivery. A file that cannot be read any more keeps what it said before, as the filter service does. */
export class Subscriptions {
  readonly #folder: string;
  readonly #warn: (message: string) => void;
  readonly #known = new Map<string, KnownFile>();
  #bySurvey = new Map<string, Map<string, Subscription>>();
  #at = 0;
  #looking: Promise<void> | null = null;

  constructor(folder: string, warn: (message: string) => void) {
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
    this.#bySurvey = found;
    this.#at = Date.now();
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
