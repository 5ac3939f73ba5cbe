import { execFileSync } from "node:child_process";
import { existsSync, statfsSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Random } from "../src/simulator/random.ts";
import type { KafkaBroker } from "../test/kafka/broker.ts";
import { project, run } from "../test/cli/run.ts";
import type { Keeper, KeptService } from "./chaos-keeper.ts";

export interface TroubleMaker {
  readonly random: Random;
  readonly keeper: Keeper;
  readonly kafka: KafkaBroker;
  readonly lake: string;
  /** True: the lake is a disk of its own, which can be filled or made read-only in part. */
  readonly mounted: boolean;
  /** While true the webhook answers 503. */
  readonly webhook: { isDown: boolean };
  say(what: string): void;
}

type Trouble = (maker: TroubleMaker) => Promise<void>;

/** Each ends with what it broke mended; services that it ended are started again by the keeper. */
const troubles: Readonly<
  Record<string, { readonly weight: number; readonly needsMount?: true; readonly make: Trouble }>
> = {
  kill: { weight: 5, make: kill },
  pause: { weight: 2, make: pause },
  takeover: { weight: 2, make: takeover },
  second: { weight: 2, make: second },
  kafka: { weight: 1, make: kafkaDown },
  webhook: { weight: 1, make: webhookDown },
  compact: { weight: 1, make: compact },
  full: { weight: 2, needsMount: true, make: fullDisk },
  unwritable: { weight: 2, needsMount: true, make: unwritable },
};

export const diskBytes = 12 * 2 ** 30;

/** Makes one trouble after the other until the time is over; how often each was made. */
export async function makeTroubles(
  maker: TroubleMaker,
  milliseconds: number,
): Promise<Map<string, number>> {
  const possible = Object.entries(troubles).filter(
    ([, { needsMount }]) => maker.mounted || !needsMount,
  );
  const lots = possible.flatMap(([name, { weight }]) => Array.from({ length: weight }, () => name));
  const made = new Map(possible.map(([name]) => [name, 0]));
  for (const until = performance.now() + milliseconds; performance.now() < until;) {
    const name = maker.random.pick(lots);
    made.set(name, made.get(name)! + 1);
    await troubles[name].make(maker);
    await sleep(maker.random.between(500, 5000));
  }
  return made;
}

async function kill({ random, keeper, say }: TroubleMaker): Promise<void> {
  const service = random.pick(keeper.services);
  say(`SIGKILL ${service.name}`);
  await keeper.kill(service);
}

async function pause({ random, keeper, say }: TroubleMaker): Promise<void> {
  const service = random.pick(keeper.services);
  const ms = random.between(500, 15_000);
  say(`SIGSTOP ${service.name} for ${Math.round(ms)} ms`);
  await stopped(service, () => sleep(ms));
}

/** A service hangs, another takes its place, and then it goes on with what it had in hand. */
async function takeover({ random, keeper, say }: TroubleMaker): Promise<void> {
  const service = random.pick(keeper.services);
  say(`${service.name} hangs while a second one starts`);
  let other: KeptService | undefined;
  await stopped(service, async () => {
    other = keeper.startSecond(service);
    await sleep(random.between(4000, 12_000));
  });
  await sleep(random.between(500, 4000));
  await keeper.end(other!, random.pick(["SIGKILL", "SIGTERM"]));
}

async function second({ random, keeper, say }: TroubleMaker): Promise<void> {
  const service = random.pick(keeper.services);
  say(`a second ${service.name}`);
  const other = keeper.startSecond(service);
  await sleep(random.between(3000, 10_000));
  await keeper.end(other, random.pick(["SIGKILL", "SIGTERM"]));
}

async function kafkaDown({ random, kafka, say }: TroubleMaker): Promise<void> {
  const how = random.pick(["kill9", "stop"] as const);
  say(`Kafka: ${how}`);
  await kafka[how]();
  await sleep(random.between(0, 8000));
  await kafka.restart();
}

async function webhookDown({ random, webhook, say }: TroubleMaker): Promise<void> {
  say("the webhook answers 503");
  webhook.isDown = true;
  await sleep(random.between(1000, 8000));
  webhook.isDown = false;
}

async function compact({ lake, say }: TroubleMaker): Promise<void> {
  say("compact");
  await run(join(project, "fink"), ["compact"], { FINK_LAKE: lake });
}

async function fullDisk({ random, lake, say }: TroubleMaker): Promise<void> {
  const spare = random.pick([0, 64, 4096]) * statfsSync(lake).bsize;
  say(`the disk is full but for ${spare} bytes`);
  shrink(lake, spare);
  await sleep(random.between(1000, 8000));
  remount(lake, `size=${diskBytes}`);
}

/**
 * The kernel refuses a size below what is there, and the services write on between the look and the
 * call.
 */
function shrink(folder: string, spare: number, tries = 20): void {
  const { blocks, bfree, bsize } = statfsSync(folder);
  try {
    remount(folder, `size=${(blocks - bfree) * bsize + spare}`);
  } catch (error) {
    if (tries === 0) throw error;
    shrink(folder, spare, tries - 1);
  }
}

async function unwritable({ random, lake, say }: TroubleMaker): Promise<void> {
  const folders = [
    "ztf/raw",
    "ztf/raw/_delta_log",
    "ztf/rejected",
    "ztf/science",
    "ztf/science/_delta_log",
    "ztf/matches",
    "ztf/statistics",
    ".fink",
    ".fink/run",
    ".fink/filters",
  ];
  const folder = join(lake, random.pick(folders));
  if (!existsSync(folder)) return;
  say(`${folder.slice(lake.length + 1)} cannot be written`);
  execFileSync("mount", ["--bind", folder, folder]);
  try {
    execFileSync("mount", ["-o", "remount,bind,ro", folder]);
    await sleep(random.between(1000, 8000));
  } finally {
    execFileSync("umount", ["-l", folder]);
  }
}

function remount(folder: string, option: string): void {
  execFileSync("mount", ["-o", `remount,${option}`, folder]);
}

async function stopped({ child }: KeptService, work: () => Promise<unknown>): Promise<void> {
  child.kill("SIGSTOP");
  await work();
  child.kill("SIGCONT");
}
