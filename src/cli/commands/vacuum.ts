import { existsSync } from "node:fs";
import { z } from "zod";
import { scratchFolder } from "../../lake/tables.ts";
import { vacuumScratch, vacuumTable } from "../../lake/vacuum.ts";
import { defineCommand } from "../command.ts";
import { chosenTables, tableFlags } from "../tables.ts";
import { flag } from "../flags.ts";

export const vacuum = defineCommand({
  arguments: "",
  description:
    "Deletes files that no reader of a version within the time kept can need: replaced and abandoned ones, and old log entries.",
  example: "./fink vacuum --dry-run",
  flags: z.object({
    ...tableFlags,
    keepDays: flag(
      "N",
      "Keep what was replaced within so many days; default: compaction.keepDays",
      z.number().min(0).optional(),
    ),
    dryRun: z.boolean().default(false).describe("Only say what would be deleted"),
  }),
  async run(context, _, { survey, kind, keepDays, dryRun }) {
    const { lake, compaction } = context.config().config;
    const options = { keepDays: keepDays ?? compaction.keepDays, dryRun };
    const results = chosenTables(lake, { survey, kind }).map((table) => ({
      table: `${table.survey}.${table.kind}`,
      ...vacuumTable(table.path, options),
    }));
    if (existsSync(scratchFolder(lake)))
      results.push({ table: "left by upkeep", ...vacuumScratch(lake, options) });
    if (context.json) return context.print(JSON.stringify(results));
    for (const { table, deleted, bytes } of results) {
      if (dryRun) for (const path of deleted) context.print(`${table} ${path}`);
      context.print(
        `${table}: ${deleted.length} files, ${(bytes / 1e6).toFixed(1)} MB ${dryRun ? "would be deleted" : "deleted"}`,
      );
    }
  },
});
