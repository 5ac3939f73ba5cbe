import type { Json } from "@duckdb/node-api";
import { FinkError } from "../errors.ts";
import { firstValueSql, literal } from "../lake/scan.ts";
import { fieldNamed } from "../lake/schema.ts";
import { openSession } from "../sql/session.ts";
import type { Survey } from "../surveys/definition.ts";
import { Surveys } from "../surveys/surveys.ts";
import { Books } from "./books.ts";

export const lists = [
  "archived",
  "distinct",
  "duplicates",
  "rejected",
  "complete",
  "pending",
  "waiting",
  "missing",
  "matches",
] as const;
export type List = (typeof lists)[number];

/** Which alerts: those of a night, or all; of one topic or file. */
export interface Listed {
  /** YYYYMMDD; 0: of all nights. */
  readonly night: number;
  readonly list: List;
  readonly source?: string | undefined;
}

/**
 * The first 1,000 alerts behind a number of the account; a list that the lake cannot have is empty.
 */
export async function listOf(
  lake: string,
  survey: Survey,
  listed: Listed,
): Promise<Record<string, Json>[]> {
  const session = await openSession(lake, { surveys: new Surveys([survey]) });
  try {
    const books = new Books(lake, survey, session);
    const sql = sqlOf(books, listed);
    return sql === null ? [] : await books.rows(`${sql} LIMIT 1000`);
  } finally {
    session.close();
  }
}

function sqlOf(books: Books, { night, list, source }: Listed): string | null {
  const where = `WHERE ${night === 0 ? "true" : `night = ${Math.trunc(night)}`}`;
  const ofSource = `${where}${source === undefined ? "" : ` AND _source = ${literal(source)}`}`;
  const origin = `_source AS source, _partition AS "partition", _offset AS "offset", _received_at AS received`;
  const raw = (more = "") => {
    const id = books.idIn("raw");
    return (
      id &&
      `SELECT ${id} AS alert, ${objectOf(books)} AS object, ${origin} FROM ${books.view("raw")} ${ofSource} ${more} ORDER BY alert`
    );
  };
  const science = (columns: string, isPending: boolean) => {
    const id = books.idIn("science");
    const pending = fieldNamed(books.table("science").snapshot.schema, "_pending")
      ? "_pending <> ''"
      : "false";
    return (
      id &&
      `SELECT ${id} AS alert ${columns} FROM ${books.view("science")} ${where} AND ${isPending ? pending : `NOT ${pending}`} ORDER BY alert`
    );
  };
  const onlyIn = (one: string, other: string) => {
    const [mine, theirs] = [books.idIn(one, "m"), books.idIn(other, "o")];
    const others = theirs
      ? `AND NOT EXISTS (FROM ${books.view(other)} AS o WHERE o.night = m.night AND ${theirs} = ${mine})`
      : "";
    return (
      mine &&
      `SELECT DISTINCT ${mine} AS alert, ${literal(one)} AS only_in FROM ${books.view(one)} AS m ${where} ${others}`
    );
  };
  switch (list) {
    case "archived":
      return raw();
    case "distinct":
      return raw("QUALIFY row_number() OVER (PARTITION BY alert) = 1");
    case "duplicates":
      return raw("QUALIFY count(*) OVER (PARTITION BY alert) > 1");
    case "complete":
      return science("", false);
    case "pending":
      return science(", _pending AS waits_for", true);
    case "waiting":
      return onlyIn("raw", "science");
    case "missing":
      return (
        [onlyIn("raw", "science"), onlyIn("science", "raw")]
          .filter((sql) => sql !== null)
          .join(" UNION ALL ") || null
      );
    case "rejected":
      return books.has("rejected")
        ? `SELECT ${origin}, code, reason, octet_length(bytes) AS bytes FROM ${books.view("rejected")} ${ofSource} ORDER BY _received_at`
        : null;
    case "matches":
      return books.has("matches")
        ? `SELECT alert, object, filter, filter_version AS version, matched_at AS matched FROM ${books.view("matches")} ${where} ORDER BY matched_at DESC`
        : null;
    default:
      throw new FinkError("usage", `there is no list ${String(list)}`);
  }
}

function objectOf(books: Books): string {
  return `${firstValueSql(books.table("raw").snapshot.schema, books.survey.object, undefined, books.survey.none) ?? "NULL"}::VARCHAR`;
}
