import { setTimeout as sleep } from "node:timers/promises";
import { configSchema } from "../../src/config/schema.ts";
import { KafkaSource } from "../../src/sources/kafka.ts";
import type { KafkaConfig } from "../../src/sources/kafka-connection.ts";
import { MemorySink } from "./memory-sink.ts";

export function kafkaConfig(keys: Record<string, unknown>): KafkaConfig {
  return configSchema.parse({ kafka: { discoverSeconds: 1, ...keys } }).kafka;
}

/** A source at work: its sink commits every 20 ms while `committing`. */
export interface Reading {
  readonly sink: MemorySink;
  readonly source: KafkaSource;
  readonly states: string[];
  readonly errors: string[];
  committing: boolean;
  /** Resolves when `run` does; rejects when it does. */
  readonly ended: Promise<void>;
  /** Aborts it, and commits what was put. */
  stop(): Promise<void>;
}

export function startReading(
  kafka: KafkaConfig,
  { sink = new MemorySink(), once = false }: { sink?: MemorySink; once?: boolean } = {},
): Reading {
  const states: string[] = [];
  const errors: string[] = [];
  const log = {
    info: () => {},
    warn: () => {},
    error: (message: unknown) => void errors.push(String(message)),
  };
  const source = new KafkaSource({
    kafka,
    surveyOf: (topic) => topic.split("_")[0],
    once,
    log,
    onState: (state) => states.push(state),
  });
  const aborter = new AbortController();
  const ended = source.run(sink, aborter.signal);
  const commit = () => reading.committing && source.committed(sink.commit());
  const timer = setInterval(commit, 20);
  ended.catch(() => {}).finally(() => clearInterval(timer));
  const stop = async () => {
    aborter.abort();
    await ended;
    commit();
  };
  const reading: Reading = { sink, source, states, errors, committing: true, ended, stop };
  return reading;
}

/** Waits until it holds; fails with what it was after `ms`. */
export async function until(
  what: string,
  holds: () => boolean | Promise<boolean>,
  ms = 20_000,
): Promise<void> {
  for (const deadline = Date.now() + ms; Date.now() < deadline; await sleep(50))
    if (await holds()) return;
  throw new Error(`not within ${ms / 1000} s: ${what}`);
}

/** `topic/partition/offset` of each committed message, in the order of their partitions. */
export function keysOf(sink: MemorySink): string[] {
  return sink.committed.map(({ topic, partition, offset }) => `${topic}/${partition}/${offset}`);
}

/** The keys of `count` messages spread over the partitions one after the other. */
export function expectedKeys(topic: string, count: number, partitions: number): string[] {
  return Array.from(
    { length: count },
    (_, i) => `${topic}/${i % partitions}/${Math.floor(i / partitions)}`,
  );
}
