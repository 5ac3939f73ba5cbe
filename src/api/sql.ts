import { z } from "@hono/zod-openapi";
import type { Context } from "hono";
import { HTTPException } from "hono/http-exception";
import { FinkError } from "../errors.ts";
import type { Config } from "../config/schema.ts";
import { openSession } from "../sql/session.ts";
import { jsonText } from "../sql/values.ts";
import type { Surveys } from "../surveys/surveys.ts";
import { type Api, fileRoute } from "./api.ts";
import { sqlPath } from "./limits.ts";
import { arrow } from "./fink/formats.ts";
import { type Cell, type Table, tableOfResult } from "./fink/table.ts";

interface SqlLake {
  readonly lake: string;
  readonly surveys: Surveys;
}

/** At a time: each has memory of its own. */
const mostQueries = 2;
let running = 0;

const query = z.object({
  query: z
    .string()
    .min(1)
    .max(100_000)
    .describe("One statement that reads: DuckDB's SQL over <survey>.raw, .science, .alerts, .matches …, with ADQL's CONTAINS, POINT, CIRCLE, DISTANCE"),
  format: z.enum(["json", "arrow"]).default("json").describe("json: rows as objects, 64-bit integers as text, decimals as numbers; arrow: an IPC stream"),
});

const summary = "Read-only SQL over the lake";
const types = ["application/json", "application/vnd.apache.arrow.stream"];
const get = fileRoute({ method: "get", path: sqlPath, operationId: "sql_get", summary, request: { query } }, "Rows", ...types);
const post = fileRoute(
  {
    method: "post",
    path: sqlPath,
    operationId: "sql",
    summary,
    request: { body: { required: true, content: { "application/json": { schema: query } } } },
  },
  "Rows",
  ...types,
);

export type SqlLimits = Pick<Config["api"], "sqlSeconds" | "sqlRows" | "sqlMegabytes" | "sqlSpillMegabytes" | "sqlAnswerMegabytes">;

export function addSql(app: Api, { lake, surveys }: SqlLake, limits: SqlLimits): void {
  const answer = async (context: Context, asked: z.output<typeof query>): Promise<Response> => {
    // only its own pages: another site's could not read the answer, but keep the server busy
    if (context.req.header("Sec-Fetch-Site") === "cross-site") throw new HTTPException(403, { message: "SQL is not answered to pages of other sites" });
    const { table, hasMore } = await limited({ lake, surveys }, asked.query, limits, context.req.raw.signal);
    const body = asked.format === "arrow" ? new Uint8Array(arrow(table)) : json(table);
    const type = asked.format === "arrow" ? types[1] : types[0];
    return new Response(body, { headers: { "Content-Type": type, "X-Fink-Truncated": String(hasMore) } });
  };
  app.openapi(get, (c) => answer(c, c.req.valid("query")));
  app.openapi(post, (c) => answer(c, c.req.valid("json")));
}

/** Ended when its time is over, and when its reader leaves. */
async function limited(of: SqlLake, sql: string, limits: SqlLimits, signal: AbortSignal) {
  if (running >= mostQueries) throw new HTTPException(429, { message: "other queries are running: try again in a moment" });
  running++;
  try {
    return await limitedQuery(of, sql, limits, signal);
  } finally {
    running--;
  }
}

async function limitedQuery({ lake, surveys }: SqlLake, sql: string, limits: SqlLimits, signal: AbortSignal) {
  const { sqlSeconds, sqlRows, sqlMegabytes, sqlSpillMegabytes, sqlAnswerMegabytes } = limits;
  const timeout = AbortSignal.timeout(sqlSeconds * 1000);
  const ends = AbortSignal.any([signal, timeout]);
  const session = await openSession(lake, { surveys, memory: `${sqlMegabytes}MB`, spill: `${sqlSpillMegabytes}MB` });
  // again and again: DuckDB forgets one that comes between two steps of a query
  const interrupt = setInterval(() => ends.aborted && session.interrupt(), 100);
  try {
    ends.throwIfAborted();
    const answer = await tableOfResult(await session.query(sql), { rows: sqlRows, bytes: sqlAnswerMegabytes * 2 ** 20 });
    if (answer.hasMore && answer.table.rows.length === 0)
      throw new FinkError("sql", `one row is larger than ${sqlAnswerMegabytes} MB (api.sqlAnswerMegabytes)`);
    return answer;
  } catch (error) {
    if (timeout.aborted) throw new HTTPException(408, { message: `the query took more than ${sqlSeconds} s and was ended: ask for fewer nights or columns` });
    const why = session.explain(error);
    if (why instanceof FinkError && why.code === "sql") throw new HTTPException(400, { message: why.message });
    throw why;
  } finally {
    clearInterval(interrupt);
    session.close();
  }
}

function json({ columns, rows }: Table): string {
  const plain = (value: Cell) => (typeof value === "bigint" ? String(value) : value);
  return jsonText(rows.map((row) => Object.fromEntries(columns.map(({ name }, i) => [name, plain(row[i])]))));
}
