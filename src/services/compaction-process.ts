import { surveysOf } from "../archive/setup.ts";
import type { Config } from "../config/schema.ts";
import { messageOf } from "../errors.ts";
import { compactTable } from "../lake/compact.ts";
import { mergeUpdates } from "../lake/merge-updates.ts";
import { tablesIn } from "../lake/tables.ts";
import { withUpkeep } from "../lake/upkeep.ts";
import { mergeSources } from "../serving/merge.ts";
import { diskTrouble } from "./periodic.ts";

/** One run of compaction over a lake; the first message to the process. */
export interface CompactionRun {
  readonly config: Config;
  readonly lake: string;
  readonly once: boolean;
}

/** Messages of the process: lines of the log, then how it ended. */
export type CompactionSays =
  | {
      readonly kind: "log";
      readonly level: "info" | "error";
      readonly text: string;
      readonly fields: object;
    }
  | { readonly kind: "ended"; readonly failure: CompactionFailure | null };

export interface CompactionFailure {
  readonly message: string;
  /** The failure to write to the disk; empty for other failures. */
  readonly trouble: string;
}

/**
 * Updates of a night are merged when none has come for so long, for each time the night is written
 * anew.
 */
const updatesIdleMs = 3_600_000;

// A process of its own, for one run: what DuckDB takes while it merges (0.5 to 1 GB, little of
// which glibc gives back) ends with it, and so does a crash of DuckDB. A kill at any instant leaves
// files that no log entry names; `vacuum` removes them.
if (process.send) {
  const stop = new AbortController();
  process.on("disconnect", () => process.exit(1)); // the service is gone
  process.on("message", (message: CompactionRun | "stop") =>
    message === "stop" ? stop.abort() : void serve(message, stop.signal),
  );
  // a terminal's Ctrl-C and a stop by systemd reach the whole group; the service says when the run
  // is to end
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => {});
}

async function serve(run: CompactionRun, signal: AbortSignal): Promise<void> {
  const failure = await compactAll(run, signal).catch(failureOf);
  say({ kind: "ended", failure });
}

/**
 * Returns the first failure: one table that cannot be compacted does not keep the others from it.
 */
async function compactAll(
  { config, lake, once }: CompactionRun,
  signal: AbortSignal,
): Promise<CompactionFailure | null> {
  const surveys = surveysOf(config);
  const failures: CompactionFailure[] = [];
  const targetBytes = config.compaction.targetMegabytes * 1e6;
  await withUpkeep(lake, async (upkeep) => {
    for (const { survey, kind, path } of tablesIn(lake)) {
      if (signal.aborted) return;
      try {
        const merged = await mergeUpdates(upkeep, path, surveys.named(survey), {
          targetBytes,
          updatesIdleMs,
          signal,
        });
        if (merged > 0) log(`${survey}.${kind}: updates were put into ${merged} files`);
        const done = await compactTable(upkeep, path, surveys.named(survey), {
          targetBytes,
          signal,
        });
        if (done.before + done.fenced > 0)
          log(`${survey}.${kind}: ${done.before} files became ${done.after}`, { ...done });
        const served =
          kind === "raw"
            ? await mergeSources(upkeep, lake, surveys.named(survey), {
                atLeast: once ? 1 : 500_000,
                signal,
              })
            : 0;
        if (served > 0) log(`${survey}: ${served} alerts more in ${survey}/sources`);
      } catch (error) {
        failures.push(failureOf(error));
        say({
          kind: "log",
          level: "error",
          text: `${survey}.${kind} could not be compacted: ${messageOf(error)}`,
          fields: {},
        });
      }
    }
  });
  return failures[0] ?? null;
}

function failureOf(error: unknown): CompactionFailure {
  return { message: messageOf(error), trouble: diskTrouble(error) };
}

function log(text: string, fields: object = {}): void {
  say({ kind: "log", level: "info", text, fields });
}

function say(message: CompactionSays): void {
  process.send?.(message);
}
