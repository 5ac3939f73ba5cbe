import { FinkError } from "../errors.ts";
import { syntaxTree } from "../sql/syntax-tree.ts";
import type { Expression } from "./filter.ts";
import { toExpression, type Node, type Scope } from "./expression.ts";
import { refuse } from "./refuse.ts";

/** What a filter's SELECT says. */
export interface Select {
  /** The columns it lists; null: `*`. */
  readonly columns: readonly string[] | null;
  /** Its condition, with that of the CTEs it reads and their named values put in. */
  readonly where: Expression;
}

const maxBytes = 65_536;

/** Reads a condition alone. */
export async function parseCondition(text: string): Promise<Expression> {
  return (await parseSelect(`SELECT * FROM alerts WHERE ${text}`)).where;
}

/**
 * Reads the one SELECT of a filter and refuses what is not of the subset. Positions are those of
 * the text. Throws "filter".
 */
export async function parseSelect(text: string): Promise<Select> {
  const select = selectOf(await queryOf(text), new Map(), text);
  if (!select.where)
    throw new FinkError(
      "filter",
      "it has no WHERE: it would select every alert; write WHERE true if that is meant",
    );
  const [computed] = select.computed;
  if (computed !== undefined)
    throw new FinkError(
      "filter",
      `${computed} is computed, and a filter sends only columns: name it in a WITH if the condition needs it, or let a science module add it as a column`,
    );
  return { columns: select.listed, where: select.where };
}

/** The tree of a text that is one SELECT. Throws "filter". */
export async function queryOf(text: string): Promise<Query> {
  if (Buffer.byteLength(text) > maxBytes)
    throw new FinkError(
      "filter",
      `its text is longer than ${maxBytes / 1024} KB; lists of names belong into a watch list`,
    );
  const quote = /["`]/.exec(
    text.replace(/'(?:[^']|'')*'|--[^\n]*|\/\*[\s\S]*?\*\//g, (part) => " ".repeat(part.length)),
  );
  if (quote)
    throw refuse(
      text,
      quote.index,
      `${quote[0]} is not accepted: texts stand in single quotes, names in none`,
    );
  const { statements, ...answer } = await syntaxTree(text);
  if (answer.error) {
    const isSelect = answer.error_type !== "not implemented";
    throw refuse(
      text,
      Number(answer.position ?? 0),
      isSelect ? String(answer.error_message) : "it is one SELECT: no other statement is accepted",
    );
  }
  if (statements?.length !== 1)
    throw new FinkError(
      "filter",
      `it is one SELECT; these are ${statements?.length ?? 0} statements`,
    );
  return statements[0].node as Query;
}

/** A SELECT_NODE, or another kind of query, of which only the type is known. */
export interface Query {
  readonly type: string;
  readonly cte_map: {
    readonly map: readonly {
      readonly key: string;
      readonly value: {
        readonly query: { readonly node: Query };
        readonly aliases: readonly string[];
      };
    }[];
  };
  readonly select_list: readonly (Node & { readonly columns: unknown } & Readonly<
      Record<"exclude_list" | "replace_list" | "rename_list", readonly unknown[]>
    >)[];
  readonly from_table: {
    readonly type: string;
    readonly query_location: number;
    readonly schema_name: string;
    readonly table_name: string;
    readonly alias: string;
  };
  readonly where_clause: Node | null;
  readonly group_expressions: readonly Node[];
  readonly modifiers: readonly unknown[];
  readonly having: unknown;
  readonly qualify: unknown;
  readonly sample: unknown;
}

/** One SELECT: what it gives and on which condition, both in terms of `alerts`. */
interface Derived extends Scope {
  readonly where: Expression | null;
  /** Columns of its list; null: it has a `*`. */
  readonly listed: readonly string[] | null;
  /** Names of the values of its list that are no columns. */
  readonly computed: readonly string[];
}

/** Clauses that make the answer for one alert depend on others, or are of no use in a filter. */
const clauses = {
  group_expressions: "GROUP BY",
  having: "HAVING",
  qualify: "QUALIFY",
  sample: "SAMPLE",
  modifiers: "ORDER BY, LIMIT and DISTINCT",
} as const;

function selectOf(node: Query, outer: ReadonlyMap<string, Derived>, text: string): Derived {
  if (node.type !== "SELECT_NODE")
    throw new FinkError(
      "filter",
      "UNION and recursive queries are not accepted: a filter is one SELECT over alerts with a WHERE",
    );
  for (const [key, clause] of Object.entries(clauses)) {
    const given = node[key as keyof typeof clauses];
    if (Array.isArray(given) ? given.length > 0 : given)
      throw new FinkError(
        "filter",
        `${clause}: not accepted, a filter looks at one alert at a time`,
      );
  }
  const known = new Map(outer);
  for (const { key, value } of node.cte_map.map) {
    if (value.aliases.length > 0)
      throw new FinkError("filter", `WITH ${key}(…): name the columns in its SELECT`);
    known.set(key.toLowerCase(), selectOf(value.query.node, known, text));
  }
  const source = sourceOf(node.from_table, known, text);
  const own = node.where_clause ? toExpression(node.where_clause, source, text) : null;
  const where: Expression | null =
    own && source.where
      ? { kind: "call", name: "and", args: [source.where, own], at: -1 }
      : (own ?? source.where);
  return { ...listOf(node.select_list, source, text), where, names: [] };
}

function sourceOf(
  from: Query["from_table"],
  known: ReadonlyMap<string, Derived>,
  text: string,
): Derived {
  if (from.type === "EMPTY")
    throw new FinkError("filter", "it reads no table: write SELECT * FROM alerts WHERE …");
  if (from.type !== "BASE_TABLE")
    throw refuse(
      text,
      from.query_location,
      "only alerts and what WITH names can be read: no functions, files, subqueries or joins",
    );
  const name = from.table_name.toLowerCase();
  const names = [name, from.alias.toLowerCase()];
  const cte = from.schema_name === "" ? known.get(name) : undefined;
  if (cte) return { ...cte, names };
  if (name !== "alerts")
    throw refuse(
      text,
      from.query_location,
      `there is no table ${from.table_name} in filters: they read alerts`,
    );
  return { named: new Map(), hasAll: true, where: null, listed: null, computed: [], names };
}

function listOf(
  list: Query["select_list"],
  source: Derived,
  text: string,
): Pick<Derived, "named" | "hasAll" | "listed" | "computed"> {
  const hasStar = list.some(({ type }) => type === "STAR");
  const named = new Map(hasStar ? source.named : []);
  const listed: string[] = [];
  const computed: string[] = [];
  for (const item of list) {
    if (item.type === "STAR") {
      if (
        (["exclude_list", "replace_list", "rename_list"] as const).some(
          (key) => item[key].length > 0,
        ) ||
        item.columns
      )
        throw refuse(
          text,
          item.query_location,
          "* is accepted alone, without EXCLUDE, REPLACE or COLUMNS",
        );
      continue;
    }
    const expression = toExpression(item, source, text);
    const name =
      item.alias ||
      (item.class === "COLUMN_REF" ? item.column_names[item.column_names.length - 1] : "");
    if (name === "") throw refuse(text, item.query_location, "give it a name: … AS name");
    named.set(name.toLowerCase(), expression);
    if (expression.kind === "column") listed.push(expression.path.join("."));
    else computed.push(name);
  }
  return { named, hasAll: hasStar && source.hasAll, listed: hasStar ? null : listed, computed };
}
