import { didYouMean } from "../config/nearest.ts";
import { FinkError } from "../errors.ts";
import { acceptedNames, acceptedTableFunctions, isAcceptedFunction } from "./accepted-functions.ts";
import { macroNames, withoutAdql } from "./macros.ts";
import { dynamicPivot } from "./pivot.ts";
import { syntaxTree } from "./syntax-tree.ts";
import { sqlTokens } from "./tokens.ts";

/** A statement that only reads, as it is to be run. */
export interface ReadStatement {
  readonly text: string;
  /** The views that it names, `survey.kind` in lower case. */
  readonly views: ReadonlySet<string>;
  /** SHOW TABLES and its like: every view counts. */
  readonly listsViews: boolean;
}

/** The part of the session that the check needs. */
export interface ReadableViews {
  /** `survey.kind`, in lower case. */
  has(view: string): boolean;
  /** The error for a name that no view has. */
  missing(name: string): FinkError;
  /** The texts that a checked SELECT of one column gives. */
  texts(statement: ReadStatement): Promise<string[]>;
}

/**
 * Decides from the parsed text, before DuckDB prepares it, whether a statement only reads: DuckDB
 * acts while it prepares some (EXPORT DATABASE makes its folder), takes `FROM 'file.parquet'` for a
 * file, and lets COPY write into every folder that the views read. Accepted are SELECT, WITH, FROM,
 * VALUES, DESCRIBE, SUMMARIZE, SHOW, PIVOT, and EXPLAIN of these, over views and functions that are
 * listed. Throws FinkError "sql".
 */
export async function readStatement(given: string, known: ReadableViews): Promise<ReadStatement> {
  const sql = withoutAdql(given);
  const explained = explainHead(sql);
  if (explained) {
    if (explainHead(explained.rest))
      throw new FinkError("sql", "EXPLAIN of EXPLAIN is not accepted: write it once");
    const inner = await readStatement(explained.rest, known);
    return { ...inner, text: `${explained.head} ${inner.text}` };
  }
  const tree = await syntaxTree(sql);
  if (tree.error && tree.error_type === "not implemented") return await readPivot(sql, known);
  if (tree.error) throw new FinkError("sql", `Parser Error: ${tree.error_message}`);
  const statements = tree.statements ?? [];
  if (statements.length === 0)
    throw new FinkError("sql", "there is no statement; a first one is: SHOW ALL TABLES");
  if (statements.length > 1)
    throw new FinkError("sql", `one statement at a time: these are ${statements.length}`);
  const found = { views: new Set<string>(), listsViews: false };
  checkNode(statements[0].node, new Set(), known, found);
  return { text: withoutEnd(sql), ...found };
}

/** EXPLAIN with its options, and the statement behind it. */
function explainHead(sql: string): { readonly head: string; readonly rest: string } | null {
  const tokens = sqlTokens(sql);
  if (!/^explain$/i.test(tokens[0]?.text ?? "")) return null;
  const [, second, third] = tokens.map(({ text }) => text.toLowerCase());
  if (second === "analyze") return { head: "EXPLAIN ANALYZE", rest: sql.slice(tokens[1].end) };
  if (second !== "(" || (third !== "analyze" && third !== "format"))
    return { head: "EXPLAIN", rest: sql.slice(tokens[0].end) };
  const close = tokens.findIndex(({ text, depth }) => text === ")" && depth === 0);
  const options = tokens.slice(2, Math.max(2, close)).map(({ text }) => text);
  if (!options.every((text) => /^[a-z]+$|^,$/i.test(text)))
    throw new FinkError("sql", "EXPLAIN takes the options ANALYZE and FORMAT");
  return { head: `EXPLAIN (${options.join(" ")})`, rest: sql.slice(tokens[close].end) };
}

/** PIVOT without its values: they are asked for, and written into the text. */
async function readPivot(sql: string, known: ReadableViews): Promise<ReadStatement> {
  const pivot = dynamicPivot(sql);
  if (!pivot || pivot.values.length === 0) {
    const verb = sqlTokens(sql)[0]?.text.toUpperCase() ?? "";
    const hint = /\bpivot/i.test(sql)
      ? "; name the values of a PIVOT that is not the outermost: ON x IN ('a', 'b')"
      : "";
    throw new FinkError(
      "sql",
      `${verb} is refused: only statements that read (SELECT, FROM, VALUES, DESCRIBE, SUMMARIZE, SHOW, PIVOT, EXPLAIN) are accepted${hint}`,
    );
  }
  const values: string[][] = [];
  for (const select of pivot.values)
    values.push(await known.texts(await readStatement(select, known)));
  return await readStatement(pivot.withValues(values), known);
}

/** Without the semicolon and the comments behind it, so that the text can stand in parentheses. */
function withoutEnd(sql: string): string {
  const last = sqlTokens(sql).findLast(({ text }) => text !== ";");
  return sql.slice(0, last?.end ?? 0);
}

interface Found {
  readonly views: Set<string>;
  listsViews: boolean;
}

interface SyntaxNode {
  readonly [key: string]: unknown;
}

