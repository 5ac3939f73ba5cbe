import { z } from "@hono/zod-openapi";
import { hostTypes } from "../../science/modules/host-types.ts";
import { literal } from "../../lake/scan.ts";
import { commonArguments, flagArgument, listArgument, textArgument } from "./arguments.ts";
import { answer } from "./formats.ts";
import { lsst, ztf } from "./profile.ts";
import { hasColumn } from "./read.ts";
import { type FinkDeps, resource } from "./resource.ts";
import { at, emptyTable, type Table, tableOf, withColumns } from "./table.ts";
import { checkNames } from "./wanted-columns.ts";

const date = textArgument()
  .refine((text) => /^(\d{4}|\d{6}|\d{8})?$/.test(text), {
    error: "give a night as YYYYMMDD, a month as YYYYMM, a year as YYYY, or nothing for all",
  })
  .openapi({ type: "string", description: "YYYYMMDD, YYYYMM, YYYY or empty" });
const shape = {
  date,
  columns: listArgument().optional(),
  "output-format": commonArguments["output-format"],
};

export const ztfStatistics = resource({
  name: "statistics",
  survey: "ztf",
  summary: "Counts of alerts per night",
  part: null,
  arguments: z.object({ ...shape, schema: flagArgument() }),
  async answer(
    { date: nights, columns, schema, "output-format": format },
    { context, deps, signal },
  ) {
    const table = await ztfCounts(deps, nights, signal);
    if (schema)
      return answer(
        context,
        {
          columns: [{ name: "schema", kind: "text" }],
          rows: table.columns.map(({ name }) => [name]),
        },
        format,
      );
    return answer(context, only(table, columns, ["key:key", "key:time"]), format);
  },
});

export const lsstStatistics = resource({
  name: "statistics",
  survey: "lsst",
  summary: "Counts of alerts per night",
  part: null,
  arguments: z.object(shape),
  async answer({ date: nights, columns, "output-format": format }, { context, deps, signal }) {
    return answer(
      context,
      only(await lsstCounts(deps, nights, signal), columns, ["f:night"]),
      format,
    );
  },
});

/** Those that pass Fink's cuts count; exposures and fields are distinct times and fields. */
async function ztfCounts(deps: FinkDeps, nights: string, signal: AbortSignal): Promise<Table> {
  if (!(await hasColumn(deps, ztf, "fid"))) return emptyTable;
  const has = async (name: string, sql: string) => ((await hasColumn(deps, ztf, name)) ? sql : "0");
  const hosts = [...hostTypes].map(literal).join(", ");
  const good = "coalesce(rb, 0) >= 0.55 AND coalesce(nbad, 1) = 0";
  const type = `coalesce(cdsxmatch, 'Unknown')`;
  const simbad = `${good} AND ${type} NOT IN ('Unknown', 'Transient') AND NOT starts_with(${type}, 'Fail') AND NOT starts_with(${type}, 'Galaxy')`;
  const totals = await rowsPerNight(
    deps,
    "ztf",
    nights,
    [
      `'ztf_' || _night AS "key:key"`,
      `strftime(strptime(_night::VARCHAR, '%Y%m%d'), '%Y-%m-%d') AS "key:time"`,
      `count(*) AS "basic:raw"`,
      `count(*) FILTER (${good}) AS "basic:sci"`,
      `count(*) FILTER (fid = 1 AND ${good}) AS "basic:n_g"`,
      `count(*) FILTER (fid = 2 AND ${good}) AS "basic:n_r"`,
      `count(DISTINCT jd) FILTER (${good}) AS "basic:exposures"`,
      `count(DISTINCT field) FILTER (${good}) AS "basic:fields"`,
      `${await has("cdsxmatch", `count(*) FILTER (${simbad})`)} AS "class:simbad_tot"`,
      `${await has("cdsxmatch", `count(*) FILTER (${good} AND ${type} IN (${hosts}))`)} AS "class:simbad_gal"`,
    ],
    signal,
  );
  if (!(await hasColumn(deps, ztf, "finkclass"))) return totals;
  const sql = `SELECT 'ztf_' || _night, finkclass, count(*) FROM {sources} WHERE finkclass IS NOT NULL AND ${good} GROUP BY ALL ORDER BY 2`;
  const counts = await deps.sources.query(
    "ztf",
    { places: null, where: whereNight(nights), sql },
    tableOf,
    signal,
  );
  const labels = [...new Set(counts.rows.map(([, label]) => String(label)))];
  const byKey = new Map(
    counts.rows.map(([key, label, n]) => [`${String(key)} ${String(label)}`, n]),
  );
  return {
    columns: [
      ...totals.columns,
      ...labels.map((label) => ({ name: `class:${label}`, kind: "long" as const })),
    ],
    rows: totals.rows.map((row) => [
      ...row,
      ...labels.map((label) => byKey.get(`${String(row[0])} ${label}`) ?? null),
    ]),
  };
}

