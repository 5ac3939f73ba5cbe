import type { AddFile } from "../../lake/actions.ts";
import { columnPath, literal, pathSql, sqlType, typeAt } from "../../lake/scan.ts";
import type { StructType } from "../../lake/schema.ts";
import type { Survey } from "../../surveys/definition.ts";
import { separation } from "../../sky/angle.ts";
import { type Cone, coneOfText } from "../../sky/position-text.ts";
import { type AlertQuestion, alertRows, alertsById, classSql, isOneOf, number } from "./alerts.ts";
import { type Found, holding, mayHold, nightOf, type PageLake } from "./lake.ts";
import { latestMatches } from "./now.ts";
import type { AlertRow, FoundRow, SearchAnswer } from "./types.ts";

/** Alerts that one answer reads. */
const MOST = 1000;
const RADIUS_ARCSEC = 10;
const MOST_RADIUS_ARCSEC = 18_000;

/** One box for all: an id, a position, a designation, a class or a filter. */
export async function search(lake: PageLake, query: string): Promise<SearchAnswer> {
  const text = query.trim();
  if (text === "") return { understood: "", rows: [], open: null, isCut: false };
  const cone = coneOfText(text, RADIUS_ARCSEC);
  if (cone) return await inCone(lake, { ...cone, radiusArcsec: Math.min(cone.radiusArcsec, MOST_RADIUS_ARCSEC) });
  const [, key, value] = /^(class|filter|sso|object|alert|name)\s*[:=]\s*(.+)$/i.exec(text) ?? [];
  const ways = key ? [key.toLowerCase() as Way] : (["object", "alert", "sso", "filter", "class", "name"] as const);
  for (const way of ways) {
    const rows = await answers[way](lake, value ?? text);
    if (rows.length > 0) return found(`${words[way]} ${value ?? text}`, way, rows);
  }
  return { understood: `nothing is known under “${text}”`, rows: [], open: null, isCut: false };
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
  object: (lake, text) => equal(lake, text, "object"),
  alert: (lake, text) => equal(lake, text, "alert"),
  sso: (lake, text) => equal(lake, text, "solarSystem"),
  filter: (lake, text) => latestMatches(lake, MOST, `lower(filter) = ${literal(text.toLowerCase().replace(/\s+/g, "_"))}`),
  class: (lake, text) => inScience(lake, text, (survey, schema) => listOf(classSql(survey, schema))),
  name: (lake, text) => inScience(lake, text, namesSql),
};

function found(understood: string, way: Way, rows: readonly AlertRow[]): SearchAnswer {
  const objects = byObject(rows);
  const [only] = objects;
  const isOne = objects.length === 1 && way !== "filter" && way !== "class";
  return { understood, rows: objects, open: isOne ? pageOf(only, way) : null, isCut: rows.length >= MOST };
}

function pageOf({ survey, objectId, solarSystem, alertId }: AlertRow, way: Way): string | null {
  const name = way === "sso" || objectId === null ? solarSystem : objectId;
  if (name === null) return null;
  const alert = way === "alert" ? `?alert=${alertId}` : "";
  return `/${way === "sso" || objectId === null ? "sso" : "object"}/${survey}/${encodeURIComponent(name)}${alert}`;
}

/** The newest alert of each object; solar-system objects by designation. */
function byObject(rows: readonly (AlertRow & { separationArcsec?: number })[]): FoundRow[] {
  const groups = Map.groupBy(rows, (row) => `${row.survey} ${row.solarSystem ?? row.objectId ?? row.alertId}`);
  return [...groups.values()].map((group) => {
    const newest = group.reduce((a, b) => ((b.mjd ?? 0) > (a.mjd ?? 0) ? b : a));
    return { ...newest, alerts: group.length };
  });
}

async function equal(lake: PageLake, text: string, of: "object" | "alert" | "solarSystem"): Promise<AlertRow[]> {
  const all = lake.surveyNames().map(async (survey) => {
    const schema = lake.table(survey, "raw")!.snapshot.schema;
    const path = columnPath(schema, lake.surveys.named(survey)[of]);
    const type = path && sqlType(typeAt(schema, path)!);
    if (!path || (type !== "VARCHAR" && !/^-?\d{1,19}$/.test(text))) return [];
    if (of === "object") {
      const names = [...new Set([text, text.replace(/^ztf/i, "ZTF")])];
      const indexed = (await Promise.all(names.map((name) => lake.found(survey, { object: name }, `_object = ${literal(name)}`, MOST)))).flatMap(
        (found) => found ?? [null],
      );
      if (!indexed.includes(null))
        return await alertsById(
          lake,
          survey,
          indexed.flatMap((found) => found ?? []),
        );
    }
    const values = type !== "VARCHAR" || of === "alert" ? [text] : [text, text.toUpperCase(), text.replace(/^ztf/i, "ZTF")];
    const where = `${pathSql(path)} IN (${[...new Set(values)].map((v) => `TRY_CAST(${literal(v)} AS ${type})`).join(", ")})`;
    const files = (file: AddFile) => values.some((v) => mayHold(file, path, v));
    return await alertRows(lake, { survey, files, where, order: "time DESC", limit: MOST, ...(of !== "solarSystem" && { curve: "all" as const }) });
  });
  return (await Promise.all(all)).flat();
}

