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

/**
 * Topics of Kafka: each message once and, in its partition, in order. Resolves once the broker has
 * answered.
 */
export async function kafkaTarget({
  kafka,
  topic: template,
  partitions,
  times,
}: KafkaTargetOptions): Promise<Target> {
  // a broker deletes messages that are older than it keeps them within minutes
  const configs: Readonly<Record<string, string>> =
    times === "original" ? { "retention.ms": "-1" } : {};
  const topics = await Topics.open(kafka, { partitions, configs, givenBy: "--to" });
  /** Each has the partitions whose number leaves the same rest. */
  const lanes = Array.from({ length: laneCount }, () => new KafkaLane(kafka));
  const delivered = (): number => lanes.reduce((sum, lane) => sum + lane.delivered, 0);
  const throwFailure = (): void => {
    const failed = lanes.find(({ failure }) => failure !== null);
    if (!failed) return;
    throw new FinkError(
      "kafka",
      `${explainProducing(failed.failure, kafka, "--to")}; ${delivered()} packets were delivered before`,
      failed.failure,
    );
  };
  /** A message is whole in any case: what was taken is delivered. */
  const abandon = async (): Promise<void> => {
    await Promise.all(lanes.map((lane) => lane.close()));
    await topics.close();
  };
  return {
    async put(packets) {
      for (const packet of packets) {
        const topic = topicOf(template, packet);
        const count = topics.partitionsOf(topic) ?? (await topics.make(topic));
        const key = Buffer.from(packet.key);
        const partition = compatibilityPartitioner({ topic, key }, key) % count;
        const lane = lanes[partition % laneCount];
        lane.add({
          topic,
          partition,
          key,
          value: packet.bytes,
          publishedAt: times === "original" ? packet.publishedAt : null,
        });
        if (lane.isFull) await lane.room();
        throwFailure();
      }
    },
    async close() {
      await abandon();
      throwFailure();
    },
    abandon,
    delivered,
    places: () => topics.used(),
  };
}

/** `{date}` stands for YYYYMMDD of the night, `{survey}` for the survey. */
export function topicOf(
  template: string,
  { survey, night }: Pick<OutgoingPacket, "survey" | "night">,
): string {
  return template.replaceAll("{date}", night).replaceAll("{survey}", survey);
}
