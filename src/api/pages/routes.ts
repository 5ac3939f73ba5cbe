import { z } from "@hono/zod-openapi";
import { only } from "../../config/plain-issues.ts";
import { type Api, type ApiDeps, jsonRoute, wholeNumber } from "../api.ts";
import type { PageLake } from "./lake.ts";
import { classCounts, latestMatches, nightCounts, now, summed } from "./now.ts";
import { alertAnswer, objectAnswer, solarSystemAnswer } from "./object.ts";
import { get, listed, missing, shaped, survey } from "./route.ts";
import { search } from "./search.ts";
import { SkyTiles } from "./sky.ts";
import type {
  AlertAnswer,
  MatchRow,
  NightAnswer,
  NightCount,
  NowAnswer,
  ObjectAnswer,
  SearchAnswer,
  SkyAnswer,
} from "./types.ts";

const night = wholeNumber(18000101, 22001231, 0);
const named = z.object({ survey, id: z.string().min(1).max(200) });

const routes = {
  now: jsonRoute(
    get("now", "pageNow", "Of the newest night: counts, classes, latest matches"),
    shaped<NowAnswer>("Now"),
  ),
  nights: jsonRoute(
    get("nights", "pageNights", "Alerts received per survey and night, newest first"),
    listed<NightCount>(),
  ),
  night: jsonRoute(
    {
      ...get("night/{survey}/{night}", "pageNight", "Alerts of a night by class and by filter"),
      request: { params: z.object({ survey, night }) },
    },
    shaped<NightAnswer>("Night"),
  ),
  search: jsonRoute(
    {
      ...get(
        "search",
        "pageSearch",
        "Alerts of an id, a position, a designation, a class or a filter",
      ),
      request: { query: only({ q: z.string().max(300).default("") }) },
    },
    shaped<SearchAnswer>("Search"),
  ),
  object: jsonRoute(
    {
      ...get("object/{survey}/{id}", "pageObject", "All of one object"),
      request: { params: named },
    },
    shaped<ObjectAnswer>("Object"),
  ),
  solarSystem: jsonRoute(
    {
      ...get(
        "sso/{survey}/{id}",
        "pageSolarSystem",
        "All of one solar-system object, by its designation",
      ),
      request: { params: named },
    },
    shaped<ObjectAnswer>("Object"),
  ),
  alert: jsonRoute(
    {
      ...get("alert/{survey}/{id}", "pageAlert", "All fields of one alert"),
      request: { params: named, query: only({ night: night.optional() }) },
    },
    shaped<AlertAnswer>("AlertFields"),
  ),
  matches: jsonRoute(
    {
      ...get("matches/{survey}/{filter}", "pageMatches", "The newest matches of a filter"),
      request: {
        params: z.object({ survey, filter: z.string().regex(/^[a-z0-9_]+$/) }),
        query: only({ n: wholeNumber(1, 500, 50) }),
      },
    },
    listed<MatchRow>(),
  ),
  sky: jsonRoute(
    {
      ...get(
        "sky/{survey}/{night}",
        "pageSky",
        "Alerts of a night per HEALPix pixel, and one by one where few are in view",
      ),
      request: {
        params: z.object({ survey, night }),
        query: only({
          colour: z.enum(["class", "filter"]).default("class"),
          order: wholeNumber(0, 11, 4),
          ra: z.coerce.number().min(0).max(360).optional(),
          dec: z.coerce.number().min(-90).max(90).optional(),
          radius: z.coerce.number().min(0).max(180).optional().openapi({ description: "degrees" }),
        }),
      },
    },
    shaped<SkyAnswer>("Sky"),
  ),
};

/** What the pages ask for besides the API that is for all. */
export function addPageRoutes(app: Api, { pageLake: lake }: ApiDeps): void {
  if (!lake) return;
  const tiles = new SkyTiles(lake);
  app.openapi(routes.now, async (c) => c.json(await now(lake), 200));
  app.openapi(routes.nights, (c) =>
    c.json(
      lake.surveyNames().flatMap((name) => nightCounts(lake, name)),
      200,
    ),
  );
  app.openapi(routes.night, async (c) =>
    c.json(await nightAnswer(lake, c.req.valid("param")), 200),
  );
  app.openapi(routes.search, async (c) => c.json(await search(lake, c.req.valid("query").q), 200));
  app.openapi(routes.object, async (c) => {
    const { survey, id } = c.req.valid("param");
    return c.json(
      (await objectAnswer(lake, survey, id)) ??
        missing(`no alert of ${survey} object ${id} is in the lake`),
      200,
    );
  });
  app.openapi(routes.solarSystem, async (c) => {
    const { survey, id } = c.req.valid("param");
    return c.json(
      (await solarSystemAnswer(lake, survey, id)) ??
        missing(`no alert of solar-system object ${id} is in the lake of ${survey}`),
      200,
    );
  });
  app.openapi(routes.alert, async (c) => {
    const { survey, id } = c.req.valid("param");
    return c.json(
      (await alertAnswer(lake, survey, id, c.req.valid("query").night || null)) ??
        missing(`no ${survey} alert ${id} is in the lake`),
      200,
    );
  });
  app.openapi(routes.matches, async (c) => {
    const { survey, filter } = c.req.valid("param");
    return c.json(
      await latestMatches(lake, c.req.valid("query").n, `filter = '${filter}'`, survey),
      200,
    );
  });
  app.openapi(routes.sky, async (c) => {
    const { ra, dec, radius, ...rest } = c.req.valid("query");
    const cone =
      ra === undefined || dec === undefined || radius === undefined ? null : { ra, dec, radius };
    return c.json(await tiles.answer({ ...c.req.valid("param"), ...rest, cone }), 200);
  });
}

async function nightAnswer(
  lake: PageLake,
  { survey, night }: { survey: string; night: number },
): Promise<NightAnswer> {
  const alerts = nightCounts(lake, survey).find((n) => n.night === night)?.alerts ?? 0;
  const files = (file: { partitionValues: Readonly<Record<string, string | null>> }) =>
    file.partitionValues["night"] === String(night);
  const rows = await lake.rows({
    survey,
    kind: "matches",
    files,
    sql: (from) => `SELECT filter, count(DISTINCT alert)::DOUBLE AS n FROM ${from} GROUP BY 1`,
  });
  const filters = summed([rows.map((row) => [String(row["filter"]), Number(row["n"])] as const)]);
  return { survey, night, alerts, classes: await classCounts(lake, survey, night), filters };
}
