import { existsSync } from "node:fs";
import { join } from "node:path";
import type { DuckDBConnection } from "@duckdb/node-api";
import { FinkError, messageOf } from "../errors.ts";
import type { Snapshot } from "../lake/actions.ts";
import { catalogueFolder, catalogueInfo, catalogueNames, cataloguesFolder } from "../lake/catalogues.ts";
import { firstValueSql, identifier, literal, scan } from "../lake/scan.ts";
import { LakeTable } from "../lake/table.ts";
import { type TableName, tablesIn } from "../lake/tables.ts";
import type { Surveys } from "../surveys/surveys.ts";
import { alertsView } from "./alerts.ts";
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

  /** The table as it was when the session first read it. Throws FinkError "lake" where it cannot be read. */
  get snapshot(): Snapshot {
    return (this.#snapshot ??= new LakeTable(this.path).snapshot);
  }

  /** Null: no statement has named the table yet. */
  get loaded(): Snapshot | null {
    return this.#snapshot;
  }
}

/** Statements about the tables themselves, which need a view of each. */
const listing = /\bshow\b|^\s*describe\s*;?\s*$|information_schema|\b(?:duckdb|pg|pragma|sqlite)_/i;

/**
 * The views `<survey>.<kind>`, `<survey>.alerts` and `catalogues.<name>`. A view is made when a statement first names it: a query reads the logs of its own tables
 * alone, and a table that cannot be read stops no query of another.
 */
export class LakeViews {
  readonly tables: readonly SessionTable[];
  /** Why a view could not be made, by its name. */
  readonly unreadable = new Map<string, FinkError>();
  readonly #connection: DuckDBConnection;
  readonly #lake: string;
  readonly #surveys: Surveys;
  /** Folder for `scan`. */
  readonly #scratch: string;
  readonly #made = new Set<string>();

  constructor(connection: DuckDBConnection, lake: string, surveys: Surveys, scratch: string) {
    [this.#connection, this.#lake, this.#surveys, this.#scratch] = [connection, lake, surveys, scratch];
    this.tables = tablesIn(lake).map((name) => new SessionTable(name));
  }

  /** Folders the views read. */
  get folders(): string[] {
    return [...this.tables.map(({ path }) => path), ...(existsSync(cataloguesFolder(this.#lake)) ? [cataloguesFolder(this.#lake)] : [])];
  }

  /** Makes the views a statement may name. A name counts wherever it stands: one view too many costs little. */
  async make(sql: string): Promise<void> {
    const text = sql.toLowerCase();
    const isListing = listing.test(sql);
    const names = (...parts: readonly string[]) => isListing || parts.every((part) => text.includes(part.toLowerCase()));
    for (const table of this.tables) {
      const { survey, kind } = table;
      if (names(survey, kind)) await this.#try(survey, kind, () => this.#table(table));
    }
    for (const survey of new Set(this.tables.map((table) => table.survey))) {
      if (names(survey, "alerts")) await this.#try(survey, "alerts", () => this.#alerts(survey));
    }
    if (!names("catalogues")) return;
    for (const name of catalogueNames(this.#lake)) if (names(name)) await this.#try("catalogues", name, () => this.#catalogue(name));
  }

  /** Once: what cannot be read now is not tried again for each statement. */
  async #try(schema: string, name: string, select: () => Promise<string | null>): Promise<void> {
    const full = `${schema}.${name}`;
    if (this.#made.has(full)) return;
    this.#made.add(full);
    try {
      const sql = await select();
      if (sql === null) return;
      await this.#connection.run(`CREATE SCHEMA IF NOT EXISTS ${identifier(schema)}`);
      await this.#connection.run(`CREATE VIEW ${identifier(schema)}.${identifier(name)} AS ${sql}`);
    } catch (error) {
      const why = error instanceof FinkError ? error.message : `${full} cannot be read: ${messageOf(error)}`;
      this.unreadable.set(full, new FinkError("lake", why, error));
    }
  }

  async #table(table: SessionTable): Promise<string | null> {
    const { survey, kind, path, snapshot } = table;
    if (!snapshot.metaData) return null;
    const seeds = join(this.#scratch, survey, kind);
    const updates = kind === "science" ? this.#find(survey, "science_updates") : undefined;
    if (updates) return await newestScience(this.#connection, this.#surveys.named(survey), table, updates, seeds);
    const { partitionColumns } = snapshot.metaData;
    return await scan(this.#connection, { path, schema: snapshot.schema, partitionColumns }, snapshot.files.values(), seeds);
  }

  async #alerts(name: string): Promise<string | null> {
    const [raw, science] = [this.#find(name, "raw"), this.#find(name, "science")];
    if (!raw || !science) return null;
    for (const table of [raw, science]) await this.#try(name, table.kind, () => this.#table(table));
    const survey = this.#surveys.named(name);
    const hasRows = raw.snapshot.metaData && science.snapshot.files.size > 0 && firstValueSql(raw.snapshot.schema, survey.alert) !== undefined;
    return hasRows ? alertsView(survey, raw.snapshot, science.snapshot) : null;
  }

  async #catalogue(name: string): Promise<string> {
    const { file } = catalogueInfo(this.#lake, name);
    return `FROM read_parquet(${literal(join(catalogueFolder(this.#lake, name), file))})`;
  }

  #find(survey: string, kind: string): SessionTable | undefined {
    return this.tables.find((table) => table.survey === survey && table.kind === kind);
  }
}
