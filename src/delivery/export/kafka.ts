import type { Data, Struct } from "apache-arrow";
import { FinkError } from "../../errors.ts";
import { plainSchemaOf } from "../../lake/avro-schema.ts";
import type { StructType } from "../../lake/schema.ts";
import { KafkaLane } from "../../sources/kafka-lane.ts";
import { explainProducing, type Topics } from "../../sources/kafka-made-topics.ts";
import { idHeader, type KafkaTargetOptions, topicsOf } from "../kafka.ts";
import { rowEncoder } from "./format.ts";

/** Copies of the schema: a second reader of one group would otherwise wait for ever. */
const schemaCopies = 10;

/** A data transfer as fink-client reads it: rows as bare Avro data in `topic`, their schema as the key of messages in `<topic>_schema`. */
export class KafkaExport {
  readonly #topic: string;
  readonly #id: string;
  readonly #options: KafkaTargetOptions;
  readonly #topics: Topics;
  readonly #lane: KafkaLane;
  readonly #encode: ReturnType<typeof rowEncoder>;

  static async open(topic: string, id: string, columns: StructType, options: KafkaTargetOptions): Promise<KafkaExport> {
    return new KafkaExport(topic, id, columns, options, await topicsOf(options));
  }

  private constructor(topic: string, id: string, columns: StructType, options: KafkaTargetOptions, topics: Topics) {
    this.#topic = topic;
    this.#id = id;
    this.#options = options;
    this.#topics = topics;
    this.#lane = new KafkaLane(options.kafka, options.compression);
    this.#encode = rowEncoder(plainSchemaOf(columns, "fink.export"));
  }

  async begin(): Promise<void> {
    const partitions = await this.#topics.make(`${this.#topic}_schema`);
    for (let copy = 0; copy < schemaCopies; copy++) {
      const message = { topic: `${this.#topic}_schema`, partition: copy % partitions, key: Buffer.from(this.#encode.schema), value: Buffer.from("schema") };
      this.#lane.add({ ...message, publishedAt: null });
    }
    await this.#flushed();
  }

  /** `first`: number of the first row; the id of a row is the same when it is sent again. */
  async rows(data: Data<Struct>, first: number): Promise<void> {
    const partitions = this.#topics.partitionsOf(this.#topic) ?? (await this.#topics.make(this.#topic));
    const key = Buffer.from(this.#encode.schema);
    for (const [i, value] of this.#encode.rows(data).entries()) {
      const headers = { [idHeader]: `export/${this.#id}/${first + i}` };
      this.#lane.add({ topic: this.#topic, partition: (first + i) % partitions, key, value, publishedAt: null, headers });
      if (this.#lane.isFull) await this.#lane.room();
    }
    await this.#flushed();
  }

  async close(): Promise<void> {
    await this.#lane.close();
    await this.#topics.close();
  }

  async #flushed(): Promise<void> {
    await this.#lane.flush();
    if (this.#lane.failure === null) return;
    throw new FinkError("kafka", explainProducing(this.#lane.failure, this.#options.kafka, this.#options.givenBy), this.#lane.failure);
  }
}
