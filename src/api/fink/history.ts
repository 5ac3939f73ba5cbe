import { columnPath, identifier, literal, typeAt } from "../../lake/scan.ts";
import type { StructType } from "../../lake/schema.ts";
import type { FinkDeps } from "./resource.ts";
import { checkNames } from "./wanted-columns.ts";
import { at, emptyTable, type Table, tableOf, union, withColumns } from "./table.ts";

/** An alert has the history of 30 days before it: of alerts so far apart, one is enough. */
const historyDays = 25;

/**
 * Adds what an object's alerts say of visits without an alert, and `d:tag`: `valid` is an alert,
 * `upperlim` a visit that saw nothing, `badquality` one whose measurement fails rb ≥ 0.55 and nbad
 * = 0. Newest first.
 */
export async function withHistory(
  deps: FinkDeps,
  table: Table,
  objects: readonly string[],
  signal: AbortSignal,
): Promise<Table> {
  const where = `_object IN (${objects.map(literal).join(", ")})`;
  const places = await deps.sources.placesOfObjects("ztf", objects, signal);
  const alerts = await deps.sources.query(
    "ztf",
    {
      places,
      where,
      sql: "SELECT _alert, _object, _mjd FROM {sources} ORDER BY _object, _mjd DESC, _alert DESC",
    },
    tableOf,
    signal,
  );
  const needed = spaced(
    alerts.rows.map(([id, object, mjd]) => ({
      id: id as bigint,
      object: String(object),
      mjd: Number(mjd),
    })),
  );
  const visits = (await deps.sources.raw("ztf", needed, historySql, tableOf, signal)) ?? emptyTable;
  const valid = withColumns(table, [{ name: "d:tag", kind: "text" }], () => ["valid"]);
  const all = union(valid, visits);
  const jd = at(all, "i:jd");
  if (jd < 0) return all;
  const [object, tag] = [at(all, "i:objectId"), at(all, "d:tag")];
  const dated = new Set(
    all.rows.flatMap((row) =>
      row[tag] === "valid" ? [`${String(row[object])} ${String(row[jd])}`] : [],
    ),
  );
  const rows = all.rows.filter(
    (row) => row[tag] !== "badquality" || !dated.has(`${String(row[object])} ${String(row[jd])}`),
  );
  return { columns: all.columns, rows: rows.toSorted((a, b) => Number(b[jd]) - Number(a[jd])) };
}

function spaced(
  alerts: readonly { readonly id: bigint; readonly object: string; readonly mjd: number }[],
): bigint[] {
  const last = new Map<string, number>();
  return alerts.flatMap(({ id, object, mjd }) => {
    if ((last.get(object) ?? Infinity) - mjd < historyDays) return [];
    last.set(object, mjd);
    return [id];
  });
}

const measured = ["magpsf", "sigmapsf", "magnr", "sigmagnr", "isdiffpos", "distnr"];

function historySql(schema: StructType): string | null {
  const type = typeAt(schema, "prv_candidates");
  if (
    typeof type !== "object" ||
    type.type !== "array" ||
    typeof type.elementType !== "object" ||
    type.elementType.type !== "struct"
  )
    return null;
  const known = new Set(type.elementType.fields.map((f) => f.name));
  if (!["jd", "fid", "diffmaglim", "magpsf", "rb", "nbad"].every((name) => known.has(name)))
    return null;
  const values = measured
    .filter((name) => known.has(name))
    .map((name) => `p.${name} AS "i:${name}"`);
  return `SELECT -1::BIGINT AS "i:candid", objectId AS "i:objectId", p.jd AS "i:jd", p.fid AS "i:fid", p.diffmaglim AS "i:diffmaglim", ${values.join(", ")},
    CASE WHEN p.magpsf IS NULL THEN 'upperlim' ELSE 'badquality' END AS "d:tag"
    FROM (SELECT objectId, unnest(prv_candidates) AS p FROM {alerts})
    WHERE p.jd IS NOT NULL AND (p.magpsf IS NULL OR NOT (coalesce(p.rb, 0) >= 0.55 AND coalesce(p.nbad, 1) = 0))
    QUALIFY row_number() OVER (PARTITION BY objectId, p.jd, p.fid ORDER BY p.magpsf NULLS LAST) = 1`;
}

/** Forced photometry of LSST alerts. */
export async function forcedOf(
  deps: FinkDeps,
  ids: readonly bigint[],
  columns: readonly string[] | undefined,
  signal: AbortSignal,
): Promise<Table> {
  const sql = (schema: StructType) => {
    const list = ["prvDiaForcedSources", "diaForcedSources"].find(
      (name) => typeof typeAt(schema, name) === "object",
    );
    const type = list === undefined ? undefined : typeAt(schema, list);
    if (
      list === undefined ||
      typeof type !== "object" ||
      type.type !== "array" ||
      typeof type.elementType !== "object" ||
      type.elementType.type !== "struct"
    )
      return null;
    const wanted =
      columns === undefined || columns.length === 0 || columns.includes("*")
        ? null
        : new Set(columns);
    checkNames([...type.elementType.fields.map(({ name }) => `r:${name}`), "d:tag"], columns);
    const fields = type.elementType.fields.filter(({ name }) => wanted?.has(`r:${name}`) ?? true);
    const inner: StructType = type.elementType;
    const id = columnPath(inner, ["diaForcedSourceId", "midpointMjdTai", "midPointTai"]);
    const time = columnPath(inner, ["midpointMjdTai", "midPointTai"]);
    if (fields.length === 0 || id === undefined || time === undefined) return null;
    return `SELECT ${fields.map(({ name }) => `f.${identifier(name)} AS ${identifier(`r:${name}`)}`).join(", ")}
      FROM (SELECT unnest(${identifier(list)}) AS f FROM {alerts}) QUALIFY row_number() OVER (PARTITION BY f.${identifier(id)}) = 1 ORDER BY f.${identifier(time)} DESC`;
  };
  return (await deps.sources.raw("lsst", ids, sql, tableOf, signal)) ?? emptyTable;
}
