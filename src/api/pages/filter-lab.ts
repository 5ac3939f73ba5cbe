import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Json } from "@duckdb/node-api";
import { temporaryFolder } from "../../folder.ts";
import { FinkError, messageOf } from "../../errors.ts";
import { configSchema } from "../../config/schema.ts";
import { ColumnTypes, typesOf } from "../../filters/columns.ts";
import { type Compiled, compile } from "../../filters/compile.ts";
import { type Engine, openEngine } from "../../filters/engine.ts";
import { addedColumns } from "../../filters/file-alerts.ts";
import type { Filter } from "../../filters/filter.ts";
import { FunctionProcess } from "../../filters/function-process.ts";
import { loadFilter } from "../../filters/load.ts";
import { Places } from "../../filters/places/places.ts";
import { runFilters } from "../../filters/run.ts";
import { identifier } from "../../lake/scan.ts";
import { knownModules } from "../../science/registry.ts";
import { alertBatch } from "../../sql/alerts.ts";
import { alertsById, isOneOf, withCurves } from "./alerts.ts";
import { ofNights, type PageLake } from "./lake.ts";
import type { AlertRow, FilterExplanation, FilterTest } from "./types.ts";

/** A run takes no longer, and no more than this memory. */
const SECONDS = 15;
const MEMORY = "512MB";
const SAMPLE = 12;

/** A filter that is tried on the page; its text is SQL, never a program. */
export async function testFilter(
  lake: PageLake,
  survey: string,
  filter: string | Filter,
  nights: number,
): Promise<FilterTest> {
  const newest = lake.nights(survey, "science").slice(0, Math.max(1, nights));
  const results: {
    night: FilterTest["nights"][number];
    passed: readonly number[];
    ids: readonly string[];
  }[] = [];
  let texts: readonly string[] = [];
  const problem = await reported(async () => {
    if (newest.length === 0)
      throw new FinkError(
        "filter",
        `there is no row of science of ${survey} to try it on: ./fink start science makes them`,
      );
    await withFilter(filter, survey, async (loaded) => {
      for (const night of newest) {
        const result = await onNight(lake, loaded, night, nights > 0);
        texts = result.texts;
        results.push({ night: { night, ...result }, ...result });
      }
    });
  });
  const clauses = texts.map((text, i) => ({
    text,
    passed: results.reduce((sum, { passed }) => sum + (passed[i] ?? 0), 0),
  }));
  const sample = results.flatMap(({ ids }) => ids).slice(0, SAMPLE);
  const rows: AlertRow[] =
    sample.length === 0 ? [] : await withCurves(lake, await alertsById(lake, survey, sample));
  const counts =
    nights > 0
      ? results.map(({ night: { night, alerts, selected, milliseconds } }) => ({
          night,
          alerts,
          selected,
          milliseconds,
        }))
      : [];
  return { problem, clauses, nights: counts, sample: rows };
}

/** Each clause's value for one alert, and the values of the columns that it reads. */
export async function explainFilter(
  lake: PageLake,
  survey: string,
  filter: string | Filter,
  alertId: string,
  night: number,
): Promise<FilterExplanation> {
  let explanation: FilterExplanation = {
    problem: null,
    isSelected: false,
    clauses: [],
    values: [],
  };
  const problem = await reported(() =>
    withFilter(filter, survey, async (loaded) => {
      const condition = isOneOf(lake, survey, "science", [alertId]);
      await onAlerts(lake, loaded, night, condition ?? "false", async (engine, compiled, batch) => {
        const isSelected = (await selectedRows(lake, engine, compiled, batch)).length > 0;
        const row = (
          await (
            await engine.connection.run(
              `SELECT ${[...compiled.clauses.map(({ sql }, i) => `${sql} AS "clause ${i}"`), "alerts.*"].join(", ")} FROM alerts LIMIT 1`,
            )
          ).getRowObjectsJson()
        )[0];
        if (!row) throw new FinkError("filter", `science has no row of alert ${alertId} yet`);
        const clauses = compiled.clauses.map(({ text }, i) => ({
          text,
          value: row[`clause ${i}`] as boolean | null,
        }));
        explanation = {
          problem: null,
          isSelected,
          clauses,
          values: compiled.columns.map(({ path }) => [path, plain(row[path])] as const),
        };
      });
    }),
  );
  return { ...explanation, problem };
}

