import { type CompressionAlgorithmValue } from "@platformatic/kafka";
import type { SchemaRegistration } from "../avro/registration.ts";
import { FinkError, messageOf } from "../errors.ts";
import { avroSchemaOf, plainSchemaOf } from "../lake/avro-schema.ts";
import type { KafkaConfig } from "../sources/kafka-connection.ts";
import { KafkaLane, type LaneMessage } from "../sources/kafka-lane.ts";
import { explainProducing, Topics } from "../sources/kafka-made-topics.ts";
import { AlertEncoders } from "./encoders.ts";
import { pauseAfter } from "./follow.ts";
import { jsonOf } from "./json.ts";
import { type KafkaFault, kafkaFault } from "./kafka-faults.ts";
import type { Message, Refusal, Target } from "./target.ts";

export interface KafkaTargetOptions {
  readonly name: string;
  readonly kafka: KafkaConfig;
  /** The key that names the brokers, for errors. */
  readonly givenBy: string;
  /**
   * fink: a bare Avro datum with its schema as the key, as fink-client reads it; confluent: with
   * the id of its schema at a registry; json.
   */
  readonly format: "fink" | "confluent" | "json";
  readonly compression: CompressionAlgorithmValue;
  /** Of topics that have to be made. */
  readonly partitions: number;
  /** 0: as long as the broker likes. */
  readonly retentionDays: number;
  /** With format confluent. */
  readonly registration: SchemaRegistration | null;
}

/** The header that says which match a message is: the same when it is sent twice. */
export const idHeader = "fink-id";

/** A topic that did not take what was sent. */
interface TopicTrouble {
  readonly failures: number;
  /** ms since 1970: since when it fails, and until when it is not asked again. */
  readonly since: number;
  readonly until: number;
  readonly reason: string;
  /** Its messages are refused; else they wait. */
  readonly isFinal: boolean;
}

/** A topic that fails so often, while the broker takes other messages, has its messages refused. */
const topicAttempts = 8;
/** Messages that are encoded and sent at once. */
const chunkBytes = 8 << 20;

/**
 * A topic for each filter. A message or a topic that the broker refuses does not keep the others
 * from going.
 */
export class KafkaTarget implements Target {
  readonly name: string;
  readonly batch = 1000;
  readonly images = true;
  readonly #options: KafkaTargetOptions;
  readonly #now: () => number;
  readonly #encoders: AlertEncoders;
  #open: { lane: KafkaLane; readonly topics: Topics } | null = null;
  /**
   * Matches that are done with and will be asked for again because others failed: there (null), or
   * refused.
   */
  readonly #settled = new Map<string, Refusal | null>();
  readonly #troubles = new Map<string, TopicTrouble>();
  #succeededAt = 0;

  constructor(options: KafkaTargetOptions, now: () => number = Date.now) {
    this.name = options.name;
    this.#options = options;
    this.#now = now;
    this.#encoders = new AlertEncoders(options.format === "fink" ? plainSchemaOf : avroSchemaOf);
  }

