import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { FinkError } from "../../errors.ts";
import {
  type Instance,
  instance,
  instances,
  release,
  requestStop,
} from "../../services/run-state.ts";
import { type CommandContext, defineCommand } from "../command.ts";

const patienceMs = 30_000;

export const stop = defineCommand({
  arguments: "NAME",
  description: "NAME is a service as `./fink status` shows it, services (all but ui), or all.",
  example: "./fink stop archive",
  flags: z.object({
    force: z
      .boolean()
      .default(false)
      .describe("Kill at once; what is in hand is read again at the next start"),
  }),
  async run(context, [which], { force }) {
    const { lake } = context.config().config;
    const known = instances(lake);
    for (const dead of known.filter((one) => !isThere(one))) release(lake, dead.status.name);
    const running = known.filter((one) => one.process);
    const targets = chosen(which, known).filter(isThere);
    if (force) kill(lake, targets, running);
    else ask(lake, targets, running);
    await ended(context, lake, targets, which);
    const names = targets.map((one) => one.status.name);
    const failed = names
      .map((name) => instance(lake, name)?.status)
      .find((status) => status?.state === "failed");
    if (failed && !force) throw new FinkError("io", `${failed.name} ended, but ${failed.message}`);
    if (context.json) context.print(JSON.stringify({ stopped: names }));
    else context.print(names.length > 0 ? `stopped: ${names.join(", ")}` : "nothing to stop");
  },
});

function isThere({ process: owner, elsewhere }: Instance): boolean {
  return owner !== null || elsewhere !== null;
}

function chosen(which: string, known: readonly Instance[]): Instance[] {
  if (which === "all") return [...known];
  if (which === "services") return known.filter((one) => one.status.service !== "ui");
  const one = known.find(({ status }) => status.name === which);
  if (!one)
    throw new FinkError(
      "usage",
      `nothing named ${which} ever ran on this lake; \`./fink status\` shows what did`,
    );
  return [one];
}

/**
 * A signal ends a process. One that also runs what shall go on, or that is on another machine, is
 * asked through a file of the lake.
 */
function ask(lake: string, targets: readonly Instance[], running: readonly Instance[]): void {
  for (const { process: owner, status, elsewhere } of targets) {
    const shared = running.some(
      (other) => other.process?.pid === owner?.pid && !targets.includes(other),
    );
    if (shared || elsewhere !== null) requestStop(lake, status.name);
    else if (owner) signal(owner.pid, "SIGTERM");
  }
}

function kill(lake: string, targets: readonly Instance[], running: readonly Instance[]): void {
  const away = targets.find(({ elsewhere }) => elsewhere !== null);
  if (away)
    throw new FinkError(
      "usage",
      `${away.status.name} runs on another machine; run \`./fink stop ${away.status.name} --force\` on ${away.elsewhere}`,
    );
  const pids = new Set(targets.map((one) => one.process?.pid));
  const others = running
    .filter((one) => pids.has(one.process?.pid) && !targets.includes(one))
    .map((one) => one.status.name);
  if (others.length > 0)
    throw new FinkError(
      "usage",
      `${others.join(", ")} would be killed too, being one process; use \`./fink stop all --force\``,
    );
  for (const { process: owner, status } of targets) {
    if (owner) signal(owner.pid, "SIGKILL");
    release(lake, status.name);
  }
}

/** It may have ended since it was looked up. */
function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

async function ended(
  context: CommandContext,
  lake: string,
  targets: readonly Instance[],
  which: string,
): Promise<void> {
  const left = () =>
    targets.map((one) => instance(lake, one.status.name)).filter((one) => one && isThere(one));
  let said = Date.now();
  for (
    const deadline = said + patienceMs;
    left().length > 0 && Date.now() < deadline;
    await sleep(100)
  ) {
    if (Date.now() - said < 3000) continue;
    said = Date.now();
    context.warn(`waiting for ${left().map(describe).join(", ")}`);
  }
  if (left().length === 0) return;
  throw new FinkError(
    "io",
    `${left().map(describe).join(", ")} after ${patienceMs / 1000} s; wait on, or kill with \`./fink stop ${which} --force\``,
  );
}

function describe(one: Instance | undefined): string {
  return one
    ? `${one.status.name} (pid ${one.status.pid}) is ${one.status.state}${one.status.message ? `: ${one.status.message}` : ""}`
    : "";
}
