import { Admin, type CompressionAlgorithmValue, Producer } from "@platformatic/kafka";

export interface Produced {
  readonly partition: number;
  readonly value: Buffer | null;
  /** ms since 1970 */
  readonly timestamp?: number;
}

export async function createTopic(
  broker: string,
  topic: string,
  partitions: number,
  configs: Record<string, string> = {},
): Promise<void> {
  const admin = new Admin({
    clientId: "test",
    bootstrapBrokers: [broker],
    retries: 5,
    retryDelay: 500,
  });
  await admin.createTopics({
    topics: [topic],
    partitions,
    replicas: 1,
    configs: Object.entries(configs).map(([name, value]) => ({ name, value })),
  });
  await admin.close();
}

/**
 * Sends them in order and once each (a retry of a plain producer doubles messages), one record
 * batch per partition and at most `perSend` messages at a time.
 */
export async function produce(
  broker: string,
  topic: string,
  messages: readonly Produced[],
  options: { perSend?: number; compression?: CompressionAlgorithmValue } = {},
): Promise<void> {
  const { perSend = 1000, compression } = options;
  const producer = new Producer({
    clientId: "test",
    bootstrapBrokers: [broker],
    idempotent: true,
    retries: 20,
    retryDelay: 500,
  });
  for (let from = 0; from < messages.length; from += perSend) {
    const batch = messages.slice(from, from + perSend).map(({ partition, value, timestamp }) => ({
      topic,
      partition,
      value: value as Buffer,
      ...(timestamp === undefined ? {} : { timestamp: BigInt(timestamp) }),
    }));
    await producer.send({ messages: batch, acks: -1, ...(compression ? { compression } : {}) });
  }
  await producer.close();
}

/**
 * `count` messages spread over the partitions; the value says which one it is, and is padded to
 * `size` bytes.
 */
export function numbered(count: number, partitions: number, from = 0, size = 0): Produced[] {
  return Array.from({ length: count }, (_, i) => ({
    partition: i % partitions,
    value: Buffer.from(`message ${from + i}`.padEnd(size)),
  }));
}
