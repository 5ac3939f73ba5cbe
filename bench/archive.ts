import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Producer } from "@platformatic/kafka";
import { startKafka } from "../test/kafka/broker.ts";
import { createTopic } from "../test/kafka/topics.ts";
import { type Sample, ztfSample } from "./alerts.ts";
import type { ChildResult, ChildTask } from "./archive-child.ts";

const partitions = 8;

/**
 * Kafka → committed lake, with broker and archive on this machine: everything that is waiting in
 * the topic, as fast as it goes.
 */
export async function benchThroughput(
  kafkaLib: string,
  alerts: number,
  runs: number,
  workers: number,
): Promise<ChildResult[]> {
  return await withTopic(kafkaLib, async (broker, topic) => {
    await produce(broker, topic, ztfSample(), alerts);
    const results: ChildResult[] = [];
    for (let i = 0; i < runs; i++)
      results.push(
        await archived({ broker, topic, alerts, workers, batchAlerts: 500 }, async () => {}),
      );
    return results;
  });
}

/** Published → committed at a steady rate; into that lake, or one of its own. */
export async function benchLatency(
  kafkaLib: string,
  perSecond: number,
  seconds: number,
  lake?: string,
): Promise<ChildResult> {
  return await withTopic(kafkaLib, async (broker, topic) => {
    const alerts = perSecond * seconds;
    return await archived(
      { broker, topic, alerts, workers: 1, batchAlerts: 1000, ...(lake !== undefined && { lake }) },
      () => produce(broker, topic, ztfSample(), alerts, perSecond),
    );
  });
}

async function withTopic<T>(
  kafkaLib: string,
  work: (broker: string, topic: string) => Promise<T>,
): Promise<T> {
  const kafka = await startKafka(kafkaLib);
  try {
    const broker = kafka.at.PLAINTEXT;
    await createTopic(broker, "ztf_bench", partitions);
    return await work(broker, "ztf_bench");
  } finally {
    await kafka.destroy();
  }
}

/** Runs one archive in its own process; `feed` begins when it is ready. */
async function archived(
  task: Omit<ChildTask, "lake"> & { readonly lake?: string },
  feed: () => Promise<void>,
): Promise<ChildResult> {
  const lake = task.lake ?? mkdtempSync(join(tmpdir(), "fink-bench-lake-"));
  try {
    const child = spawn(
      process.execPath,
      [
        ...process.execArgv,
        join(import.meta.dirname, "archive-child.ts"),
        JSON.stringify({ ...task, lake }),
      ],
      {
        stdio: ["ignore", "pipe", "inherit"],
      },
    );
    let output = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => (output += text));
    const exited = new Promise((resolve) => child.once("exit", resolve));
    while (!output.includes("ready") && child.exitCode === null) await sleep(20);
    await Promise.all([feed(), exited]);
    return JSON.parse(output.trim().split("\n").at(-1) ?? "") as ChildResult;
  } finally {
    if (task.lake === undefined) rmSync(lake, { recursive: true });
  }
}

async function produce(
  broker: string,
  topic: string,
  { messages }: Sample,
  count: number,
  perSecond = Infinity,
): Promise<void> {
  const producer = new Producer({
    clientId: "bench",
    bootstrapBrokers: [broker],
    idempotent: true,
    retries: 20,
    retryDelay: 500,
  });
  const perSend = perSecond === Infinity ? 100 : Math.max(1, Math.round(perSecond / 20));
  const startedAt = performance.now();
  for (let done = 0; done < count; done += perSend) {
    if (perSecond !== Infinity)
      await sleep(Math.max(0, (done / perSecond) * 1000 - (performance.now() - startedAt)));
    const batch = Array.from({ length: Math.min(perSend, count - done) }, (_, i) => ({
      topic,
      partition: (done + i) % partitions,
      value: messages[(done + i) % messages.length],
    }));
    await producer.send({ messages: batch, acks: -1 });
  }
  await producer.close();
}
