import { literal, pathSql, typeAt } from "../../lake/scan.ts";
import type { StructType } from "../../lake/schema.ts";
import { newestAlerts } from "../../serving/newest.ts";
import type { Survey } from "../../surveys/definition.ts";
import { separation } from "../../sky/angle.ts";
import { spellings } from "../../sky/designation.ts";
import { type Cone, coneOfText } from "../../sky/position-text.ts";
import { alertRows, alertsById, classSql, columnsOf, withCurves } from "./alerts.ts";
import type { PageLake } from "./lake.ts";
import { latestMatches } from "./now.ts";
import { isDesignated } from "./object.ts";
import type { AlertRow, FoundRow, SearchAnswer } from "./types.ts";

/** Alerts that one answer reads. */
const MOST = 1000;
const RADIUS_ARCSEC = 10;
const MOST_RADIUS_ARCSEC = 18_000;

/** One box for all: an id, a position, a designation, a class or a filter. */
export async function search(lake: PageLake, query: string): Promise<SearchAnswer> {
  const answer = await searched(lake, query);
  return {
    ...answer,
    understood: [answer.understood, ...lake.problems].filter((text) => text !== "").join("; "),
  };
}

async function searched(lake: PageLake, query: string): Promise<SearchAnswer> {
  const text = query.trim();
  if (text === "") return { understood: "", rows: [], open: null, isCut: false };
  const cone = coneOfText(text, RADIUS_ARCSEC);
  if (cone)
    return await inCone(lake, {
      ...cone,
      radiusArcsec: Math.min(cone.radiusArcsec, MOST_RADIUS_ARCSEC),
    });
  const [, key, value] = /^(class|filter|sso|object|alert|name)\s*[:=]\s*(.+)$/i.exec(text) ?? [];
  const ways = key
    ? [key.toLowerCase() as Way]
    : (["object", "alert", "sso", "filter", "class", "name"] as const);
  for (const way of ways) {
    const rows = await answers[way](lake, value ?? text);
    if (rows.length > 0) return await found(lake, `${words[way]} ${value ?? text}`, way, rows);
  }
  const isOffTheSky = /^[+-]?\d+(\.\d*)?[\s,;]+[+-]?\d+(\.\d*)?/.test(text)
    ? "; right ascension is 0° to 360°, declination −90° to 90°"
    : "";
  return {
    understood: `nothing is known under “${text}”${isOffTheSky}`,
    rows: [],
    open: null,
    isCut: false,
  };
}

type Way = "object" | "alert" | "sso" | "filter" | "class" | "name";

const words: Readonly<Record<Way, string>> = {
  object: "object",
  alert: "alert",
  sso: "solar-system object",
  filter: "matches of the filter",
  class: "class",
  name: "known elsewhere as",
};

const answers: Readonly<Record<Way, (lake: PageLake, text: string) => Promise<AlertRow[]>>> = {
  object: ofObject,
  alert: (lake, text) => lake.ofSurveys((survey) => alertsById(lake, survey, [text])),
  sso: ofSolarSystem,
  filter: (lake, text) =>
    latestMatches(
      lake,
      MOST,
      `lower(filter) = ${literal(text.toLowerCase().replace(/\s+/g, "_"))}`,
    ),
  class: (lake, text) => inScience(lake, [text.replace(/^\((SIMBAD|TNS)\) ?/i, "")], classesSql),
  name: (lake, text) => inScience(lake, tnsSpellings(text), namesSql),
};

async function found(
  lake: PageLake,
  understood: string,
  way: Way,
  rows: readonly AlertRow[],
): Promise<SearchAnswer> {
  const objects = await withCurves(lake, byObject(rows));
  const [only] = objects;
  const isOne = objects.length === 1 && way !== "filter" && way !== "class";
  return {
    understood,
    rows: objects,
    open: isOne ? pageOf(only, way) : null,
    isCut: rows.length >= MOST,
  };
}

function pageOf({ survey, objectId, solarSystem, alertId }: AlertRow, way: Way): string | null {
  const name = way === "sso" || objectId === null ? solarSystem : objectId;
  if (name === null) return null;
  const alert = way === "alert" ? `?alert=${encodeURIComponent(alertId)}` : "";
  return `/${way === "sso" || objectId === null ? "sso" : "object"}/${survey}/${encodeURIComponent(name)}${alert}`;
}

/** The newest alert of each object; solar-system objects by designation. */
function byObject(rows: readonly (AlertRow & { separationArcsec?: number })[]): FoundRow[] {
  const groups = Map.groupBy(
    rows,
    (row) => `${row.survey} ${row.solarSystem ?? row.objectId ?? row.alertId}`,
  );
  return [...groups.values()].map((group) => {
    const newest = group.reduce((a, b) => ((b.mjd ?? 0) > (a.mjd ?? 0) ? b : a));
    return { ...newest, alerts: group.length };
  });
}

