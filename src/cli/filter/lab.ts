import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { temporaryFolder } from "../../folder.ts";
import { FinkError } from "../../errors.ts";
import { ColumnTypes, typesOf } from "../../filters/columns.ts";
import type { Compiled } from "../../filters/compile.ts";
import { type Engine, openEngine } from "../../filters/engine.ts";
import { addedColumns, withAlertFile } from "../../filters/file-alerts.ts";
import { type Looked, MatchTable } from "../../filters/follow.ts";
import { FunctionProcess } from "../../filters/function-process.ts";
import { flatKeys, keyColumns, readKeys } from "../../filters/keys.ts";
import { withNullTypes } from "../../filters/null-types.ts";
import { Places } from "../../filters/places/places.ts";
import { runFilters } from "../../filters/run.ts";
import { toParquet } from "../../lake/parquet.ts";
import { literal } from "../../lake/scan.ts";
import { telescopes, type SurveyName } from "../../simulator/survey/telescope.ts";
import type { Survey } from "../../surveys/definition.ts";
import type { CommandContext } from "../command.ts";
import { modulesOf, setupOf } from "./context.ts";

/**
 * Alerts to try filters on, a night at a time. After a run they stand in the engine's table
 * `alerts`.
 */
export interface Lab {
  readonly engine: Engine;
  readonly columns: ColumnTypes;
  /** What the alerts are, for people. */
  readonly origin: string;
  /** YYYYMMDD, oldest first. */
  readonly nights: readonly string[];
  /** `work` may ask the table `alerts` for more. */
  run<T>(
    night: string,
    filters: readonly Compiled[],
    work: (looked: Looked) => Promise<T>,
  ): Promise<T>;
}

/**
 * Alerts of the newest nights of the lake; of a file; or, where the lake has none of the survey,
 * simulated ones.
 */
export async function withLab<T>(
  context: CommandContext,
  survey: Survey,
  given: { readonly nights: number; readonly on?: string },
  work: (lab: Lab) => Promise<T>,
): Promise<T> {
  const { config } = context.config();
  const engine = await openEngine({
    memory: "2GB",
    threads: 2,
    places: new Places(config.filters),
  });
  const functions = new FunctionProcess(config.lake);
  const options = { seconds: config.filters.seconds, functions };
  const scratch = temporaryFolder("lab");
  try {
    const table = new MatchTable(config.lake, survey);
    const nights = table.nights().slice(-given.nights);
    const lab =
      given.on === undefined && nights.length > 0
        ? await lakeLab(context, engine, table, nights, options)
        : await fileLab(
            context,
            engine,
            survey,
            given.on ?? (await sampleFile(survey, scratch)),
            given.on === undefined,
            options,
          );
    return await work(lab);
  } finally {
    await functions.close();
    engine.close();
    rmSync(scratch, { recursive: true, force: true });
  }
}

type Options = Parameters<typeof runFilters>[3];

async function lakeLab(
  context: CommandContext,
  engine: Engine,
  table: MatchTable,
  nights: readonly string[],
  options: Options,
): Promise<Lab> {
  const modules = await modulesOf(context, table.survey);
  const columns = await table.columns(engine, addedColumns(modules), engine.places.check);
  return {
    engine,
    columns,
    origin: `alerts of ${table.survey.name} in ${context.config().config.lake}`,
    nights,
    run: async (night, filters, work) =>
      await table.look(
        engine,
        columns,
        filters,
        "science",
        table.files("science", Number(night)),
        options,
        work,
      ),
  };
}

async function fileLab(
  context: CommandContext,
  engine: Engine,
  survey: Survey,
  file: string,
  isSample: boolean,
  options: Options,
): Promise<Lab> {
  const { connection } = engine;
  const type = await withNullTypes(
    connection,
    file,
    await typesOf(connection, `SELECT * FROM read_parquet(${literal(file)})`),
  );
  const modules = await modulesOf(context, survey);
  const columns = new ColumnTypes(survey, type, addedColumns(modules), engine.places.check);
  return {
    engine,
    columns,
    origin: isSample ? `${sampleCount} simulated alerts of ${survey.name}` : file,
    nights: [""],
    async run(_, filters, work) {
      const named = filters.flatMap((filter) => [
        ...filter.columns.map(({ path }) => path),
        ...filter.needs,
      ]);
      const wanted = new Set(named.filter((path) => columns.added.has(path.toLowerCase())));
      const onAlerts = async (relation: string) => {
        const keys = keyColumns(columns, true);
        const outcomes = await runFilters(engine, { columns, relation }, filters, {
          ...options,
          keys: flatKeys(keys),
        });
        return await work({ outcomes, keys: await readKeys(engine, keys, "") });
      };
      return await withAlertFile(file, wanted, modules, setupOf(context), onAlerts, {
        isStrict: !isSample,
        survey,
      });
    },
  };
}

const sampleCount = 1000;

async function sampleFile(survey: Survey, scratch: string): Promise<string> {
  if (!Object.hasOwn(telescopes, survey.name))
    throw new FinkError(
      "usage",
      `the lake has no alerts of ${survey.name} with science, and there are no simulated ones: give some with --on FILE.parquet`,
    );
  const { sampleColumns } = await import("../../science/sample.ts"); // the sky and its models
  const file = join(scratch, "sample.parquet");
  writeFileSync(file, toParquet(sampleColumns(survey.name as SurveyName, sampleCount)));
  return file;
}
