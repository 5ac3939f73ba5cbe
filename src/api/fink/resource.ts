import type { z } from "@hono/zod-openapi";
import type { Context } from "hono";
import type { FilterFolders } from "../pages/lake.ts";
import type { Sources } from "../../serving/sources.ts";
import { type Api, requestIdOf } from "../api.ts";
import { argumentsOf, checked, WrongArgument } from "./arguments.ts";
import { lsst, type Part, type Profile, ztf } from "./profile.ts";
import { checkAlertColumns } from "./wanted-columns.ts";

/** What Fink's API has at `/api/v1/<name>`, for one survey. */
export interface Resource<S extends z.ZodObject = z.ZodObject> {
  readonly name: string;
  readonly survey: Profile["survey"];
  readonly summary: string;
  readonly arguments: S;
  /**
   * Which columns `columns` may name: those of alerts (the default), or of objects; null: the
   * answer checks them itself.
   */
  readonly part?: Part | null;
  /** GET without arguments is answered too. */
  readonly bare?: boolean;
  answer(given: z.output<S>, asked: Asked): Promise<Response> | Response;
}

export interface Asked {
  readonly context: Context;
  readonly deps: FinkDeps;
  /** When its reader leaves. */
  readonly signal: AbortSignal;
}

export interface FinkDeps {
  readonly lake: string;
  readonly sources: Sources;
  /** The survey of requests that do not tell. */
  readonly survey: Profile["survey"];
  /** Where the user's filters and areas of the sky are. */
  readonly filters?: FilterFolders | undefined;
  /** Asks other services (CDS, GraceDB); without it none is. */
  readonly elsewhere?: typeof fetch | undefined;
}

export function resource<S extends z.ZodObject>(made: Resource<S>): Resource {
  return made as unknown as Resource;
}

type OfBoth<S extends z.ZodObject> = Omit<Resource<S>, "survey" | "answer"> & {
  answer(profile: Profile, given: z.output<S>, asked: Asked): Promise<Response>;
};

/** What both surveys have under one name. */
export function ofBoth<S extends z.ZodObject>({ answer, ...made }: OfBoth<S>): Resource[] {
  return [ztf, lsst].map((profile) =>
    resource<S>({
      ...made,
      survey: profile.survey,
      answer: (given, asked) => answer(profile, given, asked),
    }),
  );
}

/**
 * `/api/v1/<survey>/<name>` of each, and `/api/v1/<name>`, where the arguments tell the survey if
 * two have it.
 */
export function addResources(app: Api, deps: FinkDeps, resources: readonly Resource[]): void {
  for (const one of resources)
    route(app, `/api/v1/${one.survey}/${one.name}`, deps, () => one, [one]);
  for (const [name, all] of Map.groupBy(resources, (r) => r.name)) {
    const choose = (given: Record<string, unknown>) =>
      all.find((r) => r.survey === (surveyOf(given) ?? deps.survey)) ?? all[0];
    route(app, `/api/v1/${name}`, deps, choose, all);
  }
}

type Choose = (given: Record<string, unknown>) => Resource;

function route(
  app: Api,
  path: string,
  deps: FinkDeps,
  choose: Choose,
  all: readonly Resource[],
): void {
  app.on(["GET", "POST"], path, async (context) => {
    try {
      const given = await argumentsOf(context);
      const chosen = choose(given);
      if (context.req.method === "GET" && Object.keys(given).length === 0 && !chosen.bare)
        return context.text(
          `${chosen.summary}. Arguments: ${Object.keys(chosen.arguments.shape).join(", ")}`,
        );
      const values = checked(chosen.arguments, given);
      const { survey, part = "source" } = chosen;
      const wanted = values["columns"] as readonly string[] | undefined;
      if (part !== null)
        await checkAlertColumns(deps.sources, survey === "ztf" ? ztf : lsst, part, wanted);
      return await chosen.answer(values, { context, deps, signal: context.req.raw.signal });
    } catch (error) {
      if (!(error instanceof WrongArgument)) throw error;
      return context.json(
        {
          status: "error",
          text: error.message,
          error: error.message.trim(),
          requestId: requestIdOf(context),
        },
        400,
      );
    }
  });
  for (const method of ["get", "post"] as const)
    app.openAPIRegistry.registerPath(described(method, path, all));
}

/** In OpenAPI a path has one description: where two surveys share it, that of the first. */
function described(method: "get" | "post", path: string, [first, ...others]: readonly Resource[]) {
  const shape = first.arguments.partial();
  const body = { schema: first.arguments };
  const isUpload = "file" in first.arguments.shape;
  const content = { "application/json": body, ...(isUpload && { "multipart/form-data": body }) };
  const request = method === "get" ? { query: shape } : { body: { content } };
  const where =
    others.length > 0
      ? ` (${[first, ...others].map((r) => r.survey).join(" or ")}: the arguments tell)`
      : "";
  return {
    method,
    path,
    operationId:
      `${path.split("/").slice(3).join("_")}${method === "get" ? "_get" : ""}`.replaceAll(
        /\W/g,
        "_",
      ),
    summary: first.summary + where,
    request,
    responses: {
      200: { description: "Rows, or what was asked for" },
      400: { description: "An argument is wrong: which, and why" },
    },
  };
}

const ofLsst = ["diaObjectId", "diaSourceId", "midpointMjdTai", "name_or_id", "tag", "endpoint"];
const ofZtf = ["objectId", "candid", "class", "withupperlim", "name"];

/** Whose arguments these are. */
function surveyOf(given: Record<string, unknown>): Profile["survey"] | null {
  const prefixes = typeof given["columns"] === "string" ? given["columns"].trim() : "";
  if (ofLsst.some((name) => name in given) || /^[rf]:/.test(prefixes)) return "lsst";
  return ofZtf.some((name) => name in given) || /^[idv]:/.test(prefixes) ? "ztf" : null;
}
