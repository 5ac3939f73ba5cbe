import { VARCHAR } from "@duckdb/node-api";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ColumnTypes, type FlatColumn, typesOf } from "../src/filters/columns.ts";
import { type Compiled, compile } from "../src/filters/compile.ts";
import { configSchema } from "../src/config/schema.ts";
import { openEngine } from "../src/filters/engine.ts";
import { addedColumns, withAlertFile } from "../src/filters/file-alerts.ts";
import { FunctionProcess } from "../src/filters/function-process.ts";
import { allFilterFiles } from "../src/filters/library.ts";
import { loadFilter } from "../src/filters/load.ts";
import { runFilters } from "../src/filters/run.ts";
import { toParquet } from "../src/lake/parquet.ts";
import { literal } from "../src/lake/scan.ts";
import { knownModules } from "../src/science/registry.ts";
import { sampleColumns } from "../src/science/sample.ts";
import type { SurveyName } from "../src/simulator/survey/telescope.ts";
import { loadSurveys } from "../src/surveys/surveys.ts";

export interface FilterBench {
  readonly filters: number;
  readonly alertsPerSecond: number;
  /** All threads together. */
  readonly cpuMsPerAlert: number;
  readonly slowest: readonly (readonly [name: string, microsecondsPerAlert: number])[];
}

/**
 * All shipped filters of a survey on batches of simulated alerts, read from Parquet with their
 * images and histories each time.
 */
export async function benchFilters(
  name: SurveyName,
  alerts: number,
  rounds: number,
): Promise<FilterBench> {
  const folder = mkdtempSync(join(tmpdir(), "fink-bench-"));
  const engine = await openEngine({ threads: 2 });
  const functions = new FunctionProcess(folder);
  try {
    const file = join(folder, "alerts.parquet");
    writeFileSync(file, toParquet(sampleColumns(name, alerts)));
    const survey = loadSurveys(join(import.meta.dirname, "../conf/surveys")).named(name);
    const setup = { lake: folder, config: configSchema.parse({}).science };
    const own = (await knownModules(setup)).modules.filter(({ surveys }) => surveys.includes(name));
    // a catalogue that is not here knows nothing, instead of null, which would end most conditions
    // at once
    const unknown = (column: FlatColumn) =>
      column.type === VARCHAR ? { ...column, sql: `coalesce(${column.sql}, 'Unknown')` } : column;
    const added = new Map([...addedColumns(own)].map(([key, column]) => [key, unknown(column)]));
    const columns = new ColumnTypes(
      survey,
      await typesOf(engine.connection, `SELECT * FROM read_parquet(${literal(file)})`),
      added,
      () => {},
    );
    const filters: Compiled[] = [];
    for (const one of allFilterFiles("").filter((f) => f.survey === name)) {
      const compiled = await compile(
        await loadFilter(one.file, name),
        columns,
        engine.connection,
        true,
      ).catch(() => null); // its catalogue is not there
      if (compiled) filters.push(compiled);
    }
    const wanted = new Set([...added.values()].map(({ path }) => path));
    const measure = async (relation: string) => {
      const batch = { columns, relation };
      const run = async () => await runFilters(engine, batch, filters, { seconds: 60, functions });
      await run(); // compiles
      const cpu = process.cpuUsage();
      const start = performance.now();
      const sums = filters.map(() => 0);
      for (let i = 0; i < rounds; i++)
        (await run()).forEach(({ milliseconds }, f) => (sums[f] += milliseconds));
      const seconds = (performance.now() - start) / 1000;
      const { user, system } = process.cpuUsage(cpu);
      const slowest = filters
        .map(({ filter }, f) => [filter.name, (1000 * sums[f]) / (alerts * rounds)] as const)
        .sort((a, b) => b[1] - a[1]);
      return {
        filters: filters.length,
        alertsPerSecond: (alerts * rounds) / seconds,
        cpuMsPerAlert: (user + system) / 1000 / (alerts * rounds),
        slowest: slowest.slice(0, 5),
      };
    };
    return await withAlertFile(file, wanted, own, setup, measure, { isStrict: false, survey });
  } finally {
    await functions.close();
    engine.close();
    rmSync(folder, { recursive: true, force: true });
  }
}
