import { BIGINT, BOOLEAN, DOUBLE, DuckDBTypeId, LIST, SQLNULL, VARCHAR } from "@duckdb/node-api";
import { elementOf, type Emitted } from "./emitted.ts";
import { between, comparison, isIn, listContains } from "./nan.ts";

/**
 * How DuckDB writes each function and operator; one that is not here has the same name and
 * arguments there.
 */
const writers: Readonly<Record<string, (...args: Emitted[]) => string>> = {
  "/": (a, b) => `(${a.sql} / nullif(${b.sql}, 0))`,
  "%": (a, b) => `(${a.sql} % nullif(${b.sql}, 0))`,
  "is null": (a) => `(${a.sql} IS NULL)`,
  "is not null": (a) => `(${a.sql} IS NOT NULL)`,
  not: (a) => `(NOT ${a.sql})`,
  and: (...args) => `(${args.map(({ sql }) => sql).join(" AND ")})`,
  or: (...args) => `(${args.map(({ sql }) => sql).join(" OR ")})`,
  ...Object.fromEntries(
    ["=", "<>", "<", ">", "<=", ">="].map((sign) => [
      sign,
      (a: Emitted, b: Emitted) => comparison(sign, a, b),
    ]),
  ),
  in: (a, ...list) => isIn("IN", a, list),
  "not in": (a, ...list) => isIn("NOT IN", a, list),
  between,
  case: (...args) => caseOf(args),
  "cast double": (a) => `CAST(${a.sql} AS DOUBLE)`,
  "cast float": (a) => `CAST(${a.sql} AS FLOAT)`,
  "cast bigint": (a) => `CAST(${a.sql} AS BIGINT)`,
  "try_cast double": (a) => `TRY_CAST(${a.sql} AS DOUBLE)`,
  "try_cast float": (a) => `TRY_CAST(${a.sql} AS FLOAT)`,
  "try_cast bigint": (a) => `TRY_CAST(${a.sql} AS BIGINT)`,
  sqrt: (x) => guarded("sqrt", x, `${x.sql} >= 0`),
  ln: (x) => guarded("ln", x, `${x.sql} > 0`),
  log10: (x) => guarded("log10", x, `${x.sql} > 0`),
  asin: (x) => arc("asin", x),
  acos: (x) => arc("acos", x),
  startswith: (text, start) => `starts_with(${text.sql}, ${start.sql})`,
  endswith: (text, end) => `ends_with(${text.sql}, ${end.sql})`,
  size: (list) => `len(${list.sql})`,
  element_at: (list, n) => `list_extract(${list.sql}, ${n.sql})`,
  filter: (list, f) => `list_filter(${list.sql}, ${f.sql})`,
  transform: (list, f) => `list_transform(${list.sql}, ${f.sql})`,
  aggregate: (list, start, f) => `list_reduce(${list.sql}, ${f.sql}, ${start.sql})`,
  array: (...entries) => `list_value(${entries.map(({ sql }) => sql).join(", ")})`,
  array_contains: listContains,
  array_min: (list) => `list_min(${list.sql})`,
  array_max: (list) => `list_max(${list.sql})`,
  array_sum: (list) => `list_sum(${list.sql})`,
  array_mean: (list) => `list_avg(${list.sql})`,
  array_median: (list) => `list_median(${list.sql})`,
  array_sort: (list) => `list_sort(${list.sql}, 'ASC', 'NULLS LAST')`,
  array_append: (list, x) => `list_append(${list.sql}, ${x.sql})`,
  slope: (xs, ys) => slopeOf(xs.sql, ys.sql),
};

const infix = new Set([
  "+",
  "-",
  "*",
  "||",
  "like",
  "not like",
  "is distinct from",
  "is not distinct from",
]);

type TypeOf = (...args: Emitted[]) => Emitted["type"];

const truths =
  "= <> < > <= >= and or not|in|not in|between|like|not like|is null|is not null|is distinct from|is not distinct from|isnan|startswith|endswith|contains|array_contains";
const named = (names: readonly string[], type: TypeOf) =>
  Object.fromEntries(names.map((name) => [name, type]));