/**
 * As Fink counts, but for glint_trail, isDipole and the pixel flags: those count alerts that have
 * the flag.
 */
async function lsstCounts(deps: FinkDeps, nights: string, signal: AbortSignal): Promise<Table> {
  if (!(await hasColumn(deps, lsst, "band"))) return emptyTable;
  const flags = {
    is_sso: "pred_is_sso",
    is_first: "pred_is_first",
    is_cataloged: "pred_is_cataloged",
    glint_trail: "glint_trail",
    isDipole: "isDipole",
    pixelFlags_cr: "pixelFlags_cr",
    pixelFlags_saturated: "pixelFlags_saturated",
    pixelFlags_streak: "pixelFlags_streak",
  };
  const counts = await Promise.all(
    Object.entries(flags).map(
      async ([to, from]) =>
        `${(await hasColumn(deps, lsst, from)) ? `count(*) FILTER ("${from}")` : "0"} AS "f:${to}"`,
    ),
  );
  return await rowsPerNight(
    deps,
    "lsst",
    nights,
    [
      `_night AS "f:night"`,
      `count(*) AS "f:alerts"`,
      ...["u", "g", "r", "i", "z", "y"].map(
        (band) => `count(*) FILTER (band = '${band}') AS "f:alerts_${band}"`,
      ),
      `count(DISTINCT _object) FILTER (_object NOT IN ('0')) AS "f:objects"`,
      `${(await hasColumn(deps, lsst, "xm_tns_fullname")) ? "count(xm_tns_fullname)" : "0"} AS "f:in_tns"`,
      `count(DISTINCT _mjd) AS "f:visits"`,
      ...counts,
    ],
    signal,
  );
}

async function rowsPerNight(
  deps: FinkDeps,
  survey: string,
  nights: string,
  columns: readonly string[],
  signal: AbortSignal,
): Promise<Table> {
  const sql = `SELECT ${columns.join(", ")} FROM {sources} WHERE _night IS NOT NULL GROUP BY _night ORDER BY _night`;
  return await deps.sources.query(
    survey,
    { places: null, where: whereNight(nights), sql },
    tableOf,
    signal,
  );
}

function whereNight(nights: string): string {
  return nights === "" ? "true" : `starts_with(_night::VARCHAR, '${nights}')`;
}

/** A class that no alert of these nights has is a column of nulls. */
function only(
  table: Table,
  wanted: readonly string[] | undefined,
  always: readonly string[],
): Table {
  if (wanted === undefined || wanted.includes("*") || table.columns.length === 0) return table;
  const absent = wanted.filter((name) => name.startsWith("class:") && at(table, name) < 0);
  checkNames(
    table.columns.map(({ name }) => name),
    wanted.filter((name) => !absent.includes(name)),
  );
  const all = withColumns(
    table,
    absent.map((name) => ({ name, kind: "long" as const })),
    () => absent.map(() => null),
  );
  const kept = [...new Set([...always, ...wanted])].map((name) => at(all, name));
  return {
    columns: kept.map((i) => all.columns[i]),
    rows: all.rows.map((row) => kept.map((i) => row[i])),
  };
}
