import { setMaxListeners } from "node:events";
import type { Consumer } from "@platformatic/kafka";
import { FinkError, messageOf } from "../errors.ts";
import type { Logger } from "../log.ts";
import { type KafkaConfig, newConsumer } from "./kafka-connection.ts";
import { type DiscoveryHooks, discoverTopics } from "./kafka-discovery.ts";
import { explainKafka, isMistake } from "./kafka-errors.ts";
import { KafkaGroup } from "./kafka-group.ts";
import { describeGap, endOffset, type KafkaGap, skipGap, startOffset } from "./kafka-offsets.ts";
import { startProblem } from "./kafka-probe.ts";
import { atMost, backoffMs, KafkaReader, pause, type ReaderHooks } from "./kafka-reader.ts";
import { KafkaTroubles } from "./kafka-troubles.ts";
import type { AlertSource, Sink, SourceLag, SourcePartition } from "./source.ts";

export interface KafkaSourceOptions {
  readonly kafka: KafkaConfig;
  /** Survey whose tables take the alerts of a topic. */
  readonly surveyOf: (topic: string) => string;
  /** Ends at the offsets that were the last at the start. */
  readonly once?: boolean;
  readonly log: Pick<Logger, "info" | "warn" | "error">;
  /** What the source waits for, once per change; empty when all is well. */
  readonly onState?: (message: string) => void;
}

/** Alerts from Kafka. The sink's positions say where to read on; Kafka's committed offsets are only told, never asked. */
export class KafkaSource implements AlertSource {
  readonly name = "kafka";
  /** Messages the broker had deleted before we read them. */
  readonly gaps: KafkaGap[] = [];
  readonly #options: KafkaSourceOptions;
  readonly #troubles: KafkaTroubles;
  /** By appId; one object per partition for the life of the source. */
  readonly #partitions = new Map<string, SourcePartition>();
  /** Where partitions without position began: the same again after a rewind, also for `latest`. */
  readonly #starts = new Map<string, bigint>();
  readonly #toCommit = new Map<SourcePartition, bigint>();
  /** Topics there at the start; null before we looked. */
  #firstTopics: readonly string[] | null = null;
  #assigned = false;
  #topicIsGone = false;
  #reader: KafkaReader | null = null;

  constructor(options: KafkaSourceOptions) {
    this.#options = options;
    this.#troubles = new KafkaTroubles((message) => this.#announce(message));
  }