/** What is known of the type of a function's value; of others DuckDB finds it. */
const types: Readonly<Record<string, TypeOf>> = {
  ...named(
    truths.split("|").flatMap((name) => (name.startsWith("=") ? name.split(" ") : [name])),
    () => BOOLEAN,
  ),
  ...named(["lower", "upper", "trim", "substring", "||"], () => VARCHAR),
  ...named(["size", "length", "cast bigint", "try_cast bigint"], () => BIGINT),
  ...named(
    "/ sqrt ln log10 exp power sin cos tan asin acos atan atan2 radians degrees slope array_mean array_median".split(
      " ",
    ),
    () => DOUBLE,
  ),
  ...named(["cast double", "cast float", "try_cast double", "try_cast float"], () => DOUBLE),
  ...named(["+", "-", "*", "%", "greatest", "least", "coalesce", "array"], commonType),
  ...named(
    ["abs", "sign", "floor", "ceil", "round", "nullif", "filter", "array_sort"],
    ({ type }) => type,
  ),
  array_append: (list, x) => (isNull(list) ? x.type && LIST(x.type) : list.type),
  ...named(["element_at", "array_min", "array_max", "array_sum"], (list) => innerType(list)),
  array: (...entries) => (commonType(...entries) === null ? null : LIST(commonType(...entries)!)),
  transform: (list, f) => (isNull(list) ? SQLNULL : f.type && LIST(f.type)),
  aggregate: (_, start, f) => commonType(start, f),
  case: (...args) => commonType(...args.filter((_, i) => i % 2 === 1 || i === args.length - 1)),
};

function isNull({ type }: Emitted): boolean {
  return type?.typeId === DuckDBTypeId.SQLNULL;
}

function innerType(list: Emitted): Emitted["type"] {
  return isNull(list) ? SQLNULL : elementOf(list.type);
}

/** DOUBLE where one of them is; null where one is not known. */
function commonType(...values: Emitted[]): Emitted["type"] {
  const found = values.filter((value) => !isNull(value)).map(({ type }) => type);
  if (found.length === 0) return SQLNULL;
  if (found.includes(null)) return null;
  return found.find((type) => type?.typeId === DuckDBTypeId.DOUBLE) ?? found[0];
}

/** Functions whose value is their first argument or an entry of it. */
const keeping = new Set(["filter", "element_at", "array_sort", "array_append"]);

export function duckdbCall(name: string, args: readonly Emitted[]): Emitted {
  const type = types[name]?.(...args) ?? null;
  const sqls = args.map(({ sql }) => sql);
  if (infix.has(name))
    return {
      sql: sqls.length === 1 ? `(${name} ${sqls[0]})` : `(${sqls.join(` ${name.toUpperCase()} `)})`,
      type,
    };
  const sql = writers[name]?.(...args) ?? `${name}(${sqls.join(", ")})`;
  return { sql, type, ...(keeping.has(name) && args[0].path && { path: args[0].path }) };
}

function guarded(name: string, { sql }: Emitted, condition: string): string {
  return `CASE WHEN ${condition} OR isnan(CAST(${sql} AS DOUBLE)) THEN ${name}(${sql}) END`;
}

/** Rounding may leave a sine or cosine a little beyond 1. */
function arc(name: "asin" | "acos", { sql }: Emitted): string {
  const x = `CAST(${sql} AS DOUBLE)`;
  return `CASE WHEN isnan(${x}) THEN ${x} WHEN abs(${x}) <= 1 + 1e-12 THEN ${name}(greatest(-1, least(1, ${x}))) END`;
}

function caseOf(args: readonly Emitted[]): string {
  let sql = "CASE";
  for (let i = 0; i + 1 < args.length; i += 2)
    sql += ` WHEN ${args[i].sql} THEN ${args[i + 1].sql}`;
  return `${sql} ELSE ${args[args.length - 1].sql} END`;
}

/**
 * (n Σxy − Σx Σy) / (n Σx² − (Σx)²), with x from the smallest on: of Julian dates the squares have
 * no digits left. The list of one entry around it gives the points a name, so that they are made
 * once.
 */
function slopeOf(xs: string, ys: string): string {
  const points = `list_filter(list_zip(${xs}, ${ys}), _p -> _p[1] IS NOT NULL AND _p[2] IS NOT NULL)`;
  const shifted = `list_transform(list_value({p: ${points}, x: list_min(${xs})}), _s -> list_transform(_s.p, _p -> {x: _p[1] - _s.x, y: _p[2]}))`;
  const sum = (value: string) => `list_sum(list_transform(_s, _p -> ${value}))`;
  const [x, xx] = [sum("_p.x"), sum("_p.x * _p.x")];
  return `list_extract(list_transform(${shifted}, _s -> (len(_s) * ${sum("_p.x * _p.y")} - ${x} * ${sum("_p.y")}) / nullif(len(_s) * ${xx} - ${x} * ${x}, 0)), 1)`;
}