function ofObject(lake: PageLake, text: string): Promise<AlertRow[]> {
  const names = [...new Set([text, text.replace(/^ztf/i, "ZTF")])];
  const where = `_object IN (${names.map(literal).join(", ")})`;
  return lake.ofSurveys(async (survey) =>
    alertRows(lake, {
      survey,
      places: await lake.sources.placesOfObjects(survey, names),
      where,
      limit: MOST,
    }),
  );
}

function ofSolarSystem(lake: PageLake, text: string): Promise<AlertRow[]> {
  return lake.ofSurveys(async (survey) => {
    const where = await isDesignated(lake, survey, [
      ...new Set([text, text.toUpperCase(), ...spellings(text)]),
    ]);
    return where === null
      ? []
      : await alertRows(lake, { survey, places: null, where, limit: MOST });
  });
}

async function inCone(lake: PageLake, { ra, dec, radiusArcsec }: Cone): Promise<SearchAnswer> {
  const radius = radiusArcsec / 3600;
  const widths = boxOf(ra, dec, radius).map(([from, to]) => `_ra BETWEEN ${from} AND ${to}`);
  const where = `_dec BETWEEN ${dec - radius} AND ${dec + radius} AND (${widths.join(" OR ")})`;
  const rows = await lake.ofSurveys(async (survey) => {
    if (!lake.surveys.named(survey).position) return [];
    return await alertRows(lake, {
      survey,
      places: await lake.sources.placesOfCone(survey, ra, dec, radius),
      where,
      limit: MOST,
    });
  });
  const separated = rows.map((row) => ({
    ...row,
    separationArcsec: 3600 * separation(ra, dec, row.ra ?? NaN, row.dec ?? NaN),
  }));
  const inside = separated
    .filter((row) => row.separationArcsec <= radiusArcsec)
    .sort((a, b) => a.separationArcsec - b.separationArcsec);
  const understood = `within ${radiusArcsec}″ of ${ra.toFixed(5)}° ${dec < 0 ? "−" : "+"}${Math.abs(dec).toFixed(5)}°`;
  const objects = byObject(inside).sort((a, b) => a.separationArcsec! - b.separationArcsec!);
  return {
    understood,
    rows: await withCurves(lake, objects),
    open: null,
    isCut: rows.length >= MOST,
  };
}

/** Ranges of right ascension that a circle touches. */
function boxOf(ra: number, dec: number, radius: number): (readonly [number, number])[] {
  if (Math.abs(dec) + radius >= 89.9) return [[0, 360]];
  const half = radius / Math.cos((Math.min(89.9, Math.abs(dec) + radius) * Math.PI) / 180);
  const [from, to] = [ra - half, ra + half];
  if (half >= 180) return [[0, 360]];
  return [
    [Math.max(0, from), Math.min(360, to)] as const,
    ...(from < 0 ? [[from + 360, 360] as const] : []),
    ...(to > 360 ? [[0, to - 360] as const] : []),
  ];
}

/** The newest alerts of which science says this. */
function inScience(
  lake: PageLake,
  texts: readonly string[],
  valueSql: (survey: Survey, schema: StructType) => string | null,
): Promise<AlertRow[]> {
  return lake.ofSurveys(async (name) => {
    const schema = lake.table(name, "science")?.snapshot.schema;
    const value = schema && valueSql(lake.surveys.named(name), schema);
    if (!value) return [];
    const where = `list_has_any(${value}, [${texts.map((text) => literal(text.toLowerCase())).join(", ")}])`;
    const { ids, places } = await newestAlerts(lake.sources, lake.path, {
      survey: name,
      kind: "science",
      where,
      needs: [],
      limit: MOST,
    });
    return await alertsById(lake, name, ids.map(String), places);
  });
}

/** `AT 2026abc` also without its blank or its prefix. */
function tnsSpellings(text: string): string[] {
  const [, prefix, rest] = /^(AT|SN)? ?(\d{4}[a-z]{1,8})$/i.exec(text) ?? [];
  return rest === undefined
    ? [text]
    : (prefix === undefined ? ["AT", "SN"] : [prefix]).map((one) => `${one} ${rest}`);
}

/** Names of the object elsewhere, as a list in lower case. */
function namesSql({ names }: Survey, schema: StructType): string | null {
  const paths = names.filter((path) => typeof typeAt(schema, path) === "string");
  return paths.length === 0
    ? null
    : `[${paths.map((path) => `lower(${pathSql(path)}::VARCHAR)`).join(", ")}]`;
}

/** The class of each alert and the groups that it is in, as a list in lower case. */
function classesSql(survey: Survey, schema: StructType): string | null {
  const sql = classSql(survey, columnsOf(schema));
  const groups = Object.entries(survey.class?.groups ?? {}).map(
    ([name, classes]) =>
      `CASE WHEN ${sql} IN (${classes.map(literal).join(", ")}) THEN ${literal(name.toLowerCase())} END`,
  );
  return sql === null ? null : `[${[`lower(${sql})`, ...groups].join(", ")}]`;
}
