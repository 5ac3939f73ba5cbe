import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { encodeFile, writeFiles } from "../archive/files.ts";
import { FinkError } from "../errors.ts";
import type { AddFile } from "../lake/actions.ts";
import { discard } from "../lake/rewrite.ts";
import { scan } from "../lake/scan.ts";
import { emptySchema, type StructType } from "../lake/schema.ts";
import { LakeTable } from "../lake/table.ts";
import { changesAfter } from "../science/changes.ts";
import { rawTag } from "../science/compute.ts";
import { alertBatch } from "../sql/alerts.ts";
import type { Survey } from "../surveys/definition.ts";
import { ColumnTypes, type FlatColumn, typesOf } from "./columns.ts";
import type { Compiled } from "./compile.ts";
import type { Engine } from "./engine.ts";
import type { Match } from "./filter.ts";
import type { FunctionThread } from "./function-thread.ts";
import { type AlertKeys, flatKeys, keyColumns, readKeys } from "./keys.ts";
import { KnownMatches, matchColumns } from "./matches.ts";
import { type Outcome, runFilters } from "./run.ts";

/** Tables whose rows filters are run on, in the order in which their commits are looked at. */
const sources = ["science", "science_updates"] as const;
type Source = (typeof sources)[number];

/** Both who follows and who runs past nights again commit at this position, so that neither writes a match that the other has just written. */
const fence = "filter:rerun";

export interface Step {
  readonly alerts: number;
  readonly matches: number;
  /** A filter each, in their order; empty where the position alone moved on. */
  readonly outcomes: readonly Outcome[];
  /** When the alerts were published: ms since 1970. */
  readonly publishedAt: readonly number[];
  /** Versions that wait. */
  readonly lag: number;
}

export interface Looked {
  /** Of each alert, in the order of the table `alerts`. */
  readonly keys: readonly AlertKeys[];
  /** Of each filter. */
  readonly outcomes: readonly Outcome[];
}

export interface RunOptions {
  readonly seconds: number;
  readonly thread: (compiled: Compiled) => FunctionThread;
  /** True: somebody asked for these matches, so that they are delivered however old their alerts are. */
  readonly isRequested?: boolean;
}

/** `matches` of one survey: what filters select of `science` and `science_updates`. */
export class MatchTable {
  readonly survey: Survey;
  readonly #raw: LakeTable;
  readonly #sources: Readonly<Record<Source, LakeTable>>;
  readonly #table: LakeTable;
  readonly #known: KnownMatches;

  constructor(lake: string, survey: Survey) {
    const table = (kind: string) => new LakeTable(join(lake, survey.name, kind));
    this.survey = survey;
    this.#raw = table("raw");
    this.#sources = { science: table("science"), science_updates: table("science_updates") };
    this.#table = table("matches");
    this.#known = new KnownMatches(this.#table);
  }

