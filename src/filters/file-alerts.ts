import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Data, Field, makeData, Struct } from "apache-arrow";
import { BIGINT, BOOLEAN, DOUBLE, FLOAT, INTEGER, SQLNULL, VARCHAR } from "@duckdb/node-api";
import { temporaryFolder } from "../folder.ts";
import { FinkError } from "../errors.ts";
import { columnAt } from "../lake/column.ts";
import { toParquet } from "../lake/parquet.ts";
import { identifier, literal } from "../lake/scan.ts";
import type { ScienceModule, ScienceSetup } from "../science/module.ts";
import { isShipped } from "../science/modules.ts";
import { withMakers } from "../science/order.ts";
import { openAlertFile } from "../science/parquet.ts";
import { runModules } from "../science/runner.ts";
import { pathsOfSurvey, type Survey } from "../surveys/definition.ts";
import type { FlatColumn } from "./columns.ts";

const types = {
  int: INTEGER,
  long: BIGINT,
  float: FLOAT,
  double: DOUBLE,
  boolean: BOOLEAN,
  string: VARCHAR,
} as const;

/**
 * Columns that science modules would add, by path. A column that a shipped module needs and the
 * alerts lack is null.
 */
export function addedColumns(modules: readonly ScienceModule[]): Map<string, FlatColumn> {
  const added = modules
    .flatMap(({ adds }) => adds)
    .map(({ name, type }): [string, FlatColumn] => {
      const sql = type === "float" ? `CAST(${identifier(name)} AS DOUBLE)` : identifier(name);
      return [
        name.toLowerCase(),
        { path: name, sql, type: type === "float" ? DOUBLE : types[type] },
      ];
    });
  const needed = modules.filter(isShipped).flatMap(({ needs }) => needs);
  return new Map([
    ...needed.map((path): [string, FlatColumn] => [
      path.toLowerCase(),
      { path, sql: "NULL", type: SQLNULL },
    ]),
    ...added,
  ]);
}

/**
 * Alerts of a Parquet file as a relation. Columns among `wanted` that modules add and the file
 * lacks are computed, into a second file beside it. `work` is given a SELECT of all columns.
 * `isStrict` false: columns that cannot be computed are null.
 */
export async function withAlertFile<T>(
  path: string,
  wanted: ReadonlySet<string>,
  modules: readonly ScienceModule[],
  setup: ScienceSetup,
  work: (relation: string) => Promise<T>,
  { isStrict = true, survey }: { readonly isStrict?: boolean; readonly survey: Survey },
): Promise<T> {
  const relation = `SELECT * FROM read_parquet(${literal(path)})`;
  const making = modules.filter(({ adds }) => adds.some(({ name }) => wanted.has(name)));
  if (making.length === 0) return await work(relation);
  const scratch = temporaryFolder("filter");
  try {
    const file = join(scratch, "added.parquet");
    writeFileSync(
      file,
      toParquet(await computed(path, making, modules, wanted, setup, { isStrict, survey })),
    );
    return await work(`SELECT * FROM (${relation}) POSITIONAL JOIN read_parquet(${literal(file)})`);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

async function computed(
  path: string,
  making: readonly ScienceModule[],
  all: readonly ScienceModule[],
  wanted: ReadonlySet<string>,
  setup: ScienceSetup,
  { isStrict, survey }: { readonly isStrict: boolean; readonly survey: Survey },
): Promise<Data<Struct>> {
  const file = await openAlertFile(path);
  const modules = withMakers(making, all, file.paths);
  const alerts = await file.read(modules.flatMap(({ needs }) => needs));
  const { columns, outcomes } = await runModules(modules, alerts, setup, {
    none: survey.none,
    isKnown: (path) => pathsOfSurvey(survey).includes(path),
  });
  const failed = outcomes.find(
    ({ module, failure }) => failure !== null && making.includes(module),
  );
  if (failed && isStrict) {
    const lacking = failed.module.adds.find(({ name }) => wanted.has(name))?.name;
    throw new FinkError(
      "filter",
      `${path} lacks ${lacking}, and it cannot be computed: ${failed.failure}`,
    );
  }
  const names = making
    .flatMap(({ adds }) => adds.map(({ name }) => name))
    .filter((name) => wanted.has(name));
  const children = names.map((name) => columnAt(columns, [name])!.data);
  const type = new Struct(children.map((data, i) => new Field(names[i], data.type, true)));
  return makeData({ type, length: alerts.count, nullCount: 0, children });
}
