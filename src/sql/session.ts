import { rmSync } from "node:fs";
import {
  type DuckDBConnection,
  DuckDBInstance,
  type DuckDBPreparedStatement,
  type DuckDBResult,
  type DuckDBValue,
  StatementType,
} from "@duckdb/node-api";
import { temporaryFolder } from "../folder.ts";
import { identifier, literal } from "../lake/scan.ts";
import { tablesIn } from "../lake/tables.ts";
import { steadyMemory } from "../lake/upkeep.ts";
import { FinkError, messageOf } from "../errors.ts";
import { loadSurveys, shippedSurveys, type Surveys } from "../surveys/surveys.ts";
import { explain } from "./explain-error.ts";
import { createMacros } from "./macros.ts";
import { readStatement, type ReadStatement } from "./read-only.ts";
import { type StoredTypes, storedType } from "./stored-types.ts";
import { LakeViews, type Reach, SessionTable } from "./views.ts";

export interface SessionOptions {
  /** Default: the shipped ones. */
  readonly surveys?: Surveys;
  /** Of DuckDB's buffers; what does not fit goes to temporary files. */
  readonly memory?: string;
  /** Most that the temporary files may take. Default: nine tenths of the free disk. */
  readonly spill?: string;
  /** The one file that `copyTo` may write. */
  readonly writable?: string;
}

/**
 * SQL over the lake: a view `<survey>.<kind>` of each table as it is when a statement first names
 * it, `<survey>.alerts` and `catalogues.<name>`. Times are UTC. Statements that change anything are
 * refused, and so is every file that is not a table's.
 */
export async function openSession(
  lake: string,
  { surveys = loadSurveys(shippedSurveys), ...options }: SessionOptions = {},
): Promise<LakeSession> {
  const tables = tablesIn(lake).map((name) => new SessionTable(name));
  const open = () => openLocked({ lake, tables, surveys, ...options });
  return new LakeSession(open, await open());
}

interface ToOpen extends SessionOptions {
  readonly lake: string;
  readonly tables: readonly SessionTable[];
  readonly surveys: Surveys;
}

/** A DuckDB that reaches only what the views read. */
interface Locked {
  readonly connection: DuckDBConnection;
  readonly views: LakeViews;
  close(): void;
}

async function openLocked({
  lake,
  tables,
  surveys,
  memory = "1GB",
  spill,
  writable,
}: ToOpen): Promise<Locked> {
  const scratch = temporaryFolder("sql");
  const instance = await DuckDBInstance.create(":memory:", {
    memory_limit: memory,
    temp_directory: scratch,
    ...steadyMemory,
  });
  const close = () => {
    instance.closeSync();
    rmSync(scratch, { recursive: true, force: true });
  };
  try {
    const connection = await instance.connect();
    // as an option of the instance, DuckDB takes it and does not keep to it
    if (spill !== undefined)
      await connection.run(`SET max_temp_directory_size = ${literal(spill)}`);
    // DuckDB 1.5 fails with an internal error where this meets a range above one window and below
    // another
    await connection.run("SET disabled_optimizers = 'top_n_window_elimination'");
    await createMacros(connection);
    const views = new LakeViews(connection, lake, tables, surveys, scratch);
    const { folders, files } = views.reach;
    await lock(connection, {
      folders: [...folders, scratch],
      files: [...files, ...(writable === undefined ? [] : [writable])],
    });
    return { connection, views, close: () => [connection.closeSync(), close()] };
  } catch (error) {
    close();
    throw error;
  }
}

export class LakeSession {
  readonly #open: () => Promise<Locked>;
  #locked: Locked;

