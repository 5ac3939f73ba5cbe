import { readFile } from "node:fs/promises";
import type { Server } from "node:http";
import { join } from "node:path";
import { serve } from "@hono/node-server";
import type { Context } from "hono";
import { HTTPException } from "hono/http-exception";
import { bodyLimit } from "hono/body-limit";
import { requestId } from "hono/request-id";
import { secureHeaders } from "hono/secure-headers";
import { type Config, configSchema } from "../config/schema.ts";
import { FinkError, messageOf } from "../errors.ts";
import type { Sources } from "../serving/sources.ts";
import { addAlerts } from "./alerts.ts";
import { type Api, type ApiDeps, exactBodies, newApi, requestIdOf } from "./api.ts";
import { addCatalogues } from "./catalogues.ts";
import { addCutouts } from "./cutouts.ts";
import { addDocs } from "./docs.ts";
import { LiveFeed } from "./feed.ts";
import { addFink } from "./fink/routes.ts";
import { addHealth } from "./health.ts";
import { ownHostsOnly, type ServedNames } from "./hosts.ts";
import type { LakeView } from "./lake-view.ts";
import { addListing } from "./listing.ts";
import { answers, perAddress, preflight } from "./limits.ts";
import { servePages } from "./pages.ts";
import { addAboutRoutes } from "./pages/about-routes.ts";
import { addFilterRoutes } from "./pages/filter-routes.ts";
import { addAccount } from "./pages/account.ts";
import { addAggregations } from "./pages/aggregation.ts";
import type { FilterFolders, PageLake } from "./pages/lake.ts";
import { addPageRoutes } from "./pages/routes.ts";
import { addSql } from "./sql.ts";
import { addStream } from "./stream.ts";
import { UserProcesses } from "./user-process.ts";

export interface ServerOptions extends ServedNames {
  /** 0 takes any free port. */
  readonly port: number;
  /** Folder of the lake. */
  readonly lake: string;
  readonly view: LakeView;
  readonly pageLake?: PageLake;
  /** The alerts; without them Fink's routes are not there. */
  readonly sources?: Sources;
  readonly api?: Config["api"];
  /** The pages stand behind a proxy that says whom it answers. */
  readonly trustProxy?: boolean;
  readonly aggregationFolder?: string;
  /** Where the user's filters and areas of the sky are. */
  readonly filters?: FilterFolders;
  /** How other services are asked. */
  readonly elsewhere?: typeof fetch;
  /** Folder of the built pages. */
  readonly pages: string;
  /** Takes errors that are not the caller's fault. */
  readonly logError: (error: unknown, message: string) => void;
}

export interface RunningServer {
  readonly url: string;
  /** Ends open live connections at once. */
  close(): Promise<void>;
}

export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const { host, port } = options;
  const feed = new LiveFeed(options.lake, options.view);
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const users = userProcesses(options);
  const server = serve(
    { fetch: createApp(options, feed, users).fetch, hostname: host, port },
    (address) => resolve(address.port),
  ) as Server;
  server.once("error", (error: NodeJS.ErrnoException) => reject(listenError(error, host, port)));
  try {
    const bound = await promise;
    return { url: `http://${urlHost(host)}:${bound}`, close: () => stop(server, feed, users) };
  } catch (error) {
    feed.close();
    throw error;
  }
}

function userProcesses({ api = configSchema.parse({}).api }: ServerOptions): UserProcesses {
  return new UserProcesses(api);
}

/** As at Fink's servers. */
const mostBodyBytes = 100 * 2 ** 20;

function tooLarge(context: Context): Response {
  return context.json(
    { error: `the body is larger than ${mostBodyBytes >> 20} MB`, requestId: requestIdOf(context) },
    413,
  );
}

