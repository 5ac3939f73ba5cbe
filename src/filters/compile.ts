import {
  type DuckDBConnection,
  DuckDBStructType,
  type DuckDBType,
  DuckDBTypeId,
} from "@duckdb/node-api";
import { FinkError, messageOf } from "../errors.ts";
import { identifier } from "../lake/scan.ts";
import type { ColumnTypes, FlatColumn } from "./columns.ts";
import { emit, type EmitContext } from "./emit.ts";
import { elementOf, type Emitted } from "./emitted.ts";
import type { Expression, Filter } from "./filter.ts";
import { formulas } from "./formulas.ts";
import { textOf } from "./text.ts";

/** A filter for the columns of its survey. */
export interface Compiled {
  readonly filter: Filter;
  /** Columns it reads. */
  readonly columns: readonly FlatColumn[];
  /** Of lists of structures among them: which fields, in lower case. */
  readonly fields: ReadonlyMap<string, ReadonlySet<string>>;
  /**
   * DuckDB's SQL of the condition over flat columns; of a `.ts` filter, that which is asked before
   * its function.
   */
  readonly where: string;
  /** Columns of a `.ts` filter's function. */
  readonly needs: readonly string[];
  /**
   * What is true or false of an alert, without AND, OR and NOT around it; the quality cut of live
   * filters comes last.
   */
  readonly clauses: readonly { readonly text: string; readonly sql: string }[];
}

export const qualityColumn = "passes_quality_cuts";

/**
 * Holds a filter against the columns: throws "filter" for one that is not there, and for types that
 * do not go together. `isLive`: with the quality cut it asks for.
 */
export async function compile(
  filter: Filter,
  columns: ColumnTypes,
  connection: DuckDBConnection,
  isLive: boolean,
): Promise<Compiled> {
  try {
    return await compiled(filter, columns, connection, isLive);
  } catch (error) {
    throw new FinkError("filter", `${filter.file}: ${messageOf(error)}`, error);
  }
}

async function compiled(
  filter: Filter,
  columns: ColumnTypes,
  connection: DuckDBConnection,
  isLive: boolean,
): Promise<Compiled> {
  const used = new Map<string, FlatColumn>();
  const taken = new Map<DuckDBType, Set<string>>();
  const context: EmitContext = {
    columns,
    formulas: await formulas(),
    text: filter.text,
    used,
    fields: taken,
  };
  const cut: Expression[] =
    isLive && filter.quality === "good" && columns.has(qualityColumn)
      ? [{ kind: "column", path: [qualityColumn], at: -1 }]
      : [];
  const clauses = [...clausesOf(filter.body.where), ...cut];
  const whole: Expression =
    cut.length === 0
      ? filter.body.where
      : { kind: "call", name: "and", args: [filter.body.where, ...cut], at: -1 };
  const where = truthSql(emit(whole, context));
  const emitted = clauses.map((clause) => ({
    text: textOf(clause),
    sql: truthSql(emit(clause, context)),
  }));
  await checkTypes(connection, where, [...used.values()]);
  if (filter.body.kind === "ts")
    for (const name of filter.body.catalogues)
      columns.find([`catalogue_${name}`, "separation_arcsec"]);
  const needs =
    filter.body.kind === "ts"
      ? filter.body.needs.map((path) => columns.find(path.split(".")).path)
      : [];
  const lists = [...used.values()].filter(
    ({ type }) => elementOf(type) instanceof DuckDBStructType,
  );
  const fields = new Map(
    lists.map(({ path, type }) => [path, taken.get(elementOf(type)!) ?? new Set<string>()]),
  );
  return { filter, columns: [...used.values()], fields, where, needs, clauses: emitted };
}

/** To DuckDB a null without a type is an integer. */
function truthSql({ sql, type }: Emitted): string {
  return type?.typeId === DuckDBTypeId.SQLNULL ? "CAST(NULL AS BOOLEAN)" : sql;
}

/** The parts of a condition that are true or false, from left to right. */
function clausesOf(expression: Expression): Expression[] {
  return expression.kind === "call" && ["and", "or", "not"].includes(expression.name)
    ? expression.args.flatMap(clausesOf)
    : [expression];
}

async function checkTypes(
  connection: DuckDBConnection,
  where: string,
  columns: readonly FlatColumn[],
): Promise<void> {
  const nulls = columns.map(
    ({ path, type }) =>
      `CAST(NULL AS ${String(type).replaceAll("SQLNULL", '"NULL"')}) AS ${identifier(path)}`,
  );
  try {
    const prepared = await connection.prepare(
      `SELECT ${where} FROM (SELECT ${["1", ...nulls].join(", ")})`,
    );
    const { typeId } = prepared.columnType(0);
    prepared.destroySync();
    if (typeId !== DuckDBTypeId.BOOLEAN)
      throw new FinkError(
        "filter",
        "its WHERE is neither true nor false: compare the value with something",
      );
  } catch (error) {
    if (error instanceof FinkError) throw error;
    throw new FinkError("filter", typeMessage(messageOf(error)), error);
  }
}

/** DuckDB's message without what it says of the text that we wrote for it. */
function typeMessage(message: string): string {
  return message
    .replace(/^\w+ Error: /, "")
    .replace(/\s*(LINE \d+|Candidate (functions|macros)).*$/s, "");
}
