import { columnPath, firstValueSql, identifier, pathSql, typeAt } from "../lake/scan.ts";
import type { ColumnType, StructType } from "../lake/schema.ts";
import { jdMinusMjd } from "../sky/time.ts";
import type { Survey } from "../surveys/definition.ts";

/** A column of `sources`, and how it is read of `raw` or `science`. */
export interface SourceColumn {
  readonly name: string;
  readonly sql: string;
}

/**
 * What every row of `sources` has, whatever the survey calls it: `_alert` has the type of the
 * survey's ids, a 64-bit integer or a text.
 */
export const keyColumns = [
  "_alert",
  "_object",
  "_mjd",
  "_ra",
  "_dec",
  "_night",
  "_healpix_29",
] as const;

const kept = new Set(["_published_at", "_received_at"]);

/**
 * The scalars of an alert under names without dots: those of the structure that holds its time
 * (`candidate`, `diaSource`) under their own, others with the path before them
 * (`diaObject_nDiaSources`). History and images stay in `raw`.
 */
export function rawColumns(schema: StructType, survey: Survey): SourceColumn[] {
  const main = (columnPath(schema, survey.time?.field) ?? "").split(".").slice(0, -1).join(".");
  const columns = new Map<string, SourceColumn>();
  for (const path of leaves(schema, isPlain)) {
    if ((path.startsWith("_") && !kept.has(path)) || path === "night") continue;
    add(columns, path.startsWith(`${main}.`) ? path.slice(main.length + 1) : path, path);
  }
  return [...columns.values()];
}

/**
 * What the modules added, without the keys: `xm.simbad_otype` is `xm_simbad_otype`. Names that
 * `taken` has are the alert's own.
 */
export function scienceColumns(
  schema: StructType,
  survey: Survey,
  taken: readonly SourceColumn[],
): SourceColumn[] {
  const keys = new Set(
    [
      survey.alert,
      survey.object,
      survey.time?.field,
      survey.position?.ra,
      survey.position?.dec,
    ].flatMap((paths) => paths ?? []),
  );
  const columns = new Map<string, SourceColumn>();
  for (const path of leaves(schema, isKeptInScience))
    if (!keys.has(path) && path !== "night" && path !== "_published_at") add(columns, path, path);
  const names = new Set(taken.map(({ name }) => name.toLowerCase()));
  return [...columns.values()].filter(({ name }) => !names.has(name.toLowerCase()));
}

export interface SourceNames {
  /** The alert's own. */
  readonly raw: readonly string[];
  /** Those that science added. */
  readonly science: readonly string[];
  /** The column of a path in `raw` or `science`. */
  of(path: string): string | undefined;
}

export function namesOf(
  rawSchema: StructType,
  scienceSchema: StructType,
  survey: Survey,
): SourceNames {
  const raw = rawColumns(rawSchema, survey);
  const science = scienceColumns(scienceSchema, survey, raw);
  const byPath = new Map([...science, ...raw].map(({ name, sql }) => [sql, name]));
  return {
    raw: raw.map(({ name }) => name),
    science: science.map(({ name }) => name),
    of: (path) => byPath.get(pathSql(path)),
  };
}

/** The SELECT list of the keys, over `raw`. */
export function keysOfRaw(schema: StructType, survey: Survey): string {
  const value = (paths: readonly string[] | undefined, type: string) =>
    `${firstValueSql(schema, paths, undefined, survey.none) ?? "NULL"}::${type}`;
  const time = value(survey.time?.field, "DOUBLE");
  const [ra, dec] = [value(survey.position?.ra, "DOUBLE"), value(survey.position?.dec, "DOUBLE")];
  return [
    `${value(survey.alert, alertIdType(schema, survey))} AS _alert`,
    `${value(survey.object, "VARCHAR")} AS _object`,
    `${survey.time?.scale === "jd" ? `${time} - ${jdMinusMjd}` : time} AS _mjd`,
    `${ra} AS _ra`,
    `${dec} AS _dec`,
    `night AS _night`,
    `coalesce(healpix29(${ra}, ${dec}), 0) AS _healpix_29`,
  ].join(", ");
}

/** The alert's id in `science`. */
export function scienceId(schema: StructType, survey: Survey): string {
  return `${firstValueSql(schema, survey.alert) ?? "NULL"}::${alertIdType(schema, survey)}`;
}

/** SQL type of a survey's alert ids, by a table that has them. */
export function alertIdType(schema: StructType, survey: Survey): "VARCHAR" | "BIGINT" {
  const path = columnPath(schema, survey.alert);
  return path !== undefined && typeAt(schema, path) === "string" ? "VARCHAR" : "BIGINT";
}

/** Names as `SELECT path AS name`. */
export function selectList(columns: readonly SourceColumn[]): string {
  return columns.map(({ name, sql }) => `, ${sql} AS ${identifier(name)}`).join("");
}

function add(columns: Map<string, SourceColumn>, dotted: string, path: string): void {
  const name = dotted.replaceAll(".", "_");
  if (!columns.has(name.toLowerCase()))
    columns.set(name.toLowerCase(), { name, sql: pathSql(path) });
}

function* leaves(
  schema: StructType,
  isLeaf: (type: ColumnType) => boolean,
  prefix = "",
): Generator<string> {
  for (const { name, type } of schema.fields) {
    const path = prefix + name;
    if (typeof type === "object" && type.type === "struct") {
      if (!type.fields.some((f) => f.type === "binary")) yield* leaves(type, isLeaf, `${path}.`);
    } else if (isLeaf(typeAt(schema, name)!)) yield path;
  }
}

function isPlain(type: ColumnType): boolean {
  return typeof type === "string" && type !== "binary";
}

/** Lists of numbers or texts, as well. */
function isKeptInScience(type: ColumnType): boolean {
  return (
    isPlain(type) ||
    (typeof type === "object" && type.type === "array" && isPlain(type.elementType))
  );
}
