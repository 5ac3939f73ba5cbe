import { compatibilityPartitioner } from "@platformatic/kafka";
import { FinkError } from "../../errors.ts";
import type { KafkaConfig } from "../../sources/kafka-connection.ts";
import { KafkaLane } from "../../sources/kafka-lane.ts";
import { explainProducing, Topics } from "../../sources/kafka-made-topics.ts";
import type { OutgoingPacket, Target } from "./target.ts";

export interface KafkaTargetOptions {
  /** As configured, with the brokers to send to. */
  readonly kafka: KafkaConfig;
  /** As `topicOf` takes it. */
  readonly topic: string;
  /** Of topics that have to be made. */
  readonly partitions: number;
  /** A message's time: when the survey published it, or now. */
  readonly times: "original" | "now";
}

/** An answer takes longer than making the next request: while some lanes wait, others send. */
const laneCount = 3;

/** Topics of Kafka: each message once and, in its partition, in order. Resolves once the broker has answered. */
export async function kafkaTarget(options: KafkaTargetOptions): Promise<Target> {
  // a broker deletes messages that are older than it keeps them within minutes
  const configs: Readonly<Record<string, string>> = options.times === "original" ? { "retention.ms": "-1" } : {};
  const topics = await Topics.open(options.kafka, { partitions: options.partitions, configs, givenBy: "--to" });
  return new KafkaTarget(options, topics);
}

/** `{date}` stands for YYYYMMDD of the night, `{survey}` for the survey. */
export function topicOf(template: string, { survey, night }: Pick<OutgoingPacket, "survey" | "night">): string {
  return template.replaceAll("{date}", night).replaceAll("{survey}", survey);
}

class KafkaTarget implements Target {
  readonly #options: KafkaTargetOptions;
  readonly #topics: Topics;
  /** Each has the partitions whose number leaves the same rest. */
  readonly #lanes: readonly KafkaLane[];

  constructor(options: KafkaTargetOptions, topics: Topics) {
    this.#options = options;
    this.#topics = topics;
    this.#lanes = Array.from({ length: laneCount }, () => new KafkaLane(options.kafka));
  }

  async put(packets: readonly OutgoingPacket[]): Promise<void> {
    for (const packet of packets) {
      const topic = topicOf(this.#options.topic, packet);
      const partitions = this.#topics.partitionsOf(topic) ?? (await this.#topics.make(topic));
      const key = Buffer.from(packet.key);
      const partition = compatibilityPartitioner({ topic, key }, key) % partitions;
      const lane = this.#lanes[partition % laneCount];
      lane.add({ topic, partition, key, value: packet.bytes, publishedAt: this.#options.times === "original" ? packet.publishedAt : null });
      if (lane.isFull) await lane.room();
      this.#throwFailure();
    }
  }

  async close(): Promise<void> {
    await this.abandon();
    this.#throwFailure();
  }

  /** A message is whole in any case: what was taken is delivered. */
  async abandon(): Promise<void> {
    await Promise.all(this.#lanes.map((lane) => lane.close()));
    await this.#topics.close();
  }

  delivered(): number {
    return this.#lanes.reduce((sum, { delivered }) => sum + delivered, 0);
  }

  places(): readonly string[] {
    return this.#topics.used();
  }

  #throwFailure(): void {
    const failed = this.#lanes.find(({ failure }) => failure !== null);
    if (!failed) return;
    const why = explainProducing(failed.failure, this.#options.kafka, "--to");
    throw new FinkError("kafka", `${why}; ${this.delivered()} packets were delivered before`, failed.failure);
  }
}
