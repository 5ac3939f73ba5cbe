import { fork } from "node:child_process";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { FinkError, messageOf } from "../errors.ts";
import type { CompactionFailure, CompactionRun, CompactionSays } from "./compaction-process.ts";
import { Troubles } from "./periodic.ts";
import type { Service, ServiceContext } from "./service.ts";

/**
 * Merges small files of every table, and new alerts into what pages and API read, now and then;
 * with `once`, once.
 */
export const compaction: Service = { name: "compaction", run: (context) => runCompaction(context) };

export async function runCompaction(context: ServiceContext): Promise<void> {
  const troubles = new Troubles(context);
  const { config, signal, once, status, log } = context;
  for (;;) {
    status({ state: "running" });
    const failure = await compactOnce(context).catch((error: unknown) => ({
      message: messageOf(error),
      trouble: "",
    }));
    if (failure && once) throw new FinkError("lake", failure.message);
    if (failure) log.error(`compaction failed: ${failure.message}; the next run goes on`);
    status({ message: failure?.message ?? "" });
    troubles.say("compact tables", failure?.trouble ?? "");
    if (once || signal.aborted) return;
    await sleep(config.compaction.everyMinutes * 60_000, null, { signal }).catch(() => null);
    if (signal.aborted) return;
  }
}

/** Runs `compaction-process.ts` to its end, and returns its first failure. */
async function compactOnce({
  config,
  lake,
  signal,
  once,
  log,
}: ServiceContext): Promise<CompactionFailure | null> {
  const child = fork(join(import.meta.dirname, "compaction-process.ts"));
  const stop = () => void (child.connected && child.send("stop"));
  signal.addEventListener("abort", stop);
  let failure: CompactionFailure | null | undefined;
  child.on("message", (said: CompactionSays) => {
    if (said.kind === "log") return log[said.level](said.fields, said.text);
    failure = said.failure;
    child.disconnect();
  });
  try {
    const ended = new Promise<string>((resolve, reject) =>
      child.once("error", reject).once("exit", (code, by) => resolve(String(by ?? code))),
    );
    child.send({ config, lake, once } satisfies CompactionRun);
    if (signal.aborted) stop();
    const how = await ended;
    if (failure === undefined) throw new FinkError("lake", `its process ended by itself (${how})`);
    return failure;
  } finally {
    signal.removeEventListener("abort", stop);
  }
}
