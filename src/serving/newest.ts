import { join } from "node:path";
import { type AddFile } from "../lake/actions.ts";
import { firstValueSql, literal, typeAt } from "../lake/scan.ts";
import { LakeTable } from "../lake/table.ts";
import { jdMinusMjd, nightOfMjd } from "../sky/time.ts";
import type { AlertId } from "../surveys/alert-id.ts";
import { alertIdType } from "./columns.ts";
import type { Place } from "./places.ts";
import type { Sources } from "./sources.ts";
import { cellSql } from "./state.ts";

/** Which alerts of a table that is kept by night. */
export interface NewestQuery {
  readonly survey: string;
  readonly kind: "science" | "matches";
  /** Over the table's columns. */
  readonly where: string;
  /** Columns without which there are none, as dotted paths. */
  readonly needs: readonly string[];
  /** MJD, both included. */
  readonly from?: number | undefined;
  readonly to?: number | undefined;
  /**
   * Only what comes after this one in the order of the answer: newest first, of one time the
   * greater id first.
   */
  readonly after?: { readonly mjd: number; readonly id: AlertId } | undefined;
  readonly limit: number;
}

export interface NewestAlerts {
  readonly ids: readonly AlertId[];
  /** Of the last one. */
  readonly lastMjd: number;
  /** Where they are in `sources`. */
  readonly places: readonly Place[];
}

/**
 * The newest alerts that meet a condition: nights are read from the last one back, more at a time
 * the longer it takes.
 */
export async function newestAlerts(
  sources: Sources,
  lake: string,
  query: NewestQuery,
  signal?: AbortSignal,
): Promise<NewestAlerts> {
  const table = new LakeTable(join(lake, query.survey, query.kind));
  const keys = keysOf(table, sources, query);
  if (!keys) return { ids: [], lastMjd: NaN, places: [] };
  const found: [id: AlertId, cell: number, mjd: number][] = [];
  const nights = nightsOf(table, query);
  for (
    let at = 0, step = 1;
    at < nights.length && found.length < query.limit;
    at += step, step = Math.min(64, step * 2)
  ) {
    const files = nights.slice(at, at + step).flatMap(([, all]) => all);
    const rows = await sources.use(signal, async (connection) => {
      const from = await sources.scan(connection, table, files);
      const { alert, time, ra, dec } = keys;
      const limits = [
        query.from === undefined ? [] : `${time} >= ${query.from}`,
        query.to === undefined ? [] : `${time} <= ${query.to}`,
      ].flat();
      const { after } = query;
      if (after)
        limits.push(
          `(${time} < ${after.mjd} OR (${time} = ${after.mjd} AND ${alert} < ${literal(String(after.id))}))`,
        );
      const where = [`(${query.where})`, `${alert} IS NOT NULL`, ...limits].join(" AND ");
      const sql = `SELECT ${alert} AS id, any_value(${cellSql(ra, dec)}), max(${time}) FROM (${from}) WHERE ${where} GROUP BY 1 ORDER BY 3 DESC NULLS LAST, 1 DESC LIMIT ${query.limit - found.length}`;
      return await (await connection.run(sql)).getRows();
    });
    found.push(
      ...rows.map(([id, cell, mjd]): [AlertId, number, number] => [
        id as AlertId,
        Number(cell),
        Number(mjd),
      ]),
    );
  }
  return {
    ids: found.map(([id]) => id),
    lastMjd: found.at(-1)?.[2] ?? NaN,
    places: await sources.placesOfCells(query.survey, [...new Set(found.map(([, cell]) => cell))]),
  };
}

function keysOf(table: LakeTable, sources: Sources, { survey: name, kind, needs }: NewestQuery) {
  const { schema } = table.snapshot;
  if (needs.some((path) => typeAt(schema, path) === undefined)) return null;
  if (kind === "matches") return { alert: "alert", time: "mjd", ra: "ra", dec: "dec" };
  const survey = sources.survey(name);
  const [alert, time, ra, dec] = [
    survey.alert,
    survey.time?.field,
    survey.position?.ra,
    survey.position?.dec,
  ].map((paths) => firstValueSql(schema, paths));
  if (alert === undefined || time === undefined || ra === undefined || dec === undefined)
    return null;
  const mjd = `(${time}${survey.time?.scale === "jd" ? ` - ${jdMinusMjd}` : ""})`;
  return { alert: `${alert}::${alertIdType(schema, survey)}`, time: mjd, ra, dec };
}

/** Newest first; a night more on both sides, for it changes elsewhere than the date. */
function nightsOf(
  table: LakeTable,
  { from = -Infinity, after, to = after?.mjd ?? Infinity }: NewestQuery,
): [night: number, files: AddFile[]][] {
  const [first, last] = [nightOfMjd(from - 1) ?? 0, nightOfMjd(to + 1) ?? Infinity];
  const nights = Map.groupBy(table.snapshot.files.values(), (file) =>
    Number(file.partitionValues["night"] ?? 0),
  );
  return [...nights].filter(([night]) => night >= first && night <= last).sort(([a], [b]) => b - a);
}
