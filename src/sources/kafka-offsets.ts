import { type Consumer, ListOffsetTimestamps } from "@platformatic/kafka";
import type { Cursor } from "./kafka-fetch.ts";
import type { SourcePartition } from "./source.ts";

/** Messages the broker no longer had when we came for them. */
export interface KafkaGap {
  readonly topic: string;
  readonly partition: number;
  /** The offset we stood at. */
  readonly from: bigint;
  /** The offset we went on from; below `from` when the topic was made anew. */
  readonly to: bigint;
}

/** `start` of the configuration as an offset. */
export async function startOffset(consumer: Consumer, partition: SourcePartition, start: string): Promise<bigint> {
  if (start === "earliest") return offsetAt(consumer, partition, ListOffsetTimestamps.EARLIEST);
  const end = endOffset(consumer, partition);
  if (start === "latest") return end;
  const first = await offsetAt(consumer, partition, BigInt(Date.parse(start)));
  return first < 0n ? end : first; // -1: nothing was published since
}

export function endOffset(consumer: Consumer, partition: SourcePartition): Promise<bigint> {
  return offsetAt(consumer, partition, ListOffsetTimestamps.LATEST);
}

/** Moves a cursor whose offset the broker says it has not to the start of its log; null when it was right after all. */
export async function skipGap(consumer: Consumer, cursor: Cursor): Promise<KafkaGap | null> {
  const { partition, next: from } = cursor;
  const [first, end] = await Promise.all([startOffset(consumer, partition, "earliest"), endOffset(consumer, partition)]);
  if (from === null || from !== cursor.next || (from >= first && from <= end)) return null;
  cursor.next = first;
  return { topic: partition.source, partition: partition.partition, from, to: first };
}

export function describeGap({ topic, partition, from, to }: KafkaGap): string {
  const where = `${topic} partition ${partition}`;
  if (to < from) return `${where}: its log ends before our offset ${from}: the topic was made anew or lost messages; reading it from ${to}`;
  return `${where}: offsets ${from} to ${to - 1n} were deleted at the broker before we read them (${to - from} messages at most); going on from ${to}`;
}

async function offsetAt(consumer: Consumer, { source, partition }: SourcePartition, timestamp: bigint): Promise<bigint> {
  const offsets = await consumer.listOffsets({ topics: [source], partitions: { [source]: [partition] }, timestamp });
  return offsets.get(source)![partition];
}
