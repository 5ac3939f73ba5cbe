import type { Json } from "@duckdb/node-api";
import {
  firstValueSql,
  identifier,
  isOneOfSql,
  literal,
  pathSql,
  typeAt,
} from "../../lake/scan.ts";
import type { StructType } from "../../lake/schema.ts";
import type { SourceNames } from "../../serving/columns.ts";
import type { Place } from "../../serving/places.ts";
import type { Survey } from "../../surveys/definition.ts";
import { isNone } from "../../surveys/none.ts";
import type { PageLake, Row } from "./lake.ts";
import { measuredFields, measurement } from "./measure.ts";
import type { AlertRow, Measurement } from "./types.ts";

export interface AlertQuestion {
  readonly survey: string;
  /** Null: everywhere. */
  readonly places: readonly Place[] | null;
  /** A condition, in the columns of `sources`. */
  readonly where: string;
  readonly limit: number;
}

/**
 * Alerts, each once, newest first, with what `science` says they are and with their own
 * measurement.
 */
export async function alertRows(
  lake: PageLake,
  { survey: name, places, where, limit }: AlertQuestion,
): Promise<AlertRow[]> {
  const survey = lake.surveys.named(name);
  const names = await lake.sources.columns(name);
  if (!names) return [];
  const sql = `SELECT ${alertColumns(survey, names).join(", ")} FROM {sources} ORDER BY _mjd DESC, _alert DESC LIMIT ${limit}`;
  const rows = await lake.sources.query(name, { places, where, sql }, async (connection, text) =>
    (await connection.run(text)).getRowObjectsJson(),
  );
  return rows.map((row) => alertRow(survey, row));
}

/** Alerts by id, newest first; where they are is looked up where it is not known. */
export async function alertsById(
  lake: PageLake,
  survey: string,
  ids: readonly string[],
  places?: readonly Place[],
): Promise<AlertRow[]> {
  const wanted = [...new Set(ids)];
  const where = lake.sources.isOneOf(survey, wanted);
  if (where === null) return [];
  return await alertRows(lake, {
    survey,
    places: places ?? (await lake.sources.placesOfAlerts(survey, wanted)),
    where,
    limit: wanted.length,
  });
}

/** Cards show the light curve that came with an alert: of so many. */
const mostCurves = 40;

/** The first ones with the light curve that came with each. */
export async function withCurves<T extends AlertRow>(
  lake: PageLake,
  rows: readonly T[],
): Promise<T[]> {
  const shown = Map.groupBy(rows.slice(0, mostCurves), (row) => row.survey);
  const read = async (name: string) => {
    const ids = shown.get(name)!.map(({ alertId }) => alertId);
    return [...(await histories(lake, lake.surveys.named(name), ids))].map(
      ([id, { detections }]) => [`${name} ${id}`, detections] as const,
    );
  };
  const curves = new Map(await lake.ofSurveys(read, [...shown.keys()]));
  return rows.map((row) => ({
    ...row,
    curve: [...(curves.get(`${row.survey} ${row.alertId}`) ?? []), ...(row.curve ?? [])],
  }));
}

export interface History {
  readonly detections: Measurement[];
  readonly forced: Measurement[];
}

/** What came with alerts of earlier measurements, by alert. */
export async function histories(
  lake: PageLake,
  survey: Survey,
  ids: readonly string[],
  isForced = false,
): Promise<Map<string, History>> {
  const sql = (schema: StructType) => {
    const list = (paths: readonly string[] | undefined) =>
      paths?.find((path) => typeAt(schema, path) !== undefined);
    const [id, detections, forced] = [
      firstValueSql(schema, survey.alert),
      list(survey.history?.detections),
      isForced ? list(survey.history?.forced) : undefined,
    ];
    if (id === undefined || (!detections && !forced)) return null;
    return `SELECT ${id}::VARCHAR AS alert, ${detections ? pathSql(detections) : "NULL"} AS detections, ${forced ? pathSql(forced) : "NULL"} AS forced FROM {alerts}`;
  };
  const rows = await lake.sources.raw(survey.name, ids, sql, async (connection, text) =>
    (await connection.run(text)).getRowObjectsJson(),
  );
  const entries = (value: Json | undefined, kind: "history" | "forced") =>
    Array.isArray(value)
      ? value.flatMap((entry) => measurement(entry as Row, survey, kind, null) ?? [])
      : [];
  return new Map(
    (rows ?? []).map((row) => [
      String(row["alert"]),
      {
        detections: entries(row["detections"], "history"),
        forced: entries(row["forced"], "forced"),
      },
    ]),
  );
}

