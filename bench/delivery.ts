import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Consumer, Producer } from "@platformatic/kafka";
import { idHeader } from "../src/delivery/kafka.ts";
import { packetsOf } from "../src/simulator/night/batch.ts";
import { simulateHere } from "../src/simulator/night/simulate.ts";
import { startKafka } from "../test/kafka/broker.ts";
import { createTopic } from "../test/kafka/topics.ts";

export interface DeliveryResult {
  readonly delivered: number;
  /** Alert in Kafka → alert in the filter's topic, ms. */
  readonly p50: number;
  readonly p99: number;
  /** From the last alert that came in to the last that went out. */
  readonly afterLastMs: number;
  /**
   * CPU time of each service for an alert that came in, ms; empty where the system does not tell
   * (Linux does).
   */
  readonly cpuMs: Readonly<Record<string, number>>;
}

export interface DeliveryLoad {
  readonly perSecond: number;
  readonly seconds: number;
  /** Alerts that come at once after that. */
  readonly burst: number;
  /** One alert in so many is selected. */
  readonly oneIn: number;
}

interface Packet {
  readonly id: string;
  readonly bytes: Buffer;
}

const services = ["archive", "science", "filter", "delivery"];
export const topic = "ztf_bench_programid1";

/**
 * Kafka → archive → science → all filters → topic, each service in its own process; what is
 * selected is delivered whole.
 */