  async run(sink: Sink, signal: AbortSignal): Promise<void> {
    await this.#awaitBroker(signal);
    if (signal.aborted) return;
    const { kafka } = this.#options;
    const done = new AbortController();
    const running = AbortSignal.any([signal, done.signal]);
    setMaxListeners(0, running); // one waits per broker
    const consumer = newConsumer(kafka);
    const reader = new KafkaReader(consumer, sink, this.#readerHooks(consumer, sink));
    const group = new KafkaGroup(kafka, {
      assigned: (assignments) => {
        this.#assigned = true;
        reader.assign(assignments);
      },
      trouble: (about, error) => this.#trouble(about, error),
    });
    this.#reader = reader;
    const failed = new Promise<never>((_, reject) => {
      group.run(running).catch(reject);
      discoverTopics(kafka, this.#discoveryHooks(group, reject), running).catch(reject);
    });
    try {
      await Promise.race([failed, reader.run(running, () => this.#finished()), this.#everySecond(group, running)]);
    } finally {
      done.abort();
      await atMost(2000, this.#commit(group));
      await Promise.all([group.close(), atMost(3000, consumer.close(true))]);
      await reader.ended();
      this.#reader = null;
    }
  }

  committed(positions: ReadonlyMap<SourcePartition, bigint>): void {
    for (const [partition, offset] of positions) this.#toCommit.set(partition, offset);
  }

  rewind(partitions: Iterable<SourcePartition>): void {
    for (const partition of partitions) this.#reader?.rewind(partition);
  }

  async lag(): Promise<SourceLag[]> {
    return [...(this.#reader?.cursors.values() ?? [])].map(({ partition, next, end }) => ({
      source: partition.source,
      partition: partition.partition,
      lag: next === null || end === null ? null : Number(end - next),
    }));
  }

  /** An unreachable broker is waited for; a wrong setting is an error at once. */
  async #awaitBroker(signal: AbortSignal): Promise<void> {
    for (let failures = 0; !signal.aborted; failures++) {
      const problem = await startProblem(this.#options.kafka);
      if (problem && (isMistake(problem) || this.#options.once)) throw new FinkError("kafka", problem.message);
      this.#troubles.set("start", problem?.message ?? "");
      this.#troubles.check(Date.now(), 0);
      if (!problem) return;
      await pause(backoffMs(failures), signal);
    }
  }

  #readerHooks(consumer: Consumer, sink: Sink): ReaderHooks {
    return {
      partitionOf: (topic, partition) => this.#partition(topic, partition),
      startOf: (partition) => this.#startOf(consumer, partition),
      stopOf: async (partition) => (this.#options.once ? endOffset(consumer, partition) : null),
      outOfRange: async (cursor) => {
        const gap = await skipGap(consumer, cursor);
        if (!gap) return;
        this.gaps.push(gap);
        this.#options.log.error(describeGap(gap));
        if (gap.to < gap.from) await sink.restart(cursor.partition, gap.to);
      },
      trouble: (about, error) => this.#trouble(about, error),
    };
  }

  #discoveryHooks(group: KafkaGroup, fail: (error: FinkError) => void): DiscoveryHooks {
    const { log, once, kafka } = this.#options;
    return {
      found: (topics) => {
        if (this.#firstTopics === null) this.#firstTopics = topics;
        else if (once) return;
        log.info(`Kafka topics: ${topics.join(", ") || "none yet"}`);
        group.subscribe(topics);
      },
      missing: (message) => {
        const literal = kafka.topics.some((topic) => !topic.includes("*") && message.includes(`topic ${topic} `));
        if (once && literal) fail(new FinkError("kafka", message));
        this.#troubles.set("missing", message);
      },
      trouble: (about, error) => this.#trouble(about, error),
      lookNow: () => {
        const now = this.#topicIsGone;
        this.#topicIsGone = false;
        return now;
      },
    };
  }

  async #startOf(consumer: Consumer, partition: SourcePartition): Promise<bigint> {
    const { start } = this.#options.kafka;
    // what was published to a topic before we noticed the topic is still to be read
    const appeared = start === "latest" && !this.#firstTopics?.includes(partition.source);
    const known = this.#starts.get(partition.appId);
    const offset = known ?? (await startOffset(consumer, partition, appeared ? "earliest" : start));
    this.#starts.set(partition.appId, offset);
    return offset;
  }

  #partition(topic: string, partition: number): SourcePartition {
    // no group in the name: the position says what was archived, whoever read it
    const appId = `kafka:${topic}:${partition}`;
    const known = this.#partitions.get(appId);
    if (known) return known;
    const created: SourcePartition = { survey: this.#options.surveyOf(topic), source: topic, partition, appId, counts: "messages" };
    this.#partitions.set(appId, created);
    return created;
  }

  #finished(): boolean {
    if (!this.#options.once || this.#firstTopics === null) return false;
    if (this.#firstTopics.length === 0) return true;
    const cursors = [...(this.#reader?.cursors.values() ?? [])];
    return this.#assigned && cursors.every(({ next, stopAt }) => next !== null && stopAt !== null && next >= stopAt);
  }

  async #everySecond(group: KafkaGroup, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await pause(1000, signal);
      this.#troubles.check();
      await this.#commit(group);
    }
  }

  async #commit(group: KafkaGroup): Promise<void> {
    const ours = [...this.#toCommit].filter(([{ appId }]) => this.#reader?.cursors.has(appId));
    this.#toCommit.clear();
    try {
      await group.commit(ours.map(([{ source, partition }, offset]) => ({ topic: source, partition, offset })));
    } catch (error) {
      this.#options.log.info(`Kafka did not take our offsets (only lag monitors miss them): ${messageOf(error)}`);
    }
  }

  #trouble(about: string, error: unknown): void {
    if (error === null) return this.#troubles.set(about, "");
    const problem = explainKafka(error, this.#options.kafka, true);
    if (problem.kind === "topic") this.#topicIsGone = true;
    this.#troubles.set(about, problem.message);
  }

  #announce(message: string): void {
    if (message === "") this.#options.log.info("Kafka: all is well");
    else this.#options.log.warn(message);
    this.#options.onState?.(message);
  }
}
