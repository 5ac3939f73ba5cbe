import type { Constant, Expression } from "./filter.ts";
import { functionNamed, unknownFunction } from "./functions.ts";
import { refuse } from "./refuse.ts";

/** A node of DuckDB's tree (`json_serialize_sql`). Which of these it has depends on its class. */
export type Node = {
  readonly [
    Child in "left" | "right" | "input" | "lower" | "upper" | "else_expr" | "child" | "lhs" | "expr"
  ]: Node;
} & {
  readonly class?: string;
  readonly type: string;
  readonly alias: string;
  readonly query_location: number;
  readonly column_names: readonly string[];
  readonly value: {
    readonly type: { readonly id: string; readonly type_info: { readonly scale: number } | null };
    readonly is_null: boolean;
    readonly value: unknown;
  };
  readonly children: readonly Node[];
  readonly case_checks: readonly { readonly when_expr: Node; readonly then_expr: Node }[];
  readonly cast_type: { readonly id: string };
  readonly try_cast: boolean;
  readonly function_name: string;
  readonly schema: string;
  readonly catalog: string;
  readonly filter: unknown;
  readonly distinct: boolean;
  readonly order_bys: { readonly orders: readonly unknown[] };
};

/** Names that an expression may use. */
export interface Scope {
  /** Values that have a name, by it in lower case. */
  readonly named: ReadonlyMap<string, Expression>;
  /** Whether all columns of the alerts can be seen. */
  readonly hasAll: boolean;
  /** Names of the table, which may stand before a column's. */
  readonly names: readonly string[];
}

const comparisons: Readonly<Record<string, string>> = {
  COMPARE_EQUAL: "=",
  COMPARE_NOTEQUAL: "<>",
  COMPARE_LESSTHAN: "<",
  COMPARE_GREATERTHAN: ">",
  COMPARE_LESSTHANOREQUALTO: "<=",
  COMPARE_GREATERTHANOREQUALTO: ">=",
  COMPARE_DISTINCT_FROM: "is distinct from",
  COMPARE_NOT_DISTINCT_FROM: "is not distinct from",
};

const operators: Readonly<Record<string, string>> = {
  OPERATOR_NOT: "not",
  OPERATOR_IS_NULL: "is null",
  OPERATOR_IS_NOT_NULL: "is not null",
  COMPARE_IN: "in",
  COMPARE_NOT_IN: "not in",
  OPERATOR_COALESCE: "coalesce",
  ARRAY_CONSTRUCTOR: "array",
};

/** How DuckDB's tree calls what has another name in ours. */
const renamed: Readonly<Record<string, string>> = {
  "~~": "like",
  "!~~": "not like",
  list_value: "array",
  pow: "power",
  ceiling: "ceil",
  substr: "substring",
};

const symbols: Readonly<Record<string, string>> = {
  "//": "write floor(a / b)",
  "**": "write power(a, b)",
  "^": "write power(a, b)",
  "~~*": "write lower(text) LIKE '…'",
  "!~~*": "write lower(text) NOT LIKE '…'",
};

const casts = new Set(["DOUBLE", "FLOAT", "BIGINT", "BOOLEAN"]);

/** Lists of hundreds of entries within lists of hundreds take the time of millions of alerts. */
const maxLambdas = 2;

interface Place extends Scope {
  readonly text: string;
  /** Variables of the lambdas around, in lower case. */
  readonly variables: readonly string[];
  readonly lambdas: number;
}

/**
 * DuckDB's tree → ours; what is not of the subset is refused. Named values are put in where they
 * are used.
 */
export function toExpression(node: Node, scope: Scope, text: string): Expression {
  return convert(node, { ...scope, text, variables: [], lambdas: 0 });
}

