import { Admin, findErrorBy } from "@platformatic/kafka";
import { FinkError } from "../errors.ts";
import { clientOptions, type KafkaConfig } from "./kafka-connection.ts";
import { explainKafka } from "./kafka-errors.ts";
import { listTopics } from "./kafka-topics.ts";

/** Of topics that have to be made. */
export interface NewTopics {
  readonly partitions: number;
  /** Settings such as `retention.ms`. */
  readonly configs: Readonly<Record<string, string>>;
  /** Where the address of the broker was given, for errors: `--to`. */
  readonly givenBy: string;
}

/** The topics that a target writes; those that are missing are made. */
export class Topics {
  readonly #admin: Admin;
  readonly #kafka: KafkaConfig;
  readonly #existing: ReadonlySet<string>;
  readonly #made: NewTopics;
  readonly #known = new Map<string, number>();

  /** Throws FinkError "kafka" when the broker does not answer us. */
  static async open(kafka: KafkaConfig, made: NewTopics): Promise<Topics> {
    const admin = new Admin({ ...clientOptions(kafka), requestTimeout: 5000, retries: 2 });
    try {
      return new Topics(admin, kafka, new Set(await listTopics(admin)), made);
    } catch (error) {
      await admin.close().catch(() => {});
      throw new FinkError(
        "kafka",
        explainKafka(error, kafka).message.replaceAll("kafka.brokers", made.givenBy),
        error,
      );
    }
  }

  private constructor(
    admin: Admin,
    kafka: KafkaConfig,
    existing: ReadonlySet<string>,
    made: NewTopics,
  ) {
    this.#admin = admin;
    this.#kafka = kafka;
    this.#existing = existing;
    this.#made = made;
  }

  partitionsOf(topic: string): number | undefined {
    return this.#known.get(topic);
  }

  /** Number of its partitions; makes the topic where it is missing. */
  async make(topic: string): Promise<number> {
    try {
      if (!this.#existing.has(topic)) await this.#create(topic);
      const { topics } = await this.#admin.metadata({ topics: [topic] });
      const count = topics.get(topic)?.partitionsCount ?? this.#made.partitions;
      this.#known.set(topic, count);
      return count;
    } catch (error) {
      throw new FinkError(
        "kafka",
        `topic ${topic}: ${explainProducing(error, this.#kafka, this.#made.givenBy)}`,
        error,
      );
    }
  }

  used(): string[] {
    return [...this.#known.keys()];
  }

  async close(): Promise<void> {
    await this.#admin.close().catch(() => {});
  }

  async #create(topic: string): Promise<void> {
    const { partitions, configs } = this.#made;
    try {
      const list = Object.entries(configs).map(([name, value]) => ({ name, value }));
      // as many replicas as the broker likes
      await this.#admin.createTopics({ topics: [topic], partitions, replicas: -1, configs: list });
    } catch (error) {
      if (!findErrorBy(error as Error, "apiId", "TOPIC_ALREADY_EXISTS")) throw error;
    }
  }
}

/** Why nothing can be written, in a line that says what to do. */
export function explainProducing(error: unknown, kafka: KafkaConfig, givenBy: string): string {
  const is = (apiId: string) => findErrorBy(error as Error, "apiId", apiId) !== null;
  const who = kafka.security.startsWith("sasl") ? `user "${kafka.sasl.username}"` : "this client";
  if (is("MESSAGE_TOO_LARGE"))
    return "a packet is larger than the topic takes: raise its max.message.bytes";
  if (is("TOPIC_AUTHORIZATION_FAILED"))
    return `${who} may not write the topic: ask the broker's owner`;
  if (is("CLUSTER_AUTHORIZATION_FAILED"))
    return `${who} may not make topics: ask the broker's owner for it`;
  if (is("INVALID_TIMESTAMP"))
    return "the broker does not take messages of that time: leave out --keep-times";
  return explainKafka(error, kafka, true).message.replaceAll("kafka.brokers", givenBy);
}
