import { createHash } from "node:crypto";
import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { DuckDBConnection } from "@duckdb/node-api";
import type { AddFile } from "../lake/actions.ts";
import { actionsOf } from "../lake/log.ts";
import { identifier, literal, scan } from "../lake/scan.ts";
import { LakeTable } from "../lake/table.ts";
import { changesAfter } from "../science/changes.ts";
import type { Survey } from "../surveys/definition.ts";
import {
  alertIdType,
  keysOfRaw,
  namesOf,
  rawColumns,
  scienceColumns,
  scienceId,
  selectList,
  type SourceNames,
} from "./columns.ts";
import { type Pixel, pixelFile, readState, type ServingState } from "./state.ts";

/** Position of science in `raw`, as science/follow.ts keeps it: the next version. */
const scienceOfRaw = "science:raw";

/**
 * Alerts that came after what `sources` holds, as tables of a DuckDB: `fresh_<survey>` has whole
 * rows with the columns of `sources`, and `_rank` by which the better of two rows of one alert is
 * told: 2 with what science says, 0 without, where a row of `sources` is 1.
 */
export class FreshRows {
  readonly lake: string;
  readonly survey: Survey;
  readonly #connection: DuckDBConnection;
  readonly #scratch: string;
  readonly #raw: LakeTable;
  readonly #science: readonly LakeTable[];
  #columns = "";
  #names: SourceNames | undefined;
  /** What `fresh` begins after. */
  base: ServingState;
  /** Rows of `fresh`. */
  size = 0;
  /** What it has been read up to: raw, science, science_updates. */
  #read: [number, number, number] = [-1, -1, -1];
  /** The version of raw to which the rows of science that are read lead: the next one. */
  #done = 0;

  constructor(connection: DuckDBConnection, scratch: string, lake: string, survey: Survey) {
    [this.#connection, this.#scratch, this.lake, this.survey] = [connection, scratch, lake, survey];
    this.#raw = new LakeTable(join(lake, survey.name, "raw"));
    this.#science = ["science", "science_updates"].map(
      (kind) => new LakeTable(join(lake, survey.name, kind)),
    );
    this.base = readState(lake, survey.name);
  }

  get name(): string {
    return identifier(`fresh_${this.survey.name}`);
  }

  /** Versions that are read, of raw only so far as science has come. */
  get reached(): Omit<ServingState, "pixels"> {
    const [raw, science, updates] = this.#read;
    return {
      raw: this.#science[0].snapshot.metaData ? Math.min(raw, this.#done - 1) : raw,
      science,
      updates,
    };
  }

  /** Whether there is more of raw. */
  get isBehind(): boolean {
    return this.#read[0] < this.#raw.snapshot.version;
  }

  /** A survey that nobody described has no ids by which to serve it. */
  get exists(): boolean {
    return this.#raw.snapshot.metaData !== null && this.survey.alert !== undefined;
  }

