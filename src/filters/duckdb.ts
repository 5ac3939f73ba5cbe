import { BOOLEAN, DOUBLE, LIST } from "@duckdb/node-api";
import { elementOf, type Emitted } from "./emitted.ts";

/** How DuckDB writes each function and operator; one that is not here has the same name and arguments there. */
const writers: Readonly<Record<string, (...args: Emitted[]) => string>> = {
  "/": (a, b) => `(${a.sql} / nullif(${b.sql}, 0))`,
  "%": (a, b) => `(${a.sql} % nullif(${b.sql}, 0))`,
  "is null": (a) => `(${a.sql} IS NULL)`,
  "is not null": (a) => `(${a.sql} IS NOT NULL)`,
  not: (a) => `(NOT ${a.sql})`,
  and: (...args) => `(${args.map(({ sql }) => sql).join(" AND ")})`,
  or: (...args) => `(${args.map(({ sql }) => sql).join(" OR ")})`,
  in: (a, ...list) => `(${a.sql} IN (${list.map(({ sql }) => sql).join(", ")}))`,
  "not in": (a, ...list) => `(${a.sql} NOT IN (${list.map(({ sql }) => sql).join(", ")}))`,
  between: (a, low, high) => `(${a.sql} BETWEEN ${low.sql} AND ${high.sql})`,
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
  asin: (x) => guarded("asin", x, `${x.sql} BETWEEN -1 AND 1`),
  acos: (x) => guarded("acos", x, `${x.sql} BETWEEN -1 AND 1`),
  startswith: (text, start) => `starts_with(${text.sql}, ${start.sql})`,
  endswith: (text, end) => `ends_with(${text.sql}, ${end.sql})`,
  size: (list) => `len(${list.sql})`,
  element_at: (list, n) => `list_extract(${list.sql}, ${n.sql})`,
  filter: (list, f) => `list_filter(${list.sql}, ${f.sql})`,
  transform: (list, f) => `list_transform(${list.sql}, ${f.sql})`,
  aggregate: (list, start, f) => `list_reduce(${list.sql}, ${f.sql}, ${start.sql})`,
  array: (...entries) => `list_value(${entries.map(({ sql }) => sql).join(", ")})`,
  array_contains: (list, x) => `list_contains(${list.sql}, ${x.sql})`,
  array_min: (list) => `list_min(${list.sql})`,
  array_max: (list) => `list_max(${list.sql})`,
  array_sum: (list) => `list_sum(${list.sql})`,
  array_mean: (list) => `list_avg(${list.sql})`,
  array_median: (list) => `list_median(${list.sql})`,
  array_sort: (list) => `list_sort(${list.sql}, 'ASC', 'NULLS LAST')`,
  array_append: (list, x) => `list_append(${list.sql}, ${x.sql})`,
  slope: (xs, ys) => slopeOf(xs.sql, ys.sql),
};

const infix = new Set(["+", "-", "*", "||", "=", "<>", "<", ">", "<=", ">=", "like", "not like", "is distinct from", "is not distinct from"]);

/** Functions that give a list or an entry of one, whose fields may be asked for. */
const types: Readonly<Record<string, (...args: Emitted[]) => Emitted["type"]>> = {
  filter: (list) => list.type,
  element_at: (list) => elementOf(list.type),
  transform: (_, f) => f.type && LIST(f.type),
  array_sort: (list) => list.type,
  array_append: (list) => list.type,
  coalesce: (...args) => args.find(({ type }) => type)?.type ?? null,
  nullif: (a) => a.type,
  case: (_, then) => then.type,
  and: () => BOOLEAN,
  "/": () => DOUBLE,
};

export function duckdbCall(name: string, args: readonly Emitted[]): Emitted {
  const type = types[name]?.(...args) ?? null;
  const sqls = args.map(({ sql }) => sql);
  if (infix.has(name)) return { sql: sqls.length === 1 ? `(${name} ${sqls[0]})` : `(${sqls.join(` ${name.toUpperCase()} `)})`, type };
  return { sql: writers[name]?.(...args) ?? `${name}(${sqls.join(", ")})`, type };
}

function guarded(name: string, { sql }: Emitted, condition: string): string {
  return `CASE WHEN ${condition} OR isnan(CAST(${sql} AS DOUBLE)) THEN ${name}(${sql}) END`;
}

function caseOf(args: readonly Emitted[]): string {
  let sql = "CASE";
  for (let i = 0; i + 1 < args.length; i += 2) sql += ` WHEN ${args[i].sql} THEN ${args[i + 1].sql}`;
  return `${sql} ELSE ${args[args.length - 1].sql} END`;
}

/**
 * (n Σxy − Σx Σy) / (n Σx² − (Σx)²), with x from the smallest on: of Julian dates the squares have no digits left. The list of one entry around it gives the
 * points a name, so that they are made once.
 */
function slopeOf(xs: string, ys: string): string {
  const points = `list_filter(list_zip(${xs}, ${ys}), _p -> _p[1] IS NOT NULL AND _p[2] IS NOT NULL)`;
  const shifted = `list_transform(list_value({p: ${points}, x: list_min(${xs})}), _s -> list_transform(_s.p, _p -> {x: _p[1] - _s.x, y: _p[2]}))`;
  const sum = (value: string) => `list_sum(list_transform(_s, _p -> ${value}))`;
  const [x, xx] = [sum("_p.x"), sum("_p.x * _p.x")];
  return `list_extract(list_transform(${shifted}, _s -> (len(_s) * ${sum("_p.x * _p.y")} - ${x} * ${sum("_p.y")}) / nullif(len(_s) * ${xx} - ${x} * ${x}, 0)), 1)`;
}
