import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { temporaryFolder } from "../folder.ts";
import { encodeFile, writeFiles } from "../archive/files.ts";
import { FinkError } from "../errors.ts";
import type { AddFile } from "../lake/actions.ts";
import { discard } from "../lake/rewrite.ts";
import { scan } from "../lake/scan.ts";
import { emptySchema, type StructType } from "../lake/schema.ts";
import { isOvertaken, LakeTable } from "../lake/table.ts";
import { changesAfter, inPieces } from "../science/changes.ts";
import { rawTag } from "../science/compute.ts";
import { alertBatch } from "../sql/alerts.ts";
import type { Survey } from "../surveys/definition.ts";
import { ColumnTypes, type FlatColumn, typesOf } from "./columns.ts";
import type { Compiled } from "./compile.ts";
import type { Engine } from "./engine.ts";
import type { Match } from "./filter.ts";
import type { FunctionProcess } from "./function-process.ts";
import { type AlertKeys, flatKeys, keyColumns, readKeys } from "./keys.ts";
import { countOf, KnownMatches, matchColumns, type MatchesByNight, matchesOf } from "./matches.ts";
import {
  missedAfter,
  missedAgain,
  MissedRanges,
  missedWithout,
  type MissedRange,
  type MissingFilter,
  matchSources,
  type MatchSource,
} from "./missed.ts";
import { type Outcome, runFilters } from "./run.ts";

/**
 * Both who follows and who runs past nights again commit at this position, so that neither writes a
 * match that the other has just written.
 */
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

const nothing: Step = { alerts: 0, matches: 0, outcomes: [], publishedAt: [], lag: 0 };

export interface Looked {
  /** Of each alert, in the order of the table `alerts`. */
  readonly keys: readonly AlertKeys[];
  /** Of each filter. */
  readonly outcomes: readonly Outcome[];
}

export interface RunOptions {
  readonly seconds: number;
  /** Runs the `.ts` filters. */
  readonly functions: FunctionProcess;
  /**
   * True: somebody asked for these matches, so that they are delivered however old their alerts
   * are.
   */
  readonly isRequested?: boolean;
}

/** `matches` of one survey: what filters select of `science` and `science_updates`. */
export class MatchTable {
  readonly survey: Survey;
  readonly #raw: LakeTable;
  readonly #sources: Readonly<Record<MatchSource, LakeTable>>;
  readonly #table: LakeTable;
  readonly #known: KnownMatches;
  readonly #missed: MissedRanges;

  constructor(lake: string, survey: Survey) {
    const table = (kind: string) => new LakeTable(join(lake, survey.name, kind));
    this.survey = survey;
    this.#raw = table("raw");
    this.#sources = { science: table("science"), science_updates: table("science_updates") };
    this.#table = table("matches");
    this.#known = new KnownMatches(this.#table);
    this.#missed = new MissedRanges(lake, survey.name);
  }

