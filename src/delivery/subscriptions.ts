import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { didYouMean } from "../config/nearest.ts";
import { messageOf } from "../errors.ts";
import type { Match } from "../filters/filter.ts";
import { readHeader } from "../filters/header.ts";
import { parseSelect } from "../filters/parse.ts";
import { type KeptFilter, readKept, textKeptAt, versionsFolder } from "../filters/versions.ts";

/** The way of a match to a target. */
export interface Route {
  readonly filter: KeptFilter;
  /** When a version of the filter first named the target: ms since 1970. */
  readonly namedAt: number;
}

/** A version as it was kept, or a text that says why it is not known. */
type VersionKnown = KeptFilter | string;

interface KnownVersions {
  readonly listedAt: number;
  readonly byNumber: ReadonlyMap<number, VersionKnown>;
}

/**
 * Which matches are for which target, from what the filter service kept with each version of a
 * filter. Filters are not loaded here: no code of a user runs.
 */
export class Subscriptions {
  readonly #lake: string;
  readonly #targets: ReadonlySet<string>;
  readonly #warn: (message: string) => void;
  /** By `survey/name`. */
  readonly #known = new Map<string, KnownVersions>();

  /** `targets`: the names of all targets; a filter that names another is warned of. */
  constructor(lake: string, targets: Iterable<string>, warn: (message: string) => void) {
    this.#lake = lake;
    this.#targets = new Set(targets);
    this.#warn = warn;
  }

  /**
   * The version that found the match decides; where it does not name the target, the last version
   * may, so that a target that was added later gets recent matches. Null: the match is not for the
   * target. A text: nothing is known of the version, and why.
   */
  async route(survey: string, match: Match, target: string): Promise<Route | string | null> {
    const { byNumber } = await this.#versions(survey, match.filter, match.filter_version);
    const own = byNumber.get(match.filter_version);
    if (typeof own !== "object") {
      return `${own} Put its file back, run ./fink start filter, then ./fink deliveries redrive.`;
    }
    const all = [...byNumber.values()].filter((version) => typeof version !== "string");
    const naming = all.filter(({ deliver }) => deliver.includes(target));
    const last = all.at(-1)!;
    const filter = own.deliver.includes(target) ? own : last.deliver.includes(target) ? last : null;
    return filter && { filter, namedAt: Math.min(...naming.map(({ keptAt }) => keptAt)) };
  }

  /**
   * The versions of a filter, oldest first. They are listed again after some seconds, and at once
   * where one is asked for that was not there.
   */
  async #versions(survey: string, name: string, version: number): Promise<KnownVersions> {
    const key = `${survey}/${name}`;
    const before = this.#known.get(key);
    if (before?.byNumber.has(version) && Date.now() - before.listedAt < lookEveryMs) return before;
    const folder = versionsFolder(this.#lake, { survey, name });
    const numbers = existsSync(folder)
      ? readdirSync(folder).map((file) => Number(/^(\d+)\.(json|sql|ts)$/.exec(file)?.[1] ?? 0))
      : [];
    const byNumber = new Map<number, VersionKnown>();
    for (const number of [...new Set(numbers)].filter((n) => n > 0).sort((a, b) => a - b)) {
      const known = before?.byNumber.get(number);
      byNumber.set(
        number,
        typeof known === "object" ? known : await read(folder, number, { survey, name }),
      );
    }
    const [number, last] = [...byNumber].at(-1) ?? [0, ""];
    if (typeof last === "object" && before?.byNumber.get(number) !== last) this.#checkTargets(last);
    // remembered, so that its other matches do not list the folder again
    if (!byNumber.has(version))
      byNumber.set(version, `Nothing is kept of version ${version} of filter ${key}.`);
    const versions = { listedAt: Date.now(), byNumber };
    this.#known.set(key, versions);
    return versions;
  }

  #checkTargets({ survey, name, deliver }: KeptFilter): void {
    for (const target of deliver.filter((one) => !this.#targets.has(one))) {
      this.#warn(
        `filter ${survey}/${name} is to be sent to ${target}, which is not in delivery.targets${didYouMean(target, this.#targets)}`,
      );
    }
  }
}

const lookEveryMs = 2000;

async function read(
  folder: string,
  number: number,
  { survey, name }: Pick<KeptFilter, "survey" | "name">,
): Promise<VersionKnown> {
  const about = join(folder, `${number}.json`);
  if (existsSync(about)) {
    try {
      return readKept(about);
    } catch (error) {
      return messageOf(error);
    }
  }
  // An older Fink kept the text alone: a header can be read without running it, what a .ts filter
  // exports cannot.
  const text = join(folder, `${number}.sql`);
  if (!existsSync(text))
    return `Of version ${number} of filter ${survey}/${name} an older Fink kept only the code, which delivery does not run.`;
  const sql = readFileSync(text, "utf8");
  try {
    const { description, owner, deliver, columns, topic } = readHeader(sql);
    const listed = columns ?? (await parseSelect(sql)).columns;
    return {
      name,
      survey,
      description,
      owner,
      deliver,
      columns: listed,
      topic: topic ?? `fink_${name}_${survey}`,
      keptAt: textKeptAt(text),
    };
  } catch (error) {
    return `The header of version ${number} of filter ${survey}/${name} cannot be read (${messageOf(error)}).`;
  }
}