async function onNight(lake: PageLake, filter: Filter, night: number, isRun: boolean) {
  return await onAlerts(
    lake,
    filter,
    night,
    isRun ? "true" : "false",
    async (engine, compiled, batch) => {
      const start = performance.now();
      const rows = await selectedRows(lake, engine, compiled, batch);
      const milliseconds = performance.now() - start;
      const passed = compiled.clauses.map(({ sql }) => `count(*) FILTER (WHERE ${sql})::DOUBLE`);
      const counts = (
        await (
          await engine.connection.run(
            `SELECT ${["count(*)::DOUBLE", ...passed].join(", ")} FROM alerts`,
          )
        ).getRows()
      )[0] as number[];
      const ids =
        rows.length === 0
          ? []
          : (
              await (
                await engine.connection.run(
                  `SELECT ${identifier(batch.columns.id().path)}::VARCHAR FROM alerts WHERE _row IN (${rows.slice(0, SAMPLE).join(", ")})`,
                )
              ).getRows()
            ).map(([id]) => String(id));
      return {
        texts: compiled.clauses.map(({ text }) => text),
        alerts: counts[0],
        passed: counts.slice(1),
        selected: rows.length,
        milliseconds,
        ids,
      };
    },
  );
}

interface LabBatch {
  readonly columns: ColumnTypes;
  readonly relation: string;
}

async function selectedRows(
  lake: PageLake,
  engine: Engine,
  compiled: Compiled,
  batch: LabBatch,
): Promise<readonly number[]> {
  const own = new FunctionProcess(lake.path);
  try {
    const [outcome] = await runFilters(engine, batch, [compiled], {
      seconds: SECONDS,
      functions: own,
    });
    if ("failure" in outcome) throw new FinkError("filter", outcome.failure);
    return outcome.rows;
  } finally {
    await own.close();
  }
}

/**
 * Alerts of a night as the live service sees them: raw and science together, with the quality cut.
 */
async function onAlerts<T>(
  lake: PageLake,
  filter: Filter,
  night: number,
  condition: string,
  work: (engine: Engine, compiled: Compiled, batch: LabBatch) => Promise<T>,
): Promise<T> {
  const survey = lake.surveys.named(filter.survey);
  const [raw, science] = [lake.table(survey.name, "raw"), lake.table(survey.name, "science")];
  if (!raw || !science)
    throw new FinkError("filter", `survey ${survey.name} has no alerts with science in this lake`);
  const of = ofNights([night]);
  const seeds = temporaryFolder("lab");
  const engine = await openEngine({
    memory: MEMORY,
    threads: 2,
    places: new Places({ watchlists: "", areas: "", ...lake.filters }),
  });
  const timer = setTimeout(() => engine.connection.interrupt(), SECONDS * 1000);
  try {
    const files = {
      survey,
      raw,
      rawFiles: [...raw.snapshot.files.values()].filter(of),
      science,
      scienceFiles: [...science.snapshot.files.values()].filter(of),
    };
    const all = await alertBatch(engine.connection, files, seeds);
    const relation = condition === "true" ? all : `SELECT * FROM (${all}) WHERE ${condition}`;
    const { modules } = await knownModules(
      { lake: lake.path, config: lake.filters.science ?? configSchema.parse({}).science },
      lake.surveys.all,
    );
    const ofSurvey = modules.filter((module) => module.surveys.includes(survey.name));
    const absent = [...addedColumns(ofSurvey)].map(
      ([key, column]) => [key, { ...column, sql: `CAST(NULL AS ${String(column.type)})` }] as const,
    );
    const columns = new ColumnTypes(
      survey,
      await typesOf(engine.connection, all),
      new Map(absent),
      engine.places.check,
    );
    return await work(engine, await compile(filter, columns, engine.connection, true), {
      columns,
      relation,
    });
  } finally {
    clearTimeout(timer);
    engine.close();
    rmSync(seeds, { recursive: true, force: true });
  }
}

/** A text is read as the file it would be. */
async function withFilter(
  filter: string | Filter,
  survey: string,
  work: (filter: Filter) => Promise<void>,
): Promise<void> {
  if (typeof filter !== "string") return await work(filter);
  const folder = temporaryFolder("lab");
  const file = join(folder, survey, "your_filter.sql");
  try {
    mkdirSync(join(folder, survey));
    writeFileSync(file, filter);
    const loaded = await loadFilter(file, survey);
    if (loaded.survey !== survey)
      throw new FinkError(
        "filter",
        `its header says survey ${loaded.survey}, and it is tried on ${survey}`,
      );
    await work(loaded);
  } catch (error) {
    throw new FinkError("filter", messageOf(error).replaceAll(`${file}: `, ""), error);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What went wrong with the filter in words; other errors go on. */
async function reported(work: () => Promise<void>): Promise<string | null> {
  try {
    await work();
    return null;
  } catch (error) {
    if (error instanceof FinkError) return error.message;
    throw error;
  }
}

function plain(value: Json | undefined): string | number | boolean | null {
  return value == null || typeof value !== "object" ? (value ?? null) : JSON.stringify(value);
}
