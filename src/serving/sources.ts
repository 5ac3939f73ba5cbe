import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { type DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";
import { temporaryFolder } from "../folder.ts";
import { FinkError, messageOf } from "../errors.ts";
import { kept } from "../kept.ts";
import type { AddFile } from "../lake/actions.ts";
import { InFlight } from "../lake/in-flight.ts";
import { firstValueSql, idLiterals, literal, scan } from "../lake/scan.ts";
import type { StructType } from "../lake/schema.ts";
import type { LakeTable } from "../lake/table.ts";
import { steadyMemory } from "../lake/upkeep.ts";
import type { AlertId } from "../surveys/alert-id.ts";
import type { Survey } from "../surveys/definition.ts";
import type { Surveys } from "../surveys/surveys.ts";
import { alertIdType, type SourceNames } from "./columns.ts";
import { FreshRows } from "./fresh.ts";
import { type Place, placesOfCells, placesOfCone } from "./places.ts";
import { RawAlerts } from "./raw-alerts.ts";
import { addSkyFunctions } from "./sky-functions.ts";
import { cellSql, indexFile } from "./state.ts";

/** What is asked of the alerts of a survey. */
export interface SourceQuery {
  /** Null: everywhere. */
  readonly places: readonly Place[] | null;
  /** A condition on key columns (`_object`, `_alert`, `_mjd` …), which is looked at first. */
  readonly where?: string;
  /** What follows `SELECT * FROM (…)`, or a whole statement over `{sources}`. */
  readonly sql: string;
}

/** Queries at a time; others wait. */
const connections = 4;
/** Of `_healpix_29` in a condition: of more, the files are read whole. */
const mostRanges = 16;
/** How old what is known of the newest commits may be, ms. */
const freshMs = 250;

/**
 * All alerts of the lake, to the last commit, without images and history: columns as in
 * serving/columns.ts. For points and cones, and for what may take longer.
 */
export class Sources {
  readonly #lake: string;
  readonly surveys: Surveys;
  /** Folder for temporary files. */
  readonly scratch = temporaryFolder("sources");
  readonly #fresh = new Map<string, FreshSurvey>();
  readonly #raw = new Map<string, RawAlerts>();
  readonly #idle: Readonly<Record<Files, DuckDBConnection[]>> = { pixels: [], tables: [] };
  readonly #waiting: (() => void)[] = [];
  readonly #inFlight = new InFlight();
  #busy = 0;
  #instance: Promise<DuckDBInstance> | undefined;

  constructor(lake: string, surveys: Surveys) {
    [this.#lake, this.surveys] = [lake, surveys];
  }

  async close(): Promise<void> {
    await Promise.all([...this.#fresh.values()].map(({ running }) => running?.catch(() => null)));
    await this.#inFlight.ended();
    (await this.#instance)?.closeSync();
    rmSync(this.scratch, { recursive: true, force: true });
  }

  survey(name: string): Survey {
    return this.surveys.named(name);
  }

  /** Names of the survey's columns; null: nothing of it is archived. */
  async columns(survey: string): Promise<SourceNames | null> {
    const { rows } = await this.#brought(survey);
    return rows.exists ? rows.columns : null;
  }

  async placesOfObjects(
    survey: string,
    objects: readonly string[],
    signal?: AbortSignal,
  ): Promise<Place[]> {
    const { rows } = await this.#brought(survey);
    const file = indexFile(this.#lake, survey);
    if (objects.length === 0 || !existsSync(file)) return [];
    const cells = await this.use(signal, async (connection) => {
      const result = await connection.run(
        `SELECT DISTINCT cell FROM read_parquet(${literal(file)}) WHERE object IN (${objects.map(literal).join(", ")})`,
      );
      return (await result.getRows()).map(([cell]) => Number(cell));
    });
    return placesOfCells(rows.base.pixels, cells);
  }

  async placesOfCells(survey: string, cells: readonly number[]): Promise<Place[]> {
    return placesOfCells((await this.#brought(survey)).rows.base.pixels, cells);
  }

  /** Of alerts of which nothing is known but their ids. */
  async placesOfAlerts(
    survey: string,
    ids: readonly AlertId[],
    signal?: AbortSignal,
  ): Promise<Place[]> {
    const { position } = this.survey(survey);
    const sql = (schema: StructType) => {
      const [ra, dec] = [firstValueSql(schema, position?.ra), firstValueSql(schema, position?.dec)];
      return `SELECT DISTINCT ${ra && dec ? cellSql(ra, dec) : "0"} FROM {alerts}`;
    };
    const rows = await this.raw(
      survey,
      ids,
      sql,
      async (connection, text) => (await connection.run(text)).getRows(),
      signal,
    );
    return await this.placesOfCells(
      survey,
      (rows ?? []).map(([cell]) => Number(cell)),
    );
  }

  async placesOfCone(survey: string, ra: number, dec: number, radius: number): Promise<Place[]> {
    const { rows } = await this.#brought(survey);
    return placesOfCone(rows.base.pixels, ra, dec, radius);
  }

  /**
   * Runs the statement, in which `{sources}` stands for the rows. Throws "no-data" where nothing of
   * the survey is archived.
   */
  async query<T>(
    survey: string,
    query: SourceQuery,
    read: (connection: DuckDBConnection, sql: string) => Promise<T>,
    signal?: AbortSignal,
  ): Promise<T> {
    const { rows } = await this.#brought(survey);
    if (!rows.exists) throw new FinkError("lake", `nothing of ${survey} is archived`);
    const run = () =>
      this.#use("pixels", signal, async (connection) => {
        const hasNewer =
          query.places === null
            ? rows.size > 0
            : rows.size > 0 && (await anyIn(connection, rows.name, query.where));
        return await read(
          connection,
          query.sql.replaceAll("{sources}", () => `(${this.#relation(rows, query, hasNewer)})`),
        );
      });
    try {
      return await run();
    } catch (error) {
      if (!/No files found|Cannot open file/.test(messageOf(error))) throw error;
      await rows.advance(); // the file of a pixel was just cut into four
      return await run();
    }
  }

  /**
   * Columns of whole alerts, as the survey sent them: `sql` over `{alerts}`, made of the table's
   * schema. Null: there are none of them.
   */
  async raw<T>(
    survey: string,
    ids: readonly AlertId[],
    sql: (schema: StructType) => string | null,
    read: (connection: DuckDBConnection, sql: string) => Promise<T>,
    signal?: AbortSignal,
  ): Promise<T | null> {
    const alerts = this.#alertsOf(survey);
    const statement = sql(alerts.schema);
    if (statement === null) return null;
    return await this.use(signal, (connection) =>
      alerts.query(connection, this.scratch, ids, statement, (text) => read(connection, text)),
    );
  }

  /**
   * Condition on `_alert` that it is one of these ids; null: no alert of the survey can have one of
   * them.
   */
  isOneOf(survey: string, ids: Iterable<AlertId>): string | null {
    const type = alertIdType(this.#alertsOf(survey).schema, this.survey(survey));
    const literals = idLiterals(type === "VARCHAR" ? "string" : "long", ids);
    return literals.length === 0 ? null : `_alert IN (${literals.join(", ")})`;
  }

  #alertsOf(survey: string): RawAlerts {
    return kept(this.#raw, survey, () => new RawAlerts(this.#lake, this.surveys.named(survey)));
  }

  /** A SELECT of all columns of a table over some of its files. */
  async scan(
    connection: DuckDBConnection,
    { path, partitionColumns, snapshot }: LakeTable,
    files: Iterable<AddFile>,
  ): Promise<string> {
    return await scan(
      connection,
      { path, partitionColumns, schema: snapshot.schema },
      files,
      join(this.scratch, "seeds"),
    );
  }

  /** Lends a connection; what runs on it is cancelled with the signal. */
  async use<T>(
    signal: AbortSignal | undefined,
    work: (connection: DuckDBConnection) => Promise<T>,
  ): Promise<T> {
    return await this.#use("tables", signal, work);
  }

  async #use<T>(
    files: Files,
    signal: AbortSignal | undefined,
    work: (connection: DuckDBConnection) => Promise<T>,
  ): Promise<T> {
    return await this.#inFlight.run(() => this.#lend(files, signal, work));
  }

  async #lend<T>(
    files: Files,
    signal: AbortSignal | undefined,
    work: (connection: DuckDBConnection) => Promise<T>,
  ): Promise<T> {
    if (this.#busy >= connections)
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    this.#busy++;
    const interrupt = () => connection?.interrupt();
    let connection: DuckDBConnection | undefined;
    try {
      signal?.throwIfAborted();
      connection = this.#idle[files].pop() ?? (await this.#connect(files));
      signal?.addEventListener("abort", interrupt);
      return await work(connection);
    } finally {
      signal?.removeEventListener("abort", interrupt);
      if (connection) this.#idle[files].push(connection);
      this.#busy--;
      this.#waiting.shift()?.();
    }
  }

  /** One row per alert of the files' and of what came since. */
  #relation(rows: FreshRows, { places, where = "true" }: SourceQuery, hasNewer: boolean): string {
    const pixels = new Set(
      (places?.map(({ pixel }) => pixel) ?? rows.base.pixels).filter((p) => p.rows > 0),
    );
    const inside =
      places && places.length <= mostRanges
        ? places
            .map(({ first, end }) => `(_healpix_29 >= ${first} AND _healpix_29 < ${end})`)
            .join(" OR ")
        : "true";
    const selects =
      pixels.size === 0 ? [] : [`FROM ${rows.pixelRows(pixels)} WHERE (${inside}) AND (${where})`];
    // 170 columns twice, and a window: 15 ms
    if (!hasNewer && selects.length > 0) return `SELECT * ${selects[0]}`;
    const all = [
      ...selects.map((select) => `SELECT *, 1 AS _rank ${select}`),
      `SELECT * FROM ${rows.name} WHERE (${where})`,
    ];
    return `SELECT * EXCLUDE (_rank) FROM (${all.join(" UNION ALL BY NAME ")}) QUALIFY row_number() OVER (PARTITION BY _alert ORDER BY _rank DESC) = 1`;
  }

  /** The survey's newest rows, not older than a moment. */
  async #brought(name: string): Promise<FreshSurvey> {
    let fresh = this.#fresh.get(name);
    if (!fresh) {
      const connection = await (await this.#opened()).connect();
      try {
        fresh = this.#fresh.get(name) ?? {
          rows: new FreshRows(connection, this.scratch, this.#lake, this.surveys.named(name)),
          at: -Infinity,
          running: null,
        };
      } catch (error) {
        connection.closeSync(); // a table that cannot be read is asked for again and again
        throw error;
      }
      this.#fresh.set(name, fresh);
    }
    const known = fresh;
    if (!known.running && performance.now() - known.at > freshMs) {
      known.running = known.rows.advance().finally(() => {
        known.running = null;
        known.at = performance.now();
      });
    }
    await known.running;
    return known;
  }

  /**
   * DuckDB keeps what it knows of pixels' files, which are read again and again, but not of tables'
   * files, of which a new one comes each second: 0.1 MB each.
   */
  async #connect(files: Files): Promise<DuckDBConnection> {
    const connection = await (await this.#opened()).connect();
    if (files === "pixels") await connection.run("SET SESSION parquet_metadata_cache = true");
    return connection;
  }

  #opened(): Promise<DuckDBInstance> {
    this.#instance ??= this.#open();
    return this.#instance;
  }

  /** In a file: what came since the last merge may be more than fits into memory. */
  async #open(): Promise<DuckDBInstance> {
    const instance = await DuckDBInstance.create(join(this.scratch, "fresh.db"), {
      memory_limit: "384MB",
      ...steadyMemory,
      // a query pays half as much CPU time again for the second; as many run at a time as there are
      // connections
      threads: "1",
      temp_directory: this.scratch,
      // the images of a row group are 50 MB: giving these back after each query doubles its CPU
      // time
      allocator_flush_threshold: "32MB",
      allocator_bulk_deallocation_flush_threshold: "64MB",
    });
    const connection = await instance.connect();
    await connection.run(
      "SET GLOBAL TimeZone = 'UTC'; SET GLOBAL prefetch_all_parquet_files = true",
    );
    addSkyFunctions(connection);
    connection.closeSync();
    return instance;
  }
}

async function anyIn(
  connection: DuckDBConnection,
  table: string,
  where = "true",
): Promise<boolean> {
  return (
    (await (await connection.run(`SELECT 1 FROM ${table} WHERE (${where}) LIMIT 1`)).getRows())
      .length > 0
  );
}

type Files = "pixels" | "tables";

interface FreshSurvey {
  readonly rows: FreshRows;
  at: number;
  running: Promise<boolean> | null;
}
