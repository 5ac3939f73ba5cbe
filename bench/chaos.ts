// Half an hour of what can go wrong, one after the other, while alerts come in; then the lake and
// everything delivered are compared with the list of what was sent.
import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import type { Account, SurveyAccount } from "../src/account/account.ts";
import { randomStream } from "../src/simulator/random.ts";
import { project, run } from "../test/cli/run.ts";
import { canMount, mount, unmount } from "../test/cli/tmpfs.ts";
import { startKafka } from "../test/kafka/broker.ts";
import { createTopic } from "../test/kafka/topics.ts";
import { type Fed, feed, partitions, topic } from "./chaos-feed.ts";
import { Keeper } from "./chaos-keeper.ts";
import { diskBytes, makeTroubles } from "./chaos-troubles.ts";

export interface ChaosLoad {
  readonly minutes: number;
  readonly perSecond: number;
  /** The same gives the same alerts and the same order of troubles. */
  readonly seed: number;
  /** A Python with deltalake, confluent-kafka and fastavro: the independent reader. */
  readonly python: string;
  readonly say?: (what: string) => void;
}

export interface ChaosResult {
  readonly troubles: ReadonlyMap<string, number>;
  /** False: nothing could be mounted, so that no disk was full and no folder read-only. */
  readonly mounted: boolean;
  readonly fed: Pick<Fed, "messages" | "again" | "damaged"> & { readonly alerts: number };
  /** Second services that were refused. */
  readonly refused: number;
  readonly drainSeconds: number;
  /** Messages that reached a target more than once, under the same id. */
  readonly repeated: Readonly<Record<"kafka" | "webhook", number>>;
  /** Differences from the list, and services that ended by themselves or not cleanly. */
  readonly differences: readonly string[];
}

const services = ["archive", "science", "filter", "aggregation", "delivery", "compaction", "ui"];
const outTopic = "chaos_out";

/** The filters, and whose alerts each selects: those whose id this divides. */
const selected = new Map([
  ["third", 3n],
  ["seventh", 7n],
]);

function selectedBy(fed: Fed, n: bigint): string[] {
  return [...fed.alerts].filter((id) => id % n === 0n).map(String);
}

function matchesOf({ nights }: SurveyAccount, filter: string): number {
  return nights
    .flatMap(({ matches }) => matches)
    .reduce((total, one) => total + (one.filter === filter ? one.matches : 0), 0);
}

interface Seen {
  readonly raw: readonly string[];
  readonly rejected: number;
  readonly science: readonly string[];
  readonly matches: readonly (readonly [filter: string, alert: string])[];
  readonly kafka: readonly string[];
  readonly files: readonly string[];
}

