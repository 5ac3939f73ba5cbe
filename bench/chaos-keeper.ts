import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { project } from "../test/cli/run.ts";

export interface KeptService {
  readonly service: string;
  readonly name: string;
  child: ChildProcess;
}

/** Services that ran for so long have no reason to end by themselves. */
const settledMs = 10_000;

/** Starts services and starts them again when they end, as systemd would. */
export class Keeper {
  readonly services: KeptService[] = [];
  /** Services that ended by themselves after they had run: a line each. */
  readonly endings: string[] = [];
  /** Seconds that were refused because the first one runs. */
  refused = 0;
  readonly #env: NodeJS.ProcessEnv;
  #isOver = false;

  constructor(env: NodeJS.ProcessEnv, names: readonly string[]) {
    this.#env = { ...process.env, FINK_LOG_LEVEL: "warn", ...env };
    for (const name of names) {
      const one = { service: name, name, child: this.#spawn(name, name) };
      this.services.push(one);
      this.#keep(one);
    }
  }

  async kill(service: KeptService): Promise<void> {
    service.child.kill("SIGKILL");
    await sleep(100);
  }

  startSecond({ service }: KeptService): KeptService {
    const name = `${service}-2`;
    const child = this.#spawn(service, name);
    child.stderr!.resume();
    child.once("exit", (code) => (this.refused += code === 1 ? 1 : 0));
    return { service, name, child };
  }

  async end({ child }: KeptService, signal: NodeJS.Signals): Promise<void> {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.once("exit", resolve));
    child.kill(signal);
    await Promise.race([ended, sleep(30_000)]);
    child.kill("SIGKILL");
  }

  /** Ends all of them cleanly; those that do not are named. */
  async stop(): Promise<string[]> {
    this.#isOver = true;
    const codes = await Promise.all(
      this.services.map(async ({ name, child }) => {
        if (child.exitCode !== null) return `${name} had ended with code ${child.exitCode}`;
        const ended = new Promise<string | null>((resolve) =>
          child.once("exit", (code, by) =>
            resolve(code === 0 ? null : `${name} ended with ${by ?? code}`),
          ),
        );
        child.kill("SIGTERM");
        const late = sleep(60_000, `${name} did not stop within a minute`);
        const how = await Promise.race([ended, late]);
        child.kill("SIGKILL");
        return how;
      }),
    );
    return codes.flatMap((code) => code ?? []);
  }

  #keep(one: KeptService): void {
    const startedAt = performance.now();
    let said = "";
    one.child.stderr!.on("data", (data: Buffer) => (said = (said + data.toString()).slice(-2000)));
    one.child.once("exit", (code, signal) => {
      if (this.#isOver) return;
      const ran = performance.now() - startedAt;
      if (signal !== "SIGKILL" && ran > settledMs)
        this.endings.push(
          `${one.name} ended by itself (${signal ?? code}) after ${Math.round(ran / 1000)} s: ${said.trim().split("\n").at(-1)}`,
        );
      const again = () => {
        if (this.#isOver) return;
        one.child = this.#spawn(one.service, one.name);
        this.#keep(one);
      };
      setTimeout(again, signal === "SIGKILL" ? 0 : 1000);
    });
  }

  #spawn(service: string, name: string): ChildProcess {
    const flags = ["start", service, "--name", name, "--foreground"];
    return spawn(
      process.execPath,
      [...process.execArgv, join(project, "src/cli/main.ts"), ...flags],
      { env: this.#env, stdio: ["ignore", "ignore", "pipe"] },
    );
  }
}
