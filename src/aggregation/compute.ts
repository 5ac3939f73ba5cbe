import { DuckDBStructType } from "@duckdb/node-api";
import { FinkError, messageOf } from "../errors.ts";
import { ColumnTypes, type FlatColumn } from "../filters/columns.ts";
import { emit } from "../filters/emit.ts";
import { formulas } from "../filters/formulas.ts";
import { firstValueSql, identifier } from "../lake/scan.ts";
import { jdMinusMjd, mjdOfUnixEpoch } from "../sky/time.ts";
import type { LakeSession } from "../sql/session.ts";
import { rowsOf, toJson } from "../sql/values.ts";
import type { Survey } from "../surveys/definition.ts";
import type { Aggregation, Statistic, Window } from "./aggregation.ts";

/**
 * What an aggregation says of one night. Before science has made its table, aggregations of
 * `alerts` count the distinct alerts of `raw`. Throws "filter" for columns that are not there, also
 * for those that science is still to add, and types that do not go together.
 */
export async function nightStatistics(
  session: LakeSession,
  survey: Survey,
  night: number,
  aggregation: Aggregation,
): Promise<Statistic[]> {
  const { name, version, window, select } = aggregation;
  const rows: Statistic[] = [];
  const has = (kind: string) =>
    session.tables.some(
      (table) =>
        table.survey === survey.name && table.kind === kind && table.snapshot.files.size > 0,
    );
  const isRaw = select.table === "alerts" && !has("science");
  // not yet
  if (!has(isRaw ? "raw" : select.table === "alerts" ? "science" : select.table)) return rows;
  try {
    // science makes the class: as a column that alerts may have it would be null, and counted
    const known = isRaw ? { ...survey, class: undefined } : survey;
    const sql = await nightSql(
      session,
      known,
      night,
      aggregation,
      isRaw ? distinctRaw(session, survey) : `${identifier(survey.name)}.${select.table}`,
    );
    for await (const [start, group, ...numbers] of rowsOf(await session.query(sql), toJson)) {
      for (const [i, value] of numbers.entries()) {
        // an alert without a time; nothing to say of this group
        if (start === null || typeof value !== "number") continue;
        rows.push({
          aggregation: name,
          version,
          window,
          start: Number(start),
          group: String(group),
          name: select.values[i].name,
          value,
        });
      }
    }
  } catch (error) {
    const hint = isRaw
      ? "; where science adds that column, it is counted once `./fink start science` has run"
      : "";
    throw new FinkError("filter", `${aggregation.file}: ${messageOf(error)}${hint}`, error);
  }
  return rows;
}

/** Of an alert that was sent again the same copy as in the view `alerts`. */
function distinctRaw(session: LakeSession, survey: Survey): string {
  const raw = session.tables.find((table) => table.survey === survey.name && table.kind === "raw")!;
  const id = firstValueSql(raw.snapshot.schema, survey.alert);
  const once =
    id === undefined
      ? ""
      : ` QUALIFY row_number() OVER (PARTITION BY night, ${id} ORDER BY _source, _partition, _offset) = 1`;
  return `(SELECT * FROM ${identifier(survey.name)}.raw${once})`;
}

async function nightSql(
  session: LakeSession,
  survey: Survey,
  night: number,
  { text, window, select }: Aggregation,
  table: string,
): Promise<string> {
  const described = await session.query(`SELECT * FROM ${table} LIMIT 0`);
  const columns = new ColumnTypes(
    survey,
    new DuckDBStructType(described.columnNames(), described.columnTypes()),
    new Map(),
    (kind, place) => {
      throw new FinkError(
        "filter",
        `${kind}('${place}'): not in aggregations; count the matches of a filter`,
      );
    },
  );
  const used = new Map<string, FlatColumn>();
  const context = { columns, formulas: await formulas(), text, used };
  const keys = select.keys.map(
    ({ expression }) => `coalesce(CAST(${emit(expression, context).sql} AS VARCHAR), 'null')`,
  );
  const values = select.values.map(
    ({ before, of }) => `CAST(${before}${of ? emit(of, context).sql : ""}) AS DOUBLE)`,
  );
  const where = select.where ? `WHERE ${emit(select.where, context).sql}` : "";
  const start = startSql(
    window,
    night,
    survey,
    select.table === "matches" ? "mjd" : columns.value(survey.time?.field)?.sql,
  );
  const flat = [
    `${start} AS _start`,
    ...[...used.values()].map(({ path, sql }) => `${sql} AS ${identifier(path)}`),
  ];
  return `SELECT _start, ${keys.length === 0 ? "''" : `concat_ws(' · ', ${keys.join(", ")})`}, ${values.join(", ")}
    FROM (SELECT ${flat.join(", ")} FROM ${table} WHERE night = ${night}) AS alerts ${where} GROUP BY ALL ORDER BY ALL`;
}

/** ms since 1970 as SQL. */
function startSql(window: Window, night: number, survey: Survey, time: string | undefined): string {
  const date = Date.UTC(
    Math.floor(night / 10000),
    (Math.floor(night / 100) % 100) - 1,
    night % 100,
  );
  if (window === "night" || time === undefined) return `CAST(${date} AS DOUBLE)`;
  const seconds = window === "hour" ? 3600 : 60;
  const epoch =
    survey.time?.scale === "jd" && time !== "mjd" ? mjdOfUnixEpoch + jdMinusMjd : mjdOfUnixEpoch;
  return `CAST(floor((${time} - ${epoch}) * ${86400 / seconds}) * ${seconds * 1000} AS DOUBLE)`;
}
