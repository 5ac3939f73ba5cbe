import { z } from "zod";
import { surveysOf } from "../../archive/setup.ts";
import { compactTable } from "../../lake/compact.ts";
import { mergeUpdates } from "../../lake/merge-updates.ts";
import { withUpkeep } from "../../lake/upkeep.ts";
import { mergeSources } from "../../serving/merge.ts";
import { defineCommand } from "../command.ts";
import { chosenTables, tableFlags } from "../tables.ts";
import { flag, matching } from "../flags.ts";

export const compact = defineCommand({
  arguments: "",
  description:
    "Merges small files of each night into files of about compaction.targetMegabytes, and rows that were computed again into their table. New alerts go into <survey>/sources, from which pages and API read. Safe while alerts are archived and read.",
  example: "./fink compact --survey ztf --night 20260131",
  flags: z.object({
    ...tableFlags,
    night: flag("YYYYMMDD", "Only this night", matching(/^\d{8}$/, "a night is written YYYYMMDD")),
  }),
  async run(context, _, { survey, kind, night }) {
    const { config } = context.config();
    const surveys = surveysOf(config);
    const targetBytes = config.compaction.targetMegabytes * 1e6;
    const done = await withUpkeep(config.lake, async (upkeep) => {
      const results = [];
      for (const table of chosenTables(config.lake, { survey, kind })) {
        const merged = await mergeUpdates(upkeep, table.path, surveys.named(table.survey), {
          targetBytes,
          night,
          updatesIdleMs: 0,
        });
        if (!context.json && merged > 0)
          context.print(`${table.survey}.${table.kind}: updates were put into ${merged} files`);
        const compacted = await compactTable(upkeep, table.path, surveys.named(table.survey), {
          targetBytes,
          night,
        });
        results.push({ table: `${table.survey}.${table.kind}`, merged, ...compacted });
        if (!context.json && compacted.before > 0)
          context.print(
            `${table.survey}.${table.kind}: ${compacted.before} files became ${compacted.after}`,
          );
        const served =
          table.kind === "raw"
            ? await mergeSources(upkeep, config.lake, surveys.named(table.survey), { atLeast: 1 })
            : 0;
        if (!context.json && served > 0)
          context.print(`${table.survey}: ${served} alerts more in ${table.survey}/sources`);
      }
      return results;
    });
    if (context.json) context.print(JSON.stringify(done));
    else if (done.every(({ before, merged }) => before + merged === 0))
      context.print("there are no small files to merge");
  },
});