  /**
   * Reads what came to the tables, of raw about so many rows; begins anew where `sources` or the
   * columns changed. True when there was anything. Those who read see all of it or nothing.
   */
  async advance(rows = Infinity): Promise<boolean> {
    this.#raw.refresh();
    for (const table of this.#science) table.refresh();
    if (!this.exists) return false;
    const columns = JSON.stringify([
      this.#raw.snapshot.schema,
      ...this.#science.map((t) => t.snapshot.schema),
    ]);
    const state = readState(this.lake, this.survey.name);
    if (columns !== this.#columns) this.#names = undefined;
    const isNew = columns !== this.#columns || JSON.stringify(state) !== JSON.stringify(this.base);
    if (
      !isNew &&
      !this.isBehind &&
      this.#science.every(({ snapshot }, i) => snapshot.version === this.#read[i + 1])
    )
      return false;
    await this.#connection.run("BEGIN");
    try {
      if (isNew) {
        [this.base, this.#read, this.#columns] = [
          state,
          [state.raw, state.science, state.updates],
          columns,
        ];
        this.#done = state.raw + 1;
        await this.#createTables();
      }
      await this.#readOn(rows);
      await this.#connection.run("COMMIT");
      return true;
    } catch (error) {
      this.#columns = ""; // all of it again
      await this.#connection.run("ROLLBACK").catch(() => null);
      throw error;
    } finally {
      rmSync(this.#seeds, { recursive: true, force: true });
    }
  }

  async #readOn(rows: number): Promise<void> {
    const raw = changesAfter(this.#raw, this.#read[0], rows);
    const isBehind = raw.to < this.#raw.snapshot.version;
    // of science as much as belongs to these, so that the rows of the next step are not taken for
    // late ones; updates come at the end
    const science = changesTo(
      this.#science[0],
      this.#read[1],
      this.#done,
      isBehind ? raw.to + 1 : Infinity,
    );
    const updates = isBehind
      ? { files: [], to: this.#read[2] }
      : changesAfter(this.#science[1], this.#read[2], Infinity);
    if (raw.files.length > 0)
      await this.#connection.run(
        `INSERT INTO ${this.#table("raw")} BY NAME ${await this.#rawRows(living(this.#raw, raw.files))}`,
      );
    for (const [i, { files }] of [science, updates].entries()) {
      if (files.length > 0)
        await this.#addScience(
          await this.#scienceRows(this.#science[i], living(this.#science[i], files)),
        );
    }
    this.#read = [raw.to, science.to, updates.to];
    this.#done = science.done;
    const [[size]] = await (
      await this.#connection.run(`SELECT count(*)::DOUBLE FROM ${this.name}`)
    ).getRows();
    this.size = Number(size);
  }

  /** Names of the columns, of which none has a dot. */
  get columns(): SourceNames {
    this.#names ??= namesOf(
      this.#raw.snapshot.schema,
      this.#science[0].snapshot.schema,
      this.survey,
    );
    return this.#names;
  }

  async #createTables(): Promise<void> {
    const c = this.#connection;
    const [raw, science, late] = ["raw", "science", "late"].map((kind) => this.#table(kind));
    await c.run(
      `DROP VIEW IF EXISTS ${this.name}; DROP TABLE IF EXISTS ${raw}; DROP TABLE IF EXISTS ${science}; DROP TABLE IF EXISTS ${late}`,
    );
    await c.run(`CREATE TABLE ${raw} AS ${await this.#rawRows([])}`);
    const none = await this.#scienceRows(this.#science[0], []);
    await c.run(`CREATE TABLE ${science} AS ${none}`);
    const joined = `SELECT r.*, s.* EXCLUDE (_alert), CASE WHEN s._alert IS NULL THEN 0 ELSE 2 END AS _rank FROM ${raw} r LEFT JOIN ${science} s ON r._alert = s._alert`;
    await c.run(`CREATE TABLE ${late} AS ${joined} LIMIT 0`);
    await c.run(`CREATE VIEW ${this.name} AS ${joined} UNION ALL BY NAME FROM ${late}`);
    await c.run(
      `COPY (SELECT * EXCLUDE (_rank) FROM ${this.name} LIMIT 0) TO ${literal(this.#seed)} (FORMAT parquet)`,
    );
  }

  /**
   * Rows of some pixels, as what follows FROM. Files that were merged before a column came lack it:
   * an empty file with every column is read with them, so that an absent column is null.
   */
  pixelRows(pixels: Iterable<Pick<Pixel, "order" | "pixel">>): string {
    const files = [
      this.#seed,
      ...Array.from(pixels, (pixel) => pixelFile(this.lake, this.survey.name, pixel)),
    ];
    return `read_parquet([${files.map(literal).join(", ")}], union_by_name = true, hive_partitioning = false)`;
  }

  /**
   * Newer rows of science replace older ones; those of alerts that `sources` has already come with
   * their alert.
   */
  async #addScience(select: string): Promise<void> {
    const c = this.#connection;
    const [raw, science, late] = ["raw", "science", "late"].map((kind) => this.#table(kind));
    await c.run(`CREATE OR REPLACE TEMP TABLE incoming AS ${select}`);
    await c.run(`DELETE FROM ${science} WHERE _alert IN (SELECT _alert FROM incoming)`);
    await c.run(`INSERT INTO ${science} BY NAME FROM incoming`);
    await c.run(`DELETE FROM incoming WHERE _alert IN (SELECT _alert FROM ${raw})`);
    const pixels = this.base.pixels.filter((p) => p.rows > 0);
    const [[waiting]] = await (await c.run("SELECT count(*)::INTEGER FROM incoming")).getRows();
    if (waiting !== 0 && pixels.length > 0) {
      const names = (await (await c.run(`DESCRIBE ${raw}`)).getRows()).map(
        ([name]) => `p.${identifier(String(name))}`,
      );
      await c.run(`DELETE FROM ${late} WHERE _alert IN (SELECT _alert FROM incoming)`);
      await c.run(`INSERT INTO ${late} BY NAME SELECT ${names.join(", ")}, i.* EXCLUDE (_alert), 2 AS _rank
        FROM ${this.pixelRows(pixels)} p JOIN incoming i ON p._alert = i._alert`);
    }
  }

  async #rawRows(files: readonly AddFile[]): Promise<string> {
    const { path, partitionColumns, snapshot } = this.#raw;
    const rows = await scan(
      this.#connection,
      { path, partitionColumns, schema: snapshot.schema },
      files,
      this.#seeds,
    );
    return `SELECT ${keysOfRaw(snapshot.schema, this.survey)}${selectList(rawColumns(snapshot.schema, this.survey))} FROM (${rows})`;
  }

  /** Rows of one of both tables; of several of an alert that of the greatest revision. */
  async #scienceRows(table: LakeTable, files: readonly AddFile[]): Promise<string> {
    const base = this.#science[0].snapshot.schema;
    const { path, partitionColumns, snapshot } = table;
    const columns = scienceColumns(
      base,
      this.survey,
      rawColumns(this.#raw.snapshot.schema, this.survey),
    );
    const revision = columns.some(({ name }) => name === "_revision") ? "_revision" : "0";
    const rows = await scan(
      this.#connection,
      { path, partitionColumns, schema: snapshot.metaData ? snapshot.schema : base },
      files,
      this.#seeds,
    );
    if (base.fields.length === 0)
      return `SELECT NULL::${alertIdType(this.#raw.snapshot.schema, this.survey)} AS _alert WHERE false`;
    return `SELECT ${scienceId(base, this.survey)} AS _alert${selectList(columns)} FROM (${rows}) QUALIFY row_number() OVER (PARTITION BY _alert ORDER BY ${revision} DESC) = 1`;
  }

  /** Named by its columns: a query that began before they changed still reads the old one. */
  get #seed(): string {
    return join(
      this.#scratch,
      `columns-${this.survey.name}-${createHash("sha1").update(this.#columns).digest("hex")}.parquet`,
    );
  }

