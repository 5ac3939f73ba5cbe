import type { fetchV17 } from "@platformatic/kafka";
import { expect, it } from "vitest";
import { type Answer, type Cursor, deliver } from "./kafka-fetch.ts";
import type { Sink, SourcePartition } from "./source.ts";

const partition: SourcePartition = {
  survey: "ztf",
  source: "t",
  partition: 0,
  appId: "kafka:t:0",
  counts: "messages",
};
const cursorAt = (next: bigint): Cursor => ({
  partition,
  next,
  topicId: "",
  epoch: -1,
  turn: 0,
  end: null,
  stopAt: null,
});
const signal = new AbortController().signal;

/** One batch of `count` records from `first` on. */
function answer(cursor: Cursor, from: bigint, first: bigint, count: number): Answer {
  const records = Array.from({ length: count }, (_, offsetDelta) => ({
    offsetDelta,
    timestampDelta: 0n,
    value: Buffer.from("x"),
  }));
  const batch = {
    firstOffset: first,
    lastOffsetDelta: count - 1,
    attributes: 0,
    producerId: -1n,
    firstTimestamp: 0n,
    records,
  };
  return {
    cursor,
    from,
    turn: 0,
    data: {
      highWatermark: 100n,
      abortedTransactions: null,
      records: [batch],
    } as unknown as fetchV17.FetchResponsePartition,
  };
}

function sinkFullAfter(
  limit: number,
  room: () => Promise<void> = async () => {},
): { sink: Sink; offsets: bigint[] } {
  const offsets: bigint[] = [];
  const put: Sink["put"] = (_, offset) => offsets.push(offset) % limit !== 0;
  return {
    sink: { position: async () => null, put, room, mark: () => null, restart: async () => {} },
    offsets,
  };
}

it("leaves out the records of a batch that are before the offset asked for", async () => {
  const cursor = cursorAt(7n);
  const { sink, offsets } = sinkFullAfter(100);
  await deliver(answer(cursor, 7n, 5n, 4), sink, signal);
  expect(offsets).toEqual([7n, 8n]);
  expect(cursor).toMatchObject({ next: 9n, end: 100n });
});

it("waits for room", async () => {
  const { sink, offsets } = sinkFullAfter(2);
  await deliver(answer(cursorAt(0n), 0n, 0n, 5), sink, signal);
  expect(offsets).toEqual([0n, 1n, 2n, 3n, 4n]);
});

it("throws away what it has read ahead when the partition is rewound while it waits", async () => {
  const cursor = cursorAt(0n);
  const { sink, offsets } = sinkFullAfter(2, async () => void (cursor.next = null));
  await deliver(answer(cursor, 0n, 0n, 5), sink, signal);
  expect(offsets).toEqual([0n, 1n]);
  expect(cursor.next).toBeNull();
});

it("does not wait for room once aborted", async () => {
  const aborter = new AbortController();
  const { sink, offsets } = sinkFullAfter(2, () => new Promise(() => {}));
  setTimeout(() => aborter.abort(), 10);
  await deliver(answer(cursorAt(0n), 0n, 0n, 5), sink, aborter.signal);
  expect(offsets).toEqual([0n, 1n]);
});
