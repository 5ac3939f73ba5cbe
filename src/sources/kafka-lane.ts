import {
  type CompressionAlgorithmValue,
  type MessageToProduce,
  Producer,
} from "@platformatic/kafka";
import { clientOptions, type KafkaConfig } from "./kafka-connection.ts";

export interface LaneMessage {
  readonly topic: string;
  readonly partition: number;
  readonly key: Buffer;
  readonly value: Uint8Array;
  /** ms since 1970; null: when it is sent. */
  readonly publishedAt: number | null;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A record batch may have 1 MB (`message.max.bytes`), less what surrounds the packets. */
const batchBytes = 900_000;
const fullBytes = 12 << 20;

/**
 * Messages of some partitions on their way: each once, and in order. One request at a time, as the
 * numbers of an idempotent producer want it.
 */
export class KafkaLane {
  delivered = 0;
  /** Why nothing is sent any more. */
  failure: unknown = null;
  /** Messages that were added and are not known to be delivered. */
  readonly unsent = new Set<LaneMessage>();
  readonly #producer: Producer;
  /** By topic and partition. */
  readonly #queues = new Map<string, LaneMessage[]>();
  #queued = 0;
  #sending: Promise<void> | null = null;

  constructor(kafka: KafkaConfig, compression: CompressionAlgorithmValue = "none") {
    // Idempotent: a message whose answer was lost is not there twice. Some seconds of tries, for a
    // leader may move.
    this.#producer = new Producer({
      ...clientOptions(kafka),
      idempotent: true,
      retries: 10,
      retryDelay: 500,
      compression,
    });
  }

  get isFull(): boolean {
    return this.#queued > fullBytes;
  }

  add(message: LaneMessage): void {
    const name = `${message.topic} ${message.partition}`;
    const queue = this.#queues.get(name);
    if (queue) queue.push(message);
    else this.#queues.set(name, [message]);
    this.#queued += bytesOf(message);
    this.unsent.add(message);
    this.#sending ??= this.#send();
  }

  /** Resolves when it is not full, or has failed. Never rejects. */
  async room(): Promise<void> {
    while (this.isFull && this.#sending) await this.#sending;
  }

  /** Resolves when everything is delivered, or it has failed. Never rejects. */
  async flush(): Promise<void> {
    while (this.#sending) await this.#sending;
  }

  /** Sends what is left. Never rejects. */
  async close(): Promise<void> {
    await this.flush();
    await this.#producer.close(true).catch(() => {});
  }

  /** A batch to each partition that has messages; then the next, if there is one. */
  async #send(): Promise<void> {
    await Promise.resolve(); // what is added in one go is sent together
    const taken = this.#take();
    const now = Date.now();
    try {
      await this.#producer.send({ messages: taken.map((message) => produced(message, now)) });
      this.delivered += taken.length;
      for (const message of taken) this.unsent.delete(message);
    } catch (error) {
      this.failure = error;
    }
    this.#sending = this.#queued > 0 && this.failure === null ? this.#send() : null;
  }

  #take(): LaneMessage[] {
    const taken: LaneMessage[] = [];
    for (const [name, queue] of this.#queues) {
      for (const message of queue.splice(0, batchOf(queue))) {
        this.#queued -= bytesOf(message);
        taken.push(message);
      }
      if (queue.length === 0) this.#queues.delete(name);
    }
    return taken;
  }
}

function produced(
  { topic, partition, key, value, publishedAt, headers }: LaneMessage,
  now: number,
): MessageToProduce {
  const timestamp = BigInt(Math.round(publishedAt ?? now));
  return {
    topic,
    partition,
    key,
    value: Buffer.from(value.buffer, value.byteOffset, value.length),
    timestamp,
    headers: headersOf(headers),
  };
}

/** How many of the first messages make a record batch; one at least. */
function batchOf(queue: readonly LaneMessage[]): number {
  let bytes = bytesOf(queue[0]);
  let count = 1;
  while (count < queue.length && (bytes += bytesOf(queue[count])) <= batchBytes) count++;
  return count;
}

function bytesOf({ key, value, headers = {} }: LaneMessage): number {
  return key.length + value.length + 100 * Object.keys(headers).length;
}

/** The client takes names as bytes only. */
function headersOf(headers: LaneMessage["headers"]): Map<Buffer, Buffer> {
  return new Map(
    Object.entries(headers ?? {}).map(([name, value]) => [Buffer.from(name), Buffer.from(value)]),
  );
}
