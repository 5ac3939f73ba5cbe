import { type Consumer, ListOffsetTimestamps } from "@platformatic/kafka";
import { type Cursor, topicKey } from "./kafka-fetch.ts";
import type { LogChangeKind, LogMark, SourcePartition } from "./source.ts";

/** A place where a partition's log no longer fits what we read of it. */
export interface KafkaGap {
  readonly kind: LogChangeKind;
  readonly topic: string;
  readonly partition: number;
  /** The offset we stood at. */
  readonly from: bigint;
  /** The offset we go on from; above `from` only for `deleted`. */
  readonly to: bigint;
}

/** `start` of the configuration as an offset. */
export async function startOffset(
  consumer: Consumer,
  partition: SourcePartition,
  start: string,
): Promise<bigint> {
  if (start === "earliest") return offsetAt(consumer, partition, ListOffsetTimestamps.EARLIEST);
  const end = endOffset(consumer, partition);
  if (start === "latest") return end;
  const first = await offsetAt(consumer, partition, BigInt(Date.parse(start)));
  return first < 0n ? end : first; // -1: nothing was published since
}

export function endOffset(consumer: Consumer, partition: SourcePartition): Promise<bigint> {
  return offsetAt(consumer, partition, ListOffsetTimestamps.LATEST);
}

/**
 * The fate of a cursor's offset that the broker refuses; null when its log has the offset after
 * all. `stored`: the mark of the lake's position.
 */
export async function gapAt(
  consumer: Consumer,
  cursor: Cursor,
  stored: LogMark | null,
): Promise<KafkaGap | null> {
  const { partition, next: from, turn } = cursor;
  const [first, end] = await Promise.all([
    startOffset(consumer, partition, "earliest"),
    endOffset(consumer, partition),
  ]);
  if (from === null || cursor.turn !== turn || (from >= first && from <= end)) return null;
  if (from < first) return gap(cursor, "deleted", from, first);
  if (stored !== null && stored.topic !== 0) return gap(cursor, "lost", from, end);
  // Read all of it: what was archived before may come twice, but nothing is missed.
  return gap(cursor, "shorter", from, first);
}

/** Messages that a broker lost: its log of their epoch ends at `end`. */
export function lostSince(cursor: Cursor, end: bigint): KafkaGap | null {
  return cursor.next === null || end >= cursor.next ? null : gap(cursor, "lost", cursor.next, end);
}

/** The topic at the broker is another one than that of the lake's position. */
export function isRemade(stored: LogMark | null, topicId: string): boolean {
  const now = topicKey(topicId);
  return stored !== null && stored.topic !== 0 && now !== 0 && stored.topic !== now;
}

export function gap(
  { partition }: Pick<Cursor, "partition">,
  kind: LogChangeKind,
  from: bigint,
  to: bigint,
): KafkaGap {
  return { kind, topic: partition.source, partition: partition.partition, from, to };
}

export function describeGap({ kind, topic, partition, from, to }: KafkaGap): string {
  const where = `${topic} partition ${partition}`;
  switch (kind) {
    case "deleted":
      return `${where}: offsets ${from} to ${to - 1n} were deleted at the broker before we read them (${to - from} messages at most); going on from ${to}`;
    case "lost":
      return `${where}: the broker lost the messages from offset ${to} on, which are archived up to ${from - 1n}; reading on from ${to}`;
    case "remade":
      return `${where}: the topic was deleted and made again; reading it from offset ${to}`;
    case "shorter":
      return `${where}: its log ends before our offset ${from}: the topic was made again or lost messages; reading all of it from offset ${to}`;
  }
}

async function offsetAt(
  consumer: Consumer,
  { source, partition }: SourcePartition,
  timestamp: bigint,
): Promise<bigint> {
  const offsets = await consumer.listOffsets({
    topics: [source],
    partitions: { [source]: [partition] },
    timestamp,
  });
  return offsets.get(source)![partition];
}