function convert(node: Node, place: Place): Expression {
  const at = Number(node.query_location);
  const call = (name: string, ...args: Node[]): Expression => ({
    kind: "call",
    name,
    args: args.map((arg) => convert(arg, place)),
    at,
  });
  switch (node.class) {
    case "COLUMN_REF":
      return columnOf(node.column_names, at, place);
    case "CONSTANT":
      return constantOf(node, place);
    case "COMPARISON":
      return comparisonOf(node, place);
    case "CONJUNCTION":
      return call(node.type === "CONJUNCTION_AND" ? "and" : "or", ...node.children);
    case "BETWEEN":
      return call("between", node.input, node.lower, node.upper);
    case "CASE":
      return call(
        "case",
        ...node.case_checks.flatMap((check) => [check.when_expr, check.then_expr]),
        node.else_expr,
      );
    case "CAST":
      return castOf(node, place);
    case "OPERATOR":
      return operatorOf(node, place);
    case "FUNCTION":
      return functionOf(node, place);
    case "LAMBDA":
      throw refuse(
        place.text,
        at,
        "x -> … stands only in functions on lists, such as filter(list, x -> …)",
      );
    case "SUBQUERY":
      throw refuse(
        place.text,
        at,
        "subqueries are not accepted: a filter looks at one alert at a time",
      );
    case "WINDOW":
      throw refuse(
        place.text,
        at,
        "OVER (…) is not accepted: a filter looks at one alert at a time; the history is in its lists",
      );
    default:
      throw refuse(
        place.text,
        at,
        `${String(node.class ?? node.type).toLowerCase()} is not accepted in filters`,
      );
  }
}

const opposite: Readonly<Record<string, string>> = {
  COMPARE_EQUAL: "COMPARE_NOTEQUAL",
  COMPARE_LESSTHAN: "COMPARE_GREATERTHANOREQUALTO",
  COMPARE_GREATERTHAN: "COMPARE_LESSTHANOREQUALTO",
  COMPARE_DISTINCT_FROM: "COMPARE_NOT_DISTINCT_FROM",
};
const opposites = new Map(
  Object.entries(opposite).flatMap(([a, b]) => [[a, b] as const, [b, a] as const]),
);

/**
 * DuckDB's parser makes `a <= b` of `NOT a > b`, which is not the same for NaN. Such a comparison
 * begins at its NOT, where others begin at their sign.
 */