  /** `open`: for a session that has to reach more than it did. */
  constructor(open: () => Promise<Locked>, locked: Locked) {
    [this.#open, this.#locked] = [open, locked];
  }

  get tables(): readonly SessionTable[] {
    return this.#views.tables;
  }

  /**
   * Runs a statement that only reads; its rows are made as they are fetched. Throws FinkError
   * "sql".
   */
  async query(sql: string, values: readonly DuckDBValue[] = []): Promise<DuckDBResult> {
    return await this.#explained(async () => {
      const prepared = await this.#prepare(await this.#read(sql));
      prepared.bind([...values]);
      return await prepared.stream();
    });
  }

  /**
   * Writes the rows of a query as Parquet into the session's writable file and returns their
   * number.
   */
  async copyTo(
    file: string,
    sql: string,
    types: StoredTypes = "parquet",
    rowGroupRows = 122_880,
  ): Promise<number> {
    return await this.#explained(async () => {
      const statement = await this.#read(sql);
      const prepared = await this.#prepare(statement);
      const columns = Array.from({ length: prepared.columnCount }, (_, i) => ({
        name: prepared.columnName(i),
        type: prepared.columnType(i),
      }));
      const taken = new Set<string>();
      const stored = columns.map(
        ({ name, type }, i) =>
          `CAST(c${i} AS ${storedType(type, types)}) AS ${identifier(unusedName(name, taken))}`,
      );
      const given = columns.map((_, i) => `c${i}`).join(", ");
      // without dictionaries: DuckDB's turn -0 into 0
      const copied = this.#connection.run(
        `COPY (SELECT ${stored.join(", ")} FROM (\n${statement.text}\n) AS q(${given})) TO ${literal(file)} (FORMAT parquet, COMPRESSION zstd, DICTIONARY_SIZE_LIMIT 0, ROW_GROUP_SIZE ${rowGroupRows})`,
      );
      return Number(
        (await copied.catch((error: unknown) => Promise.reject(withCast(error)))).rowsChanged,
      );
    });
  }

  /** What went wrong while rows were fetched, in the user's words. */
  explain(error: unknown): unknown {
    return explain(error, this.tables);
  }

  /** Ends the running query with an error. */
  interrupt(): void {
    this.#connection.interrupt();
  }

  close(): void {
    this.#locked.close();
  }

  get #connection(): DuckDBConnection {
    return this.#locked.connection;
  }

  get #views(): LakeViews {
    return this.#locked.views;
  }

  async #read(sql: string): Promise<ReadStatement> {
    const texts = async (statement: ReadStatement) =>
      (await (await (await this.#prepare(statement)).run()).getRows()).map(([value]) =>
        String(value),
      );
    return await readStatement(sql, {
      has: (view) => this.#views.has(view),
      missing: (name) => this.#views.missing(name),
      texts,
    });
  }

  /** DuckDB has to see in the text what its parser saw: one statement, that reads. */
  async #prepare({ text, views, listsViews }: ReadStatement): Promise<DuckDBPreparedStatement> {
    await this.#makeViews(listsViews ? null : views);
    const statements = await this.#connection.extractStatements(text);
    const prepared = statements.count === 1 ? await statements.prepare(0) : null;
    if (
      prepared?.statementType === StatementType.SELECT ||
      prepared?.statementType === StatementType.EXPLAIN
    )
      return prepared;
    throw new FinkError("sql", "only statements that read are accepted");
  }

  /**
   * A night may begin between the session's first look at the tables' folders and its look at their
   * logs. DuckDB's reach cannot grow: another takes over.
   */
  async #makeViews(names: ReadonlySet<string> | null): Promise<void> {
    const made = this.#views.make(names);
    await made.catch(() => null);
    if (!this.#views.isBehind) return await made;
    const behind = this.#locked;
    this.#locked = await this.#open();
    behind.close();
    await this.#views.make(names);
  }

  async #explained<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw this.explain(error);
    }
  }
}

/** A 128-bit sum that is too large for the file's type. */
function withCast(error: unknown): unknown {
  const tooLarge = /(?:Could not cast value|INT128 with value) -?\d+/.test(messageOf(error));
  return tooLarge
    ? new FinkError("sql", `${messageOf(error)}: cast that column, e.g. CAST(x AS DOUBLE)`, error)
    : error;
}

/** Tables have no two columns of one name: the second `a` is `a_1`, as DuckDB itself writes it. */
function unusedName(name: string, taken: Set<string>): string {
  let unused = name;
  for (let n = 1; taken.has(unused.toLowerCase()); n++) unused = `${name}_${n}`;
  taken.add(unused.toLowerCase());
  return unused;
}

/**
 * From here on only what the views read is in reach, and no setting can be changed. DuckDB may
 * write wherever it may read: what a session should not touch is not opened, even where no checked
 * statement would write.
 */
async function lock(connection: DuckDBConnection, { folders, files }: Reach): Promise<void> {
  await connection.run("SET TimeZone = 'UTC'");
  // x -> …, which Spark has as well
  await connection.run("SET lambda_syntax = 'ENABLE_SINGLE_ARROW'");
  await connection.run(`SET allowed_directories = [${folders.map(literal).join(", ")}]`);
  await connection.run(`SET allowed_paths = [${files.map(literal).join(", ")}]`);
  await connection.run("SET autoinstall_known_extensions = false");
  await connection.run("SET autoload_known_extensions = false");
  await connection.run("SET allow_community_extensions = false");
  await connection.run("SET allow_persistent_secrets = false");
  await connection.run("SET enable_external_access = false");
  await connection.run("SET lock_configuration = true");
}
