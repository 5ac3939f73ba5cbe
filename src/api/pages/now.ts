import { parseStats } from "../../lake/merge-stats.ts";
import { firstValueSql, isOneOfSql } from "../../lake/scan.ts";
import { cellSql } from "../../serving/state.ts";
import { alertsById, classSql, columnsOf, number, text, withCurves } from "./alerts.ts";
import { nightOf, ofNights, type PageLake, type Question } from "./lake.ts";
import { newestFiles } from "../newest-files.ts";
import type { AlertRow, Counts, MatchRow, NightCount, NowAnswer } from "./types.ts";

const STRIP = 12;

/** What the first page shows besides the live feed: of the newest night of each survey. */
export async function now(lake: PageLake): Promise<NowAnswer> {
  const newest = lake.surveyNames().flatMap((survey) => nightCounts(lake, survey).slice(0, 1));
  const matches = await latestMatches(lake, STRIP);
  const [classes, latest] = await Promise.all([
    classesOf(lake, newest),
    matches.length > 0 ? [] : latestAlerts(lake, STRIP),
  ]);
  return { nights: newest, classes: summed(classes), matches, latest };
}

async function classesOf(lake: PageLake, nights: readonly NightCount[]): Promise<Counts[]> {
  const count = async (survey: string) =>
    await Promise.all(
      nights
        .filter((n) => n.survey === survey)
        .map(({ night }) => classCounts(lake, survey, night)),
    );
  return await lake.ofSurveys(
    count,
    nights.map(({ survey }) => survey),
  );
}

/** Alerts received per night, newest first. */
export function nightCounts(lake: PageLake, survey: string): NightCount[] {
  const counts = new Map<number, number>();
  for (const file of lake.table(survey, "raw")?.snapshot.files.values() ?? []) {
    const night = nightOf(file);
    if (night !== null && file.stats !== undefined)
      counts.set(night, (counts.get(night) ?? 0) + Number(parseStats(file.stats).numRecords));
  }
  return [...counts]
    .map(([night, alerts]) => ({ survey, night, alerts }))
    .sort((a, b) => b.night - a.night);
}

/** Alerts of a night by class, the most frequent first; empty where science has not run. */
export async function classCounts(lake: PageLake, survey: string, night: number): Promise<Counts> {
  const schema = lake.table(survey, "science")?.snapshot.schema;
  const of = schema && classSql(lake.surveys.named(survey), columnsOf(schema));
  const sql = (from: string) =>
    `SELECT coalesce(${of ?? "NULL"}, 'Unclassified') AS class, count(*)::DOUBLE AS n FROM ${from} GROUP BY 1 ORDER BY 2 DESC, 1`;
  const rows = await lake.rows({ survey, kind: "science", files: ofNights([night]), sql });
  return rows.map((row) => [String(row["class"]), number(row["n"]) ?? 0] as const);
}

export function summed(all: readonly Counts[]): Counts {
  const sums = new Map<string, number>();
  for (const [name, count] of all.flat()) sums.set(name, (sums.get(name) ?? 0) + count);
  return [...sums].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1));
}

/** The alerts that were received last. */
async function latestAlerts(lake: PageLake, limit: number): Promise<AlertRow[]> {
  const found = await lake.ofSurveys(async (survey) => {
    const id = firstValueSql(
      lake.table(survey, "raw")!.snapshot.schema,
      lake.surveys.named(survey).alert,
    );
    if (id === undefined) return [];
    const sql = (from: string) =>
      `SELECT ${id}::VARCHAR AS alert FROM ${from} ORDER BY _received_at DESC, _offset DESC LIMIT ${limit}`;
    const rows = await lake.rows({
      survey,
      kind: "raw",
      files: filesOfNewest(lake, survey, "raw", "_received_at", limit),
      sql,
    });
    return await alertsById(
      lake,
      survey,
      rows.map((row) => String(row["alert"])),
    );
  });
  const newest = found.sort((a, b) => (b.receivedAt ?? 0) - (a.receivedAt ?? 0));
  return await withCurves(lake, newest.slice(0, limit));
}

function filesOfNewest(
  lake: PageLake,
  survey: string,
  kind: string,
  column: string,
  rows: number,
): NonNullable<Question["files"]> {
  const chosen = newestFiles(lake.table(survey, kind)?.snapshot.files.values() ?? [], column, rows);
  return (file) => chosen.has(file.path);
}

/** The newest matches of all filters, or of those that the condition says. */
export async function latestMatches(
  lake: PageLake,
  limit: number,
  where = "true",
  survey?: string,
): Promise<MatchRow[]> {
  const read = async (name: string) => {
    const rows = await matchesWhere(
      lake,
      name,
      where,
      limit,
      where === "true" ? filesOfNewest(lake, name, "matches", "matched_at", limit) : () => true,
    );
    const places = await lake.sources.placesOfCells(name, [
      ...new Set(rows.map(({ cell }) => cell)),
    ]);
    const ids = rows.map(({ id }) => id);
    return withAlerts(rows, await alertsById(lake, name, ids, places));
  };
  const found = survey === undefined ? await lake.ofSurveys(read) : await read(survey);
  const newest = found.sort((a, b) => b.matchedAt - a.matchedAt);
  return await withCurves(lake, newest.slice(0, limit));
}

/** Which filters took these alerts of a survey. */
export async function matchesOf(
  lake: PageLake,
  survey: string,
  alerts: readonly AlertRow[],
  limit: number,
): Promise<MatchRow[]> {
  const schema = lake.table(survey, "matches")?.snapshot.schema;
  const ids = alerts.map((a) => a.alertId);
  const isOne = schema && isOneOfSql(schema, ["alert"], ids);
  if (isOne === undefined || ids.length === 0) return [];
  return withAlerts(
    await matchesWhere(lake, survey, isOne, limit, ofNights(alerts.map((a) => a.night))),
    alerts,
  );
}

type Matched = Pick<MatchRow, "filter" | "matchedAt" | "clauses"> & {
  readonly id: string;
  readonly cell: number;
};

async function matchesWhere(
  lake: PageLake,
  survey: string,
  where: string,
  limit: number,
  files: NonNullable<Question["files"]>,
): Promise<Matched[]> {
  const sql = (from: string) =>
    `SELECT filter, alert::VARCHAR AS alert, ${cellSql("ra", '"dec"')} AS cell, clauses, epoch_ms(matched_at)::DOUBLE AS matched FROM ${from} WHERE ${where} ORDER BY matched_at DESC LIMIT ${limit}`;
  const rows = await lake.rows({ survey, kind: "matches", files, sql });
  return rows.map((row) => ({
    id: String(row["alert"]),
    cell: number(row["cell"]) ?? 0,
    filter: String(row["filter"]),
    matchedAt: number(row["matched"]) ?? 0,
    clauses: text(row["clauses"]) ?? "",
  }));
}

function withAlerts(matches: readonly Matched[], alerts: readonly AlertRow[]): MatchRow[] {
  const byId = new Map(alerts.map((alert) => [alert.alertId, alert]));
  return matches.flatMap(({ id, filter, matchedAt, clauses }) => {
    const alert = byId.get(id);
    return alert ? [{ ...alert, filter, matchedAt, clauses }] : [];
  });
}