  /** Changes when the alerts get other columns. */
  shape(): string {
    for (const table of [this.#raw, this.#sources.science]) table.refresh();
    return `${this.#raw.snapshot.metaData?.schemaString} ${this.#sources.science.snapshot.metaData?.schemaString}`;
  }

  /** The columns that filters may name. `added`: those of modules that have not written any yet; they are null. */
  async columns(
    { connection }: Engine,
    added: ReadonlyMap<string, FlatColumn>,
    checkPlace: ConstructorParameters<typeof ColumnTypes>[3],
  ): Promise<ColumnTypes> {
    const nulls = new Map([...added].map(([key, column]) => [key, { ...column, sql: `CAST(NULL AS ${String(column.type)})` }]));
    const { snapshot: raw } = this.#raw;
    const { snapshot: science } = this.#sources.science;
    const empty = async (schema: StructType) => `SELECT * FROM (${await scan(connection, { path: "", schema, partitionColumns: [] }, [], "")})`;
    const fields = [...raw.schema.fields, ...science.schema.fields.filter(({ name }) => !raw.schema.fields.some((f) => f.name === name))];
    return new ColumnTypes(this.survey, await typesOf(connection, await empty({ ...emptySchema, fields })), nulls, checkPlace);
  }

  /**
   * Takes up the next commits of one source; null: there are none. One commit holds the matches and the version they lead to: killed before it, the same alerts
   * are looked at again; after it they are done. `filters` are compiled for `columns`.
   */
  async step(engine: Engine, columns: ColumnTypes, filters: readonly Compiled[], batchAlerts: number, options: RunOptions): Promise<Step | null> {
    for (const table of [this.#raw, ...Object.values(this.#sources)]) table.refresh();
    if (this.#table.refresh()) this.#known.forget();
    const { positions } = this.#table.snapshot;
    for (const source of sources) {
      const science = this.#sources[source];
      const from = positions.get(`filter:${source}`) ?? null;
      if (science.snapshot.version < (from ?? 0)) continue;
      const { files, to } = changesAfter(science, (from ?? 0) - 1, batchAlerts);
      try {
        const result = await this.#run(engine, columns, filters, source, files, options);
        await this.#commit(result.byNight, { [`filter:${source}`]: { from, to: to + 1 }, [fence]: this.#fence(0) });
        return { ...result, lag: science.snapshot.version - to };
      } catch (error) {
        this.#known.forget();
        if (error instanceof FinkError && error.code === "fenced") return { alerts: 0, matches: 0, outcomes: [], publishedAt: [], lag: 0 };
        throw error;
      }
    }
    return null;
  }

  /** Runs filters on a night that is past, and keeps those matches that the table does not have yet; their number. */
  async rerun(engine: Engine, columns: ColumnTypes, filters: readonly Compiled[], night: number, options: RunOptions): Promise<Step> {
    for (const table of [this.#raw, ...Object.values(this.#sources), this.#table]) table.refresh();
    this.#known.forget();
    const files = this.files("science", night);
    const result = await this.#run(engine, columns, filters, "science", files, { ...options, isRequested: true });
    await this.#commit(result.byNight, { [fence]: this.#fence(1) });
    return { ...result, lag: 0 };
  }

  /** Files of a night. */
  files(source: Source, night: number): AddFile[] {
    return [...this.#sources[source].snapshot.files.values()].filter(({ partitionValues }) => partitionValues["night"] === String(night));
  }

  /** Nights that have science, oldest first. */
  nights(): string[] {
    this.#sources.science.refresh();
    const nights = [...this.#sources.science.snapshot.files.values()].flatMap(({ partitionValues }) => partitionValues["night"] ?? []);
    return [...new Set(nights)].sort();
  }

  /** Runs filters over files of science, whose alerts then stand in the engine's table `alerts` for `work`. */
  async look<T>(
    engine: Engine,
    columns: ColumnTypes,
    filters: readonly Compiled[],
    source: Source,
    scienceFiles: readonly AddFile[],
    options: RunOptions,
    work: (looked: Looked) => Promise<T>,
  ): Promise<T> {
    const seeds = mkdtempSync(join(tmpdir(), "fink-filter-"));
    try {
      const files = { survey: this.survey, raw: this.#raw, rawFiles: this.#rawOf(scienceFiles), science: this.#sources[source], scienceFiles };
      const relation = await alertBatch(engine.connection, files, seeds);
      const keys = keyColumns(columns);
      const outcomes = await runFilters(engine, { columns, relation }, filters, { ...options, keys: flatKeys(keys) });
      return await work({ outcomes, keys: await readKeys(engine, keys, this.#raw.path) });
    } finally {
      rmSync(seeds, { recursive: true, force: true });
    }
  }

  /** Without a commit: outcomes, and the matches that are new. */
  async #run(
    engine: Engine,
    columns: ColumnTypes,
    filters: readonly Compiled[],
    source: Source,
    files: readonly AddFile[],
    options: RunOptions,
  ): Promise<Step & { readonly byNight: ReadonlyMap<number | null, readonly Match[]> }> {
    if (files.length === 0 || filters.length === 0) return { alerts: 0, matches: 0, outcomes: [], publishedAt: [], lag: 0, byNight: new Map() };
    return await this.look(engine, columns, filters, source, files, options, async ({ outcomes, keys }) => {
      const matches = filters.flatMap((filter, i) => this.#matchesOf(filter, outcomes[i], keys, options.isRequested ?? false));
      const byNight = new Map<number | null, Match[]>();
      for (const [night, own] of Map.groupBy(matches, (match) => match.night)) {
        const ours = own.map(({ match }) => match);
        byNight.set(night, await this.#known.fresh(night, ours));
      }
      const count = [...byNight.values()].reduce((sum, own) => sum + own.length, 0);
      return { alerts: keys.length, matches: count, outcomes, publishedAt: keys.map((key) => key.publishedAt), lag: 0, byNight };
    });
  }

  #matchesOf({ filter }: Compiled, outcome: Outcome, keys: readonly AlertKeys[], requested: boolean): { night: number | null; match: Match }[] {
    if (!("rows" in outcome)) return [];
    const matched_at = BigInt(Date.now()) * 1000n;
    return outcome.rows.map((row, i) => {
      const { night, publishedAt: _, ...key } = keys[row];
      return { night, match: { filter: filter.name, filter_version: filter.version, ...key, matched_at, requested, clauses: outcome.clauses[i] } };
    });
  }

  /** The files of `raw` that rows of science were computed from, as their tags say; of others, all of the night. */
  #rawOf(files: readonly AddFile[]): AddFile[] {
    const found = new Map<string, AddFile>();
    const { files: current } = this.#raw.snapshot;
    for (const { tags, partitionValues, modificationTime } of files) {
      const hint = tags?.[rawTag];
      if (hint !== undefined && (current.has(hint) || existsSync(join(this.#raw.path, hint)))) {
        found.set(hint, current.get(hint) ?? { path: hint, partitionValues, size: 0, modificationTime, dataChange: false });
        continue;
      }
      for (const file of current.values()) if (file.partitionValues["night"] === partitionValues["night"]) found.set(file.path, file);
    }
    return [...found.values()];
  }

  #fence(step: number): { from: number | null; to: number } {
    const from = this.#table.snapshot.positions.get(fence) ?? null;
    return { from, to: (from ?? 0) + step };
  }

  async #commit(byNight: ReadonlyMap<number | null, readonly Match[]>, moves: Readonly<Record<string, { from: number | null; to: number }>>): Promise<void> {
    const positions = new Map(Object.entries(moves));
    const encoded = [...byNight].flatMap(([night, matches]) => (matches.length === 0 ? [] : [encodeFile(matchColumns(matches), night)]));
    const written = await writeFiles(encoded, this.#table.path);
    try {
      this.#table.commit({ operation: "filter", add: written.files, ...(written.schema && { schema: written.schema }), positions });
    } catch (error) {
      discard(this.#table.path, written.files);
      throw error;
    }
  }
}