  get #seeds(): string {
    return join(this.#scratch, `seeds-${this.survey.name}`);
  }

  #table(kind: string): string {
    return identifier(`fresh_${this.survey.name}_${kind}`);
  }
}

/**
 * Files of the entries of science after `from` that lead no further in raw than `limit`. Where one
 * is gone by vacuum: all of the table.
 */
function changesTo(
  table: LakeTable,
  from: number,
  before: number,
  limit: number,
): { files: AddFile[]; to: number; done: number } {
  const { snapshot } = table;
  const files: AddFile[] = [];
  let [to, done] = [from, before];
  for (; to < snapshot.version; to++) {
    const actions = actionsOf(table.path, to + 1);
    const added = actions?.flatMap(({ add }) => (add?.dataChange ? [add] : []));
    if (!added?.every(({ path }) => existsSync(join(table.path, path)))) {
      return {
        files: [...snapshot.files.values()],
        to: snapshot.version,
        done: snapshot.positions.get(scienceOfRaw) ?? before,
      };
    }
    const position = actions?.find(({ txn }) => txn?.appId === scienceOfRaw)?.txn?.version ?? done;
    if (position > limit) break;
    files.push(...added);
    done = position;
  }
  return { files, to, done };
}

/** Without files whose rows were written anew since. */
function living(table: LakeTable, files: readonly AddFile[]): AddFile[] {
  return files.filter(
    ({ path }) =>
      !table.snapshot.removed.get(path)?.dataChange && existsSync(join(table.path, path)),
  );
}
