import { setTimeout as sleep } from "node:timers/promises";
import { surveysOf } from "../archive/setup.ts";
import { messageOf } from "../errors.ts";
import { compactTable } from "../lake/compact.ts";
import { mergeUpdates } from "../lake/merge-updates.ts";
import { tablesIn } from "../lake/tables.ts";
import { withUpkeep } from "../lake/upkeep.ts";
import { mergeSources } from "../serving/merge.ts";
import { diskTrouble, Troubles } from "./periodic.ts";
import type { Service, ServiceContext } from "./service.ts";

/** Updates of a night are merged when none has come for so long, for each time the night is written anew. */
const updatesIdleMs = 3_600_000;

/** Merges small files of every table, and new alerts into what pages and API read, now and then; with `once`, once. */
export const compaction: Service = { name: "compaction", run: (context) => runCompaction(context) };

export async function runCompaction(context: ServiceContext): Promise<void> {
  const troubles = new Troubles(context);
  const { config, signal, once, status, log } = context;
  for (;;) {
    status({ state: "running" });
    try {
      await compactAll(context);
      status({ message: "" });
      troubles.say("compact tables", "");
    } catch (error) {
      if (once) throw error;
      log.error({ err: error }, "compaction failed; it is tried again");
      status({ message: messageOf(error) });
      troubles.say("compact tables", diskTrouble(error));
    }
    if (once || signal.aborted) return;
    await sleep(config.compaction.everyMinutes * 60_000, null, { signal }).catch(() => null);
    if (signal.aborted) return;
  }
}

/** One table that cannot be compacted does not keep the others from it. */
async function compactAll({ config, lake, signal, once, log }: ServiceContext): Promise<void> {
  const surveys = surveysOf(config);
  const failures: unknown[] = [];
  const targetBytes = config.compaction.targetMegabytes * 1e6;
  await withUpkeep(lake, async (upkeep) => {
    for (const { survey, kind, path } of tablesIn(lake)) {
      if (signal.aborted) return;
      try {
        const merged = await mergeUpdates(upkeep, path, surveys.named(survey), { targetBytes, updatesIdleMs, signal });
        if (merged > 0) log.info({ merged }, `${survey}.${kind}: updates were put into ${merged} files`);
        const done = await compactTable(upkeep, path, surveys.named(survey), { targetBytes, signal });
        if (done.before + done.fenced > 0) log.info({ ...done }, `${survey}.${kind}: ${done.before} files became ${done.after}`);
        const served = kind === "raw" ? await mergeSources(upkeep, lake, surveys.named(survey), { atLeast: once ? 1 : 500_000, signal }) : 0;
        if (served > 0) log.info(`${survey}: ${served} alerts more in ${survey}/sources`);
      } catch (error) {
        failures.push(error);
        log.error({ err: error }, `${survey}.${kind} could not be compacted`);
      }
    }
  });
  if (failures.length > 0) throw failures[0];
}
