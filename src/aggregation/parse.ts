import { FinkError } from "../errors.ts";
import { type Node, toExpression } from "../filters/expression.ts";
import type { Expression } from "../filters/filter.ts";
import { type Query, queryOf } from "../filters/parse.ts";
import { refuse } from "../filters/refuse.ts";

/** What an aggregation's SELECT says, in terms of the columns it reads. */
export interface Grouped {
  readonly table: "alerts" | "matches";
  readonly keys: readonly { readonly name: string; readonly expression: Expression }[];
  readonly values: readonly Value[];
  readonly where: Expression | null;
}

export interface Value {
  readonly name: string;
  /** How it is counted, around its argument: `count(DISTINCT` … `)`. */
  readonly before: string;
  /** null: `count(*)`. */
  readonly of: Expression | null;
}

/** Functions over the rows of a group, of one argument, that are the same in DuckDB and Spark. */
const aggregates = ["count", "count_if", "sum", "avg", "min", "max", "median", "stddev"];

/**
 * Reads `SELECT key, …, count(*) AS name, … FROM alerts [WHERE …] [GROUP BY key, …]`. Throws
 * "filter" for anything else.
 */
export async function parseGrouped(text: string): Promise<Grouped> {
  const query = await queryOf(text);
  checkClauses(query, text);
  const table = query.from_table.table_name?.toLowerCase();
  if (
    query.from_table.type !== "BASE_TABLE" ||
    (table !== "alerts" && table !== "matches") ||
    query.from_table.schema_name !== ""
  )
    throw refuse(text, query.from_table.query_location, "an aggregation reads alerts, or matches");
  const scope = {
    named: new Map(),
    hasAll: true,
    names: [table, query.from_table.alias.toLowerCase()],
  };
  const groups = query.group_expressions.map(shapeOf);
  const keys: Grouped["keys"][number][] = [];
  const values: Value[] = [];
  for (const item of query.select_list) {
    const name =
      item.alias ||
      (item.class === "COLUMN_REF" ? item.column_names[item.column_names.length - 1] : "");
    if (name === "") throw refuse(text, item.query_location, "give it a name: … AS name");
    if (groups.includes(shapeOf(item)))
      keys.push({ name, expression: toExpression(item, scope, text) });
    else values.push({ name, ...valueOf(item, (node) => toExpression(node, scope, text), text) });
  }
  if (keys.length < groups.length)
    throw new FinkError(
      "filter",
      "what it groups by stands in its SELECT as well, written the same",
    );
  if (values.length === 0)
    throw new FinkError("filter", "it counts nothing: write count(*) AS alerts");
  return {
    table,
    keys,
    values,
    where: query.where_clause ? toExpression(query.where_clause, scope, text) : null,
  };
}

function checkClauses(query: Query, text: string): void {
  if (query.type !== "SELECT_NODE")
    throw new FinkError(
      "filter",
      "UNION and recursive queries are not accepted: an aggregation is one SELECT with a GROUP BY",
    );
  const refused = { having: "HAVING", qualify: "QUALIFY", sample: "SAMPLE" } as const;
  for (const [key, clause] of Object.entries(refused))
    if (query[key as keyof typeof refused])
      throw new FinkError("filter", `${clause} is not accepted`);
  if (query.modifiers.length > 0)
    throw new FinkError("filter", "ORDER BY, LIMIT and DISTINCT are not accepted: the page sorts");
  const [cte] = query.cte_map.map;
  if (cte) throw refuse(text, -1, `WITH ${cte.key}: not accepted, an aggregation is one SELECT`);
}

function valueOf(
  item: Query["select_list"][number],
  convert: (node: Node) => Expression,
  text: string,
): Pick<Value, "before" | "of"> {
  const node = item as unknown as {
    class: string;
    function_name: string;
    children: Node[];
    distinct: boolean;
    filter: unknown;
  };
  const name = node.class === "FUNCTION" ? node.function_name : "";
  if (name === "count_star" && !node.filter) return { before: "count(*", of: null };
  if (!aggregates.includes(name) || node.children.length !== 1 || node.filter)
    throw refuse(
      text,
      item.query_location,
      `a column is one of GROUP BY, count(*), or one of ${aggregates.join(", ")} of one value`,
    );
  return { before: `${name}(${node.distinct ? "DISTINCT " : ""}`, of: convert(node.children[0]) };
}

/** Two expressions are the same when they are written the same. */
function shapeOf(node: unknown): string {
  return JSON.stringify(node, (key, value: unknown) =>
    key === "query_location" || key === "alias" ? undefined : value,
  );
}