async function inCone(lake: PageLake, { ra, dec, radiusArcsec }: Cone): Promise<SearchAnswer> {
  const radius = radiusArcsec / 3600;
  const all = lake.surveyNames().map(async (survey) => {
    const schema = lake.table(survey, "raw")!.snapshot.schema;
    const { position } = lake.surveys.named(survey);
    const [raPath, decPath] = [columnPath(schema, position?.ra), columnPath(schema, position?.dec)];
    if (!raPath || !decPath) return [];
    const box = (raSql: string, decSql: string) => {
      const widths = boxOf(ra, dec, radius).map(([from, to]) => `${raSql} BETWEEN ${from} AND ${to}`);
      return `${decSql} BETWEEN ${dec - radius} AND ${dec + radius} AND (${widths.join(" OR ")})`;
    };
    const indexed = await lake.found(survey, { ra, dec, radius }, box("_ra", "_dec"), MOST);
    if (indexed?.length === 0) return [];
    const where = indexed
      ? isOneOf(
          lake,
          survey,
          "raw",
          indexed.map((one) => one.id),
        )!
      : box(pathSql(raPath), pathSql(decPath));
    const files: AlertQuestion["files"] = indexed
      ? holding(indexed, columnPath(schema, lake.surveys.named(survey).alert))
      : (file) => mayHold(file, decPath, dec - radius, dec + radius) && boxOf(ra, dec, radius).some(([from, to]) => mayHold(file, raPath, from, to));
    const rows = await alertRows(lake, { survey, files, where, order: "time DESC", limit: MOST, ...(radius < 0.1 && { curve: "all" as const }) });
    return rows.map((row) => ({ ...row, separationArcsec: 3600 * separation(ra, dec, row.ra ?? NaN, row.dec ?? NaN) }));
  });
  const rows = (await Promise.all(all)).flat();
  const inside = rows.filter((row) => row.separationArcsec <= radiusArcsec).sort((a, b) => a.separationArcsec - b.separationArcsec);
  const understood = `within ${radiusArcsec}″ of ${ra.toFixed(5)}° ${dec < 0 ? "−" : "+"}${Math.abs(dec).toFixed(5)}°`;
  return { understood, rows: byObject(inside).sort((a, b) => a.separationArcsec! - b.separationArcsec!), open: null, isCut: rows.length >= MOST };
}

/** Ranges of right ascension that a circle touches. */
function boxOf(ra: number, dec: number, radius: number): (readonly [number, number])[] {
  if (Math.abs(dec) + radius >= 89.9) return [[0, 360]];
  const half = radius / Math.cos((Math.min(89.9, Math.abs(dec) + radius) * Math.PI) / 180);
  const [from, to] = [ra - half, ra + half];
  if (half >= 180) return [[0, 360]];
  return [[Math.max(0, from), Math.min(360, to)] as const, ...(from < 0 ? [[from + 360, 360] as const] : []), ...(to > 360 ? [[0, to - 360] as const] : [])];
}

/** Newest nights first, until there are enough. */
async function inScience(lake: PageLake, text: string, valueSql: (survey: Survey, schema: StructType) => string | null): Promise<AlertRow[]> {
  const all = lake.surveyNames().map(async (name) => {
    const schema = lake.table(name, "science")?.snapshot.schema;
    const survey = lake.surveys.named(name);
    const value = schema && valueSql(survey, schema);
    if (!value) return [];
    const id = pathSql(columnPath(schema, survey.alert)!);
    const ids: Found[] = [];
    for (const night of lake.nights(name, "science")) {
      const where = `list_contains(${value}, ${literal(text.toLowerCase())})`;
      const sql = (from: string) => `SELECT ${id}::VARCHAR AS alert, night FROM ${from} WHERE ${where} LIMIT ${MOST - ids.length}`;
      const rows = await lake.rows({ survey: name, kind: "science", files: (file) => nightOf(file) === night, sql });
      ids.push(...rows.map((row) => ({ id: String(row["alert"]), night: number(row["night"]) })));
      if (ids.length >= MOST) break;
    }
    return await alertsById(lake, name, ids);
  });
  return (await Promise.all(all)).flat().sort((a, b) => (b.mjd ?? 0) - (a.mjd ?? 0));
}

/** Names of the object elsewhere, as a list in lower case. */
function namesSql({ names }: Survey, schema: StructType): string | null {
  const paths = names.filter((path) => typeof typeAt(schema, path) === "string");
  return paths.length === 0 ? null : `[${paths.map((path) => `lower(${pathSql(path)}::VARCHAR)`).join(", ")}]`;
}

function listOf(sql: string | null): string | null {
  return sql === null ? null : `[lower(${sql})]`;
}
