import type { Consumer, fetchV17 } from "@platformatic/kafka";
import { responseIn } from "./kafka-errors.ts";
import { batchesOf, publishedAt } from "./kafka-records.ts";
import type { LogMark, Sink, SourcePartition } from "./source.ts";

/** Where we are in one partition that is ours. */
export interface Cursor {
  readonly partition: SourcePartition;
  /**
   * Offset to read next; null until it is known, and again when the partition was rewound or is not
   * ours any more.
   */
  next: bigint | null;
  /** Topic that `next` is an offset of; empty as long as `next` is null for the first time. */
  topicId: string;
  /** Leader epoch of the message before `next`; -1 when unknown. */
  epoch: number;
  /** Counts rewinds: an answer asked for before one is not believed. */
  turn: number;
  /** Offset after the broker's last message, as last heard. */
  end: bigint | null;
  /** With `once`: the end that was seen first. */
  stopAt: bigint | null;
}

/** What a broker sent for one partition. */
export interface Answer {
  readonly cursor: Cursor;
  /** The offset that was asked for. */
  readonly from: bigint;
  /** The cursor's turn then. */
  readonly turn: number;
  readonly data: fetchV17.FetchResponsePartition;
}

// 1 MB a partition gave the best throughput; 8 MB bound what one answer holds in memory.
const partitionMaxBytes = 1 << 20;
const fetchSize = { maxBytes: 8 << 20, minBytes: 1, maxWaitTime: 500 };
const noValue = new Uint8Array(0);

/**
 * One request to the broker `node` for the partitions it leads. Partitions with an error come with
 * its code.
 */
export async function fetchFrom(
  consumer: Consumer,
  node: number,
  cursors: readonly Cursor[],
): Promise<Answer[]> {
  const asked = new Map<string, Cursor>();
  const from = new Map<Cursor, { from: bigint; turn: number }>();
  const topics = new Map<string, fetchV17.FetchRequestTopic>();
  for (const cursor of cursors) {
    const { topicId, turn, epoch } = cursor;
    const { partition } = cursor.partition;
    if (cursor.next === null) continue;
    const topic = topics.get(topicId) ?? { topicId, partitions: [] };
    topics.set(topicId, topic);
    topic.partitions.push({
      partition,
      fetchOffset: cursor.next,
      partitionMaxBytes,
      currentLeaderEpoch: -1,
      lastFetchedEpoch: epoch,
    });
    asked.set(`${topicId}:${partition}`, cursor);
    from.set(cursor, { from: cursor.next, turn });
  }
  const response = await consumer
    .fetch({ ...fetchSize, node, topics: [...topics.values()] })
    .catch(partialResponse);
  return response.responses.flatMap(({ topicId, partitions }) =>
    partitions.flatMap((data) => {
      // a broker may send what is left in the fetch session of partitions we no longer ask for
      const cursor = asked.get(`${topicId}:${data.partitionIndex}`);
      return cursor ? [{ cursor, ...from.get(cursor)!, data }] : [];
    }),
  );
}

/** The client throws when one partition has an error; what came for the others is in the error. */
function partialResponse(error: unknown): fetchV17.FetchResponse {
  const response = responseIn<Partial<fetchV17.FetchResponse>>(error);
  if (response?.responses && response.errorCode === 0) return response as fetchV17.FetchResponse;
  throw error;
}

/**
 * Puts the records into the sink, in order; stops where the cursor was moved by somebody else
 * meanwhile.
 */
export async function deliver(
  { cursor, from, turn, data }: Answer,
  sink: Sink,
  signal: AbortSignal,
): Promise<void> {
  let next = from;
  const topic = topicKey(cursor.topicId);
  const isMoved = (): boolean => cursor.next !== next || cursor.turn !== turn;
  if (isMoved()) return;
  cursor.end = data.highWatermark;
  for (const { batch, readable, after } of batchesOf(data)) {
    const mark: LogMark = { topic, epoch: batch.partitionLeaderEpoch };
    if (after > next) cursor.epoch = mark.epoch;
    for (const record of readable ? batch.records : []) {
      const offset = batch.firstOffset + BigInt(record.offsetDelta);
      if (offset < next) continue; // a batch may begin before the offset asked for
      cursor.next = next = offset + 1n;
      const bytes = record.value ?? noValue;
      if (
        sink.put(
          cursor.partition,
          offset,
          next,
          publishedAt(batch, record.timestampDelta),
          bytes,
          mark,
        )
      )
        continue;
      await room(sink, signal);
      if (signal.aborted || isMoved()) return;
    }
    // holes at the end of a batch: compaction, aborted transactions, markers
    if (after > next) cursor.next = next = after;
  }
}

/**
 * First 48 bits of a topic's id: random bits enough to tell two topics of one name apart, and an
 * exact number in JSON.
 */
export function topicKey(topicId: string): number {
  // brokers before 2.8 have no ids; the client then gives the name
  return /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(topicId)
    ? Number.parseInt(topicId.replaceAll("-", "").slice(0, 12), 16)
    : 0;
}

function room(sink: Sink, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const done = () => {
      signal.removeEventListener("abort", done);
      resolve();
    };
    signal.addEventListener("abort", done);
    sink.room().then(done, reject);
  });
}
