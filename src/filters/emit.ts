import {
  BIGINT,
  BOOLEAN,
  DOUBLE,
  type DuckDBType,
  DuckDBTypeId,
  SQLNULL,
  VARCHAR,
} from "@duckdb/node-api";
import { FinkError, messageOf } from "../errors.ts";
import { identifier, literal, withoutNoneSql } from "../lake/scan.ts";
import { noneIn } from "../surveys/none.ts";
import type { ColumnTypes, FlatColumn } from "./columns.ts";
import type { Call, Constant, Expression } from "./filter.ts";
import { duckdbCall } from "./duckdb.ts";
import { elementOf, type Emitted, fieldOf } from "./emitted.ts";
import { mayBeNaN } from "./nan.ts";
import { refuse } from "./refuse.ts";

export interface EmitContext {
  readonly columns: ColumnTypes;
  /** What the formulas of our functions say, by name. */
  readonly formulas: ReadonlyMap<
    string,
    { readonly parameters: readonly string[]; readonly body: Expression }
  >;
  /** Of the file, to say where something is. */
  readonly text: string;
  /** Columns that were used, by path: filled here. */
  readonly used: Map<string, FlatColumn>;
  /** Fields that were asked for of structures, by type: filled here. */
  readonly fields?: Map<DuckDBType, Set<string>>;
}

interface Inner extends EmitContext {
  /**
   * Variables of lambdas and arguments of formulas; one that is a column is written where its
   * fields are asked for.
   */
  readonly variables: ReadonlyMap<string, Emitted | readonly string[]>;
  readonly budget: { left: number };
}

/**
 * An expression grows where named values and formulas are put in; this is more than any filter
 * needs.
 */
const maxNodes = 20_000;

/**
 * Writes an expression over flat columns (`"candidate.rb"`). float32 columns are doubles there, so
 * that `rb >= 0.55` is compared in double, as Spark does. What has no value (a division by 0, the
 * logarithm of 0, the root of -1) is null, where DuckDB and Spark would each fail in their own way.
 */
export function emit(expression: Expression, context: EmitContext): Emitted {
  return write(expression, { ...context, variables: new Map(), budget: { left: maxNodes } });
}

function write(expression: Expression, context: Inner): Emitted {
  if (context.budget.left-- <= 0)
    throw new FinkError(
      "filter",
      `it is too large: more than ${maxNodes} steps once named values and formulas are put in`,
    );
  switch (expression.kind) {
    case "constant":
      return constant(expression);
    case "column":
      return placed(expression.at, context, () => columnOf(expression.path, context));
    case "field":
      return placed(expression.at, context, () =>
        field(write(expression.of, context), expression.name, context),
      );
    case "lambda":
      throw new FinkError("internal", "a lambda outside of a function");
    case "call":
      return call(expression, context);
  }
}

function columnOf(path: readonly string[], context: Inner): Emitted {
  const variable = context.variables.get(path[0]);
  if (variable && "sql" in variable)
    return path.slice(1).reduce((of, name) => field(of, name, context), variable);
  return using(context.columns.find(variable ? [...variable, ...path.slice(1)] : path), context);
}

function using(column: FlatColumn, { used }: EmitContext): Emitted {
  const { path, type } = column;
  if (type.typeId === DuckDBTypeId.SQLNULL) return { sql: "NULL", type, path };
  used.set(path, column);
  return { sql: identifier(path), type, path };
}

function field(of: Emitted, name: string, { fields, columns }: EmitContext): Emitted {
  if (of.path !== undefined && columns.isAbsent(`${of.path}.${name}`.split(".")))
    return { sql: "NULL", type: SQLNULL };
  const type = elementOf(of.type) ?? of.type;
  if (type) fields?.set(type, (fields.get(type) ?? new Set()).add(name.toLowerCase()));
  return fieldOf(of, name);
}

function placed<T>(at: number, { text }: EmitContext, work: () => T): T {
  try {
    return work();
  } catch (error) {
    const message = messageOf(error);
    throw message.startsWith("line ") ? error : refuse(text, at, message);
  }
}

