import { z } from "@hono/zod-openapi";
import { classes as placeClasses, rubinBlocks } from "../../filters/building-blocks.ts";
import { allFilterFiles } from "../../filters/library.ts";
import { loadFilter } from "../../filters/load.ts";
import { literal } from "../../lake/scan.ts";
import { type NewestQuery, newestAlerts } from "../../serving/newest.ts";
import { mjdOfMs } from "../../sky/time.ts";
import {
  commonArguments,
  countArgument,
  dateArgument,
  shown,
  textArgument,
  WrongArgument,
} from "./arguments.ts";
import { ztfColours } from "./colours.ts";
import { answer } from "./formats.ts";
import { isTruncated, lsst, type Profile, ztf, ztfRates } from "./profile.ts";
import { hasColumn, readAlerts } from "./read.ts";
import { type Asked, type FinkDeps, resource } from "./resource.ts";
import { emptyTable, type Table, tableOf } from "./table.ts";

const finkClasses = [
  "Early SN Ia candidate",
  "Kilonova candidate",
  "SN candidate",
  "SLSN candidate",
  "Microlensing candidate",
  "Tracklet",
  "Solar System MPC",
  "Solar System candidate",
  "Ambiguous",
  "(CTA) Blazar low state",
  "(CTA) Blazar high state",
];

const start = mjdOfMs(Date.UTC(2019, 10, 1));
const dates = { startdate: dateArgument().optional(), stopdate: dateArgument().optional() };

const trends = ["rising", "fading", "low_state", "new_low_state"] as const;

export const latests = resource({
  name: "latests",
  survey: "ztf",
  summary: "The newest alerts of a class",
  arguments: z.object({
    class: textArgument().openapi({ description: "As /api/v1/classes lists them" }),
    n: countArgument(10, 10_000).openapi({
      description: "Alerts, 10 by default as Fink does (its documentation says 100)",
    }),
    ...dates,
    color: textArgument().optional().openapi({ description: "Adds rates and g−r" }),
    trend: z
      .enum(trends, {
        error: (issue) => `\`trend\` = ${shown(issue.input)}: choose among ${trends.join(", ")}\n`,
      })
      .optional(),
    ...commonArguments,
  }),
  async answer(given, asked) {
    const { class: name, columns, trend } = given;
    if (trend?.endsWith("_state") && name !== "(CTA) Blazar low state")
      throw new WrongArgument(`\`trend\` = ${trend} is for class=(CTA) Blazar low state\n`);
    const { where, needs } = conditionOf(name);
    const hasColour = given.color !== undefined && given.color.toLowerCase() !== "false";
    const computed = isTruncated(columns)
      ? ztf.computed
      : { ...ztf.computed, ...(hasColour && ztfRates) };
    const always = trend === undefined ? [] : trendColumns;
    const query: NewestQuery = {
      survey: "ztf",
      kind: "science",
      where,
      needs,
      from: given.startdate ?? start,
      to: given.stopdate,
      limit: given.n,
    };
    let table = await newestOf(asked, ztf, query, { columns, always, computed });
    if (hasColour && !isTruncated(columns)) table = ztfColours(table);
    return answer(
      asked.context,
      trend === undefined ? table : withTrend(table, trend, columns),
      given["output-format"],
    );
  },
});

export const anomaly = resource({
  name: "anomaly",
  survey: "ztf",
  summary: "The newest alerts that look like no other: anomaly_score below 0",
  bare: true,
  arguments: z.object({
    n: countArgument(10, 10_000),
    start_date: dateArgument().optional(),
    stop_date: dateArgument().optional(),
    ...commonArguments,
  }),
  async answer({ n, start_date: from, stop_date: to, columns, "output-format": format }, asked) {
    const query: NewestQuery = {
      survey: "ztf",
      kind: "science",
      where: "anomaly_score < 0",
      needs: ["anomaly_score"],
      from,
      to: to === undefined ? undefined : to + 1,
      limit: n,
    };
    return answer(asked.context, await newestOf(asked, ztf, query, { columns }), format);
  },
});

export const tags = resource({
  name: "tags",
  survey: "lsst",
  summary: "The newest alerts that a filter selected; without arguments, the filters",
  bare: true,
  arguments: z.object({
    tag: textArgument().optional(),
    n: countArgument(10, 10_000),
    ...dates,
    ...commonArguments,
  }),
  async answer(given, asked) {
    const { context, deps } = asked;
    const filters = await filtersOf(deps, "lsst");
    if (given.tag === undefined) {
      if (context.req.method === "POST")
        throw new WrongArgument("A value for `tag` is required. See /api/docs \n");
      return context.json(
        Object.fromEntries(
          filters.map(({ name, description }) => [name, { description, "API support": true }]),
        ),
      );
    }
    const query: NewestQuery = {
      survey: "lsst",
      kind: "matches",
      where: `filter = ${literal(given.tag)}`,
      needs: ["filter", "alert"],
      from: given.startdate,
      to: given.stopdate,
      limit: given.n,
    };
    const table = await newestOf(asked, lsst, query, { columns: given.columns });
    // one that is there no more is known by its matches
    if (table.rows.length === 0 && !filters.some(({ name }) => name === given.tag))
      throw new WrongArgument(
        `\`tag\` = ${given.tag} is not among ${filters.map((f) => f.name).join(", ")}\n`,
      );
    return answer(context, table, given["output-format"]);
  },
});

