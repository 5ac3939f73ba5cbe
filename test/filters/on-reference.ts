import { readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { ColumnTypes, typesOf } from "../../src/filters/columns.ts";
import { compile } from "../../src/filters/compile.ts";
import { type Engine, openEngine } from "../../src/filters/engine.ts";
import { addedColumns, withAlertFile } from "../../src/filters/file-alerts.ts";
import type { Filter } from "../../src/filters/filter.ts";
import { FunctionProcess } from "../../src/filters/function-process.ts";
import { kept } from "../../src/kept.ts";
import { withNullTypes } from "../../src/filters/null-types.ts";
import { runFilters } from "../../src/filters/run.ts";
import { literal } from "../../src/lake/scan.ts";
import type { ScienceSetup } from "../../src/science/module.ts";
import { knownModules } from "../../src/science/registry.ts";
import { loadSurveys } from "../../src/surveys/surveys.ts";
import { project } from "../cli/run.ts";

export const reference = join(project, "../shared/reference");

/** What Fink's code selects, its README says how. */
export interface Expected {
  readonly survey: "ztf" | "lsst";
  /** Path of the alert id. */
  readonly id: string;
  readonly livestream: Readonly<Record<string, Outcome>>;
  readonly livestream_variant?: Readonly<Record<string, Outcome>>;
  readonly after_night?: Readonly<Record<string, Outcome>>;
  readonly labels?: Readonly<Record<string, Outcome>>;
  readonly blocks?: Readonly<Record<string, Outcome>>;
}

export interface Outcome {
  readonly selected?: readonly string[];
  readonly labels?: Readonly<Record<string, string>>;
  readonly not_runnable?: string;
  readonly monte_carlo?: {
    readonly always: readonly string[];
    readonly sometimes: readonly string[];
  };
}

export function expectedByFile(): Readonly<Record<string, Expected>> {
  const { "ztf_grb.parquet": _, ...all } = JSON.parse(
    readFileSync(join(reference, "science/expected/filters.json"), "utf8"),
  ) as Record<string, Expected>;
  return all;
}

/** What a filter selects of a file, or why it cannot be asked. */
export type Answer = readonly string[] | Error;

/** A process for each lake's. */
const processes = new Map<string, FunctionProcess>();

export async function closeProcesses(): Promise<void> {
  await Promise.all([...processes.values()].map((own) => own.close()));
}

/**
 * Asks filters of one survey about a file, as `./fink filter test NAME --on FILE` does: columns
 * that the file lacks come from science modules.
 */
export async function ask(
  file: string,
  of: Pick<Expected, "survey" | "id">,
  filters: readonly Filter[],
  setup: ScienceSetup,
  also = "",
): Promise<Map<string, Answer>> {
  const engine = await openEngine();
  const path = join(reference, "science", basename(file));
  const survey = loadSurveys(join(project, "conf/surveys")).named(of.survey);
  const modules = (await knownModules(setup)).modules.filter(({ surveys }) =>
    surveys.includes(of.survey),
  );
  try {
    const whole = (relation: string) => `SELECT *${also} FROM (${relation})`;
    const type = await typesOf(
      engine.connection,
      whole(`SELECT * FROM read_parquet(${literal(path)})`),
    );
    const columns = new ColumnTypes(
      survey,
      await withNullTypes(engine.connection, path, type),
      addedColumns(modules),
      () => {},
    );
    const answers = new Map<string, Answer>();
    for (const filter of filters)
      answers.set(
        filter.name,
        await answerOf(engine, filter, columns).catch((error: Error) => error),
      );
    return answers;
  } finally {
    engine.close();
  }

  async function answerOf(
    engineOfAll: Engine,
    filter: Filter,
    columns: ColumnTypes,
  ): Promise<readonly string[]> {
    const compiled = await compile(filter, columns, engineOfAll.connection, false);
    const lacking = [...compiled.columns.map((column) => column.path), ...compiled.needs].filter(
      (name) => columns.added.has(name.toLowerCase()),
    );
    return await withAlertFile(
      path,
      new Set(lacking),
      modules,
      setup,
      async (relation) => {
        const batch = {
          columns,
          relation: also === "" ? relation : `SELECT *${also} FROM (${relation})`,
        };
        const [outcome] = await runFilters(engineOfAll, batch, [compiled], {
          seconds: 60,
          functions: kept(processes, setup.lake, () => new FunctionProcess(setup.lake)),
        });
        if ("failure" in outcome) throw new Error(outcome.failure);
        const ids = (
          await engineOfAll.connection.runAndReadAll(
            `SELECT CAST("${columns.id().path}" AS VARCHAR) FROM alerts ORDER BY _row`,
          )
        ).getColumns()[0] as string[];
        return outcome.rows.map((row) => ids[row]).sort();
      },
      { survey },
    );
  }
}
