import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type { DuckDBConnection } from "@duckdb/node-api";
import { FinkError, messageOf } from "../errors.ts";
import type { Snapshot } from "../lake/actions.ts";
import { catalogueFolder, catalogueInfo, catalogueNames } from "../lake/catalogues.ts";
import { firstValueSql, identifier, literal, scan } from "../lake/scan.ts";
import { LakeTable } from "../lake/table.ts";
import type { TableName } from "../lake/tables.ts";
import type { Surveys } from "../surveys/surveys.ts";
import { alertsView } from "./alerts.ts";
import { noSuchTable } from "./explain-error.ts";
import { newestScience } from "./newest.ts";

/** A table as one session sees it. */
export class SessionTable implements TableName {
  readonly survey: string;
  readonly kind: string;
  readonly path: string;
  #snapshot: Snapshot | null = null;

  constructor({ survey, kind, path }: TableName) {
    [this.survey, this.kind, this.path] = [survey, kind, path];
  }

  /**
   * The table as it was when the session first read it. Throws FinkError "lake" where it cannot be
   * read.
   */
  get snapshot(): Snapshot {
    return (this.#snapshot ??= new LakeTable(this.path).snapshot);
  }

  /** Null: no statement has named the table yet. */
  get loaded(): Snapshot | null {
    return this.#snapshot;
  }
}

/** Paths that DuckDB may open. */
export interface Reach {
  readonly folders: readonly string[];
  readonly files: readonly string[];
}

/**
 * The views `<survey>.<kind>`, `<survey>.alerts` and `catalogues.<name>`. A view is made when a
 * statement first names it: a query reads the logs of its own tables alone, and a table that cannot
 * be read stops no query of another.
 */
export class LakeViews {
  readonly tables: readonly SessionTable[];
  /** As it is when the views are set up: a night that begins later is not in it. */
  readonly reach: Reach;
  readonly #connection: DuckDBConnection;
  readonly #lake: string;
  readonly #surveys: Surveys;
  /** Folder for `scan`. */
  readonly #scratch: string;
  /** By the names in lower case, as they are written. */
  readonly #names: ReadonlyMap<string, string>;
  /** The result for each view that was asked for: null, or why there is none. */
  readonly #made = new Map<string, FinkError | null>();
  #isBehind = false;

  constructor(
    connection: DuckDBConnection,
    lake: string,
    tables: readonly SessionTable[],
    surveys: Surveys,
    scratch: string,
  ) {
    [this.#connection, this.#lake, this.#surveys, this.#scratch] = [
      connection,
      lake,
      surveys,
      scratch,
    ];
    this.tables = tables;
    const surveysHere = new Set(this.tables.map(({ survey }) => survey));
    const names = [
      ...this.tables.map(({ survey, kind }) => `${survey}.${kind}`),
      ...Array.from(surveysHere, (survey) => `${survey}.alerts`).filter((name) =>
        this.#hasAlerts(name),
      ),
      ...catalogueNames(lake).map((name) => `catalogues.${name}`),
    ];
    this.#names = new Map(names.map((name) => [name.toLowerCase(), name]));
    this.reach = reachOf([
      ...tables.map(({ path }) => path),
      ...catalogueNames(lake).map((name) => catalogueFolder(lake, name)),
    ]);
  }

  /** True once a view was asked for whose table has a night that is not in reach. */
  get isBehind(): boolean {
    return this.#isBehind;
  }

  /** True if there may be such a view: `survey.kind`, in lower case. */
  has(view: string): boolean {
    return this.#names.has(view);
  }

  /** The error for a table that is not there, or that cannot be read. */
  missing(name: string): FinkError {
    return noSuchTable(name, [...this.#names.values()]);
  }

  /**
   * Makes the views of these names; null: all that can be read. Throws FinkError for a named one
   * that cannot.
   */
  async make(names: ReadonlySet<string> | null): Promise<void> {
    for (const [name, full] of this.#names) {
      if (names && !names.has(name)) continue;
      const why = await this.#try(full);
      if (names && why) throw why;
    }
  }

  /** Once: what cannot be read now is not tried again for each statement. */
  async #try(full: string): Promise<FinkError | null> {
    const known = this.#made.get(full);
    if (known !== undefined) return known;
    const why = await this.#make(full).catch((error: unknown) => {
      return error instanceof FinkError && error.code === "sql"
        ? error
        : unreadableView(full, error);
    });
    this.#made.set(full, why);
    return why;
  }

