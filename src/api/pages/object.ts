import type { Json } from "@duckdb/node-api";
import { columnPath, identifier, literal, pathSql, sqlType, typeAt } from "../../lake/scan.ts";
import type { StructType } from "../../lake/schema.ts";
import type { Survey } from "../../surveys/definition.ts";
import { alertRows, isOneOf, ownStruct } from "./alerts.ts";
import { mayHold, ofNights, type PageLake, type Row } from "./lake.ts";
import { measurement } from "./measure.ts";
import { latestMatches } from "./now.ts";
import type { AlertAnswer, AlertRow, Fields, Measurement, ObjectAnswer } from "./types.ts";

const MOST_ALERTS = 5000;
const MOST_MATCHES = 200;

/** All of one object; null when the lake has no alert of it. */
export async function objectAnswer(lake: PageLake, survey: string, objectId: string): Promise<ObjectAnswer | null> {
  return await answerFor(lake, survey, objectId, lake.surveys.named(survey).object);
}

/** All alerts of one solar-system object, by its designation. */
export async function solarSystemAnswer(lake: PageLake, survey: string, designation: string): Promise<ObjectAnswer | null> {
  return await answerFor(lake, survey, designation, lake.surveys.named(survey).solarSystem);
}

async function answerFor(lake: PageLake, name: string, value: string, paths: readonly string[] | undefined): Promise<ObjectAnswer | null> {
  const schema = lake.table(name, "raw")?.snapshot.schema;
  const path = schema && columnPath(schema, paths);
  if (!schema || !path) return null;
  const where = `${pathSql(path)} = TRY_CAST(${literal(value)} AS ${sqlType(typeAt(schema, path)!)})`;
  const files = (file: Parameters<typeof mayHold>[0]) => mayHold(file, path, value);
  const alerts = await alertRows(lake, { survey: name, where, files, order: "time DESC", limit: MOST_ALERTS });
  if (alerts.length === 0) return null;
  const survey = lake.surveys.named(name);
  const [points, matches] = await Promise.all([
    pointsOf(lake, survey, schema, where, alerts),
    latestMatches(
      lake,
      MOST_MATCHES,
      `alert IN (${alerts
        .slice(0, 1000)
        .map((a) => a.alertId)
        .join(", ")})`,
      name,
    ),
  ]);
  return { survey: name, objectId: value, alerts, points, matches };
}

/** Own measurements of all alerts, and what came with them of earlier ones; each epoch and band once, the own one first. */
async function pointsOf(lake: PageLake, survey: Survey, schema: StructType, where: string, alerts: readonly AlertRow[]): Promise<Measurement[]> {
  const of = async (paths: readonly (string | null)[] | undefined, kind: Measurement["kind"]) => {
    const column = paths?.find((p) => p !== null && typeAt(schema, p) !== undefined);
    if (!column) return [];
    const id = pathSql(columnPath(schema, survey.alert)!);
    const value = kind === "alert" ? pathSql(column) : `unnest(${pathSql(column)})`;
    const files = ofNights(alerts.map((a) => a.night));
    const rows = await lake.rows({
      survey: survey.name,
      kind: "raw",
      files,
      sql: (from) => `SELECT DISTINCT ${id}::VARCHAR AS alert, ${value} AS p FROM ${from} WHERE ${where}`,
    });
    return rows.flatMap((row) => measurement(row["p"] as Record<string, Json>, survey, kind, kind === "alert" ? String(row["alert"]) : null) ?? []);
  };
  const [own, history, forced] = await Promise.all([
    of([ownStruct(survey)], "alert"),
    of(survey.history?.detections, "history"),
    of(survey.history?.forced, "forced"),
  ]);
  const key = (p: Measurement) => `${p.kind === "forced"} ${p.band} ${p.mjd.toFixed(5)}`;
  const distinct = new Map([...forced, ...history, ...own].map((p) => [key(p), p]));
  return [...distinct.values()].sort((a, b) => a.mjd - b.mjd);
}

/** Every field of one alert but images and history; null when there is none. */
export async function alertAnswer(lake: PageLake, survey: string, alertId: string, night: number | null): Promise<AlertAnswer | null> {
  const [raw, science] = await Promise.all((["raw", "science"] as const).map((kind) => fieldsIn(lake, survey, kind, alertId, night)));
  return raw && { raw, science: science ?? [] };
}

async function fieldsIn(lake: PageLake, survey: string, kind: "raw" | "science", alertId: string, night: number | null): Promise<Fields | null> {
  const schema = lake.table(survey, kind)?.snapshot.schema;
  const where = isOneOf(lake, survey, kind, [alertId]);
  if (!schema || !where) return null;
  const id = columnPath(schema, lake.surveys.named(survey).alert);
  const cutouts = new Set(Object.values(lake.surveys.named(survey).cutouts ?? {}).flatMap((paths) => paths.map((p) => p.split(".")[0])));
  const names = schema.fields
    .filter(({ name, type }) => type !== "binary" && !(typeof type === "object" && type.type === "array") && !cutouts.has(name))
    .map((f) => identifier(f.name));
  const files = (file: Parameters<typeof mayHold>[0]) => (night === null || ofNights([night])(file)) && mayHold(file, id, alertId);
  const rows = await lake.rows({ survey, kind, files, sql: (from) => `SELECT ${names.join(", ")} FROM ${from} WHERE ${where} LIMIT 1` });
  return rows[0] ? flat(rows[0]) : null;
}

function flat(row: Row, before = ""): Fields {
  return Object.entries(row).flatMap(([name, value]): Fields => {
    if (typeof value === "object" && value !== null)
      return Array.isArray(value) ? [[before + name, JSON.stringify(value)]] : flat(value as Row, `${before}${name}.`);
    return [[before + name, value]];
  });
}
