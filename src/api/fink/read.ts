import { literal } from "../../lake/scan.ts";
import type { Place } from "../../serving/places.ts";
import type { FinkDeps } from "./resource.ts";
import {
  chosen,
  type NamedColumn,
  namedColumns,
  type Part,
  type Profile,
  selected,
} from "./profile.ts";
import { emptyTable, type Table, tableOf } from "./table.ts";
import { notYetComputed } from "./wanted-columns.ts";

/** Alerts of objects, at a place, or everywhere. */
export interface Reading {
  readonly profile: Profile;
  readonly places: readonly Place[] | null;
  /** On key columns. */
  readonly where?: string;
  /** On any column, under its own name. */
  readonly condition?: string;
  readonly columns?: readonly string[] | undefined;
  /** Columns that come with those that were asked for. */
  readonly always?: readonly string[];
  readonly part?: Part;
  readonly computed?: Profile["computed"];
  /** More columns, over the alerts' own. */
  readonly more?: readonly NamedColumn[];
  /** `QUALIFY …`, `ORDER BY …`, `LIMIT …` */
  readonly tail?: string;
}

/** Rows a key gives at most, as in Fink's store. */
export const mostRows = 10_000;

export async function readAlerts(
  { sources }: FinkDeps,
  reading: Reading,
  signal: AbortSignal,
): Promise<Table> {
  const {
    profile,
    places,
    where,
    condition,
    columns,
    always,
    part,
    computed,
    more = [],
    tail = "",
  } = reading;
  const known = await namedColumns(sources, profile, part, computed);
  if (known.length === 0) return emptyTable;
  const list = [
    ...chosen(known, columns, always),
    ...notYetComputed(profile, known, columns),
    ...more,
  ];
  const sql = `SELECT ${selected(list)} FROM {sources}${condition ? ` WHERE ${condition}` : ""} ${tail}`;
  return await sources.query(
    profile.survey,
    { places, sql, ...(where !== undefined && { where }) },
    tableOf,
    signal,
  );
}

/** Alerts of objects by their ids, newest first. */
export async function readObjects(
  deps: FinkDeps,
  asked: readonly string[],
  reading: Omit<Reading, "places">,
  signal: AbortSignal,
): Promise<Table> {
  const ids = asked.filter((id) => id !== "0"); // what LSST writes for an alert without an object
  if (ids.length === 0) return emptyTable;
  const places = await deps.sources.placesOfObjects(reading.profile.survey, ids, signal);
  const where = `_object IN (${ids.map(literal).join(", ")})${reading.where === undefined ? "" : ` AND (${reading.where})`}`;
  return await readAlerts(
    deps,
    {
      tail: `ORDER BY _mjd DESC, _alert DESC LIMIT ${mostRows * Math.max(1, ids.length)}`,
      ...reading,
      places,
      where,
    },
    signal,
  );
}

/** Whether the survey's alerts have the column. */
export async function hasColumn(
  { sources }: FinkDeps,
  profile: Profile,
  name: string,
): Promise<boolean> {
  const known = await sources.columns(profile.survey);
  return known !== null && [...known.raw, ...known.science].includes(name);
}
