import { z } from "@hono/zod-openapi";
import type { Filter } from "../../filters/filter.ts";
import { idText } from "../ids.ts";
import { ProcessEnded } from "../../killable-process.ts";
import { type Api, type ApiDeps, jsonRoute } from "../api.ts";
import { TooMany } from "../user-process.ts";
import { FilterShelf } from "./filter-shelf.ts";
import { latestMatches } from "./now.ts";
import { get, listed, missing, shaped, survey } from "./route.ts";
import type { FilterAnswer, FilterExplanation, FilterRow, FilterTest } from "./types.ts";

const MATCHES_SHOWN = 24;

const name = z.string().regex(/^[a-z][a-z0-9_]{0,80}$/);
const alertId = z
  .preprocess(idText, z.string("give the id of an alert with all its digits").min(1).max(200))
  .openapi({ type: "string" });
/** A text of one's own, or the name of a filter that is there. */
const which = z.object({ survey, text: z.string().max(20_000).optional(), name: name.optional() });
const body = <T extends z.ZodType>(schema: T) => ({
  required: true,
  content: { "application/json": { schema } },
});
const post = (path: string, operationId: string, summary: string) => ({
  ...get(path, operationId, summary),
  method: "post" as const,
});

const routes = {
  all: jsonRoute(
    get("filters", "pageFilters", "All filters with their yield in the newest nights"),
    listed<FilterRow>(),
  ),
  one: jsonRoute(
    {
      ...get(
        "filters/{survey}/{name}",
        "pageFilter",
        "One filter with its text and latest matches",
      ),
      request: { params: z.object({ survey, name }) },
    },
    shaped<FilterAnswer>("Filter"),
  ),
  test: jsonRoute(
    {
      ...post(
        "filters/test",
        "pageFilterTest",
        "Checks a filter's text and runs it on the newest nights; 0 nights only check",
      ),
      request: { body: body(which.extend({ nights: z.number().int().min(0).max(7).default(1) })) },
    },
    shaped<FilterTest>("FilterTest"),
  ),
  explain: jsonRoute(
    {
      ...post("filters/explain", "pageFilterExplain", "Why a filter takes an alert, or not"),
      request: { body: body(which.extend({ alert: alertId, night: z.number().int() })) },
    },
    shaped<FilterExplanation>("FilterExplanation"),
  ),
};

/** Above the time of the filter's own run, which says more when it is over. */
const labSeconds = 60;
const notTested: FilterTest = { problem: null, clauses: [], nights: [], sample: [] };
const notExplained: FilterExplanation = {
  problem: null,
  isSelected: false,
  clauses: [],
  values: [],
};

/** The message for the reader. Throws any error that is not the filter's. */
function problemOf(error: unknown): string {
  if (error instanceof TooMany)
    return "other filters are being tried at the moment: try again in some seconds";
  if (error instanceof ProcessEnded) return error.message;
  throw error;
}

/** Filters: what there is, and how one's own would do. */
export function addFilterRoutes(app: Api, { pageLake: lake, users }: ApiDeps): void {
  if (!lake) return;
  const shelf = new FilterShelf(lake);
  const of = () => ({ lake: lake.path, surveys: lake.surveys.all, filters: lake.filters });
  const given = async ({
    survey,
    text,
    name,
  }: z.output<typeof which>): Promise<string | Filter> => {
    if (text !== undefined) return text;
    const found = name === undefined ? null : await shelf.named(survey, name);
    return (
      found?.filter ??
      missing(
        found ? found.row.problem : `give the text of a filter, or the name of one of ${survey}`,
      )
    );
  };
  app.openapi(routes.all, async (c) => c.json(await shelf.all(), 200));
  app.openapi(routes.one, async (c) => {
    const { survey, name } = c.req.valid("param");
    const found =
      (await shelf.named(survey, name)) ?? missing(`there is no filter ${name} of ${survey}`);
    return c.json(
      {
        ...found.row,
        text: found.text,
        latest: await latestMatches(lake, MATCHES_SHOWN, `filter = '${name}'`, survey),
      },
      200,
    );
  });
  app.openapi(routes.test, async (c) => {
    const asked = c.req.valid("json");
    const work = {
      ...of(),
      kind: "test filter",
      survey: asked.survey,
      filter: await given(asked),
      nights: asked.nights,
    } as const;
    const tested = await users
      .run(work, labSeconds, c.req.raw.signal)
      .catch((error: unknown) => ({ ...notTested, problem: problemOf(error) }));
    return c.json(tested as FilterTest, 200);
  });
  app.openapi(routes.explain, async (c) => {
    const asked = c.req.valid("json");
    const work = {
      ...of(),
      kind: "explain filter",
      survey: asked.survey,
      filter: await given(asked),
      alertId: asked.alert,
      night: asked.night,
    } as const;
    const explained = await users
      .run(work, labSeconds, c.req.raw.signal)
      .catch((error: unknown) => ({ ...notExplained, problem: problemOf(error) }));
    return c.json(explained as FilterExplanation, 200);
  });
}
