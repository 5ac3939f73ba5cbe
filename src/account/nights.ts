import type { Json } from "@duckdb/node-api";
import { fieldNamed } from "../lake/schema.ts";
import { type Books, nightIs } from "./books.ts";

/** What became of the alerts of one night. */
export interface NightAccount {
  /** YYYYMMDD; null: alerts without a time. */
  readonly night: number | null;
  /** Rows of `raw`; `distinct` alerts, and those that the survey sent again. */
  readonly archived: number;
  readonly distinct: number;
  readonly duplicates: number;
  /** Messages of this night that wait in `rejected`. */
  readonly rejected: number;
  /** Rows of `science`: complete, and those that wait for a remote answer. */
  readonly complete: number;
  readonly pending: number;
  /** Alerts that science has not come to yet. */
  readonly waiting: number;
  /**
   * Alerts that science passed without a row, also for want of an id, and rows of science without
   * an alert.
   */
  readonly missing: number;
  readonly unknown: number;
  readonly matches: readonly { readonly filter: string; readonly matches: number }[];
  readonly problems: readonly string[];
}

const namedIds = 100;

/** `isComputed`: science has run on the lake, for whichever survey. */
export async function nightsOf(
  books: Books,
  night: number | undefined,
  isComputed: boolean,
): Promise<NightAccount[]> {
  const [raw, rejected, science, missing, unknown, matches] = [
    await rawRows(books, night),
    await countsOf(books, night, "rejected", {}),
    await scienceRows(books, night),
    await without(books, night, "raw", "science"),
    await without(books, night, "science", "raw"),
    await matchRows(books, night),
  ];
  const nights = [...new Set([...raw.keys(), ...rejected.keys(), ...science.keys()])].sort(
    (a, b) => Number(b) - Number(a),
  );
  const isBehind =
    books.has("raw") &&
    (books.table("science").snapshot.positions.get("science:raw") ?? 0) <=
      books.table("raw").snapshot.version;
  const isPassed = books.has("science") && !isBehind;
  // Without a definition that names their id, science never comes to the alerts of a survey.
  const isStuck = books.idIn("raw") === null ? isComputed : isPassed;
  return nights.map((key) => {
    const name = key === "" ? null : Number(key);
    const lost = missing.get(key) ?? none;
    const strange = unknown.get(key) ?? none;
    const rows = raw.get(key) ?? {};
    const made = science.get(key) ?? {};
    const again = Number(made["again"] ?? 0);
    const doubles = (matches.get(key) ?? [])
      .filter(({ again: more }) => more > 0)
      .map(({ filter, again: more }) => `${filter} ${more}`);
    const nameless = Number(rows["nameless"] ?? 0);
    const lacking = (isPassed ? lost.count : 0) + (isStuck ? nameless : 0);
    const distinct = Number(rows["distinct"] ?? 0);
    const problems = [
      ...said(
        isStuck ? nameless : 0,
        `alerts without an id, so without a row in science: ${adviceFor(books.survey.name)}`,
      ),
      ...said(isPassed ? lost.count : 0, `alerts without a row in science: ${lost.ids}`),
      ...said(strange.count, `rows of science whose alert is not in raw: ${strange.ids}`),
      ...said(again, "rows of science that are there twice"),
      ...doubles.map((filter) => `matches that are there twice: ${filter}`),
    ];
    return {
      night: name,
      archived: Number(rows["rows"] ?? 0),
      distinct,
      duplicates: Number(rows["rows"] ?? 0) - distinct - nameless,
      rejected: Number(rejected.get(key)?.["rows"] ?? 0),
      complete: Number(made["rows"] ?? 0) - Number(made["pending"] ?? 0),
      pending: Number(made["pending"] ?? 0),
      waiting: (books.has("science") ? lost.count : distinct) + nameless - lacking,
      missing: lacking,
      unknown: strange.count,
      matches: (matches.get(key) ?? []).map(({ filter, count }) => ({ filter, matches: count })),
      problems: problems.map((problem) => `night ${name ?? "unknown"}: ${problem}`),
    };
  });
}

