import { setMaxListeners } from "node:events";
import type { Consumer, GroupAssignment } from "@platformatic/kafka";
import { FinkError, messageOf } from "../errors.ts";
import type { Logger } from "../log.ts";
import { type KafkaConfig, newConsumer } from "./kafka-connection.ts";
import { type DiscoveryHooks, discoverTopics } from "./kafka-discovery.ts";
import { explainKafka, isMistake } from "./kafka-errors.ts";
import { KafkaGroup } from "./kafka-group.ts";
import { type Cursor, topicKey } from "./kafka-fetch.ts";
import {
  describeGap,
  endOffset,
  gap,
  gapAt,
  type KafkaGap,
  lostSince,
  startOffset,
} from "./kafka-offsets.ts";
import { startProblem } from "./kafka-probe.ts";
import {
  atMost,
  backoffMs,
  forgetLog,
  KafkaReader,
  pause,
  type ReaderHooks,
} from "./kafka-reader.ts";
import { matchingTopics } from "./kafka-topics.ts";
import { KafkaTroubles } from "./kafka-troubles.ts";
import type { AlertSource, LogMark, Sink, SourceLag, SourcePartition } from "./source.ts";

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

/**
 * Alerts from Kafka. The sink's positions say where to read on; Kafka's committed offsets are only
 * told, never asked.
 */
export class KafkaSource implements AlertSource {
  readonly name = "kafka";
  /** Points at which logs no longer fitted what we had read of them. */
  readonly gaps: KafkaGap[] = [];
  readonly #options: KafkaSourceOptions;
  readonly #troubles: KafkaTroubles;
  /** By appId; one object per partition for the life of the source. */
  readonly #partitions = new Map<string, SourcePartition>();
  /** Where partitions without position began: the same again after a rewind, also for `latest`. */
  readonly #starts = new Map<string, { readonly topicId: string; readonly offset: bigint }>();
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
        reader.assign(this.#ours(assignments));
      },
      trouble: (about, error) => this.#trouble(about, error),
    });
    this.#reader = reader;
    const failed = new Promise<never>((_, reject) => {
      group.run(running).catch(reject);
      discoverTopics(kafka, this.#discoveryHooks(group, reject), running).catch(reject);
    });
    try {
      await Promise.race([
        failed,
        reader.run(running, () => this.#finished()),
        this.#everySecond(group, running),
      ]);
    } finally {
      done.abort();
      await atMost(2000, this.#commit(group));
      await Promise.all([group.close(), atMost(3000, consumer.close(true))]);
      await reader.ended();
      this.#reader = null;
    }
  }

  /**
   * Without the topics that we did not ask for: their alerts may be of another survey, and another
   * archive waits for them.
   */
  #ours(assignments: readonly GroupAssignment[]): GroupAssignment[] {
    const { group, topics } = this.#options.kafka;
    const ours = matchingTopics(
      topics,
      assignments.map(({ topic }) => topic),
    );
    const others = assignments.flatMap(({ topic }) => (ours.includes(topic) ? [] : [topic]));
    const problem = `consumer group "${group}" gave us ${others.join(", ")}, which kafka.topics does not name, so we may miss partitions of ours`;
    this.#troubles.set(
      "others",
      others.length === 0
        ? ""
        : `${problem}: another program shares the group; set kafka.group to a name of its own`,
    );
    return assignments.filter(({ topic }) => ours.includes(topic));
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
      if (problem && (isMistake(problem) || this.#options.once))
        throw new FinkError("kafka", problem.message);
      this.#troubles.set("start", problem?.message ?? "");
      this.#troubles.check(Date.now(), 0);
      if (!problem) return;
      await pause(backoffMs(failures), signal);
    }
  }

  #readerHooks(consumer: Consumer, sink: Sink): ReaderHooks {
    return {
      partitionOf: (topic, partition) => this.#partition(topic, partition),
      startOf: (partition, topicId) => this.#startOf(consumer, partition, topicId),
      stopOf: this.#options.once ? (partition) => endOffset(consumer, partition) : null,
      remade: async (cursor, topicId, position) => {
        const first = await startOffset(consumer, cursor.partition, "earliest");
        await this.#follow(sink, cursor, gap(cursor, "remade", position, first), {
          topic: topicKey(topicId),
          epoch: -1,
        });
      },
      outOfRange: async (cursor) => {
        const found = await gapAt(consumer, cursor, sink.mark(cursor.partition));
        if (found)
          await this.#follow(sink, cursor, found, { topic: topicKey(cursor.topicId), epoch: -1 });
        // A log without messages knows no epochs: the broker refuses an offset that it has.
        else cursor.epoch = -1;
      },
      diverged: async (cursor, end, epoch) => {
        const found = lostSince(cursor, end);
        if (found)
          await this.#follow(sink, cursor, found, { topic: topicKey(cursor.topicId), epoch });
        else cursor.epoch = epoch;
      },
      trouble: (about, error) => this.#trouble(about, error),
    };
  }

  /**
   * Goes on where the log does. The position and the reason are in the lake first: a crash after it
   * finds the log in order, one before it finds the gap again.
   */
  async #follow(sink: Sink, cursor: Cursor, found: KafkaGap, mark: LogMark): Promise<void> {
    const { partition, topicId } = cursor;
    await sink.restart(partition, found.to, { kind: found.kind, mark });
    if (this.#starts.has(partition.appId))
      this.#starts.set(partition.appId, { topicId, offset: found.to });
    this.gaps.push(found);
    this.#options.log.error(describeGap(found));
    forgetLog(cursor);
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
        const literal = kafka.topics.some(
          (topic) => !topic.includes("*") && message.includes(`topic ${topic} `),
        );
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

  async #startOf(consumer: Consumer, partition: SourcePartition, topicId: string): Promise<bigint> {
    const { start } = this.#options.kafka;
    const known = this.#starts.get(partition.appId);
    if (known?.topicId === topicId) return known.offset;
    // what was published to a topic before we noticed the topic is still to be read
    const appeared =
      known !== undefined || (start === "latest" && !this.#firstTopics?.includes(partition.source));
    const offset = await startOffset(consumer, partition, appeared ? "earliest" : start);
    this.#starts.set(partition.appId, { topicId, offset });
    return offset;
  }

  #partition(topic: string, partition: number): SourcePartition {
    // no group in the name: the position says what was archived, whoever read it
    const appId = `kafka:${topic}:${partition}`;
    const known = this.#partitions.get(appId);
    if (known) return known;
    const created: SourcePartition = {
      survey: this.#options.surveyOf(topic),
      source: topic,
      partition,
      appId,
      counts: "messages",
    };
    this.#partitions.set(appId, created);
    return created;
  }

  #finished(): boolean {
    if (!this.#options.once || this.#firstTopics === null) return false;
    if (this.#firstTopics.length === 0) return true;
    const cursors = [...(this.#reader?.cursors.values() ?? [])];
    return (
      this.#assigned &&
      cursors.every(({ next, stopAt }) => next !== null && stopAt !== null && next >= stopAt)
    );
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
      await group.commit(
        ours.map(([{ source, partition }, offset]) => ({ topic: source, partition, offset })),
      );
    } catch (error) {
      this.#options.log.info(
        `Kafka did not take our offsets (only lag monitors miss them): ${messageOf(error)}`,
      );
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
