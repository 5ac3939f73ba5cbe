import type { AlertId } from "../surveys/alert-id.ts";
import { z } from "@hono/zod-openapi";
import { HTTPException } from "hono/http-exception";
import { literal } from "../lake/scan.ts";
import { newestAlerts } from "../serving/newest.ts";
import type { Sources } from "../serving/sources.ts";
import { only } from "../config/plain-issues.ts";
import { type Api, jsonRoute, wholeNumber } from "./api.ts";
import { tableOf } from "./fink/table.ts";

const alert = z.object({
  alertId: z.string().describe("The survey's id; one of 64 bits is a text here"),
  objectId: z.string().nullable(),
  mjd: z.number().nullable().describe("In the survey's own time scale"),
  ra: z.number().nullable().describe("Equatorial J2000, degrees"),
  dec: z.number().nullable(),
  night: z.number().nullable(),
});

const route = jsonRoute(
  {
    method: "get",
    path: "/api/v1/alerts",
    operationId: "alerts",
    summary: "Alerts of a survey, newest first, page by page",
    request: {
      query: only({
        survey: z
          .string()
          .regex(/^[a-z][a-z0-9_]{0,60}$/)
          .default("ztf"),
        class: z.string().max(200).optional().describe("ZTF: only of this class"),
        limit: wholeNumber(1, 1000, 100),
        cursor: z.string().max(300).optional().describe("What the page before gave as `next`"),
      }),
    },
  },
  z.object({
    alerts: z.array(alert),
    next: z.string().nullable().describe("Cursor of the next page; null: this is the last one"),
  }),
);

/**
 * `/api/v1/alerts`: a cursor names the last alert of a page, so that alerts that come meanwhile
 * shift nothing.
 */
export function addListing(app: Api, lake: string, sources: Sources): void {
  app.openapi(route, async (c) => {
    const { survey, class: name, limit, cursor } = c.req.valid("query");
    const where = name === undefined ? "true" : `finkclass = ${literal(name)}`;
    const query = {
      survey,
      kind: "science" as const,
      where,
      needs: name === undefined ? [] : ["finkclass"],
      after: positionOf(cursor),
      limit,
    };
    const { ids, places, lastMjd } = await newestAlerts(sources, lake, query, c.req.raw.signal);
    if (ids.length === 0) return c.json({ alerts: [], next: null }, 200);
    const sql =
      "SELECT _alert::VARCHAR, _object, _mjd, _ra, _dec, _night FROM {sources} ORDER BY _mjd DESC, _alert DESC";
    const table = await sources.query(
      survey,
      { places, where: sources.isOneOf(survey, ids) ?? "false", sql },
      tableOf,
      c.req.raw.signal,
    );
    const alerts = table.rows.map(
      ([alertId, objectId, mjd, ra, dec, night]) =>
        ({ alertId, objectId, mjd, ra, dec, night }) as z.output<typeof alert>,
    );
    return c.json(
      { alerts, next: ids.length < limit ? null : `${lastMjd}_${String(ids.at(-1))}` },
      200,
    );
  });
}

function positionOf(cursor: string | undefined): { mjd: number; id: AlertId } | undefined {
  if (cursor === undefined) return undefined;
  const [, mjd, id] = /^(\d{1,6}(?:\.\d{1,20})?)_(.{1,200})$/.exec(cursor) ?? [];
  if (mjd === undefined)
    throw new HTTPException(400, {
      message: `cursor=${cursor}: give what the page before had as next`,
    });
  return { mjd: Number(mjd), id };
}
