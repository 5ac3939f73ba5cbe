import { statSync } from "node:fs";
import { z } from "zod";
import { FinkError } from "../../errors.ts";
import { entryPath } from "../../lake/log.ts";
import { rowsOf } from "../../lake/merge-stats.ts";
import { LakeTable } from "../../lake/table.ts";
import type { TableName } from "../../lake/tables.ts";
import { type CommandContext, defineCommand } from "../command.ts";
import { retryAndReport } from "../retrying.ts";
import { table } from "../table.ts";
import { chosenTables, tableFlags } from "../tables.ts";

export const lake = defineCommand({
  arguments: "ACTION [SURVEY]",
  description: [
    "list: what each table of the lake holds.",
    "widen SURVEY: gives columns the wider number types that waiting alerts need, however large the table is, and takes these alerts over.",
  ].join("\n"),
  example: "./fink lake list --survey ztf",
  flags: z.object(tableFlags),
  async run(context, [action, survey], chosen) {
    if (action === "widen" && survey !== undefined) return await retryAndReport(context, { survey, code: "type-conflict", widenUpToBytes: Infinity });
    if (action !== "list" || survey !== undefined) throw new FinkError("usage", "there is ./fink lake list and ./fink lake widen SURVEY");
    return list(context, chosen);
  },
});

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
  const rows = tables.map((t) => [t.table, t.rows, (t.bytes / 1e6).toFixed(1), t.files, t.nights, t.lastNight, t.version, t.lastCommit]);
  context.print(table(["table", "rows", "MB", "files", "nights", "last night", "version", "last commit"], rows));
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
