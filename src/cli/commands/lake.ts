import { existsSync, statSync } from "node:fs";
import { z } from "zod";
import { surveysOf } from "../../archive/setup.ts";
import { FinkError } from "../../errors.ts";
import { entryPath } from "../../lake/log.ts";
import { rowsOf } from "../../lake/merge-stats.ts";
import { LakeTable } from "../../lake/table.ts";
import type { TableName } from "../../lake/tables.ts";
import { repairedKinds, repairTable } from "../../science/repair.ts";
import { type CommandContext, defineCommand } from "../command.ts";
import { ProgressBar } from "../progress.ts";
import { retryAndReport } from "../retrying.ts";
import { table } from "../table.ts";
import { chosenTables, tableFlags } from "../tables.ts";

export const lake = defineCommand({
  arguments: "list|repair|widen [SURVEY]",
  description: [
    "list: what each table of the lake holds.",
    "repair: takes away rows that science has twice of an alert, as earlier versions could write them. Safe to repeat, and while services run.",
    "widen SURVEY: gives columns the wider number types that waiting alerts need, however large the table is, and takes these alerts over.",
  ].join("\n"),
  example: "./fink lake list --survey ztf",
  flags: z.object(tableFlags),
  async run(context, [action, survey], chosen) {
    if (action === "widen" && survey !== undefined)
      return await retryAndReport(context, {
        survey,
        code: "type-conflict",
        widenUpToBytes: Infinity,
      });
    if (action === "repair" && survey === undefined) return await repair(context, chosen);
    if (action !== "list" || survey !== undefined)
      throw new FinkError(
        "usage",
        "there is ./fink lake list, ./fink lake repair and ./fink lake widen SURVEY; --survey chooses for the first two",
      );
    return list(context, chosen);
  },
});

async function repair(
  context: CommandContext,
  chosen: { survey?: string; kind?: string },
): Promise<void> {
  const { config } = context.config();
  if (!existsSync(config.lake))
    throw new FinkError("lake", `there is no lake at ${config.lake}: name it with --lake`);
  const surveys = surveysOf(config);
  const tables = chosenTables(config.lake, chosen).flatMap((one) => {
    const kind = repairedKinds.find((own) => own === one.kind);
    return kind === undefined || surveys.named(one.survey).alert === undefined
      ? []
      : [{ survey: one.survey, kind }];
  });
  const bar = new ProgressBar(process.stderr, !context.json);
  const stop = new AbortController();
  const abort = () => stop.abort();
  process.once("SIGINT", abort);
  const done = [];
  try {
    for (const { survey, kind } of tables) {
      const name = `${survey}.${kind}`;
      const progress = (night: number, of: number) =>
        bar.show(night / of, `${name}, ${night} of ${of} nights`);
      const repaired = await repairTable(config.lake, surveys.named(survey), kind, {
        signal: stop.signal,
        progress,
      });
      bar.clear();
      done.push({ table: name, ...repaired });
      if (!context.json && repaired.rows > 0)
        context.print(
          `${name}: ${repaired.rows} doubled rows of ${repaired.nights} nights were taken away.`,
        );
    }
  } finally {
    bar.clear();
    process.off("SIGINT", abort);
  }
  if (context.json) context.print(JSON.stringify(done));
  else if (stop.signal.aborted)
    context.print("Stopped. Run it again for the nights that are left.");
  else if (done.every(({ rows }) => rows === 0)) context.print("No alert has two rows in science.");
}

/** A table that cannot be read is named after the others; the exit code is 1 then. */
function list(context: CommandContext, chosen: { survey?: string; kind?: string }): number {
  const problems: string[] = [];
  const tables = chosenTables(context.config().config.lake, chosen).flatMap((name) => {
    try {
      return [describe(name)];
    } catch (error) {
      if (!(error instanceof FinkError)) throw error;
      problems.push(error.message);
      return [];
    }
  });
  print(context, tables);
  for (const problem of problems) context.warn(problem);
  return problems.length > 0 ? 1 : 0;
}

function print(context: CommandContext, tables: readonly ReturnType<typeof describe>[]): void {
  if (context.json) return context.print(JSON.stringify(tables, null, 2));
  const rows = tables.map((t) => [
    t.table,
    t.rows,
    (t.bytes / 1e6).toFixed(1),
    t.files,
    t.nights,
    t.lastNight,
    t.version,
    t.lastCommit,
  ]);
  context.print(
    table(["table", "rows", "MB", "files", "nights", "last night", "version", "last commit"], rows),
  );
}

function describe({ survey, kind, path }: TableName) {
  const { files, version } = new LakeTable(path).snapshot;
  const all = [...files.values()];
  const nights = [...new Set(all.map((f) => f.partitionValues["night"] ?? ""))].sort();
  return {
    table: `${survey}.${kind}`,
    rows: all.reduce((sum, f) => sum + (rowsOf(f.stats) ?? 0), 0),
    bytes: all.reduce((sum, f) => sum + f.size, 0),
    files: all.length,
    nights: nights.length,
    lastNight: nights.at(-1) ?? "",
    version,
    lastCommit: statSync(entryPath(path, version)).mtime.toISOString(),
  };
}
