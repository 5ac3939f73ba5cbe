import { statSync } from "node:fs";
import type { Config } from "../config/schema.ts";
import { messageOf } from "../errors.ts";
import type { ColumnTypes } from "./columns.ts";
import { type Compiled, compile } from "./compile.ts";
import { kept } from "../kept.ts";
import type { Engine } from "./engine.ts";
import type { Filter } from "./filter.ts";
import { FunctionProcess } from "./function-process.ts";
import { allFilterFiles } from "./library.ts";
import { loadFilter } from "./load.ts";
import type { MissedRange, MissingFilter } from "./missed.ts";
import type { Outcome } from "./run.ts";
import type { FilterState, FilterStates } from "./states.ts";
import { Versions } from "./versions.ts";

/** One file, and the filter that runs of it: the last text that could be used. */
interface Entry {
  readonly file: string;
  readonly survey: string;
  mtimeMs: number;
  filter: Filter | null;
  compiled: Compiled | null;
  /** Columns for which it was compiled. */
  shape: string;
}

type FilterConfig = Pick<Config["filters"], "folder" | "shipped" | "maxFailures">;

/**
 * The filters of the service: files that change are taken up, broken ones refused while the old
 * text goes on, those that fail too often switched off.
 */
export class ActiveFilters {
  readonly #lake: string;
  readonly #config: FilterConfig;
  readonly #versions: Versions;
  readonly #states: FilterStates;
  readonly #entries = new Map<string, Entry>();
  readonly #functions = new Map<string, FunctionProcess>();
  #lookedAt = 0;

  constructor(lake: string, config: FilterConfig, states: FilterStates) {
    this.#lake = lake;
    this.#config = config;
    this.#versions = new Versions(lake);
    this.#states = states;
  }

  /** Looks for files that are new, changed or gone, every other second. */
  async look(): Promise<void> {
    if (Date.now() - this.#lookedAt < lookEveryMs) return;
    const files = allFilterFiles(this.#config.folder, this.#config);
    const present = new Set(files.map(({ file }) => file));
    for (const file of this.#entries.keys()) if (!present.has(file)) this.#entries.delete(file);
    this.#states.keepOnly(files);
    await Promise.all(files.map(({ file, survey }) => this.#read(file, survey)));
    this.#lookedAt = Date.now();
  }

  async #read(file: string, survey: string): Promise<void> {
    const mtimeMs = statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;
    const entry: Entry = this.#entries.get(file) ?? {
      file,
      survey,
      mtimeMs: -1,
      filter: null,
      compiled: null,
      shape: "",
    };
    this.#entries.set(file, entry);
    if (entry.mtimeMs === mtimeMs) return;
    entry.mtimeMs = mtimeMs;
    try {
      const filter = await loadFilter(file, survey, (given) => this.#versions.known(given));
      entry.filter = filter;
      entry.shape = "";
    } catch (error) {
      this.#states.refuse(entry, messageOf(error));
    }
  }

  /**
   * The filters of a survey that are on, and those that have been and are not. `shape` changes when
   * `columns` do.
   */
  async of(
    survey: string,
    engine: Engine,
    columns: ColumnTypes,
    shape: string,
  ): Promise<{ readonly on: Compiled[]; readonly idle: MissingFilter[] }> {
    const on: Compiled[] = [];
    for (const entry of this.#entries.values()) {
      if (entry.filter?.survey !== survey) continue;
      if (entry.shape !== shape) await this.#compile(entry, entry.filter, engine, columns, shape);
      if (entry.compiled && !this.#states.isOff(entry.compiled.filter)) on.push(entry.compiled);
    }
    return { on, idle: this.#states.idle(survey, on) };
  }

  async #compile(
    entry: Entry,
    filter: Filter,
    engine: Engine,
    columns: ColumnTypes,
    shape: string,
  ): Promise<void> {
    entry.shape = shape;
    try {
      const compiled = await compile(filter, columns, engine.connection, true);
      const version = this.#versions.keep(filter);
      if (filter.body.kind === "ts" && entry.compiled && entry.compiled.filter.text !== filter.text)
        await this.functions(filter.survey).restart();
      entry.compiled = { ...compiled, filter: { ...filter, version } };
      this.#states.accept(entry.compiled.filter, entry.mtimeMs);
    } catch (error) {
      this.#states.refuse(entry, messageOf(error));
      // the old text goes on, for the columns that there are now
      if (entry.compiled)
        entry.compiled = await compile(
          entry.compiled.filter,
          columns,
          engine.connection,
          true,
        ).catch(() => null);
    }
  }

  /** The first range that a filter has missed before it was switched on again. */
  due(
    ranges: readonly MissedRange[],
    on: readonly Compiled[],
  ): { readonly range: MissedRange; readonly filter: Compiled } | null {
    for (const range of ranges) {
      const filter = on.find((one) => one.filter.name === range.filter);
      if (filter && this.#states.isNewerThan(filter.filter, range.missed_at))
        return { range, filter };
    }
    return null;
  }

  /**
   * Runs the `.ts` filters of a survey. Each survey has its own, so that a slow filter does not
   * hold up the alerts of another survey.
   */
  functions(survey: string): FunctionProcess {
    return kept(this.#functions, survey, () => new FunctionProcess(this.#lake));
  }

  /**
   * Keeps account of a batch, and switches off what failed too often, one batch after the other.
   * Those that were switched off now.
   */
  account(
    filters: readonly Compiled[],
    outcomes: readonly Outcome[],
    alerts: number,
  ): FilterState[] {
    return outcomes.flatMap(
      (outcome, i) =>
        this.#states.count(filters[i].filter, outcome, alerts, this.#config.maxFailures) ?? [],
    );
  }

  async close(): Promise<void> {
    for (const functions of this.#functions.values()) await functions.close();
  }
}

const lookEveryMs = 2000;