export async function benchChaos(
  kafkaLib: string,
  { minutes, perSecond, seed, python, say = () => {} }: ChaosLoad,
): Promise<ChaosResult> {
  const folder = mkdtempSync(join(tmpdir(), "fink-bench-chaos-"));
  const lake = join(folder, "lake");
  const mounted = canMount();
  if (mounted) mount(lake, diskBytes);
  const kafka = await startKafka(kafkaLib);
  const broker = kafka.at.PLAINTEXT;
  const hook = await startWebhook();
  const config = writeConfig(folder, broker, hook.url);
  await createTopic(broker, topic, partitions);
  await createTopic(broker, outTopic, partitions);
  const keeper = new Keeper({ FINK_HOME: folder, FINK_LAKE: lake }, services);
  const over = new AbortController();
  try {
    const feeding = feed(broker, perSecond, over.signal);
    const random = randomStream(seed);
    const made = await makeTroubles(
      { random, keeper, kafka, lake, mounted, webhook: hook, say },
      minutes * 60_000,
    );
    over.abort();
    const fed = await feeding;
    say(`sent ${fed.messages} messages; waiting until all is through`);
    const drainedAt = performance.now();
    await drained(config, lake, fed);
    const drainSeconds = (performance.now() - drainedAt) / 1000;
    const unclean = await keeper.stop();
    const account = await accountOf(config, lake);
    const read = [
      join(import.meta.dirname, "chaos-read.py"),
      lake,
      broker,
      outTopic,
      join(folder, "out"),
    ];
    const seen = JSON.parse(
      (await promisify(execFile)(python, read, { maxBuffer: 2 ** 30 })).stdout,
    ) as Seen;
    const differences = [
      ...keeper.endings,
      ...unclean,
      ...compared(fed, seen, hook.received, account),
    ];
    const repeated = {
      kafka: seen.kafka.length - new Set(seen.kafka).size,
      webhook: hook.received.length - new Set(hook.received).size,
    };
    const { messages, again, damaged } = fed;
    const summary = { messages, again, damaged, alerts: fed.alerts.size };
    return {
      troubles: made,
      mounted,
      fed: summary,
      refused: keeper.refused,
      drainSeconds,
      repeated,
      differences,
    };
  } finally {
    over.abort();
    for (const { child } of keeper.services) child.kill("SIGCONT");
    await keeper.stop();
    hook.server.close();
    await kafka.destroy();
    if (mounted) unmount(lake);
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Two filters whose alerts can be counted by anybody, each to two targets. */
function writeConfig(folder: string, broker: string, webhook: string): string {
  mkdirSync(join(folder, "filters/ztf"), { recursive: true });
  mkdirSync(join(folder, "conf"));
  const header = "-- description: Some.\n-- quality: all\n";
  writeFileSync(
    join(folder, "filters/ztf/third.sql"),
    `${header}-- deliver: kafka, out\n-- topic: ${outTopic}\nSELECT * FROM alerts WHERE candid % 3 = 0\n`,
  );
  writeFileSync(
    join(folder, "filters/ztf/seventh.ts"),
    `export const seventh = {
  description: "One in seven.", quality: "all", deliver: ["hook"], columns: ["candid", "objectId"], needs: ["candid"],
  select: (alerts) => Uint8Array.from(alerts.longs("candid"), (id) => Number(id % 7n === 0n)),
};\n`,
  );
  const lines = [
    `kafka: { brokers: ["${broker}"], topics: [${topic}] }`,
    "archive: { triggerSeconds: 0.5 }",
    `delivery: { targets: { out: { kind: files, folder: ${join(folder, "out")} }, hook: { kind: webhook, url: "${webhook}", allowPrivate: true, timeoutSeconds: 5 } } }`,
    "compaction: { everyMinutes: 1 }",
    "ui: { port: 0 }",
  ];
  const config = join(folder, "conf/fink.yaml");
  writeFileSync(config, `${lines.join("\n")}\n`);
  return config;
}

interface Webhook {
  readonly server: Server;
  readonly url: string;
  readonly received: string[];
  isDown: boolean;
}

async function startWebhook(): Promise<Webhook> {
  const received: string[] = [];
  const server = createServer((request, response) => {
    request.resume().once("end", () => {
      if (!hook.isDown) received.push(String(request.headers["webhook-id"]));
      response.writeHead(hook.isDown ? 503 : 204).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const hook: Webhook = {
    server,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    received,
    isDown: false,
  };
  return hook;
}

async function accountOf(config: string, lake: string): Promise<Account> {
  const { stdout, stderr } = await run(join(project, "fink"), ["account", "--json", "-c", config], {
    FINK_LAKE: lake,
  });
  if (stdout === "") throw new Error(`the account says nothing: ${stderr}`);
  return JSON.parse(stdout) as Account;
}

/** Waits until the account has everything, or for five minutes in which it has not changed. */
async function drained(config: string, lake: string, fed: Fed): Promise<void> {
  let before = "";
  for (let since = performance.now(); performance.now() - since < 300_000; await sleep(3000)) {
    const [survey] = (await accountOf(config, lake)).surveys;
    const sum = (of: "complete" | "pending") =>
      survey.nights.reduce((total, night) => total + night[of], 0);
    const read = survey.topics.reduce(
      (total, { archived, rejected }) => total + archived + rejected,
      0,
    );
    const isComputed =
      read === fed.messages && sum("complete") + sum("pending") === fed.alerts.size;
    const isMatched = [...selected].every(
      ([filter, n]) => matchesOf(survey, filter) === selectedBy(fed, n).length,
    );
    if (
      isComputed &&
      isMatched &&
      survey.deliveries.length === 3 &&
      survey.deliveries.every(({ waiting }) => waiting === 0)
    )
      return;
    const now = JSON.stringify(survey);
    if (now !== before) since = performance.now();
    before = now;
  }
}

function compared(
  fed: Fed,
  seen: Seen,
  hooked: readonly string[],
  { balanced, surveys: [survey] }: Account,
): string[] {
  const alerts = [...fed.alerts].map(String);
  const [third, seventh] = [...selected.values()].map((n) => selectedBy(fed, n));
  const matched = (filter: string) =>
    seen.matches.flatMap(([name, alert]) => (name === filter ? [alert] : []));
  const alertOf = (id: string) => id.slice(id.lastIndexOf("/") + 1);
  const sent = (ids: readonly string[]) => [...new Set(ids)].map(alertOf);
  const night = (of: "archived" | "distinct" | "duplicates" | "complete" | "missing") =>
    survey.nights.reduce((sum, one) => sum + one[of], 0);
  const of = (what: "received" | "archived" | "rejected") =>
    survey.topics.reduce((sum, one) => sum + one[what], 0);
  return [
    ...different("raw", [...new Set(seen.raw)], alerts),
    ...unequal("rows of raw", seen.raw.length, fed.alerts.size + fed.again),
    ...unequal("rows of rejected", seen.rejected, fed.damaged),
    ...different("science", seen.science, alerts),
    ...different("matches of third", matched("third"), third),
    ...different("matches of seventh", matched("seventh"), seventh),
    ...different("delivered to Kafka", sent(seen.kafka), third),
    ...different("delivered as files", [...new Set(seen.files)], third),
    ...different("delivered to the webhook", sent(hooked), seventh),
    ...(balanced ? [] : [`the account does not balance: ${survey.problems.join("; ")}`]),
    ...unequal("account: received", of("received"), fed.messages),
    ...unequal("account: archived", of("archived"), fed.alerts.size + fed.again),
    ...unequal("account: rejected", of("rejected"), fed.damaged),
    ...unequal("account: distinct", night("distinct"), fed.alerts.size),
    ...unequal("account: sent again", night("duplicates"), fed.again),
    ...unequal("account: science", night("complete"), fed.alerts.size),
    ...unequal("account: missing", night("missing"), 0),
    ...survey.deliveries.flatMap(({ target, waiting }) =>
      unequal(`account: commits that wait for ${target}`, waiting, 0),
    ),
  ];
}

function different(what: string, seen: readonly string[], wanted: readonly string[]): string[] {
  const [has, wants] = [new Set(seen), new Set(wanted)];
  const some = (ids: readonly string[]) => `${ids.length} (${ids.slice(0, 5).join(", ")})`;
  const [missing, strange] = [
    wanted.filter((id) => !has.has(id)),
    [...has].filter((id) => !wants.has(id)),
  ];
  return [
    ...(missing.length > 0 ? [`${what}: missing ${some(missing)}`] : []),
    ...(strange.length > 0 ? [`${what}: nobody sent ${some(strange)}`] : []),
    ...(seen.length > has.size ? [`${what}: ${seen.length - has.size} more than once`] : []),
  ];
}

function unequal(what: string, seen: number, wanted: number): string[] {
  return seen === wanted ? [] : [`${what}: ${seen} instead of ${wanted}`];
}
