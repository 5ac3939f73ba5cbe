import type { AddFile } from "../../lake/actions.ts";
import { columnPath, identifier, literal } from "../../lake/scan.ts";
import type { Place } from "../../serving/places.ts";
import type { Survey } from "../../surveys/definition.ts";
import { alertRows, histories, isNoneOf, isOneOf } from "./alerts.ts";
import { mayHold, ofNights, type PageLake, type Row } from "./lake.ts";
import { matchesOf } from "./now.ts";
import type { AlertAnswer, AlertRow, Fields, Measurement, ObjectAnswer } from "./types.ts";

const MOST_ALERTS = 5000;
const MOST_MATCHES = 200;
const MOST_IN_MATCHES = 1000;
const HISTORY_DAYS = 25;
const MOST_HISTORIES = 80;

/** All of one object; null when the lake has no alert of it. */
export async function objectAnswer(
  lake: PageLake,
  survey: string,
  objectId: string,
): Promise<ObjectAnswer | null> {
  if (objectId === "0") return null; // what LSST writes for an alert without an object
  return await answerFor(
    lake,
    survey,
    objectId,
    await lake.sources.placesOfObjects(survey, [objectId]),
    `_object = ${literal(objectId)}`,
  );
}

/** All alerts of one solar-system object, by its designation. */
export async function solarSystemAnswer(
  lake: PageLake,
  survey: string,
  designation: string,
): Promise<ObjectAnswer | null> {
  const where = /^(null|none|nan|0|)$/i.test(designation)
    ? null
    : await isDesignated(lake, survey, [designation]);
  return where === null ? null : await answerFor(lake, survey, designation, null, where);
}

/**
 * Condition that the alert is of a solar-system object of one of these designations; null when it
 * cannot be.
 */
export async function isDesignated(
  lake: PageLake,
  survey: string,
  designations: readonly string[],
): Promise<string | null> {
  const names = await lake.sources.columns(survey);
  const of = lake.surveys.named(survey);
  const wanted = designations.filter((name) => !isNoneOf(of, of.solarSystem, name)).map(literal);
  const columns = of.solarSystem?.flatMap((path) => names?.of(path) ?? []) ?? [];
  return columns.length * wanted.length === 0
    ? null
    : columns
        .map((column) => `${identifier(column)}::VARCHAR IN (${wanted.join(", ")})`)
        .join(" OR ");
}

async function answerFor(
  lake: PageLake,
  name: string,
  value: string,
  places: readonly Place[] | null,
  where: string,
): Promise<ObjectAnswer | null> {
  const alerts = await alertRows(lake, { survey: name, places, where, limit: MOST_ALERTS });
  if (alerts.length === 0) return null;
  const survey = lake.surveys.named(name);
  const [points, matches] = await Promise.all([
    pointsOf(lake, survey, alerts),
    matchesOf(lake, name, alerts.slice(0, MOST_IN_MATCHES), MOST_MATCHES),
  ]);
  return {
    survey: name,
    objectId: value,
    alerts: alerts.map((alert) => ({ ...alert, curve: undefined })),
    points,
    matches,
  };
}

/**
 * Own measurements of all alerts, and what came with them of earlier ones; each epoch and band
 * once, the own one first.
 */
async function pointsOf(
  lake: PageLake,
  survey: Survey,
  alerts: readonly AlertRow[],
): Promise<Measurement[]> {
  const chosen = withHistories(alerts).map(({ alertId }) => alertId);
  const earlier = [...(await histories(lake, survey, chosen, true)).values()];
  const own = alerts.flatMap(({ alertId, curve = [] }) =>
    curve.map((point) => ({ ...point, alertId })),
  );
  const key = (p: Measurement) => `${p.kind === "forced"} ${p.band} ${p.mjd.toFixed(5)}`;
  const all = [
    ...earlier.flatMap(({ forced }) => forced),
    ...earlier.flatMap(({ detections }) => detections),
    ...own,
  ];
  return [...new Map(all.map((p) => [key(p), p])).values()].sort((a, b) => a.mjd - b.mjd);
}

/**
 * The newest alert, and older ones as far apart as their histories may leave something out: a
 * history has a month or more.
 */
function withHistories(alerts: readonly AlertRow[]): AlertRow[] {
  const chosen: AlertRow[] = [];
  for (const alert of alerts) {
    const last = chosen[chosen.length - 1];
    if (!last || (last.mjd ?? 0) - (alert.mjd ?? 0) >= HISTORY_DAYS) chosen.push(alert);
  }
  const oldest = alerts[alerts.length - 1];
  return (chosen.includes(oldest) ? chosen : [...chosen, oldest]).slice(0, MOST_HISTORIES);
}

/** Every field of one alert but images and history; null when there is none. */
export async function alertAnswer(
  lake: PageLake,
  survey: string,
  alertId: string,
  night: number | null,
): Promise<AlertAnswer | null> {
  const [raw, science] = await Promise.all(
    (["raw", "science"] as const).map((kind) => fieldsIn(lake, survey, kind, alertId, night)),
  );
  return raw && { raw, science: science ?? [] };
}

async function fieldsIn(
  lake: PageLake,
  survey: string,
  kind: "raw" | "science",
  alertId: string,
  night: number | null,
): Promise<Fields | null> {
  const schema = lake.table(survey, kind)?.snapshot.schema;
  const where = isOneOf(lake, survey, kind, [alertId]);
  if (!schema || !where) return null;
  const id = columnPath(schema, lake.surveys.named(survey).alert);
  const cutouts = new Set(
    Object.values(lake.surveys.named(survey).cutouts ?? {}).flatMap((paths) =>
      paths.map((p) => p.split(".")[0]),
    ),
  );
  const names = schema.fields
    .filter(
      ({ name, type }) =>
        type !== "binary" &&
        !(typeof type === "object" && type.type === "array") &&
        !cutouts.has(name),
    )
    .map((f) => identifier(f.name));
  const files = (file: AddFile) =>
    (night === null || ofNights([night])(file)) && mayHold(file, id, alertId);
  const rows = await lake.rows({
    survey,
    kind,
    files,
    sql: (from) => `SELECT ${names.join(", ")} FROM ${from} WHERE ${where} LIMIT 1`,
  });
  return rows[0] ? flat(rows[0]) : null;
}

function flat(row: Row, before = ""): Fields {
  return Object.entries(row).flatMap(([name, value]): Fields => {
    if (typeof value === "object" && value !== null)
      return Array.isArray(value)
        ? [[before + name, JSON.stringify(value)]]
        : flat(value as Row, `${before}${name}.`);
    return [[before + name, value]];
  });
}
