import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { project } from "../cli/run.ts";

/** `./fink` in a process of its own. */
export interface FinkProcess {
  readonly child: ChildProcess;
  /** How it ended, and what it wrote to stdout and stderr. */
  readonly ended: Promise<{ code: number | null; signal: NodeJS.Signals | null; output: string }>;
  /** What it wrote so far. */
  output(): string;
  /** Sends the signal (SIGKILL) and waits for the end. */
  kill(signal?: NodeJS.Signals): Promise<void>;
}

/**
 * Starts a command; it is killed with the test at the latest. `settings` are environment variables
 * such as FINK_LAKE.
 */
export function startFink(
  args: readonly string[],
  settings: Readonly<Record<string, string>>,
): FinkProcess {
  const env = { ...process.env, FINK_LOG_LEVEL: "info", ...settings };
  const child = spawn(process.execPath, [join(project, "src/cli/main.ts"), ...args], {
    env,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  child.stdout.on("data", (data) => (output += data));
  child.stderr.on("data", (data) => (output += data));
  const atExit = () => child.kill("SIGKILL");
  process.on("exit", atExit);
  const ended = new Promise<{ code: number | null; signal: NodeJS.Signals | null; output: string }>(
    (resolve) => {
      child.once("close", (code, signal) => {
        process.off("exit", atExit);
        resolve({ code, signal, output });
      });
    },
  );
  const kill = async (signal: NodeJS.Signals = "SIGKILL") => {
    child.kill(signal);
    await ended;
  };
  return { child, ended, output: () => output, kill };
}
