import { createRoute, OpenAPIHono, type RouteConfig, z } from "@hono/zod-openapi";
import type { Context, MiddlewareHandler } from "hono";
import { only } from "../config/plain-issues.ts";
import { exactJson } from "../lake/exact-json.ts";
import type { LiveFeed } from "./feed.ts";
import type { LakeView } from "./lake-view.ts";
import type { PageLake } from "./pages/lake.ts";
import type { UserProcesses } from "./user-process.ts";

/**
 * What the routes are added to: `add<Resource>(app, deps)`, one file per resource, a line in
 * server.ts.
 */
export type Api = OpenAPIHono;

/** What the routes need. */
export interface ApiDeps {
  /** Folder of the lake. */
  readonly lake: string;
  readonly view: LakeView;
  readonly feed: LiveFeed;
  /** What the routes of the pages read; without it there are none. */
  readonly pageLake?: PageLake;
  /** The user's aggregations. */
  readonly aggregationFolder?: string;
  /** Runs readers' SQL and filters. */
  readonly users: UserProcesses;
}

/** Arguments that do not fit their schema are answered with 400 and the first one that is wrong. */
export function newApi(): Api {
  return new OpenAPIHono({
    defaultHook: (result, context) => {
      if (result.success) return undefined;
      const [{ path, message }] = result.error.issues;
      const given = (result as { data?: unknown }).data;
      const value =
        path.length === 1 && typeof given === "object"
          ? (given as Record<PropertyKey, unknown> | null)?.[path[0]]
          : undefined;
      return wrong(
        context,
        `${path.join(".") || "arguments"}${typeof value === "string" ? `=${value}` : ""}: ${message}`,
      );
    },
  });
}

/**
 * Bodies of JSON keep all digits of their numbers, wherever a route reads them: an id of 64 bits
 * has more than a double holds.
 */
export const exactBodies: MiddlewareHandler = async (context, next) => {
  const { req } = context;
  req.json = async <T>() => exactJson(await req.text()) as T;
  await next();
};

/** 400, and what is wrong. */
export function wrong(context: Context, error: string): Response {
  return context.json({ error, requestId: requestIdOf(context) }, 400);
}

export function requestIdOf(context: Context): string {
  return (context.get("requestId") as string | undefined) ?? "";
}

/** A whole number of a query. */
export function wholeNumber(least: number, greatest: number, fallback: number) {
  const error = `give a whole number from ${least} to ${greatest}`;
  return z.coerce
    .number({ error })
    .int({ error })
    .min(least, { error })
    .max(greatest, { error })
    .default(fallback);
}

export const errorSchema = z.object({ error: z.string(), requestId: z.string() }).openapi("Error");

/** A route that names no arguments takes none. */
function withArguments<R extends Omit<RouteConfig, "responses">>(route: R): R {
  return { ...route, request: { query: only({}), ...route.request } };
}

/** A route that answers JSON of that schema, and errors as all do. */
export function jsonRoute<R extends Omit<RouteConfig, "responses">, S extends z.ZodType>(
  route: R,
  schema: S,
  description = "The answer",
) {
  return createRoute({
    ...withArguments(route),
    responses: {
      200: { description, content: { "application/json": { schema } } },
      default: problem,
    },
  });
}

/** A route whose answer is no JSON. */
export function fileRoute<R extends Omit<RouteConfig, "responses">>(
  route: R,
  description: string,
  ...types: readonly string[]
) {
  const content = Object.fromEntries(types.map((type) => [type, { schema: z.any() }]));
  return createRoute({
    ...withArguments(route),
    responses: { 200: { description, content }, default: problem },
  });
}

const problem = {
  description: "What went wrong",
  content: { "application/json": { schema: errorSchema } },
};