  async #make(full: string): Promise<FinkError | null> {
    const [schema, name] = full.split(".", 2);
    const table = this.#find(schema, name);
    const isCatalogue = schema === "catalogues";
    const select = table
      ? await this.#table(table)
      : isCatalogue
        ? await this.#catalogue(name)
        : await this.#alerts(schema);
    if (select === null)
      return noSuchTable(
        full,
        [...this.#names.values()].filter((one) => one !== full),
      );
    await this.#connection.run(`CREATE SCHEMA IF NOT EXISTS ${identifier(schema)}`);
    await this.#connection.run(
      `CREATE VIEW ${identifier(schema)}.${identifier(name)} AS ${select}`,
    );
    return null;
  }

  async #table(table: SessionTable): Promise<string | null> {
    const { survey, kind, path, snapshot } = table;
    if (!snapshot.metaData) return null;
    const seeds = join(this.#scratch, survey, kind);
    const updates = kind === "science" ? this.#find(survey, "science_updates") : undefined;
    this.#isBehind ||=
      this.#hasNewNight(table) || (updates !== undefined && this.#hasNewNight(updates));
    if (updates)
      return await newestScience(
        this.#connection,
        this.#surveys.named(survey),
        table,
        updates,
        seeds,
      );
    const { partitionColumns } = snapshot.metaData;
    return await scan(
      this.#connection,
      { path, schema: snapshot.schema, partitionColumns },
      snapshot.files.values(),
      seeds,
    );
  }

  async #alerts(name: string): Promise<string | null> {
    const [raw, science] = [this.#find(name, "raw"), this.#find(name, "science")];
    if (!raw || !science) return null;
    for (const { kind } of [raw, science]) {
      const why = await this.#try(`${name}.${kind}`);
      if (why) throw why;
    }
    const survey = this.#surveys.named(name);
    const hasRows =
      raw.snapshot.metaData &&
      science.snapshot.files.size > 0 &&
      firstValueSql(raw.snapshot.schema, survey.alert) !== undefined;
    return hasRows ? alertsView(survey, raw.snapshot, science.snapshot) : null;
  }

  async #catalogue(name: string): Promise<string> {
    const { file } = catalogueInfo(this.#lake, name);
    return `FROM read_parquet(${literal(join(catalogueFolder(this.#lake, name), file))})`;
  }

  /** Or a new file, where the table has no nights. */
  #hasNewNight({ path, snapshot }: SessionTable): boolean {
    const known = new Set([...this.reach.folders, ...this.reach.files]);
    const read = new Set(Array.from(snapshot.files.values(), (file) => file.path.split("/", 1)[0]));
    return Array.from(read, (name) => join(path, name)).some(
      (one) => !known.has(one) && existsSync(one),
    );
  }

  #find(survey: string, kind: string): SessionTable | undefined {
    return this.tables.find((table) => table.survey === survey && table.kind === kind);
  }

  #hasAlerts(view: string): boolean {
    const [survey] = view.split(".");
    return ["raw", "science"].every((kind) => this.#find(survey, kind) !== undefined);
  }
}

/** What lies in these folders, without the logs of tables. */
function reachOf(folders: readonly string[]): Reach {
  const entries = folders.flatMap((path) =>
    readdirSync(path, { withFileTypes: true }).map((entry) => ({
      entry,
      path: join(path, entry.name),
    })),
  );
  return {
    folders: entries
      .filter(({ entry }) => !entry.isFile() && !/^[_.]/.test(entry.name))
      .map(({ path }) => path),
    files: entries
      .filter(({ entry }) => entry.isFile() && !/^[_.]|\.json$/.test(entry.name))
      .map(({ path }) => path),
  };
}

function unreadableView(full: string, error: unknown): FinkError {
  return new FinkError(
    "lake",
    error instanceof FinkError ? error.message : `${full} cannot be read: ${messageOf(error)}`,
    error,
  );
}
