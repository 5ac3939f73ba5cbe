import { relative } from "node:path";
import { VARCHAR, INTEGER } from "@duckdb/node-api";
import { jdMinusMjd } from "../sky/time.ts";
import { identifier } from "../lake/scan.ts";
import { rawFileColumn } from "../sql/alerts.ts";
import type { ColumnTypes, FlatColumn } from "./columns.ts";
import type { Engine } from "./engine.ts";
import type { Match } from "./filter.ts";

/** Columns that a match has of its alert; null: the survey does not have it. */
export interface KeyColumns {
  readonly alert: FlatColumn;
  readonly object: FlatColumn | null;
  readonly ra: FlatColumn | null;
  readonly dec: FlatColumn | null;
  readonly time: FlatColumn | null;
  readonly revision: FlatColumn | null;
  readonly publishedAt: FlatColumn | null;
  readonly receivedAt: FlatColumn | null;
  readonly night: FlatColumn | null;
  readonly raw: FlatColumn | null;
  /** What is taken from the time for MJD. */
  readonly timeOffset: number;
}

export type AlertKeys = Pick<
  Match,
  "alert" | "object" | "ra" | "dec" | "mjd" | "revision" | "published_at" | "_raw"
> & {
  readonly night: number | null;
  readonly publishedAt: number;
};

/** `isFile`: of a file of alerts that is not the lake's. */
export function keyColumns(columns: ColumnTypes, isFile = false): KeyColumns {
  const { object, time, position } = columns.survey;
  return {
    alert: columns.id(),
    object: columns.value(object),
    ra: columns.value(position?.ra),
    dec: columns.value(position?.dec),
    time: columns.value(time?.field),
    revision: columns.value(["_revision"]),
    publishedAt: columns.value(["_published_at"]),
    receivedAt: columns.value(["_received_at"]),
    night: isFile ? null : { path: "night", sql: "night", type: INTEGER },
    raw: isFile ? null : { path: rawFileColumn, sql: rawFileColumn, type: VARCHAR },
    timeOffset: time?.scale === "jd" ? jdMinusMjd : 0,
  };
}

/** The flat columns among them. */
export function flatKeys(keys: KeyColumns): FlatColumn[] {
  return Object.values(keys as unknown as Record<string, FlatColumn | number | null>).filter(
    (key) => key !== null && typeof key === "object",
  );
}

/**
 * Of each row of the table `alerts`, in their order. `rawFolder`: of which the path of the alert's
 * file is told.
 */
export async function readKeys(
  { connection }: Engine,
  keys: KeyColumns,
  rawFolder: string,
): Promise<AlertKeys[]> {
  const value = (column: FlatColumn | null, as: (sql: string) => string) =>
    column === null ? "NULL" : as(identifier(column.path));
  const sqls: Readonly<Record<keyof AlertKeys, string>> = {
    alert: value(
      keys.alert,
      (sql) => `${sql}::${keys.alert.type === VARCHAR ? "VARCHAR" : "BIGINT"}`,
    ),
    object: value(keys.object, (sql) => `${sql}::VARCHAR`),
    ra: value(keys.ra, (sql) => `${sql}::DOUBLE`),
    dec: value(keys.dec, (sql) => `${sql}::DOUBLE`),
    mjd: value(keys.time, (sql) => `${sql}::DOUBLE - ${keys.timeOffset}`),
    revision: `coalesce(${value(keys.revision, (sql) => `${sql}::INTEGER`)}, 0)`,
    published_at: `epoch_us(coalesce(${value(keys.publishedAt, (sql) => sql)}, ${value(keys.receivedAt, (sql) => sql)}))`,
    publishedAt: `coalesce(${value(keys.publishedAt, (sql) => `epoch_us(${sql}) / 1000`)}, 'NaN'::DOUBLE)`,
    night: value(keys.night, (sql) => sql),
    _raw: value(keys.raw, (sql) => sql),
  };
  const list = Object.entries(sqls).map(([name, sql]) => `${sql} AS ${identifier(name)}`);
  const result = await connection.runAndReadAll(
    `SELECT ${list.join(", ")} FROM alerts ORDER BY _row`,
  );
  return (result.getRowObjects() as unknown as AlertKeys[]).map((row) => ({
    ...row,
    _raw: row._raw === null ? null : relative(rawFolder, row._raw),
  }));
}
