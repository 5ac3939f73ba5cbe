import { rmSync } from "node:fs";
import { join } from "node:path";
import { type DuckDBConnection, DuckDBStructType, DuckDBTypeId } from "@duckdb/node-api";
import { temporaryFolder } from "../folder.ts";
import { FinkError, messageOf } from "../errors.ts";
import { identifier, literal } from "../lake/scan.ts";
import type { ColumnTypes, FlatColumn, PlaceColumn } from "./columns.ts";
import type { Compiled } from "./compile.ts";
import { elementOf } from "./emitted.ts";
import type { Engine } from "./engine.ts";
import { type FunctionProcess, rowColumn } from "./function-process.ts";
import { nestedColumns } from "./nested.ts";

/** Alerts that filters are run on. */
export interface Batch {
  readonly columns: ColumnTypes;
  /** A SELECT of their nested columns. */
  readonly relation: string;
}

/** Rows of the batch that a filter selected, and what its clauses say of each; or why it failed. */
export type Outcome = (Selected | { readonly failure: string }) & { readonly milliseconds: number };

export interface Selected {
  readonly rows: readonly number[];
  readonly clauses: readonly string[];
}

interface Limits {
  readonly seconds: number;
  /** Runs the `.ts` filters. */
  readonly functions: FunctionProcess;
}

/**
 * Runs filters over a batch, each by itself: one that fails or takes too long costs its own result.
 * `keys`: columns to keep in the table `alerts` besides. Functions work in their process while the
 * engine runs the other filters.
 */
export async function runFilters(
  engine: Engine,
  batch: Batch,
  filters: readonly Compiled[],
  { seconds, functions: process, keys = [] }: Limits & { readonly keys?: readonly FlatColumn[] },
): Promise<Outcome[]> {
  const failures = await Promise.all(filters.map((filter) => loadPlaces(engine, filter)));
  const read = [
    ...filters.flatMap((filter, i) => (failures[i] === null ? filter.columns : [])),
    ...keys,
    batch.columns.id(),
  ];
  const columns = new Map(read.map((column) => [column.path, pruned(column, filters)]));
  await engine.batch.fill(batch.relation, [...columns.values()]);
  const outcomes: Outcome[] = filters.map(() => ({ failure: "it was not run", milliseconds: 0 }));
  const runAll = async (list: readonly number[]): Promise<void> => {
    const waiting = [...list];
    const work = async (connection: DuckDBConnection): Promise<void> => {
      for (let i = waiting.shift(); i !== undefined; i = waiting.shift()) {
        const [filter, failure] = [filters[i], failures[i]];
        outcomes[i] =
          failure === null
            ? await timed(() => runSql(engine, connection, filter, seconds))
            : { failure, milliseconds: 0 };
      }
    };
    // a batch is too small for DuckDB to share a query among threads
    await Promise.all(engine.connections.map(work));
  };
  const [functions, others] = [true, false].map((isFunction) =>
    [...filters.keys()].filter((i) => (filters[i].filter.body.kind === "ts") === isFunction),
  );
  await runAll(functions);
  await Promise.all([
    narrow(engine, batch, filters, functions, outcomes, { seconds, functions: process }),
    runAll(others),
  ]);
  return outcomes;
}

/** Asks the functions about the rows that their conditions left; `outcomes` get their answers. */
async function narrow(
  engine: Engine,
  batch: Batch,
  filters: readonly Compiled[],
  functions: readonly number[],
  outcomes: Outcome[],
  { seconds, functions: process }: Limits,
): Promise<void> {
  const asked = functions.flatMap((i) => {
    const outcome = outcomes[i];
    return "rows" in outcome && outcome.rows.length > 0
      ? [{ i, outcome, needs: filters[i].needs, rows: outcome.rows }]
      : [];
  });
  if (asked.length === 0) return;
  await withAlertsIn(engine, batch, asked, async (file) => {
    const ask = async ({
      i,
      outcome: { rows, clauses, milliseconds },
    }: (typeof asked)[number]): Promise<void> => {
      const run = await timed(async () => {
        const selected = new Set(await process.select(filters[i].filter, file, seconds));
        const kept = rows.flatMap((row, at) => (selected.has(row) ? [at] : []));
        return { rows: kept.map((at) => rows[at]), clauses: kept.map((at) => clauses[at]) };
      });
      outcomes[i] = { ...run, milliseconds: run.milliseconds + milliseconds };
    };
    for (const one of asked) await ask(one);
  });
}