  async send(messages: readonly Message[]): Promise<readonly Refusal[]> {
    const waiting = messages.filter(({ id }) => !this.#settled.has(id));
    const troubles: string[] = [];
    for (const [topic, own] of Map.groupBy(waiting, ({ filter }) => filter.topic))
      troubles.push(...(await this.#toTopic(topic, own)));
    const left = messages.filter(({ id }) => !this.#settled.has(id)).length;
    if (left > 0) throw new FinkError("delivery", `${troubles.join("; ")}; ${left} matches wait`);
    const refused = messages.flatMap(({ id }) => this.#settled.get(id) ?? []);
    for (const { id } of messages) this.#settled.delete(id);
    return refused;
  }

  async close(): Promise<void> {
    const open = this.#open;
    this.#open = null;
    await open?.lane.close();
    await open?.topics.close();
  }

  /**
   * Settles the messages, or returns why they have to wait. Throws when it is the broker that
   * fails.
   */
  async #toTopic(topic: string, own: readonly Message[]): Promise<string[]> {
    const before = this.#troubles.get(topic);
    if (before && before.until > this.#now()) {
      if (before.isFinal) this.#refuse(own, before.reason);
      return before.isFinal ? [] : [before.reason];
    }
    try {
      await this.#produce(topic, own);
      this.#troubles.delete(topic);
      return [];
    } catch (error) {
      await this.close(); // the topic may have to be made again
      const fault = kafkaFault(error);
      if (!fault) throw this.#failure(error);
      const trouble = this.#troubleOf(topic, before, fault, error);
      this.#troubles.set(topic, trouble);
      if (!trouble.isFinal) return [trouble.reason];
      this.#refuse(own, trouble.reason);
      return [];
    }
  }

  #troubleOf(
    topic: string,
    before: TopicTrouble | undefined,
    fault: KafkaFault,
    error: unknown,
  ): TopicTrouble {
    const now = this.#now();
    const failures = (before?.failures ?? 0) + 1;
    const since = before?.since ?? now;
    const isHopeless = failures >= topicAttempts && this.#succeededAt >= since;
    const reason = `topic ${topic}: ${this.#failure(error).message.replace(`topic ${topic}: `, "")}`;
    return {
      failures,
      since,
      until: now + pauseAfter(failures),
      reason,
      isFinal: fault.isFinal || isHopeless,
    };
  }

  #refuse(messages: readonly Message[], reason: string): void {
    for (const message of messages)
      if (!this.#settled.has(message.id)) this.#settled.set(message.id, { message, reason });
  }

  async #produce(topic: string, own: readonly Message[]): Promise<void> {
    const { topics } = await this.#connect();
    const partitions = topics.partitionsOf(topic) ?? (await topics.make(topic));
    let chunk = new Map<LaneMessage, Message>();
    let bytes = 0;
    for (const message of own) {
      const payload = await this.#payload(message).catch((error: unknown) => {
        // the registry's
        if (error instanceof FinkError && ["io", "schema"].includes(error.code)) throw error;
        this.#refuse(
          [message],
          `it cannot be written as ${this.#options.format}: ${messageOf(error)}`,
        );
        return null;
      });
      if (!payload) continue;
      const { key, value } = payload;
      const partition = partitionOf(
        message.match.object ?? String(message.match.alert),
        partitions,
      );
      chunk.set(
        { topic, partition, key, value, publishedAt: null, headers: { [idHeader]: message.id } },
        message,
      );
      bytes += key.length + value.length;
      if (bytes < chunkBytes) continue;
      await this.#deliver(chunk);
      chunk = new Map();
      bytes = 0;
    }
    await this.#deliver(chunk);
  }

  /** Sends messages. Where one of them is refused, halves are sent, down to the one that it is. */
  async #deliver(chunk: ReadonlyMap<LaneMessage, Message>): Promise<void> {
    const open = await this.#connect();
    const { lane } = open;
    for (const message of chunk.keys()) lane.add(message);
    await lane.flush();
    const left = [...chunk].filter(([message]) => lane.unsent.has(message));
    for (const [message, { id }] of chunk)
      if (!lane.unsent.has(message)) this.#settled.set(id, null);
    if (left.length < chunk.size) this.#succeededAt = this.#now();
    if (lane.failure === null) return;
    if (kafkaFault(lane.failure)?.about !== "message") throw lane.failure;
    // a producer that failed does not know what is there: the next one begins anew
    open.lane = this.#newLane();
    await lane.close();
    if (left.length === 1) return this.#refuse([left[0][1]], this.#failure(lane.failure).message);
    const half = left.length >> 1;
    for (const part of [left.slice(0, half), left.slice(half)]) await this.#deliver(new Map(part));
  }

  async #connect(): Promise<{ lane: KafkaLane; readonly topics: Topics }> {
    return (this.#open ??= { topics: await topicsOf(this.#options), lane: this.#newLane() });
  }

  #newLane(): KafkaLane {
    return new KafkaLane(this.#options.kafka, this.#options.compression);
  }

  #failure(error: unknown): FinkError {
    if (error instanceof FinkError) return error;
    return new FinkError(
      "delivery",
      explainProducing(error, this.#options.kafka, this.#options.givenBy),
      error,
    );
  }

  async #payload(message: Message): Promise<{ key: Buffer; value: Uint8Array }> {
    const { format, registration } = this.#options;
    const { alert, columns, survey, match, filter } = message;
    const key = Buffer.from(match.object ?? String(match.alert));
    if (format === "json")
      return { key, value: Buffer.from(JSON.stringify(jsonOf(alert, columns))) };
    const { encoder, schema, schemaBytes } = this.#encoders.of(alert, columns, `${survey}.alert`);
    if (format === "fink") return { key: schemaBytes, value: encoder.encode(alert.rows) };
    // Confluent wire format: byte 0, schema id (4 bytes, big-endian), Avro datum
    const head = new Uint8Array(5);
    new DataView(head.buffer).setUint32(
      1,
      await registration!.idOf(`${filter.topic}-value`, schema),
    );
    return { key, value: encoder.encode(alert.rows, head) };
  }
}

export async function topicsOf({
  kafka,
  partitions,
  retentionDays,
  givenBy,
}: KafkaTargetOptions): Promise<Topics> {
  const configs: Record<string, string> =
    retentionDays > 0 ? { "retention.ms": String(Math.round(retentionDays * 86_400_000)) } : {};
  return await Topics.open(kafka, { partitions, configs, givenBy });
}

/** The alerts of one object go to one partition, so that they stay in order. */
export function partitionOf(object: string, partitions: number): number {
  let hash = 0x811c9dc5; // FNV-1a
  for (let i = 0; i < object.length; i++) hash = Math.imul(hash ^ object.charCodeAt(i), 0x01000193);
  return (hash >>> 0) % partitions;
}
