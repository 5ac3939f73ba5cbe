import type { Json } from "@duckdb/node-api";
import { FinkError } from "../errors.ts";
import { columnPath, pathSql } from "../lake/scan.ts";
import { openSession } from "../sql/session.ts";
import type { Survey } from "../surveys/definition.ts";
import { Books } from "./books.ts";

export const lists = ["archived", "duplicates", "rejected", "pending", "waiting", "matches"] as const;
export type List = (typeof lists)[number];

/** The first 1,000 alerts behind a number of the account of a night; a list that the lake cannot have is empty. */
export async function listOf(lake: string, survey: Survey, night: number, list: List): Promise<Record<string, Json>[]> {
  const session = await openSession(lake);
  try {
    const books = new Books(lake, survey, session);
    const sql = sqlOf(books, night, list);
    return sql === null ? [] : await books.rows(`${sql} LIMIT 1000`);
  } finally {
    session.close();
  }
}

function sqlOf(books: Books, night: number, list: List): string | null {
  const id = books.idIn("raw");
  const done = books.idIn("science");
  const origin = `_source AS source, _partition AS "partition", _offset AS "offset", _received_at AS received`;
  const where = `WHERE night = ${Math.trunc(night)}`;
  const raw = `${books.view("raw")} ${where}`;
  switch (list) {
    case "archived":
      return id && `SELECT ${id} AS alert, ${objectOf(books)} AS object, ${origin} FROM ${raw} ORDER BY ${id}`;
    case "duplicates":
      return id && `SELECT ${id} AS alert, ${objectOf(books)} AS object, ${origin} FROM ${raw} QUALIFY count(*) OVER (PARTITION BY ${id}) > 1 ORDER BY ${id}`;
    case "rejected":
      return books.has("rejected")
        ? `SELECT ${origin}, code, reason, octet_length(bytes) AS bytes FROM ${books.view("rejected")} ${where} ORDER BY _received_at`
        : null;
    case "pending":
      return done && `SELECT ${done} AS alert, _pending AS waits_for FROM ${books.view("science")} ${where} AND _pending <> '' ORDER BY ${done}`;
    case "waiting": {
      const others = done ? `AND NOT EXISTS (FROM ${books.view("science")} AS s WHERE s.night = r.night AND s.${done} = r.${id})` : "";
      return id && `SELECT ${id} AS alert, ${origin} FROM ${books.view("raw")} AS r ${where} ${others} ORDER BY ${id}`;
    }
    case "matches":
      return books.has("matches")
        ? `SELECT alert, object, filter, filter_version AS version, matched_at AS matched FROM ${books.view("matches")} ${where} ORDER BY matched_at DESC`
        : null;
    default:
      throw new FinkError("usage", `there is no list ${String(list)}`);
  }
}

function objectOf(books: Books): string {
  const path = columnPath(books.table("raw").snapshot.schema, books.survey.object);
  return path === undefined ? "NULL" : `${pathSql(path)}::VARCHAR`;
}
