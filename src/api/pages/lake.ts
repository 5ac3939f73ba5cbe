import type { DuckDBResult, DuckDBValue, Json } from "@duckdb/node-api";
import type { Config } from "../../config/schema.ts";
import type { AddFile } from "../../lake/actions.ts";
import { messageOf } from "../../errors.ts";
import { kept } from "../../kept.ts";
import { type FileStats, parseStats, statAt } from "../../lake/merge-stats.ts";
import { LakeTable } from "../../lake/table.ts";
import { type TableName, tablesIn } from "../../lake/tables.ts";
import type { Sources } from "../../serving/sources.ts";
import type { Surveys } from "../../surveys/surveys.ts";

export type Row = Record<string, Json>;

export interface Question {
  readonly survey: string;
  readonly kind: string;
  /** Which of the table's files; all by default. */
  readonly files?: (file: AddFile) => boolean;
  /** The query over them; `from` stands for the table. */
  readonly sql: (from: string) => string;
}

/** Where the user's filters are, and what they may name; empty: there are none. */
export interface FilterFolders {
  readonly folder: string;
  readonly watchlists?: string;
  readonly areas?: string;
  /** Whether the shipped ones run too. */
  readonly shipped?: boolean;
  /** The modules that add columns filters may name. */
  readonly science?: Config["science"];
}

/**
 * Where the tables' logs are listed anew: often enough to be live, seldom enough to cost nothing.
 */
const LIST_MS = 500;

/** SQL over chosen files of the lake's tables, for the pages. */
export class PageLake {
  readonly path: string;
  readonly surveys: Surveys;
  readonly filters: FilterFolders;
  /** Alerts of objects, of cones, by id. */
  readonly sources: Sources;
  readonly #tables = new Map<string, LakeTable>();
  readonly #problems = new Map<string, string>();
  readonly #logged = new Set<string>();
  readonly #logError: (error: unknown, message: string) => void;
  #names: readonly TableName[] = [];
  #listedAt = 0;

  constructor(
    path: string,
    surveys: Surveys,
    filters: FilterFolders,
    sources: Sources,
    logError: (error: unknown, message: string) => void = () => {},
  ) {
    this.#logError = logError;
    this.sources = sources;
    this.path = path;
    this.filters = filters;
    this.surveys = surveys;
  }

  /** Those with alerts, but for those whose log cannot be read. */
  surveyNames(): string[] {
    return this.#list()
      .filter(({ kind }) => kind === "raw")
      .map(({ survey }) => survey)
      .filter((survey) => {
        try {
          const { size } = this.table(survey, "raw")?.snapshot.files ?? { size: 0 };
          this.#problems.delete(`${survey} log`);
          return size > 0;
        } catch (error) {
          this.#leaveOut(survey, "log", error);
          return false;
        }
      });
  }

  /**
   * Reads each survey that has alerts. A survey that cannot be read is left out, logged once and
   * named in `problems`.
   */
  async ofSurveys<T>(
    read: (survey: string) => Promise<readonly T[]>,
    surveys = this.surveyNames(),
  ): Promise<T[]> {
    const found = surveys.map(async (survey) => {
      try {
        const rows = await read(survey);
        this.#problems.delete(`${survey} rows`);
        return rows;
      } catch (error) {
        this.#leaveOut(survey, "rows", error);
        return [];
      }
    });
    return (await Promise.all(found)).flat();
  }

  /** Surveys that were left out of the last answers, and why: a sentence each. */
  get problems(): readonly string[] {
    return [...this.#problems.values()];
  }

  #leaveOut(survey: string, what: "log" | "rows", error: unknown): void {
    const problem = `${survey} is left out: ${messageOf(error)}`;
    if (!this.#logged.has(problem)) this.#logError(error, problem);
    this.#logged.add(problem);
    this.#problems.set(`${survey} ${what}`, problem);
  }

  /** As it is now; null when there is none. */
  table(survey: string, kind: string): LakeTable | null {
    const name = this.#list().find((t) => t.survey === survey && t.kind === kind);
    if (!name) return null;
    const table = kept(this.#tables, name.path, () => new LakeTable(name.path));
    table.refresh();
    return table.snapshot.metaData ? table : null;
  }

  /** Nights of a table, newest first. */
  nights(survey: string, kind = "raw"): number[] {
    const files = this.table(survey, kind)?.snapshot.files.values() ?? [];
    return [...new Set([...files].flatMap((file) => nightOf(file) ?? []))].sort((a, b) => b - a);
  }

  /** No rows where the table does not exist. 64-bit integers are text. */
  async rows(question: Question): Promise<Row[]> {
    return (await this.#ask(question, (result) => result.getRowObjectsJson())) ?? [];
  }

  /** Values column by column, for many rows; null where the table does not exist. */
  async columns(question: Question): Promise<DuckDBValue[][] | null> {
    return await this.#ask(question, (result) => result.getColumns());
  }

  async #ask<T>(
    { survey, kind, files: wanted = () => true, sql }: Question,
    read: (result: DuckDBResult) => Promise<T>,
  ): Promise<T | null> {
    const table = this.table(survey, kind);
    const files = [...(table?.snapshot.files.values() ?? [])].filter(wanted);
    if (!table || files.length === 0) return null;
    return await this.sources.use(undefined, async (connection) =>
      read(await connection.run(sql(`(${await this.sources.scan(connection, table, files)})`))),
    );
  }

  #list(): readonly TableName[] {
    if (Date.now() - this.#listedAt > LIST_MS) {
      this.#names = tablesIn(this.path);
      this.#listedAt = Date.now();
    }
    return this.#names;
  }
}

export function nightOf(file: AddFile): number | null {
  const { night } = file.partitionValues;
  return night == null || night === "" ? null : Number(night);
}

/** Only files of these nights. */
export function ofNights(nights: Iterable<number | null>): (file: AddFile) => boolean {
  const wanted = new Set(nights);
  return (file) => wanted.has(nightOf(file));
}

/**
 * Whether the file's statistics leave room for a value between the two, of the column at the path.
 */
export function mayHold(
  file: AddFile,
  path: string | undefined,
  from: string | number,
  to: string | number = from,
): boolean {
  if (path === undefined || file.stats === undefined) return true;
  const { minValues, maxValues } = statsOf(file, file.stats);
  const [least, greatest] = [statAt(minValues, path), statAt(maxValues, path)];
  if (least == null || greatest == null) return true;
  if (typeof least === "string") return least <= String(to) && String(from) <= (greatest as string);
  if (typeof from === "number") return Number(least) <= Number(to) && from <= Number(greatest);
  if (!/^-?\d+$/.test(from)) return false;
  return BigInt(least as number) <= BigInt(to) && BigInt(from) <= BigInt(greatest as number);
}

const known = new WeakMap<AddFile, FileStats>();

function statsOf(file: AddFile, text: string): FileStats {
  const stats = known.get(file) ?? parseStats(text);
  known.set(file, stats);
  return stats;
}