  /** Changes when the alerts get other columns. */
  shape(): string {
    for (const table of [this.#raw, this.#sources.science]) table.refresh();
    return `${this.#raw.snapshot.metaData?.schemaString} ${this.#sources.science.snapshot.metaData?.schemaString}`;
  }

  /**
   * The columns that filters may name. `added`: those of modules that have not written any yet;
   * they are null.
   */
  async columns(
    { connection }: Engine,
    added: ReadonlyMap<string, FlatColumn>,
    checkPlace: ConstructorParameters<typeof ColumnTypes>[3],
  ): Promise<ColumnTypes> {
    const nulls = new Map(
      [...added].map(([key, column]) => [
        key,
        { ...column, sql: `CAST(NULL AS ${String(column.type)})` },
      ]),
    );
    const { snapshot: raw } = this.#raw;
    const { snapshot: science } = this.#sources.science;
    const empty = async (schema: StructType) =>
      `SELECT * FROM (${await scan(connection, { path: "", schema, partitionColumns: [] }, [], "")})`;
    const fields = [
      ...raw.schema.fields,
      ...science.schema.fields.filter(
        ({ name }) => !raw.schema.fields.some((f) => f.name === name),
      ),
    ];
    return new ColumnTypes(
      this.survey,
      await typesOf(connection, await empty({ ...emptySchema, fields })),
      nulls,
      checkPlace,
    );
  }

  /**
   * Takes up the next commits of one source; null: there are none. `idle`: filters that have run
   * before and do not run now. First a commit of `missed` says which filters did not look at these
   * alerts; then one commit holds the matches and the version they lead to. Killed before the
   * second, the same alerts are looked at again, and what the first said is replaced; after it they
   * are done.
   */
  async step(
    engine: Engine,
    columns: ColumnTypes,
    { on, idle }: { readonly on: readonly Compiled[]; readonly idle: readonly MissingFilter[] },
    batchAlerts: number,
    options: RunOptions,
  ): Promise<Step | null> {
    for (const table of [this.#raw, ...Object.values(this.#sources)]) table.refresh();
    if (this.#table.refresh()) this.#known.forget();
    const { positions } = this.#table.snapshot;
    for (const source of matchSources) {
      const science = this.#sources[source];
      const from = positions.get(`filter:${source}`) ?? null;
      if (science.snapshot.version < (from ?? 0)) continue;
      const { files, to } = changesAfter(science, (from ?? 0) - 1, batchAlerts);
      try {
        const missed = await this.#missed.all();
        const result = await this.#run(engine, columns, on, source, files, options);
        const failed = on.flatMap((filter, i) => failureOf(filter, result.outcomes[i]));
        await this.#missed.write(
          missedAfter(missed, { source, from: from ?? 0, to: to + 1, failed, idle }),
        );
        const fresh = await this.#fresh(result.byNight);
        await this.#commit(fresh, {
          [`filter:${source}`]: { from, to: to + 1 },
          [fence]: this.#fence(0),
        });
        return { ...result, matches: countOf(fresh), lag: science.snapshot.version - to };
      } catch (error) {
        this.#known.forget();
        if (error instanceof FinkError && error.code === "fenced") return nothing;
        throw error;
      }
    }
    return null;
  }

  /**
   * Runs filters on a night that is past, and keeps those matches that the table does not have yet;
   * their number.
   */
  async rerun(
    engine: Engine,
    columns: ColumnTypes,
    filters: readonly Compiled[],
    night: number,
    options: RunOptions,
  ): Promise<Step> {
    this.#refresh();
    const result = await this.#run(
      engine,
      columns,
      filters,
      "science",
      this.files("science", night),
      { ...options, isRequested: true },
    );
    return { ...result, matches: await this.#commitPast(result.byNight) };
  }

  /** Ranges that filters have missed, up to where the service is by now. */
  async missed(): Promise<readonly MissedRange[]> {
    this.#table.refresh();
    return (await this.#missed.all()).filter((range) => range.from_version < this.#endOf(range));
  }

  /**
   * Runs a filter on some of the alerts of a range that it has missed. The matches are committed
   * first: killed before the range is cleared, the filter looks at the alerts again and finds no
   * match that the table has. If vacuum has taken the files away, all alerts of the source are
   * looked at; delivery passes over those that are too old for the filter. `isOn`: the service runs
   * the filter now.
   */
  async makeUp(
    engine: Engine,
    columns: ColumnTypes,
    {
      filter,
      range,
      isOn,
    }: { readonly filter: Compiled; readonly range: MissedRange; readonly isOn: boolean },
    batchAlerts: number,
    options: RunOptions,
  ): Promise<Step> {
    this.#refresh();
    const end = this.#endOf(range);
    const changes = changesAfter(
      this.#sources[range.source],
      range.from_version - 1,
      batchAlerts,
      end - 1,
    );
    let done: Step = nothing;
    for (const files of changes.whole ? inPieces(changes.files, batchAlerts) : [changes.files]) {
      const result = await this.#run(engine, columns, [filter], range.source, files, options);
      const [failure] = failureOf(filter, result.outcomes[0]);
      if (failure)
        await this.#missed.update((ranges) => missedAgain(ranges, range, failure.reason));
      const matches = await this.#commitPast(result.byNight);
      done = {
        ...result,
        publishedAt: [],
        alerts: done.alerts + result.alerts,
        matches: done.matches + matches,
      };
      if (failure) return done;
    }
    await this.#missed.update((ranges) =>
      missedWithout(ranges, range, changes.whole ? end : changes.to + 1, isOn ? end : null),
    );
    return done;
  }

  /** An open range ends where the service is. */
  #endOf({ source, to_version }: MissedRange): number {
    const position = this.#table.snapshot.positions.get(`filter:${source}`) ?? 0;
    return Math.min(to_version ?? position, position);
  }

  /** Files of a night. */
  files(source: MatchSource, night: number): AddFile[] {
    return [...this.#sources[source].snapshot.files.values()].filter(
      ({ partitionValues }) => partitionValues["night"] === String(night),
    );
  }

  /** Nights that have science, oldest first. */
  nights(): string[] {
    this.#sources.science.refresh();
    const nights = [...this.#sources.science.snapshot.files.values()].flatMap(
      ({ partitionValues }) => partitionValues["night"] ?? [],
    );
    return [...new Set(nights)].sort();
  }

  /**
   * Runs filters over files of science, whose alerts then stand in the engine's table `alerts` for
   * `work`.
   */
  async look<T>(
    engine: Engine,
    columns: ColumnTypes,
    filters: readonly Compiled[],
    source: MatchSource,
    scienceFiles: readonly AddFile[],
    options: RunOptions,
    work: (looked: Looked) => Promise<T>,
  ): Promise<T> {
    const seeds = temporaryFolder("filter");
    try {
      const files = {
        survey: this.survey,
        raw: this.#raw,
        rawFiles: this.#rawOf(scienceFiles),
        science: this.#sources[source],
        scienceFiles,
      };
      const relation = await alertBatch(engine.connection, files, seeds);
      const keys = keyColumns(columns);
      const outcomes = await runFilters(engine, { columns, relation }, filters, {
        ...options,
        keys: flatKeys(keys),
      });
      return await work({ outcomes, keys: await readKeys(engine, keys, this.#raw.path) });
    } finally {
      rmSync(seeds, { recursive: true, force: true });
    }
  }

  #refresh(): void {
    for (const table of [this.#raw, ...Object.values(this.#sources), this.#table]) table.refresh();
  }

  /** Without a commit: outcomes and matches. */
  async #run(
    engine: Engine,
    columns: ColumnTypes,
    filters: readonly Compiled[],
    source: MatchSource,
    files: readonly AddFile[],
    options: RunOptions,
  ): Promise<Step & { readonly byNight: MatchesByNight }> {
    if (files.length === 0 || filters.length === 0) return { ...nothing, byNight: new Map() };
    return await this.look(
      engine,
      columns,
      filters,
      source,
      files,
      options,
      async ({ outcomes, keys }) => {
        const matches = filters.flatMap((filter, i) =>
          matchesOf(filter.filter, outcomes[i], keys, options.isRequested ?? false),
        );
        const groups = Map.groupBy(matches, (match) => match.night);
        const byNight = new Map(
          [...groups].map(([night, own]) => [night, own.map(({ match }) => match)]),
        );
        return {
          ...nothing,
          alerts: keys.length,
          outcomes,
          publishedAt: keys.map((key) => key.publishedAt),
          byNight,
        };
      },
    );
  }

  /** The matches that the table does not have yet. */
  async #fresh(byNight: MatchesByNight): Promise<MatchesByNight> {
    const fresh = new Map<number | null, readonly Match[]>();
    for (const [night, matches] of byNight)
      fresh.set(night, await this.#known.fresh(night, matches));
    return fresh;
  }

  /**
   * Commits those matches of past alerts that the table does not have yet; their number. Starts
   * over when the service has written matches meanwhile.
   */
  async #commitPast(byNight: MatchesByNight): Promise<number> {
    for (;;) {
      this.#table.refresh();
      this.#known.forget();
      const { positions } = this.#table.snapshot;
      const unmoved = matchSources.flatMap((source) => {
        const at = positions.get(`filter:${source}`);
        return at === undefined ? [] : [[`filter:${source}`, { from: at, to: at }] as const];
      });
      const moves = { ...Object.fromEntries(unmoved), [fence]: this.#fence(1) };
      const fresh = await this.#fresh(byNight);
      if (countOf(fresh) === 0) return 0;
      try {
        await this.#commit(fresh, moves);
        return countOf(fresh);
      } catch (error) {
        if (!isOvertaken(error)) throw error;
      }
    }
  }

  /**
   * The files of `raw` that rows of science were computed from, as their tags say; of others, all
   * of the night.
   */
  #rawOf(files: readonly AddFile[]): AddFile[] {
    const found = new Map<string, AddFile>();
    const { files: current } = this.#raw.snapshot;
    for (const { tags, partitionValues, modificationTime } of files) {
      const hint = tags?.[rawTag];
      if (hint !== undefined && (current.has(hint) || existsSync(join(this.#raw.path, hint)))) {
        found.set(
          hint,
          current.get(hint) ?? {
            path: hint,
            partitionValues,
            size: 0,
            modificationTime,
            dataChange: false,
          },
        );
        continue;
      }
      for (const file of current.values())
        if (file.partitionValues["night"] === partitionValues["night"]) found.set(file.path, file);
    }
    return [...found.values()];
  }

  #fence(step: number): { from: number | null; to: number } {
    const from = this.#table.snapshot.positions.get(fence) ?? null;
    return { from, to: (from ?? 0) + step };
  }

  async #commit(
    byNight: MatchesByNight,
    moves: Readonly<Record<string, { from: number | null; to: number }>>,
  ): Promise<void> {
    const positions = new Map(Object.entries(moves));
    const encoded = [...byNight].flatMap(([night, matches]) =>
      matches.length === 0 ? [] : [encodeFile(matchColumns(matches), night)],
    );
    const written = await writeFiles(encoded, this.#table.path);
    try {
      this.#table.commit({
        operation: "filter",
        add: written.files,
        ...(written.schema && { schema: written.schema }),
        positions,
      });
    } catch (error) {
      discard(this.#table.path, written.files);
      throw error;
    }
  }
}

function failureOf({ filter }: Compiled, outcome: Outcome | undefined): MissingFilter[] {
  return outcome && "failure" in outcome
    ? [{ name: filter.name, version: filter.version, reason: outcome.failure }]
    : [];
}
