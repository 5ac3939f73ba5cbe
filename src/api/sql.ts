import { z } from "@hono/zod-openapi";
import { HTTPException } from "hono/http-exception";
import { FinkError } from "../errors.ts";
import type { Config } from "../config/schema.ts";
import { openSession } from "../sql/session.ts";
import { jsonText } from "../sql/values.ts";
import type { Surveys } from "../surveys/surveys.ts";
import { type Api, fileRoute } from "./api.ts";
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
const get = fileRoute({ method: "get", path: "/api/v1/sql", operationId: "sql_get", summary, request: { query } }, "Rows", ...types);
const post = fileRoute(
  {
    method: "post",
    path: "/api/v1/sql",
    operationId: "sql",
    summary,
    request: { body: { required: true, content: { "application/json": { schema: query } } } },
  },
  "Rows",
  ...types,
);

export type SqlLimits = Pick<Config["api"], "sqlSeconds" | "sqlRows" | "sqlMegabytes">;

export function addSql(app: Api, { lake, surveys }: SqlLake, limits: SqlLimits): void {
  const answer = async (asked: z.output<typeof query>, signal: AbortSignal): Promise<Response> => {
    const { table, hasMore } = await limited({ lake, surveys }, asked.query, limits, signal);
    const body = asked.format === "arrow" ? new Uint8Array(arrow(table)) : json(table);
    const type = asked.format === "arrow" ? types[1] : types[0];
    return new Response(body, { headers: { "Content-Type": type, "X-Fink-Truncated": String(hasMore) } });
  };
  app.openapi(get, (c) => answer(c.req.valid("query"), c.req.raw.signal));
  app.openapi(post, (c) => answer(c.req.valid("json"), c.req.raw.signal));
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

async function limitedQuery({ lake, surveys }: SqlLake, sql: string, { sqlSeconds, sqlRows, sqlMegabytes }: SqlLimits, signal: AbortSignal) {
  const timeout = AbortSignal.timeout(sqlSeconds * 1000);
  const ends = AbortSignal.any([signal, timeout]);
  const session = await openSession(lake, { surveys, memory: `${sqlMegabytes}MB` });
  const interrupt = () => session.interrupt();
  ends.addEventListener("abort", interrupt);
  try {
    ends.throwIfAborted();
    return await tableOfResult(await session.query(sql), sqlRows);
  } catch (error) {
    if (timeout.aborted) throw new HTTPException(408, { message: `the query took more than ${sqlSeconds} s and was ended: ask for fewer nights or columns` });
    const why = session.explain(error);
    if (why instanceof FinkError && why.code === "sql") throw new HTTPException(400, { message: why.message });
    throw why;
  } finally {
    ends.removeEventListener("abort", interrupt);
    session.close();
  }
}

function json({ columns, rows }: Table): string {
  const plain = (value: Cell) => (typeof value === "bigint" ? String(value) : value);
  return jsonText(rows.map((row) => Object.fromEntries(columns.map(({ name }, i) => [name, plain(row[i])]))));
}
