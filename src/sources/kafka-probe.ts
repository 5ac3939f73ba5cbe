import {
  Admin,
  FindCoordinatorKeyTypes,
  findErrorBy,
  ListOffsetTimestamps,
} from "@platformatic/kafka";
import { clientOptions, type KafkaConfig } from "./kafka-connection.ts";
import { explainKafka, type KafkaProblem } from "./kafka-errors.ts";
import { listTopics, matchingTopics, missingTopics } from "./kafka-topics.ts";

/** What `./fink check` shows of Kafka. */
export interface KafkaProbe {
  /** host:port of each broker of the cluster, as they name themselves. */
  readonly brokers: readonly string[];
  /** The topics we would read, with the offset after the last message of each partition. */
  readonly topics: readonly {
    readonly topic: string;
    readonly partitions: readonly { readonly partition: number; readonly end: bigint }[];
  }[];
  /** The first thing that is wrong, or null. */
  readonly problem: KafkaProblem | null;
}

/**
 * Looks at everything the source needs, within seconds. Rejects only when a file of the
 * configuration cannot be read.
 */
export async function probeKafka(kafka: KafkaConfig): Promise<KafkaProbe> {
  const admin = newAdmin(kafka);
  const found: { -readonly [Key in keyof KafkaProbe]: KafkaProbe[Key] } = {
    brokers: [],
    topics: [],
    problem: null,
  };
  try {
    const existing = await firstContact(admin, kafka);
    const topics = matchingTopics(kafka.topics, existing);
    const { brokers } = await admin.metadata({ topics: [...topics] });
    found.brokers = [...brokers.values()].map(({ host, port }) => `${host}:${port}`);
    found.topics = await endsOf(admin, topics);
    const missing = missingTopics(kafka.topics, existing);
    if (missing !== "") found.problem = { kind: "topic", message: missing };
  } catch (error) {
    found.problem = explainKafka(error, kafka);
  } finally {
    await admin.close().catch(() => {});
  }
  return found;
}

/**
 * What stands in the way of starting: the address, the protection, the credentials, the group.
 * Rejects as `probeKafka` does.
 */
export async function startProblem(kafka: KafkaConfig): Promise<KafkaProblem | null> {
  const admin = newAdmin(kafka);
  try {
    await firstContact(admin, kafka);
    return null;
  } catch (error) {
    return explainKafka(error, kafka);
  } finally {
    await admin.close().catch(() => {});
  }
}

function newAdmin(kafka: KafkaConfig): Admin {
  return new Admin({ ...clientOptions(kafka), requestTimeout: 5000 });
}

/** The topics the broker shows us. */
async function firstContact(admin: Admin, kafka: KafkaConfig): Promise<string[]> {
  const topics = await listTopics(admin);
  try {
    await admin.findCoordinator({ keyType: FindCoordinatorKeyTypes.GROUP, keys: [kafka.group] });
  } catch (error) {
    // a fresh broker has no coordinator yet: only a refusal counts
    if (findErrorBy(error as Error, "apiId", "GROUP_AUTHORIZATION_FAILED")) throw error;
  }
  return topics;
}

async function endsOf(admin: Admin, topics: readonly string[]): Promise<KafkaProbe["topics"]> {
  if (topics.length === 0) return [];
  const metadata = await admin.metadata({ topics: [...topics] });
  const asked = topics.map((name) => {
    const count = metadata.topics.get(name)?.partitionsCount ?? 0;
    return {
      name,
      partitions: Array.from({ length: count }, (_, partitionIndex) => ({
        partitionIndex,
        timestamp: ListOffsetTimestamps.LATEST,
      })),
    };
  });
  const listed = await admin.listOffsets({ topics: asked });
  return listed.map(({ name, partitions }) => ({
    topic: name,
    partitions: partitions.map(({ partitionIndex, offset }) => ({
      partition: partitionIndex,
      end: offset,
    })),
  }));
}
