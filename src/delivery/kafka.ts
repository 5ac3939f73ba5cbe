import { type CompressionAlgorithmValue } from "@platformatic/kafka";
import type { SchemaRegistration } from "../avro/registration.ts";
import { FinkError } from "../errors.ts";
import { avroSchemaOf, plainSchemaOf } from "../lake/avro-schema.ts";
import type { KafkaConfig } from "../sources/kafka-connection.ts";
import { KafkaLane } from "../sources/kafka-lane.ts";
import { explainProducing, Topics } from "../sources/kafka-made-topics.ts";
import { AlertEncoders } from "./encoders.ts";
import { jsonOf } from "./json.ts";
import type { Message, Refusal, Target } from "./target.ts";

export interface KafkaTargetOptions {
  readonly name: string;
  readonly kafka: KafkaConfig;
  /** The key that names the brokers, for errors. */
  readonly givenBy: string;
  /** fink: a bare Avro datum with its schema as the key, as fink-client reads it; confluent: with the id of its schema at a registry; json. */
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

/** A topic a filter. */
export class KafkaTarget implements Target {
  readonly name: string;
  readonly batch = 1000;
  readonly images = true;
  readonly #options: KafkaTargetOptions;
  readonly #encoders: AlertEncoders;
  #open: { readonly lane: KafkaLane; readonly topics: Topics } | null = null;

  constructor(options: KafkaTargetOptions) {
    this.name = options.name;
    this.#options = options;
    this.#encoders = new AlertEncoders(options.format === "fink" ? plainSchemaOf : avroSchemaOf);
  }

  async send(messages: readonly Message[]): Promise<readonly Refusal[]> {
    const { lane, topics } = await this.#connect();
    try {
      for (const [topic, own] of Map.groupBy(messages, ({ filter }) => filter.topic)) {
        const partitions = topics.partitionsOf(topic) ?? (await topics.make(topic));
        for (const message of own) {
          const { key, value } = await this.#payload(message);
          const partition = partitionOf(message.match.object ?? String(message.match.alert), partitions);
          lane.add({ topic, partition, key, value, publishedAt: null, headers: { [idHeader]: message.id } });
          if (lane.isFull) await lane.room();
        }
      }
      await lane.flush();
      if (lane.failure !== null) throw this.#failure(lane.failure);
      return [];
    } catch (error) {
      await this.close(); // a producer that failed does not know what is there: the next one begins anew
      throw error;
    }
  }

  async close(): Promise<void> {
    const open = this.#open;
    this.#open = null;
    await open?.lane.close();
    await open?.topics.close();
  }

  async #connect(): Promise<{ lane: KafkaLane; topics: Topics }> {
    if (this.#open) return this.#open;
    const { kafka, compression } = this.#options;
    this.#open = { topics: await topicsOf(this.#options), lane: new KafkaLane(kafka, compression) };
    return this.#open;
  }

  #failure(error: unknown): FinkError {
    return new FinkError("delivery", explainProducing(error, this.#options.kafka, this.#options.givenBy), error);
  }

  async #payload(message: Message): Promise<{ key: Buffer; value: Uint8Array }> {
    const { format, registration } = this.#options;
    const { alert, columns, survey, match, filter } = message;
    const key = Buffer.from(match.object ?? String(match.alert));
    if (format === "json") return { key, value: Buffer.from(JSON.stringify(jsonOf(alert, columns))) };
    const { encoder, schema, schemaBytes } = this.#encoders.of(alert, columns, `${survey}.alert`);
    if (format === "fink") return { key: schemaBytes, value: encoder.encode(alert.rows) };
    const head = new Uint8Array(5); // Confluent wire format: byte 0, schema id (4 bytes, big-endian), Avro datum
    new DataView(head.buffer).setUint32(1, await registration!.idOf(`${filter.topic}-value`, schema));
    return { key, value: encoder.encode(alert.rows, head) };
  }
}

export async function topicsOf({ kafka, partitions, retentionDays, givenBy }: KafkaTargetOptions): Promise<Topics> {
  const configs: Record<string, string> = retentionDays > 0 ? { "retention.ms": String(Math.round(retentionDays * 86_400_000)) } : {};
  return await Topics.open(kafka, { partitions, configs, givenBy });
}

/** The alerts of one object go to one partition, so that they stay in order. */
export function partitionOf(object: string, partitions: number): number {
  let hash = 0x811c9dc5; // FNV-1a
  for (let i = 0; i < object.length; i++) hash = Math.imul(hash ^ object.charCodeAt(i), 0x01000193);
  return (hash >>> 0) % partitions;
}