const expressions = new Set(
  "CASE CAST COLLATE COLUMN_REF COMPARISON CONJUNCTION CONSTANT BETWEEN FUNCTION LAMBDA LAMBDA_REF OPERATOR PARAMETER POSITIONAL_REFERENCE STAR SUBQUERY TYPE WINDOW".split(
    " ",
  ),
);
const nodes = new Set(
  (
    "SELECT_NODE SET_OPERATION_NODE RECURSIVE_CTE_NODE CTE_NODE EMPTY SUBQUERY JOIN EXPRESSION_LIST PIVOT " +
    "ORDER_MODIFIER LIMIT_MODIFIER LIMIT_PERCENT_MODIFIER DISTINCT_MODIFIER ASCENDING DESCENDING ORDER_DEFAULT"
  ).split(" "),
);
const lists = new Set(["__show_tables_expanded", '"tables"', '"databases"', '"schemas"']);

/**
 * Walks all of the tree. What this does not know is refused. `ctes`: the names that WITH gave, in
 * lower case.
 */
function checkNode(
  value: unknown,
  ctes: ReadonlySet<string>,
  known: ReadableViews,
  found: Found,
): void {
  if (Array.isArray(value)) return value.forEach((one) => checkNode(one, ctes, known, found));
  if (typeof value !== "object" || value === null) return;
  const node = value as SyntaxNode;
  const visible = node["cte_map"] ? withCtes(node, ctes, known, found) : ctes;
  if (typeof node["class"] === "string") checkExpression(node);
  else if (typeof node["type"] === "string") checkTable(node, visible, known, found);
  for (const [key, child] of Object.entries(node)) {
    if (key === "cte_map") continue;
    const isTableFunction = key === "function" && node["type"] === "TABLE_FUNCTION";
    checkNode(isTableFunction ? (child as SyntaxNode)["children"] : child, visible, known, found);
  }
}

/** A name of WITH counts for those after it, and in its own query if that is recursive. */
function withCtes(
  node: SyntaxNode,
  outer: ReadonlySet<string>,
  known: ReadableViews,
  found: Found,
): ReadonlySet<string> {
  const visible = new Set(outer);
  const { map } = node["cte_map"] as {
    map: readonly { key: string; value: { query: { node: SyntaxNode } } }[];
  };
  for (const { key, value } of map) {
    const isRecursive = value.query.node["type"] === "RECURSIVE_CTE_NODE";
    checkNode(
      value,
      isRecursive ? new Set([...visible, key.toLowerCase()]) : visible,
      known,
      found,
    );
    visible.add(key.toLowerCase());
  }
  return visible;
}

function checkExpression(node: SyntaxNode): void {
  if (!expressions.has(String(node["class"]))) throw refused(String(node["class"]));
  if (node["function_name"] !== undefined) checkFunction(node);
}

function checkFunction(node: SyntaxNode): void {
  const name = String(node["function_name"]).toLowerCase();
  const isOurs = macroNames.has(name);
  // DuckDB's parser itself writes main before some of its own functions
  const schema = String(node["schema"] ?? "");
  const isPlain = !node["catalog"] && (schema === "" || (schema === "main" && !isOurs));
  const isAccepted = isOurs || isAcceptedFunction(name);
  if (isPlain && isAccepted) return;
  if (isAccepted) throw new FinkError("sql", `write ${name} without a schema before it`);
  throw new FinkError(
    "sql",
    `the function ${name} is not accepted${didYouMean(name, [...acceptedNames(), ...macroNames])}`,
  );
}

function checkTable(
  node: SyntaxNode,
  ctes: ReadonlySet<string>,
  known: ReadableViews,
  found: Found,
): void {
  const type = String(node["type"]);
  if (type === "BASE_TABLE") return checkView(node, ctes, known, found);
  if (type === "TABLE_FUNCTION") {
    const called = node["function"] as SyntaxNode;
    const name = String(called["function_name"]).toLowerCase();
    if (!called["catalog"] && !called["schema"] && acceptedTableFunctions.has(name)) return;
    throw new FinkError(
      "sql",
      `FROM ${name}(…) is not accepted: only the tables of the lake and ${[...acceptedTableFunctions].join(", ")} can be read`,
    );
  }
  if (type === "SHOW_REF") {
    if (node["query"]) return;
    if (node["show_type"] !== "SHOW_FROM" && !lists.has(String(node["table_name"])))
      throw refused(`SHOW ${String(node["table_name"])}`);
    found.listsViews = true;
    return;
  }
  if (!nodes.has(type) && !type.endsWith("_TYPE_INFO")) throw refused(type);
}

function checkView(
  node: SyntaxNode,
  ctes: ReadonlySet<string>,
  known: ReadableViews,
  found: Found,
): void {
  const [catalog, schema, table] = ["catalog_name", "schema_name", "table_name"].map((key) =>
    String(node[key] ?? "").toLowerCase(),
  );
  if (catalog === "" && (schema === "" || schema === "recurring") && ctes.has(table)) return;
  const view = `${schema}.${table}`;
  if (schema !== "" && (catalog === "" || catalog === "memory") && known.has(view))
    return void found.views.add(view);
  throw known.missing([catalog, schema, table].filter(Boolean).join("."));
}

function refused(what: string): FinkError {
  return new FinkError("sql", `${what} is not accepted here`);
}
