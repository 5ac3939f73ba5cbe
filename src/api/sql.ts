import { z } from "@hono/zod-openapi";
import type { Context } from "hono";
import { HTTPException } from "hono/http-exception";
import { FinkError } from "../errors.ts";
import { ProcessEnded } from "../killable-process.ts";
import type { Sources } from "../serving/sources.ts";
import { only } from "../config/plain-issues.ts";
import { type Api, fileRoute } from "./api.ts";
import { sqlPath } from "./limits.ts";
import type { SqlAnswer, SqlLimits } from "./sql-answer.ts";
import { TooMany, type UserProcesses, type UserWork } from "./user-process.ts";

const query = only({
  query: z
    .string()
    .min(1)
    .max(100_000)
    .describe(
      "One statement that reads: DuckDB's SQL over <survey>.raw, .science, .alerts, .matches …, with ADQL's CONTAINS, POINT, CIRCLE, DISTANCE",
    ),
  format: z
    .enum(["json", "arrow"])
    .default("json")
    .describe(
      "json: rows as objects, 64-bit integers as text, decimals as numbers; arrow: an IPC stream",
    ),
});

const summary = "Read-only SQL over the lake";
const types = ["application/json", "application/vnd.apache.arrow.stream"];
const get = fileRoute(
  { method: "get", path: sqlPath, operationId: "sql_get", summary, request: { query } },
  "Rows",
  ...types,
);
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

export function addSql(
  app: Api,
  lake: string,
  sources: Pick<Sources, "surveys">,
  limits: SqlLimits,
  processes: UserProcesses,
): void {
  const answer = async (context: Context, asked: z.output<typeof query>): Promise<Response> => {
    // only its own pages: another site's could not read the answer, but keep the server busy
    if (context.req.header("Sec-Fetch-Site") === "cross-site")
      throw new HTTPException(403, { message: "SQL is not answered to pages of other sites" });
    const { body, hasMore } = await limited(
      processes,
      {
        kind: "sql",
        lake,
        surveys: sources.surveys.all,
        sql: asked.query,
        format: asked.format,
        limits,
      },
      context.req.raw.signal,
    );
    const type = asked.format === "arrow" ? types[1] : types[0];
    return new Response(body, {
      headers: { "Content-Type": type, "X-Fink-Truncated": String(hasMore) },
    });
  };
  app.openapi(get, (c) => answer(c, c.req.valid("query")));
  app.openapi(post, (c) => answer(c, c.req.valid("json")));
}

/** Ended when its time or memory is over, and when its reader leaves. */
async function limited(
  processes: UserProcesses,
  work: UserWork & { readonly kind: "sql" },
  signal: AbortSignal,
): Promise<SqlAnswer> {
  const { sqlSeconds } = work.limits;
  try {
    return (await processes.run(work, sqlSeconds, signal)) as SqlAnswer;
  } catch (error) {
    if (error instanceof TooMany)
      throw new HTTPException(429, { message: "other queries are running: try again in a moment" });
    if (error instanceof FinkError && error.code === "sql")
      throw new HTTPException(400, { message: error.message });
    if (!(error instanceof ProcessEnded)) throw error;
    const advice = "ask for fewer nights or columns";
    if (error.why === "time")
      throw new HTTPException(408, {
        message: `the query took more than ${sqlSeconds} s and was ended: ${advice}`,
      });
    throw new HTTPException(400, {
      message: `the query took more memory than it may have, or crashed, and was ended: ${advice}, or nest less`,
    });
  }
}
