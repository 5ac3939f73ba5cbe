import { z } from "@hono/zod-openapi";
import { messageOf } from "../errors.ts";
import { type Api, type ApiDeps, fileRoute, jsonRoute } from "./api.ts";
import { live } from "./live.ts";
import { metricsText } from "./metrics.ts";
import { type LiveStatus, liveStatus, readServices } from "./status.ts";

const statusSchema = z
  .looseObject({
    at: z.number().describe("ms since 1970"),
    problems: z.array(z.string()).readonly(),
    services: z.array(z.unknown()).readonly(),
    totals: z.unknown(),
  })
  .openapi("Status");
const healthSchema = z.object({ ok: z.boolean(), problems: z.array(z.string()) }).openapi("Health");

const routes = {
  live: fileRoute(
    {
      method: "get",
      path: "/api/v1/live",
      operationId: "live",
      summary: "What happens now, as server-sent events",
    },
    "Events",
    "text/event-stream",
  ),
  status: jsonRoute(
    {
      method: "get",
      path: "/api/v1/status",
      operationId: "status",
      summary: "How the services are",
    },
    statusSchema,
  ),
  health: jsonRoute(
    {
      method: "get",
      path: "/healthz",
      operationId: "health",
      summary: "Whether all is well; 503 when not",
    },
    healthSchema,
  ),
  metrics: fileRoute(
    { method: "get", path: "/metrics", operationId: "metrics", summary: "Figures for Prometheus" },
    "Figures",
    "text/plain",
  ),
};

export function addHealth(app: Api, { lake, view, feed }: ApiDeps): void {
  app.openapi(routes.live, (c) => live(c, feed));
  app.openapi(routes.status, (c) =>
    c.json(liveStatus(readServices(lake), Date.now()) as never, 200),
  );
  app.get("/healthz", async (c) => {
    const { problems } = await statusWithLake(lake, view);
    return c.json({ ok: problems.length === 0, problems }, problems.length === 0 ? 200 : 503);
  });
  app.openAPIRegistry.registerPath(routes.health);
  app.openapi(routes.metrics, async (c) => {
    const tables = await view.tables().catch(() => null); // the services are watched all the same
    const isReadable = tables !== null && (view.problems?.() ?? []).length === 0;
    return c.text(
      await metricsText(liveStatus(readServices(lake), Date.now()), tables ?? [], isReadable),
      200,
      {
        "Content-Type": "text/plain; version=0.0.4; charset=utf-8",
      },
    );
  });
}

async function statusWithLake(lake: string, view: ApiDeps["view"]): Promise<LiveStatus> {
  const problem = await view.tables().then(
    () => (view.problems?.() ?? []).join(" "),
    (error: unknown) => `The lake cannot be read: ${messageOf(error)}`,
  );
  return liveStatus(readServices(lake), Date.now(), problem);
}