function call(expression: Call, context: Inner): Emitted {
  const { name, args } = expression;
  if (name === "days_since")
    return duckdbCall("-", [using(context.columns.time(), context), write(args[0], context)]);
  if (name === "on_watchlist" || name === "in_area") return mask(expression, context);
  const formula = context.formulas.get(name);
  if (!formula)
    return duckdbCall(
      name,
      nullTests.has(name)
        ? written(args, context).map((arg) => withoutNone(arg, context.columns))
        : written(args, context),
    );
  const values = args.map((arg) => pathOf(arg, context) ?? write(arg, context));
  return write(formula.body, {
    ...context,
    variables: new Map(formula.parameters.map((parameter, i) => [parameter, values[i]])),
  });
}

const nullTests = new Set([
  "is null",
  "is not null",
  "is distinct from",
  "is not distinct from",
  "coalesce",
]);

/** NaN, and what the survey's definition names for its column, as null. */
function withoutNone(value: Emitted, { survey }: ColumnTypes): Emitted {
  const isText = value.type?.typeId === DuckDBTypeId.VARCHAR;
  const sql =
    value.path === undefined
      ? value.sql
      : withoutNoneSql(value.sql, noneIn(survey, value.path), isText);
  return {
    ...value,
    sql: mayBeNaN(value) && value.type !== null ? `nullif(${sql}, CAST('NaN' AS DOUBLE))` : sql,
  };
}

/** Path of an argument that is a column. */
function pathOf(arg: Expression, { variables }: Inner): readonly string[] | null {
  if (arg.kind !== "column") return null;
  const variable = variables.get(arg.path[0]);
  if (!variable) return arg.path;
  return "sql" in variable ? null : [...variable, ...arg.path.slice(1)];
}

/** A column that is computed before the filters run: see `placeColumn`. */
function mask({ name, args: [place] }: Call, context: Inner): Emitted {
  if (place.kind !== "constant" || typeof place.value !== "string")
    throw new FinkError("filter", `${name} wants a name in quotes: ${name}('mine')`);
  return using(context.columns.place(name as "on_watchlist" | "in_area", place.value), context);
}

/** Variables get names of their own: DuckDB takes one that is also a column's for the column. */
function written(args: readonly Expression[], context: Inner): Emitted[] {
  const done: Emitted[] = [];
  for (const arg of args) {
    if (arg.kind !== "lambda") {
      done.push(write(arg, context));
      continue;
    }
    const [list] = done;
    const entry = {
      type: list.type?.typeId === DuckDBTypeId.SQLNULL ? SQLNULL : elementOf(list.type),
      ...(list.path !== undefined && { path: list.path }),
    };
    const given: Omit<Emitted, "sql">[] =
      arg.parameters.length === 2 ? [{ type: done[1]?.type ?? null }, entry] : [entry];
    const names = arg.parameters.map((_, i) => `_${context.variables.size + i}`);
    const own = arg.parameters.map((parameter, i): [string, Emitted] => [
      parameter,
      { sql: names[i], ...given[i] },
    ]);
    const body = write(arg.body, {
      ...context,
      variables: new Map([...context.variables, ...own]),
    });
    done.push({
      sql: `${names.length === 1 ? names[0] : `(${names.join(", ")})`} -> ${body.sql}`,
      type: body.type,
    });
  }
  return done;
}

function constant({ value }: Constant): Emitted {
  if (value === null) return { sql: "NULL", type: SQLNULL };
  if (typeof value === "boolean") return { sql: String(value), type: BOOLEAN, isConstant: true };
  if (typeof value === "string") return { sql: literal(value), type: VARCHAR, isConstant: true };
  if (typeof value === "bigint") return { sql: String(value), type: BIGINT, isConstant: true };
  return { sql: `CAST(${value} AS DOUBLE)`, type: DOUBLE, isConstant: true };
}
