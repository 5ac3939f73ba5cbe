import { serveStatic } from "@hono/node-server/serve-static";
import type { MiddlewareHandler } from "hono";
import { compress } from "hono/compress";
import type { Api } from "./api.ts";

/** File → its addresses. */
const pages: Readonly<Record<string, readonly string[]>> = {
  "index.html": ["/", "/index.html"],
  "live.html": ["/live", "/live.html"],
  "sky.html": ["/sky"],
  "docs.html": ["/docs", "/docs/*"],
  "status.html": ["/status"],
  "filters.html": ["/filters", "/filters/:survey/:name"],
  "search.html": ["/search"],
  "object.html": ["/object/:survey/:id", "/sso/:survey/:id"],
  "aggregation.html": ["/aggregation", "/aggregation.html"],
  "account.html": ["/account"],
  "theme.js": ["/theme.js"],
};

/**
 * Serves the pages that vite built into `folder`. Assets carry a hash in their name and are kept
 * for ever by browsers; pages are asked for again.
 */
export function servePages(app: Api, folder: string): void {
  app.get(
    "/assets/*",
    cached("public, max-age=31536000, immutable"),
    compress(),
    serveStatic({ root: folder }),
  );
  for (const [path, addresses] of Object.entries(pages)) {
    app.on("GET", [...addresses], cached("no-cache"), serveStatic({ root: folder, path }));
  }
}

function cached(value: string): MiddlewareHandler {
  return async (context, next) => {
    await next();
    if (context.res.ok) context.header("Cache-Control", value);
  };
}
