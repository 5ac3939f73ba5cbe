import { resolve } from "node:path";
import { ColumnTypes, typesOf } from "../../filters/columns.ts";
import { compile } from "../../filters/compile.ts";
import { openEngine } from "../../filters/engine.ts";
import { addedColumns, withAlertFile } from "../../filters/file-alerts.ts";
import { FunctionThread } from "../../filters/function-thread.ts";
import type { Filter } from "../../filters/filter.ts";
import { withNullTypes } from "../../filters/null-types.ts";
import { Places } from "../../filters/places/places.ts";
import { runFilters } from "../../filters/run.ts";
import { FinkError } from "../../errors.ts";
import { identifier, literal } from "../../lake/scan.ts";
import { checkFile } from "../../science/missing.ts";
import type { CommandContext } from "../command.ts";
import { modulesOf, setupOf, surveyOf } from "./context.ts";

/** Prints the ids that a filter selects from a Parquet file of alerts. */
export async function testOnFile(context: CommandContext, filter: Filter, given: string): Promise<void> {
  const path = resolve(given);
  checkFile(path, "io");
  const engine = await openEngine({ places: new Places(context.config().config.filters) });
  const { connection } = engine;
  try {
    const type = await withNullTypes(connection, path, await typesOf(connection, `SELECT * FROM read_parquet(${literal(path)})`));
    const survey = surveyOf(context, filter, (column) => type.entryNames.includes(column.split(".")[0]));
    const modules = await modulesOf(context, survey);
    const columns = new ColumnTypes(survey, type, addedColumns(modules), engine.places.check);
    const compiled = await compile(filter, columns, connection, false);
    const id = columns.first(survey.alert);
    if (id === null) throw new FinkError("filter", `${path} has no alert id: none of ${survey.alert?.join(", ")}`);
    const wanted = new Set([...compiled.columns.map((column) => column.path), ...compiled.needs].filter((name) => columns.added.has(name.toLowerCase())));
    const thread = new FunctionThread(filter.file, setupOf(context).lake);
    const ids = await withAlertFile(path, wanted, modules, setupOf(context), async (relation) => {
      const options = { seconds: context.config().config.filters.seconds, thread: () => thread };
      const [outcome] = await runFilters(engine, { columns, relation, id }, [compiled], options);
      if ("failure" in outcome) throw new FinkError("filter", `${filter.file}: ${outcome.failure}`);
      const all = (await connection.runAndReadAll(`SELECT CAST(${identifier(id)} AS VARCHAR) FROM alerts ORDER BY _row`)).getColumns()[0] as string[];
      return outcome.rows.map((row) => all[row]);
    });
    await thread.close();
    if (context.json) return context.print(JSON.stringify({ filter: filter.name, survey: survey.name, alerts: ids }, null, 1));
    context.print(ids.join("\n"));
    context.warn(`${ids.length} selected`);
  } finally {
    engine.close();
  }
}