/**
 * Reads the watch lists and areas that the filter names, and again when their files change; why it
 * cannot, or null.
 */
async function loadPlaces({ places }: Engine, { columns }: Compiled): Promise<string | null> {
  try {
    await places.load(
      columns.flatMap((column) =>
        "place" in column ? [column.place as PlaceColumn["place"]] : [],
      ),
    );
    return null;
  } catch (error) {
    return messageOf(error);
  }
}

/**
 * A list of structures with those fields alone that filters ask for: a history has some fifty, and
 * each `filter(…)` copies all that there are.
 */
function pruned(column: FlatColumn, filters: readonly Compiled[]): FlatColumn {
  const element = elementOf(column.type);
  if (!(element instanceof DuckDBStructType)) return column;
  const wanted = new Set(filters.flatMap(({ fields }) => [...(fields.get(column.path) ?? [])]));
  const names = element.entryNames.filter((name) => wanted.has(name.toLowerCase()));
  const kept = (names.length > 0 ? names : element.entryNames.slice(0, 1)).map(identifier);
  return {
    ...column,
    sql: `list_transform(${column.sql}, _e -> {${kept.map((name) => `${name}: _e.${name}`).join(", ")}})`,
  };
}

async function timed(work: () => Promise<Selected>): Promise<Outcome> {
  const start = performance.now();
  try {
    return { ...(await work()), milliseconds: performance.now() - start };
  } catch (error) {
    return { failure: messageOf(error), milliseconds: performance.now() - start };
  }
}

async function runSql(
  { batch }: Engine,
  connection: DuckDBConnection,
  { where, clauses }: Compiled,
  seconds: number,
): Promise<Selected> {
  const marks = clauses.map(
    ({ sql }) => `CASE WHEN ${sql} THEN '1' WHEN NOT ${sql} THEN '0' ELSE '?' END`,
  );
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    connection.interrupt();
  }, seconds * 1000);
  try {
    const result = await batch.query(
      connection,
      `SELECT _row, concat(${["''", ...marks].join(", ")}) FROM alerts WHERE ${where} ORDER BY _row`,
    );
    const [rows, texts] = result.getColumns() as [bigint[]?, string[]?];
    return { rows: (rows ?? []).map(Number), clauses: texts ?? [] };
  } catch (error) {
    throw new FinkError(
      "filter",
      isLate ? `it took longer than ${seconds} s and was stopped` : messageOf(error),
      error,
    );
  } finally {
    clearTimeout(timer);
  }
}

/** A Parquet file of the rows and columns that functions want, for as long as the work takes. */
async function withAlertsIn(
  { copying }: Engine,
  { columns, relation }: Batch,
  wanted: readonly { readonly needs: readonly string[]; readonly rows: readonly number[] }[],
  work: (file: string) => Promise<void>,
): Promise<void> {
  const scratch = temporaryFolder("filter");
  try {
    const file = join(scratch, "alerts.parquet");
    const needs = new Set(wanted.flatMap((one) => one.needs));
    // a column without a value is left out: the function finds it null, whatever it takes it for
    const list = nestedColumns(
      columns,
      [...needs].filter(
        (path) => columns.find(path.split(".")).type.typeId !== DuckDBTypeId.SQLNULL,
      ),
    );
    const rows = [...new Set(wanted.flatMap((one) => one.rows))];
    const id = columns.id();
    const chosen = `SELECT _row, ${identifier(id.path)} AS _id FROM alerts WHERE _row IN (${rows.join(", ")})`;
    const select = `SELECT ${[`_row AS ${rowColumn}`, ...list].join(", ")} FROM (${relation}) AS source JOIN (${chosen}) AS chosen ON ${id.sql} = _id`;
    await copying.run(
      `COPY (${select}) TO ${literal(file)} (FORMAT parquet, COMPRESSION uncompressed)`,
    );
    await work(file);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}
