import type { Json } from "@duckdb/node-api";
import { columnPath, literal, pathSql, sqlType, typeAt } from "../../lake/scan.ts";
import type { StructType } from "../../lake/schema.ts";
import { jdMinusMjd } from "../../sky/time.ts";
import type { Survey } from "../../surveys/definition.ts";
import { type Found, holding, ofNights, type PageLake, type Question, type Row } from "./lake.ts";
import { measurement } from "./measure.ts";
import type { AlertRow, Measurement } from "./types.ts";

export interface AlertQuestion extends Pick<Question, "files"> {
  readonly survey: string;
  /** A condition, in the table's columns. */
  readonly where?: string;
  /** In the names of `alertColumns`. */
  readonly order?: string;
  readonly limit?: number;
  /** With the measurement of each, or with the light curve that came with it too. */
  readonly curve?: "own" | "all";
}

/** Alerts of `raw`, each once, with what `science` says they are. */
export async function alertRows(lake: PageLake, question: AlertQuestion): Promise<AlertRow[]> {
  const survey = lake.surveys.named(question.survey);
  const schema = lake.table(survey.name, "raw")?.snapshot.schema;
  if (!schema) return [];
  const { files, where = "true", order, limit } = question;
  const columns = [...alertColumns(survey, schema), ...(question.curve ? curveColumns(survey, schema, question.curve) : [])];
  const rows = await lake.rows({
    survey: survey.name,
    kind: "raw",
    ...(files && { files }),
    sql: (from) => `SELECT ${columns.join(", ")} FROM ${from} WHERE ${where}${order ? ` ORDER BY ${order}` : ""}${limit ? ` LIMIT ${limit}` : ""}`,
  });
  const distinct = [...new Map(rows.map((row) => [String(row["alert"]), row])).values()];
  const classes = await classesOf(lake, survey, distinct);
  return distinct.map((row) => alertRow(survey, row, classes.get(String(row["alert"])) ?? null));
}

/** Alerts by id, of whatever night where it is not known; in no order. */
export async function alertsById(lake: PageLake, survey: string, alerts: readonly Found[]): Promise<AlertRow[]> {
  const where = isOneOf(lake, survey, "raw", new Set(alerts.map((a) => a.id)));
  const schema = lake.table(survey, "raw")?.snapshot.schema;
  if (where === null || !schema) return [];
  return await alertRows(lake, { survey, where, curve: "all", files: holding(alerts, columnPath(schema, lake.surveys.named(survey).alert)) });
}

/** Condition that the alert is one of these; null when it cannot be. */
export function isOneOf(lake: PageLake, survey: string, kind: string, ids: Iterable<string>): string | null {
  const schema = lake.table(survey, kind)?.snapshot.schema;
  const path = schema && columnPath(schema, lake.surveys.named(survey).alert);
  if (!path) return null;
  const type = sqlType(typeAt(schema, path)!);
  const wanted = [...ids].filter((id) => type === "VARCHAR" || /^-?\d{1,19}$/.test(id)).map((id) => `TRY_CAST(${literal(id)} AS ${type})`);
  return wanted.length === 0 ? null : `${pathSql(path)} IN (${wanted.join(", ")})`;
}

/** Class of each alert, as SQL over `science`; null where the survey has none or the table lacks it. */
export function classSql(survey: Survey, schema: StructType): string | null {
  const paths = survey.class?.field.filter((path) => typeof typeAt(schema, path) === "string") ?? [];
  if (paths.length === 0) return null;
  const named = Object.entries(survey.class?.names ?? {}).map(([value, name]) => `WHEN ${literal(value)} THEN ${literal(name)}`);
  const value = `coalesce(${paths.map((path) => `${pathSql(path)}::VARCHAR`).join(", ")})`;
  return named.length === 0 ? value : `CASE ${value} ${named.join(" ")} ELSE ${value} END`;
}