/** Condition that the alert is one of these, in the columns of a table; null when it cannot be. */
export function isOneOf(
  lake: PageLake,
  survey: string,
  kind: string,
  ids: Iterable<string>,
): string | null {
  const schema = lake.table(survey, kind)?.snapshot.schema;
  return schema === undefined
    ? null
    : (isOneOfSql(schema, lake.surveys.named(survey).alert, ids) ?? null);
}

/**
 * Class of each alert, as SQL over columns found by their paths; null where the survey has none or
 * there is no such column.
 */
export function classSql(
  { class: of }: Survey,
  column: (path: string) => string | undefined,
): string | null {
  const flags = Object.entries(of?.flags ?? {}).flatMap(([path, name]) =>
    column(path) === undefined ? [] : [`WHEN ${column(path)} THEN ${literal(name)}`],
  );
  const columns = of?.field.flatMap((path) => column(path) ?? []) ?? [];
  if (columns.length + flags.length === 0) return null;
  const value =
    columns.length === 0
      ? "NULL"
      : `coalesce(${columns.map((sql) => `${sql}::VARCHAR`).join(", ")})`;
  const named = Object.entries(of?.names ?? {}).map(
    ([text, name]) => `WHEN ${value} = ${literal(text)} THEN ${literal(name)}`,
  );
  return flags.length + named.length === 0
    ? value
    : `CASE ${[...flags, ...named].join(" ")} ELSE ${value} END`;
}

/** Columns of a table by their paths. */
export function columnsOf(schema: StructType): (path: string) => string | undefined {
  return (path) => (typeof typeAt(schema, path) === "string" ? pathSql(path) : undefined);
}

/** The columns of `AlertRow`, under short names. */
function alertColumns(survey: Survey, names: SourceNames): string[] {
  const known = (path: string) => {
    const name = names.of(path);
    return name === undefined ? undefined : identifier(name);
  };
  const column = (paths: readonly string[] = [], type: string, name: string) => {
    const found = paths.flatMap((path) => known(path) ?? []).map((sql) => `${sql}::${type}`);
    return `${found.length > 1 ? `coalesce(${found.join(", ")})` : (found[0] ?? "NULL")} AS "${name}"`;
  };
  const leaves = [...(survey.time?.field ?? []), ...(survey.band?.field ?? [])].map((path) =>
    path.slice(path.lastIndexOf(".") + 1),
  );
  const own = [...new Set([...leaves, ...measuredFields])]
    .filter((name) => names.raw.includes(name))
    .map((name) => `${literal(name)}: ${identifier(name)}`);
  return [
    `_night AS night, _alert::VARCHAR AS alert, _object AS object, _mjd AS mjd, _ra AS ra, _dec AS "dec"`,
    column(survey.solarSystem, "VARCHAR", "solar_system"),
    column(survey.band?.field, "VARCHAR", "band"),
    column(survey.magnitude?.field, "DOUBLE", "magnitude"),
    column(survey.magnitude?.error, "DOUBLE", "magnitude_error"),
    column(survey.flux?.field, "DOUBLE", "flux"),
    `${classSql(survey, known) ?? "NULL"} AS class`,
    `${names.raw.includes("_received_at") ? "epoch_ms(_received_at)" : "NULL"}::DOUBLE AS received`,
    `${own.length === 0 ? "NULL" : `{${own.join(", ")}}`} AS own`,
  ];
}

function alertRow(survey: Survey, row: Row): AlertRow {
  const band = text(row["band"]);
  const designation = text(row["solar_system"]);
  const own = row["own"] ? measurement(row["own"] as Row, survey, "alert", null) : null;
  return {
    survey: survey.name,
    alertId: text(row["alert"]) ?? "",
    objectId: isNoneOf(survey, survey.object, row["object"]) ? null : String(row["object"]),
    solarSystem: isNoneOf(survey, survey.solarSystem, designation) ? null : designation,
    night: number(row["night"]),
    mjd: number(row["mjd"]),
    ra: number(row["ra"]),
    dec: number(row["dec"]),
    band: band === null ? null : (survey.band?.names[band] ?? band),
    magnitude: number(row["magnitude"]),
    magnitudeError: number(row["magnitude_error"]),
    fluxNJy: number(row["flux"]),
    class: text(row["class"]),
    receivedAt: number(row["received"]),
    curve: own ? [own] : [],
  };
}

/** True for no value, and for what the survey writes for none in one of these columns. */
export function isNoneOf(
  survey: Survey,
  paths: readonly string[] | undefined,
  value: unknown,
): boolean {
  return value === null || (paths ?? []).some((path) => isNone(survey, path, value));
}

export function text(value: Json | undefined): string | null {
  return typeof value === "string" ? value : null;
}

export function number(value: Json | undefined): number | null {
  return typeof value === "number" ? value : null;
}