function adviceFor(survey: string): string {
  return `name the column of their id (alert:) in a definition of survey ${survey}, <surveys>/${survey}.yaml`;
}

const none = { count: 0, ids: "" };

function said(count: number, what: string): string[] {
  return count === 0 ? [] : [`${count} ${what}`];
}

type Row = Record<string, Json>;

function byNight<T>(rows: readonly Row[], of: (row: Row) => T): Map<string, T> {
  return new Map(rows.map((row) => [String(row["night"] ?? ""), of(row)]));
}

/** Counts of each night, which are SQL by name; `rows` besides. */
async function countsOf(
  books: Books,
  night: number | undefined,
  kind: string,
  counts: Readonly<Record<string, string>>,
): Promise<Map<string, Row>> {
  if (!books.has(kind)) return new Map();
  const list = Object.entries({ rows: "count(*)", ...counts }).map(
    ([name, sql]) => `(${sql})::DOUBLE AS "${name}"`,
  );
  return byNight(
    await books.rows(
      `SELECT night, ${list.join(", ")} FROM ${books.view(kind)} ${nightIs(night)} GROUP BY night`,
    ),
    (row) => row,
  );
}

async function rawRows(books: Books, night: number | undefined): Promise<Map<string, Row>> {
  const id = books.idIn("raw") ?? "NULL";
  return await countsOf(books, night, "raw", {
    distinct: `count(DISTINCT ${id})`,
    nameless: `count_if(${id} IS NULL)`,
  });
}

async function scienceRows(books: Books, night: number | undefined): Promise<Map<string, Row>> {
  const id = books.idIn("science");
  if (id === null) return new Map();
  const pending = fieldNamed(books.table("science").snapshot.schema, "_pending")
    ? "count_if(_pending <> '')"
    : "0";
  return await countsOf(books, night, "science", {
    again: `count(*) - count(DISTINCT ${id})`,
    pending,
  });
}

/** Alerts of one table that the other lacks. */
async function without(
  books: Books,
  night: number | undefined,
  one: string,
  other: string,
): Promise<Map<string, { count: number; ids: string }>> {
  const [mine, others] = [books.idIn(one), books.idIn(other)];
  if (mine === null) return new Map();
  const ids = `SELECT DISTINCT night, ${mine} AS id FROM ${books.view(one)} ${nightIs(night)}`;
  const theirs =
    others === null
      ? "SELECT NULL AS id WHERE false"
      : `SELECT ${others} AS id FROM ${books.view(other)} ${nightIs(night)}`;
  const rows = await books.rows(
    `SELECT night, count(*)::DOUBLE AS count, array_to_string(min(id, ${namedIds}), ', ') AS ids
     FROM (${ids}) AS mine WHERE id IS NOT NULL AND NOT EXISTS (FROM (${theirs}) AS theirs WHERE theirs.id = mine.id) GROUP BY night`,
  );
  return byNight(rows, (row) => ({
    count: Number(row["count"]),
    ids: `${String(row["ids"])}${Number(row["count"]) > namedIds ? " …" : ""}`,
  }));
}

interface FilterRows {
  readonly filter: string;
  readonly count: number;
  readonly again: number;
}

async function matchRows(
  books: Books,
  night: number | undefined,
): Promise<Map<string, FilterRows[]>> {
  if (!books.has("matches")) return new Map();
  const counts =
    "count(*)::DOUBLE AS count, (count(*) - count(DISTINCT (filter_version, alert, revision)))::DOUBLE AS again";
  const rows = await books.rows(
    `SELECT night, filter, ${counts} FROM ${books.view("matches")} ${nightIs(night)} GROUP BY night, filter ORDER BY filter`,
  );
  const groups = Map.groupBy(rows, (row) => String(row["night"] ?? ""));
  return new Map([...groups].map(([key, own]) => [key, own as unknown as FilterRows[]]));
}
