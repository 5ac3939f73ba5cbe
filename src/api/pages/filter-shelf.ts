import { readFileSync, statSync } from "node:fs";
import { messageOf } from "../../errors.ts";
import type { Filter } from "../../filters/filter.ts";
import { allFilterFiles, type FilterFile } from "../../filters/library.ts";
import { loadFilter } from "../../filters/load.ts";
import { type MissedRange, MissedRanges, missedText } from "../../filters/missed.ts";
import { type FilterState, readStates } from "../../filters/states.ts";
import { kept } from "../../kept.ts";
import { number } from "./alerts.ts";
import { nightOf, type PageLake } from "./lake.ts";
import type { FilterRow } from "./types.ts";

const NIGHTS_SHOWN = 14;
/** A broken one is looked at again, though its file is the same: what it imports may be mended. */
const RETRY_MS = 30_000;

interface Shelved {
  readonly mtimeMs: number;
  readonly at: number;
  readonly filter: Filter | null;
  readonly problem: string;
}

/** The filters there are, shipped and the user's, read again when their files change. */
export class FilterShelf {
  readonly #lake: PageLake;
  readonly #read = new Map<string, Shelved>();
  readonly #missedRanges = new Map<string, MissedRanges>();

  constructor(lake: PageLake) {
    this.#lake = lake;
  }

  async all(): Promise<FilterRow[]> {
    const files = allFilterFiles(this.#lake.filters.folder, this.#lake.filters);
    const surveys = [...new Set(files.map((f) => f.survey))];
    const states = new Map(readStates(this.#lake.path).map((state) => [state.file, state]));
    const counts = new Map(
      await this.#lake.ofSurveys(
        async (survey) => [[survey, await matchCounts(this.#lake, survey)] as const],
        surveys,
      ),
    );
    const missed = new Map(
      await this.#lake.ofSurveys(
        async (survey) => [[survey, await this.#missed(survey)] as const],
        surveys,
      ),
    );
    return await Promise.all(
      files.map(async (file) =>
        withState(
          this.#row(
            file,
            await this.#shelved(file),
            counts.get(file.survey)?.get(file.name) ?? [],
            missed.get(file.survey) ?? [],
          ),
          states.get(file.file),
        ),
      ),
    );
  }

  /** The filter of that name, as it is now; null when there is none. */
  async named(
    survey: string,
    name: string,
  ): Promise<{ row: FilterRow; text: string; filter: Filter | null } | null> {
    const file = allFilterFiles(this.#lake.filters.folder, this.#lake.filters).find(
      (f) => f.survey === survey && f.name === name,
    );
    if (!file) return null;
    const shelved = await this.#shelved(file);
    const counts = await matchCounts(this.#lake, survey);
    const state = readStates(this.#lake.path).find((one) => one.file === file.file);
    return {
      row: withState(
        this.#row(file, shelved, counts.get(name) ?? [], await this.#missed(survey)),
        state,
      ),
      text: shelved.filter?.text ?? readFileSync(file.file, "utf8"),
      filter: shelved.filter,
    };
  }

  async #shelved({ file, survey }: FilterFile): Promise<Shelved> {
    const mtimeMs = statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;
    const known = this.#read.get(file);
    if (known?.mtimeMs === mtimeMs && (known.problem === "" || Date.now() - known.at < RETRY_MS))
      return known;
    const read = await loadFilter(file, survey).then(
      (filter) => ({ mtimeMs, at: Date.now(), filter, problem: "" }),
      (error: unknown) => ({
        mtimeMs,
        at: Date.now(),
        filter: null,
        problem: messageOf(error).replace(`${file}: `, ""),
      }),
    );
    this.#read.set(file, read);
    return read;
  }

  async #missed(survey: string): Promise<readonly MissedRange[]> {
    return await kept(
      this.#missedRanges,
      survey,
      () => new MissedRanges(this.#lake.path, survey),
    ).all();
  }

  #row(
    { file, survey, name }: FilterFile,
    { filter, problem }: Shelved,
    nights: FilterRow["nights"],
    ranges: readonly MissedRange[],
  ): FilterRow {
    const own = ranges.filter((range) => range.filter === name);
    const missed = own.length === 0 ? "" : `${missedText(own)}: ${own.at(-1)!.reason}`;
    const {
      description = "",
      origin = "",
      owner = "",
      deliver = [],
      topic = "",
      quality = "",
    } = filter ?? {};
    return {
      survey,
      name,
      description,
      origin,
      owner,
      deliver,
      topic,
      quality,
      kind: file.endsWith(".ts") ? "ts" : "sql",
      problem,
      missed,
      nights,
    };
  }
}

/** What the service says of it: it may have been switched off though its file is right. */
function withState(row: FilterRow, state: FilterState | undefined): FilterRow {
  return state && state.state !== "on" && row.problem === ""
    ? { ...row, problem: `${state.state}: ${state.reason}` }
    : row;
}

/** Alerts that each filter took, in each of the newest nights that have matches. */
async function matchCounts(
  lake: PageLake,
  survey: string,
): Promise<Map<string, [number, number][]>> {
  const nights = new Set(lake.nights(survey, "matches").slice(0, NIGHTS_SHOWN));
  const sql = (from: string) =>
    `SELECT filter, night, count(DISTINCT alert)::DOUBLE AS n FROM ${from} GROUP BY 1, 2 ORDER BY night DESC`;
  const rows = await lake.rows({
    survey,
    kind: "matches",
    files: (file) => nights.has(nightOf(file) ?? -1),
    sql,
  });
  const counts = new Map<string, [number, number][]>();
  for (const row of rows) {
    const name = String(row["filter"]);
    counts.set(name, [
      ...(counts.get(name) ?? []),
      [number(row["night"]) ?? 0, number(row["n"]) ?? 0],
    ]);
  }
  return counts;
}