/** Fink's own classes; of TNS and SIMBAD the types that alerts of this lake have. */
export const classes = resource({
  name: "classes",
  survey: "ztf",
  summary: "The classes of alerts",
  bare: true,
  arguments: z.object({}),
  async answer(_, { context, deps, signal }) {
    const types = async (column: string) => {
      if (!(await hasColumn(deps, ztf, column))) return [];
      const sql = `SELECT DISTINCT "${column}" AS t FROM {sources} WHERE "${column}" NOT IN ('', 'Unknown', 'nan') AND "${column}" NOT LIKE 'Fail%' ORDER BY t`;
      return (await deps.sources.query("ztf", { places: null, sql }, tableOf, signal)).rows.map(
        ([type]) => String(type),
      );
    };
    return context.json({
      "Fink classifiers": finkClasses,
      "Cross-match with TNS": (await types("tns")).map((type) => `(TNS) ${type}`),
      "Cross-match with SIMBAD (see http://simbad.u-strasbg.fr/simbad/sim-display?data=otypes)": (
        await types("cdsxmatch")
      ).map((type) => `(SIMBAD) ${type}`),
    });
  },
});

/** What filters may ask in one word; docs/reference/functions.md has them all. */
export const blocks = resource({
  name: "blocks",
  survey: "lsst",
  summary: "The building blocks of filters",
  bare: true,
  arguments: z.object({}),
  answer: (_, { context }) =>
    context.json(
      Object.fromEntries(
        [...rubinBlocks, ...placeClasses].map(({ name, description }) => [name, description]),
      ),
    ),
});

async function filtersOf(
  { filters }: FinkDeps,
  survey: string,
): Promise<{ name: string; description: string }[]> {
  const files = allFilterFiles(filters?.folder ?? "", filters).filter(
    (one) => one.survey === survey,
  );
  return await Promise.all(
    files.map(async ({ name, file }) => ({
      name,
      description: (await loadFilter(file, survey).catch(() => null))?.description ?? "",
    })),
  );
}

/** Rows of the alerts that a table of nights names, newest first. */
export async function newestOf(
  { deps, signal }: Asked,
  profile: Profile,
  query: NewestQuery,
  reading: {
    columns?: readonly string[] | undefined;
    always?: readonly string[];
    computed?: Profile["computed"];
  },
): Promise<Table> {
  const { ids, places } = await newestAlerts(deps.sources, deps.lake, query, signal);
  if (ids.length === 0) return emptyTable;
  return await readAlerts(
    deps,
    {
      profile,
      places,
      where: `_alert IN (${ids.join(", ")})`,
      tail: "ORDER BY _mjd DESC, _alert DESC",
      ...reading,
    },
    signal,
  );
}

function conditionOf(name: string): { where: string; needs: string[] } {
  if (name.startsWith("(TNS) "))
    return { where: `tns = ${literal(name.slice(6))}`, needs: ["tns"] };
  if (name === "(CTA) Blazar low state")
    return {
      where:
        "blazar_stats.instantness_low BETWEEN 0 AND 1 AND blazar_stats.robustness_low BETWEEN 0 AND 1",
      needs: ["blazar_stats.instantness_low", "blazar_stats.robustness_low"],
    };
  if (name === "(CTA) Blazar high state")
    return {
      where: "blazar_stats.instantness_high >= 1 AND blazar_stats.robustness_high >= 1",
      needs: ["blazar_stats.instantness_high", "blazar_stats.robustness_high"],
    };
  if (name === "SLSN candidate") return { where: "slsn_score > 0.5", needs: ["slsn_score"] };
  return {
    where: `finkclass = ${literal(name.replace(/^\(SIMBAD\) /, ""))}`,
    needs: ["finkclass"],
  };
}

const trendColumns = ["d:mag_rate", "d:blazar_stats_m0", "d:blazar_stats_instantness_low"];

/** After the newest were taken, as Fink does. */
function withTrend(
  table: Table,
  trend: (typeof trends)[number],
  wanted: readonly string[] | undefined,
): Table {
  const at = (name: string) => table.columns.findIndex((c) => c.name === name);
  const value = (row: Table["rows"][number], name: string) =>
    at(name) < 0 || row[at(name)] === null ? NaN : Number(row[at(name)]);
  const passes = {
    rising: (row: Table["rows"][number]) => value(row, "d:mag_rate") < 0,
    fading: (row: Table["rows"][number]) => value(row, "d:mag_rate") > 0,
    new_low_state: (row: Table["rows"][number]) => value(row, "d:blazar_stats_m0") >= 1,
    low_state: (row: Table["rows"][number]) => value(row, "d:blazar_stats_instantness_low") >= 1,
  }[trend];
  const rows = table.rows.filter(passes);
  if (!isTruncated(wanted)) return { ...table, rows };
  const kept = table.columns.flatMap(({ name }, i) => (wanted?.includes(name) ? [i] : []));
  return {
    columns: kept.map((i) => table.columns[i]),
    rows: rows.map((row) => kept.map((i) => row[i])),
  };
}