/** Every route; needs no socket, for tests. */
export function createApp(
  options: ServerOptions,
  feed: LiveFeed,
  users = userProcesses(options),
): Api {
  const app = newApi();
  const deps: ApiDeps = { ...options, feed, users };
  app.use(requestId(), headers, ownHostsOnly(options));
  app.options("/api/*", preflight);
  app.use("/api/*", bodyLimit({ maxSize: mostBodyBytes, onError: tooLarge }));
  app.use(
    "/api/*",
    exactBodies,
    perAddress(options.api?.requestsPerMinute ?? 0, options.trustProxy),
    answers,
  );
  for (const add of [
    addHealth,
    addAlerts,
    addCutouts,
    addPageRoutes,
    addAboutRoutes,
    addFilterRoutes,
    addAccount,
    addAggregations,
    addDocs,
  ])
    add(app, deps);
  if (options.sources) addAlertRoutes(app, options, options.sources, users);
  servePages(app, options.pages);
  app.notFound((c) => notFound(c, options.pages));
  app.onError((error, c) => failed(error, c, options.logError));
  return app;
}

/** What needs more of the lake than a few of its newest rows. */
function addAlertRoutes(
  app: Api,
  { lake, filters, elsewhere = fetch, api = configSchema.parse({}).api }: ServerOptions,
  sources: Sources,
  users: UserProcesses,
): void {
  addSql(app, lake, sources, api, users);
  addStream(app, lake, sources);
  addListing(app, lake, sources);
  addCatalogues(app, lake, sources);
  addFink(app, {
    lake,
    sources,
    survey: api.survey,
    filters,
    elsewhere: api.elsewhere ? elsewhere : undefined,
  });
}

const headers = secureHeaders({
  contentSecurityPolicy: {
    defaultSrc: ["'none'"],
    scriptSrc: ["'self'"],
    styleSrc: ["'self'"],
    imgSrc: ["'self'", "blob:"], // a plot on its way to a PNG
    connectSrc: ["'self'"],
    baseUri: ["'none'"],
    formAction: ["'none'"],
    frameAncestors: ["'none'"],
  },
  xFrameOptions: "DENY",
  strictTransportSecurity: false, // served without TLS, often beside other things on one host
});

async function notFound(context: Context, pages: string): Promise<Response> {
  const wantsPage = (context.req.header("Accept") ?? "").includes("text/html");
  const page = wantsPage ? await readFile(join(pages, "404.html"), "utf8").catch(() => null) : null;
  return page === null
    ? context.json(
        { error: `nothing at ${context.req.path}`, requestId: context.get("requestId") },
        404,
      )
    : context.html(page, 404);
}

function failed(error: Error, context: Context, logError: ServerOptions["logError"]): Response {
  const id: string = context.get("requestId");
  // its reader left, and the query was cancelled
  if (context.req.raw.signal.aborted) return context.body(null, 499 as 400);
  if (error instanceof HTTPException)
    return context.json({ error: error.message, requestId: id }, error.status);
  logError(error, `${context.req.method} ${context.req.path} failed (request ${id})`);
  if (error instanceof FinkError) return context.json({ error: error.message, requestId: id }, 503);
  return context.json(
    { error: `an error of ours: the log has it under request ${id}`, requestId: id },
    500,
  );
}

function listenError(error: NodeJS.ErrnoException, host: string, port: number): FinkError {
  if (error.code === "EADDRINUSE")
    return new FinkError(
      "io",
      `port ${port} on ${host} is in use: stop what uses it (./fink stop ui), or set ui.port (FINK_UI_PORT) to another`,
      error,
    );
  if (error.code === "EACCES")
    return new FinkError(
      "io",
      `port ${port} may not be opened by this user: set ui.port (FINK_UI_PORT) to one above 1023`,
      error,
    );
  return new FinkError(
    "io",
    `cannot serve the pages on ${host}:${port}: ${messageOf(error)}; check ui.host and ui.port`,
    error,
  );
}

function urlHost(host: string): string {
  if (host === "0.0.0.0" || host === "::") return "localhost";
  return host.includes(":") ? `[${host}]` : host;
}

async function stop(server: Server, feed: LiveFeed, users: UserProcesses): Promise<void> {
  feed.close();
  const { promise, resolve } = Promise.withResolvers<void>();
  server.close(() => resolve());
  server.closeAllConnections();
  await Promise.all([promise, users.close()]);
}
