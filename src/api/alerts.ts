import { z } from "@hono/zod-openapi";
import { only } from "../config/plain-issues.ts";
import { type Api, type ApiDeps, jsonRoute, wholeNumber } from "./api.ts";
import { latestAlertSchema } from "./lake-view.ts";

const latest = jsonRoute(
  {
    method: "get",
    path: "/api/v1/alerts/latest",
    operationId: "latestAlerts",
    summary: "The alerts that were committed last, newest first",
    request: { query: only({ limit: wholeNumber(1, 100, 12) }) },
  },
  z.array(latestAlertSchema),
);

export function addAlerts(app: Api, { view }: ApiDeps): void {
  app.openapi(latest, async (c) =>
    c.json([...(await view.latest(c.req.valid("query").limit))], 200),
  );
}
