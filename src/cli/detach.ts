import { spawn } from "node:child_process";
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  statSync,
} from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { FinkError } from "../errors.ts";
import { instance } from "../services/run-state.ts";

export interface Detached {
  readonly pid: number;
  readonly log: string;
  readonly state: "running" | "starting" | "finished";
  /** Address of the pages, when they are among what was started. */
  readonly url?: string;
}

const maxLogBytes = 10_000_000;

/**
 * Starts this program again in the background and waits until every instance runs; throws with its
 * last line when it ends in failure.
 */
export async function startDetached(
  lake: string,
  title: string,
  names: readonly string[],
  argv: readonly string[],
  patienceMs = 30_000,
): Promise<Detached> {
  const log = openLog(lake, title);
  const child = spawn(process.execPath, [...process.execArgv, process.argv[1], ...argv], {
    detached: true,
    stdio: ["ignore", log.descriptor, log.descriptor],
  });
  closeSync(log.descriptor);
  let exitCode: number | undefined;
  child.once("exit", (code) => (exitCode = code ?? 1)).unref();
  const pid = child.pid ?? 0;
  const result = (state: Detached["state"], url?: string): Detached => ({
    pid,
    log: log.file,
    state,
    ...(url !== undefined && { url }),
  });
  for (const deadline = Date.now() + patienceMs; Date.now() < deadline; await sleep(100)) {
    if (exitCode === 0) return result("finished");
    if (exitCode !== undefined)
      throw new FinkError("io", `${title} did not start: ${lastLine(log.file)} (log: ${log.file})`);
    const mine = names
      .map((name) => instance(lake, name)?.status)
      .filter((status) => status?.pid === pid);
    if (mine.length === names.length && mine.every((status) => status?.state === "running")) {
      return result("running", mine.find((status) => status?.url !== undefined)?.url);
    }
  }
  return result("starting");
}

/** One log of the run before is kept when it has grown large. */
function openLog(lake: string, title: string): { file: string; descriptor: number } {
  const folder = join(lake, ".fink", "log");
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `${title}.log`);
  if (existsSync(file) && statSync(file).size > maxLogBytes) renameSync(file, `${file}.1`);
  return { file, descriptor: openSync(file, "a") };
}

function lastLine(file: string): string {
  const line = readFileSync(file, "utf8").trimEnd().split("\n").at(-1) ?? "";
  return line.replace(/^fink: /, "");
}
