import { z } from "@hono/zod-openapi";
import { only } from "../../config/plain-issues.ts";
import { type Aggregation, plots, windows } from "../../aggregation/aggregation.ts";
import { aggregationsIn } from "../../aggregation/load.ts";
import { type Api, type ApiDeps, jsonRoute } from "../api.ts";
import { missing } from "./route.ts";

const tags = ["aggregation"];

const aboutSchema = z
  .object({
    survey: z.string(),
    name: z.string(),
    title: z.string(),
    description: z.string(),
    plot: z.enum(plots),
    window: z.enum(windows),
    /** The file's text. */
    text: z.string(),
    keys: z.array(z.string()),
    values: z.array(z.string()),
  })
  .openapi("Aggregation");
export type AboutAggregation = z.output<typeof aboutSchema>;

/** Columns of equal length. `start`: ms since 1970. */
const countsSchema = z
  .object({
    nights: z.array(z.number()),
    start: z.array(z.number()),
    group: z.array(z.string()),
    name: z.array(z.string()),
    value: z.array(z.number()),
  })
  .openapi("Counts");
export type CountsAnswer = z.output<typeof countsSchema>;

const all = jsonRoute(
  {
    method: "get",
    path: "/api/v1/aggregations",
    operationId: "aggregations",
    summary: "What is counted, of each survey that has alerts",
    tags,
  },
  z.array(aboutSchema),
);

const night = z.coerce
  .number({ error: "give a night as YYYYMMDD" })
  .int()
  .min(18000101)
  .max(22001231)
  .optional();
const counts = jsonRoute(
  {
    method: "get",
    path: "/api/v1/aggregations/{survey}/{name}",
    operationId: "counts",
    summary: "Counts of some nights, by default those of the newest",
    tags,
    request: {
      params: z.object({
        survey: z.string().regex(/^[a-z][a-z0-9_]*$/, { error: "give the name of a survey" }),
        name: z.string().regex(/^[a-z][a-z0-9_]*$/, { error: "give the name of an aggregation" }),
      }),
      query: only({ from: night, to: night }),
    },
  },
  countsSchema,
);

export function addAggregations(
  app: Api,
  { pageLake: lake, aggregationFolder = "" }: ApiDeps,
): void {
  if (!lake) return;
  app.openapi(all, async (c) => {
    const surveys = lake.surveyNames();
    const { aggregations } = await aggregationsIn(aggregationFolder);
    return c.json(aggregations.filter(({ survey }) => surveys.includes(survey)).map(about), 200);
  });
  app.openapi(counts, async (c) => {
    const { survey, name } = c.req.valid("param");
    const nights = lake.nights(survey, "statistics");
    const { aggregations } = await aggregationsIn(aggregationFolder);
    if (!aggregations.some((one) => one.survey === survey && one.name === name))
      missing(`nothing called ${name} is counted of ${survey}: /api/v1/aggregations lists what is`);
    const { to = nights[0] ?? 0, from = to } = c.req.valid("query");
    const rows = await lake.rows({
      survey,
      kind: "statistics",
      files: ({ partitionValues }) =>
        Number(partitionValues["night"]) >= from && Number(partitionValues["night"]) <= to,
      sql: (table) =>
        `SELECT epoch_ms(start)::DOUBLE AS start, "group", name, value FROM ${table} WHERE aggregation = '${name}' ORDER BY start, "group", name`,
    });
    const column = (key: string) => rows.map((row) => row[key]);
    const answer = {
      nights,
      start: column("start") as number[],
      group: column("group") as string[],
      name: column("name") as string[],
      value: column("value") as number[],
    };
    return c.json(answer, 200);
  });
}

function about({
  survey,
  name,
  title,
  description,
  plot,
  window,
  text,
  select,
}: Aggregation): AboutAggregation {
  return {
    survey,
    name,
    title,
    description,
    plot,
    window,
    text,
    keys: select.keys.map((key) => key.name),
    values: select.values.map((value) => value.name),
  };
}