function comparisonOf({ type, query_location: at, left, right }: Node, place: Place): Expression {
  const compared = (of: string): Expression => ({
    kind: "call",
    name: comparisons[of],
    args: [convert(left, place), convert(right, place)],
    at,
  });
  const [before] = /^(?:NOT\b|[\s(]|--[^\n]*\n|\/\*[\s\S]*?\*\/)*/i.exec(place.text.slice(at))!;
  const isNegated =
    (before.replace(/--[^\n]*\n|\/\*[\s\S]*?\*\//g, "").match(/NOT/gi)?.length ?? 0) % 2 === 1;
  return isNegated
    ? { kind: "call", name: "not", args: [compared(opposites.get(type)!)], at }
    : compared(type);
}

function columnOf(names: readonly string[], at: number, place: Place): Expression {
  const first = names[0].toLowerCase();
  if (place.variables.includes(first))
    return { kind: "column", path: [first, ...names.slice(1)], at };
  if (names.length > 1 && place.names.includes(first))
    return columnOf(names.slice(1), at, { ...place, names: [] });
  for (let count = names.length; count > 0; count--) {
    const named = place.named.get(names.slice(0, count).join(".").toLowerCase());
    if (named?.kind === "column")
      return { kind: "column", path: [...named.path, ...names.slice(count)], at };
    if (named) {
      const value: Expression = { ...named, as: names.slice(0, count).join(".") };
      return names
        .slice(count)
        .reduce<Expression>((of, name) => ({ kind: "field", of, name, at }), value);
    }
  }
  if (!place.hasAll)
    throw refuse(
      place.text,
      at,
      `the SELECT it reads from has no ${names.join(".")}; add it, or *`,
    );
  return { kind: "column", path: names, at };
}

function constantOf(node: Node, { text }: Place): Constant {
  const { type, is_null: isNull, value } = node.value;
  if (isNull) return { kind: "constant", value: null };
  if (typeof value === "object")
    throw refuse(text, node.query_location, "a number of more than 18 digits is not accepted");
  if (type.id === "DECIMAL")
    return { kind: "constant", value: Number(`${String(value)}e-${type.type_info?.scale}`) };
  if (type.id === "DOUBLE") return { kind: "constant", value: Number(value) };
  if (type.id === "INTEGER" || type.id === "BIGINT")
    return { kind: "constant", value: BigInt(value as string) };
  if (type.id === "VARCHAR" || type.id === "BOOLEAN")
    return { kind: "constant", value: value as string | boolean };
  throw refuse(text, node.query_location, `constants of type ${type.id} are not accepted`);
}

function castOf(node: Node, place: Place): Expression {
  const type = node.cast_type.id;
  const inner = convert(node.child, place);
  if (type === "BOOLEAN" && inner.kind === "constant" && typeof inner.value === "string")
    return { kind: "constant", value: inner.value === "t" };
  if (type === "BOOLEAN") return inner; // `x IS TRUE`, where DuckDB adds it
  if (!casts.has(type)) {
    const advice =
      type === "INTEGER"
        ? "write floor(x) or round(x): engines cut differently"
        : "there are casts to DOUBLE, FLOAT and BIGINT";
    throw refuse(place.text, node.query_location, `a cast to ${type} is not accepted: ${advice}`);
  }
  return {
    kind: "call",
    name: `${node.try_cast ? "try_cast" : "cast"} ${type.toLowerCase()}`,
    args: [inner],
    at: node.query_location,
  };
}

function operatorOf(node: Node, place: Place): Expression {
  const children = node.children;
  if (node.type === "STRUCT_EXTRACT")
    return {
      kind: "field",
      of: convert(children[0], place),
      name: String(children[1]["value"].value),
      at: node.query_location,
    };
  if (node.type === "ARRAY_EXTRACT")
    throw refuse(
      place.text,
      node.query_location,
      "list[n] counts from 1 in one engine and from 0 in the other: write element_at(list, n)",
    );
  const name = operators[node.type];
  if (name === undefined)
    throw refuse(
      place.text,
      node.query_location,
      `${node.type.toLowerCase()} is not accepted in filters`,
    );
  return {
    kind: "call",
    name,
    args: children.map((child) => convert(child, place)),
    at: node.query_location,
  };
}

function functionOf(node: Node, place: Place): Expression {
  const given = node.function_name.toLowerCase();
  const at = node.query_location;
  if (given in symbols) throw refuse(place.text, at, `${given} is not accepted: ${symbols[given]}`);
  const name = renamed[given] ?? given;
  if (
    node.filter ||
    node.distinct ||
    node.order_bys.orders.length > 0 ||
    node.schema !== "" ||
    node.catalog !== ""
  )
    throw refuse(place.text, at, `${name}: only its arguments are accepted`);
  const known = functionNamed(name);
  if (!known) throw refuse(place.text, at, unknownFunction(name));
  const children = node.children;
  const [least, most] = known.counts;
  if (children.length < least || children.length > most)
    throw refuse(
      place.text,
      at,
      `${name} takes ${least === most ? least : `${least} to ${most}`} arguments, not ${children.length}`,
    );
  return {
    kind: "call",
    name,
    args: children.map((child, i) =>
      known.lambdas.includes(i) ? lambdaOf(child, name, place) : convert(child, place),
    ),
    at,
  };
}

function lambdaOf(node: Node, name: string, place: Place): Expression {
  const at = node.query_location;
  if (node.class !== "LAMBDA")
    throw refuse(place.text, at, `${name} wants a function here: x -> …`);
  if (place.lambdas === maxLambdas)
    throw refuse(place.text, at, `x -> … within x -> … is accepted ${maxLambdas} deep`);
  const left = node.lhs;
  const parameters = (left.class === "COLUMN_REF" ? [left] : left.children).map((child) =>
    child.column_names[0].toLowerCase(),
  );
  const inner = {
    ...place,
    variables: [...place.variables, ...parameters],
    lambdas: place.lambdas + 1,
  };
  return { kind: "lambda", parameters, body: convert(node.expr, inner) };
}