export async function benchDelivery(
  kafkaLib: string,
  { perSecond, seconds, burst, oneIn }: DeliveryLoad,
): Promise<DeliveryResult[]> {
  const folder = mkdtempSync(join(tmpdir(), "fink-bench-delivery-"));
  const kafka = await startKafka(kafkaLib);
  const running = new Map<string, ChildProcess>();
  try {
    const broker = kafka.at.PLAINTEXT;
    await createTopic(broker, topic, 8);
    await createTopic(broker, "bench_out", 4);
    mkdirSync(join(folder, "filters/ztf"), { recursive: true });
    const header =
      "-- description: One in so many.\n-- deliver: kafka\n-- topic: bench_out\n-- quality: all\n";
    writeFileSync(
      join(folder, "filters/ztf/bench.sql"),
      `${header}SELECT * FROM alerts WHERE candid % ${oneIn} = 0\n`,
    );
    const settings = {
      FINK_LAKE: join(folder, "lake"),
      FINK_FILTERS_FOLDER: join(folder, "filters"),
      FINK_KAFKA_BROKERS: broker,
      FINK_KAFKA_TOPICS: topic,
      FINK_LOG_LEVEL: "warn",
    };
    for (const name of services) running.set(name, startService(name, settings));
    const packets = simulated(perSecond * seconds + burst + 200);
    const out = await startReading(broker);
    const run = (own: readonly Packet[], rate: number) =>
      measured({ broker, out, running, oneIn }, own, rate);
    await run(packets.splice(0, 200), 100); // until all is loaded and compiled
    const steady = await run(packets.splice(0, perSecond * seconds), perSecond);
    const atOnce = await run(packets, Infinity);
    await out.close();
    return [steady, atOnce];
  } finally {
    for (const child of running.values()) child.kill("SIGKILL");
    await kafka.destroy();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** With the flags of this process, which are those of `./fink`. */
export function startService(
  name: string,
  settings: Readonly<Record<string, string>>,
): ChildProcess {
  const main = join(import.meta.dirname, "../src/cli/main.ts");
  return spawn(process.execPath, [...process.execArgv, main, "start", name], {
    env: { ...process.env, ...settings },
    stdio: ["ignore", "inherit", "inherit"],
  });
}

/** CPU time of each process until now, ms (proc(5): utime and stime, in hundredths of a second). */
function cpuOf(running: ReadonlyMap<string, ChildProcess>): Map<string, number> {
  const times = new Map<string, number>();
  for (const [name, { pid }] of running) {
    if (!existsSync(`/proc/${pid}/stat`)) continue;
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1].split(" ");
    times.set(name, 10 * (Number(fields[11]) + Number(fields[12])));
  }
  return times;
}

function simulated(count: number): Packet[] {
  const packets: Packet[] = [];
  for (const batch of simulateHere({
    survey: "ztf",
    schema: "4.02",
    nights: ["2026-10-10"],
    alerts: count,
    seed: 5,
    rates: {},
  })) {
    let i = 0;
    for (const bytes of packetsOf(batch))
      packets.push({ id: String(batch.alertIds[i++]), bytes: Buffer.from(bytes) });
  }
  return packets;
}

interface Reading {
  /** When each alert was there first. */
  readonly seenAt: ReadonlyMap<string, number>;
  close(): Promise<void>;
}

async function startReading(broker: string): Promise<Reading> {
  const consumer = new Consumer({
    clientId: "bench",
    groupId: "bench",
    bootstrapBrokers: [broker],
    autocommit: false,
  });
  const stream = await consumer.consume({
    topics: ["bench_out"],
    mode: "earliest",
    maxWaitTime: 50,
  });
  const seenAt = new Map<string, number>();
  const header = Buffer.from(idHeader);
  stream.on("data", ({ headers }) => {
    const id = [...headers].find(([name]) => header.equals(name))?.[1].toString() ?? "";
    const alert = id.slice(id.lastIndexOf("/") + 1);
    if (!seenAt.has(alert)) seenAt.set(alert, Date.now());
  });
  return { seenAt, close: () => consumer.close(true) };
}

interface Rig {
  readonly broker: string;
  readonly out: Reading;
  readonly running: ReadonlyMap<string, ChildProcess>;
  readonly oneIn: number;
}

async function measured(
  { broker, out: { seenAt }, running, oneIn }: Rig,
  packets: readonly Packet[],
  perSecond: number,
): Promise<DeliveryResult> {
  const cpuBefore = cpuOf(running);
  const sentAt = await produce(broker, packets, perSecond);
  const wanted = packets.filter(({ id }) => BigInt(id) % BigInt(oneIn) === 0n);
  for (
    const until = Date.now() + 120_000;
    Date.now() < until && wanted.some(({ id }) => !seenAt.has(id));
  )
    await sleep(100);
  const delivered = wanted.filter(({ id }) => seenAt.has(id));
  const delays = delivered.map(({ id }) => seenAt.get(id)! - sentAt.get(id)!).sort((a, b) => a - b);
  const at = (share: number) =>
    delays[Math.min(delays.length - 1, Math.floor(share * delays.length))] ?? NaN;
  if (delivered.length < wanted.length)
    process.stderr.write(
      `${wanted.length - delivered.length} of ${wanted.length} alerts were not delivered\n`,
    );
  const last = (times: readonly number[]) => times.reduce((a, b) => Math.max(a, b), 0);
  const afterLastMs = last(delivered.map(({ id }) => seenAt.get(id)!)) - last([...sentAt.values()]);
  const cpuMs = Object.fromEntries(
    [...cpuOf(running)].map(([name, ms]) => [name, (ms - cpuBefore.get(name)!) / packets.length]),
  );
  return { delivered: delivered.length, p50: at(0.5), p99: at(0.99), afterLastMs, cpuMs };
}

/** When each was sent, which is known to the caller at once if it gives the map. */
export async function produce(
  broker: string,
  packets: readonly Packet[],
  perSecond: number,
  sentAt = new Map<string, number>(),
): Promise<Map<string, number>> {
  const producer = new Producer({
    clientId: "bench",
    bootstrapBrokers: [broker],
    idempotent: true,
    retries: 20,
    retryDelay: 500,
  });
  const perSend = perSecond === Infinity ? 100 : Math.max(1, Math.round(perSecond / 20));
  const startedAt = performance.now();
  for (let done = 0; done < packets.length; done += perSend) {
    if (perSecond !== Infinity)
      await sleep(Math.max(0, (done / perSecond) * 1000 - (performance.now() - startedAt)));
    const batch = packets.slice(done, done + perSend);
    for (const { id } of batch) sentAt.set(id, Date.now());
    await producer.send({
      messages: batch.map(({ bytes }, i) => ({ topic, partition: (done + i) % 8, value: bytes })),
      acks: -1,
    });
  }
  await producer.close();
  return sentAt;
}