async function classesOf(lake: PageLake, survey: Survey, rows: readonly Row[]): Promise<Map<string, string>> {
  const schema = lake.table(survey.name, "science")?.snapshot.schema;
  const of = schema && classSql(survey, schema);
  const where = rows.length === 0 ? null : isOneOf(lake, survey.name, "science", new Set(rows.map((row) => String(row["alert"]))));
  if (!of || !where) return new Map();
  const id = pathSql(columnPath(schema, survey.alert)!);
  const found = await lake.rows({
    survey: survey.name,
    kind: "science",
    files: ofNights(rows.map((row) => number(row["night"]))),
    sql: (from) => `SELECT ${id}::VARCHAR AS alert, ${of} AS class FROM ${from} WHERE ${where}`,
  });
  return new Map(found.flatMap((row) => (row["class"] === null ? [] : [[String(row["alert"]), String(row["class"])] as const])));
}

/** The columns of `AlertRow`, under short names. */
export function alertColumns(survey: Survey, schema: StructType): string[] {
  const column = (paths: readonly string[] | undefined, type: string, name: string) => {
    const path = columnPath(schema, paths);
    return `${path === undefined ? "NULL" : pathSql(path)}::${type} AS "${name}"`;
  };
  return [
    "night",
    column(survey.alert, "VARCHAR", "alert"),
    column(survey.object, "VARCHAR", "object"),
    column(survey.solarSystem, "VARCHAR", "solar_system"),
    column(survey.time?.field, "DOUBLE", "time"),
    column(survey.position?.ra, "DOUBLE", "ra"),
    column(survey.position?.dec, "DOUBLE", "dec"),
    column(survey.band?.field, "VARCHAR", "band"),
    column(survey.magnitude?.field, "DOUBLE", "magnitude"),
    column(survey.magnitude?.error, "DOUBLE", "magnitude_error"),
    column(survey.flux?.field, "DOUBLE", "flux"),
    `${schema.fields.some((f) => f.name === "_received_at") ? "epoch_ms(_received_at)" : "NULL"}::DOUBLE AS received`,
  ];
}

function curveColumns(survey: Survey, schema: StructType, what: "own" | "all"): string[] {
  const own = ownStruct(survey);
  const history = what === "own" ? undefined : survey.history?.detections?.find((name) => typeAt(schema, name) !== undefined);
  return [...(own === null || !typeAt(schema, own) ? [] : [`${pathSql(own)} AS own`]), ...(history ? [`${pathSql(history)} AS history`] : [])];
}

/** The structure that has the alert's own measurement. */
function ownStruct(survey: Survey): string | null {
  const path = survey.time?.field[0] ?? "";
  return path.includes(".") ? path.slice(0, path.lastIndexOf(".")) : null;
}

export function alertRow(survey: Survey, row: Row, type: string | null): AlertRow {
  const time = number(row["time"]);
  const band = text(row["band"]);
  const designation = text(row["solar_system"]);
  return {
    survey: survey.name,
    alertId: text(row["alert"]) ?? "",
    objectId: objectOf(row["object"]),
    solarSystem: designation === null || designation === "null" || designation === "" ? null : designation,
    night: number(row["night"]),
    mjd: time !== null && survey.time?.scale === "jd" ? time - jdMinusMjd : time,
    ra: number(row["ra"]),
    dec: number(row["dec"]),
    band: band === null ? null : (survey.band?.names[band] ?? band),
    magnitude: number(row["magnitude"]),
    magnitudeError: number(row["magnitude_error"]),
    fluxNJy: number(row["flux"]),
    class: type,
    receivedAt: number(row["received"]),
    ...(row["own"] !== undefined && { curve: curveOf(survey, row) }),
  };
}

function curveOf(survey: Survey, row: Row): Measurement[] {
  const entry = (value: Json, kind: Measurement["kind"]) => measurement(value as Record<string, Json>, survey, kind, null) ?? [];
  const earlier = Array.isArray(row["history"]) ? row["history"].flatMap((value) => entry(value, "history")) : [];
  return [...earlier, ...[entry(row["own"], "alert")].flat()];
}

/** LSST's alerts of solar-system objects have 0 or nothing for an object. */
function objectOf(value: Json | undefined): string | null {
  return value == null || value === "0" || value === "" ? null : String(value);
}

export function text(value: Json | undefined): string | null {
  return typeof value === "string" ? value : null;
}

export function number(value: Json | undefined): number | null {
  return typeof value === "number" ? value : null;
}
