import { identifier } from "../../lake/scan.ts";
import type { Sources } from "../../serving/sources.ts";

/** How Fink's API calls the columns of a survey. */
export interface Profile {
  readonly survey: "ztf" | "lsst";
  /** Before the names of the alert's own columns. */
  readonly own: string;
  /** Before the names of Fink's. */
  readonly added: string;
  readonly object: string;
  readonly time: string;
  /** SQL of what is computed on request, by name. */
  readonly computed: Readonly<Record<string, string>>;
}

const utc = (jd: string) =>
  `strftime(to_timestamp((${jd} - 2440587.5) * 86400), '%Y-%m-%d %H:%M:%S.%g')`;
const previous = (column: string) =>
  `lag(${column}) OVER (PARTITION BY "objectId", "fid" ORDER BY "jd")`;

export const ztf: Profile = {
  survey: "ztf",
  own: "i:",
  added: "d:",
  object: "objectId",
  time: "i:jd",
  computed: {
    "v:classification": `coalesce("finkclass", 'Unknown')`,
    "v:lastdate": utc(`"jd"`),
    "v:firstdate": utc(`"jdstarthist"`),
    "v:lapse": `"jd" - "jdstarthist"`,
    "v:constellation": `constellation_at("ra", "dec")`,
  },
};

/** Of consecutive alerts of an object in one band. */
export const ztfRates: Readonly<Record<string, string>> = {
  "v:rate": `("magpsf" - ${previous(`"magpsf"`)}) / ("jd" - ${previous(`"jd"`)})`,
  "v:sigma(rate)": `sqrt("sigmapsf" ** 2 + ${previous(`"sigmapsf"`)} ** 2) / ("jd" - ${previous(`"jd"`)})`,
};

export const lsst: Profile = {
  survey: "lsst",
  own: "r:",
  added: "f:",
  object: "diaObjectId",
  time: "r:midpointMjdTai",
  computed: {},
};

/** A column of an answer. */
export interface NamedColumn {
  readonly name: string;
  readonly sql: string;
}

/** Which part of an LSST alert: what was measured, or what is known of its object. */
export type Part = "source" | "object";

/** All columns of the survey's alerts, under Fink's names. */
export async function namedColumns(
  sources: Sources,
  profile: Profile,
  part: Part = "source",
  computed = profile.computed,
): Promise<NamedColumn[]> {
  const known = await sources.columns(profile.survey);
  if (!known) return [];
  const names = new Set([...known.raw, ...known.science]);
  const own = known.raw.flatMap((name) => ownName(profile, name, part));
  const lists = textLists(profile);
  const added = known.science
    .filter((name) => !name.startsWith("_") && !lists.some((list) => name.startsWith(`${list}_`)))
    .map((name) => ({ name: addedName(profile, name), sql: identifier(name) }));
  const texts = lists.flatMap((list) => {
    const parts = known.science.filter((name) => name.startsWith(`${list}_`)).map(identifier);
    return parts.length === 0
      ? []
      : [
          {
            name: profile.added + list,
            sql: `CASE WHEN ${parts[0]} IS NOT NULL THEN to_json([${parts.join(", ")}])::VARCHAR END`,
          },
        ];
  });
  const made = Object.entries(computed).map(([name, sql]) => ({
    name,
    sql: [...sql.matchAll(/"(\w+)"/g)].every(([, column]) => names.has(column))
      ? sql
      : missing(name),
  }));
  return [...own, ...added, ...texts, ...made];
}

/** Features that Fink gives as one text. */
function textLists({ survey }: Profile): string[] {
  return survey === "ztf" ? ["lc_features_g", "lc_features_r"] : [];
}

/** Fink's name for a column that science added. */
export function addedName(profile: Profile, column: string): string {
  const list = textLists(profile).find((one) => column.startsWith(`${one}_`));
  return (
    profile.added +
    (list ?? (profile.survey === "lsst" ? column.replace(/^(pred|misc)_/, "") : column))
  );
}

/** Those that were asked for, of unknown names none; null: all. `always` comes with any. */
export function chosen(
  columns: readonly NamedColumn[],
  wanted: readonly string[] | undefined,
  always: readonly string[] = [],
): NamedColumn[] {
  if (wanted === undefined || wanted.length === 0 || wanted.includes("*")) return [...columns];
  const names = new Set([...wanted, ...always]);
  return columns.filter(({ name }) => names.has(name));
}

export function isTruncated(wanted: readonly string[] | undefined): boolean {
  return wanted !== undefined && wanted.length > 0 && !wanted.includes("*");
}

/** `expression AS "i:jd", …` */
export function selected(columns: readonly NamedColumn[]): string {
  return (
    columns.map(({ name, sql }) => `${sql} AS ${identifier(name)}`).join(", ") || "NULL AS nothing"
  );
}

function ownName({ own, survey }: Profile, name: string, part: Part): NamedColumn[] {
  if (name.startsWith("_")) return [];
  const inner = survey === "lsst" && name.startsWith("diaObject_");
  if (survey === "ztf" || (part === "source" && !inner))
    return [{ name: own + name, sql: identifier(name) }];
  if (part === "object" && inner)
    return [{ name: own + name.slice("diaObject_".length), sql: identifier(name) }];
  return [];
}

function missing(name: string): string {
  return name === "v:classification" ? "'Unknown'" : "NULL";
}
