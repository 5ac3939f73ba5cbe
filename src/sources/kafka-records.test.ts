import type { fetchV17, RecordsBatch } from "@platformatic/kafka";
import { expect, it } from "vitest";
import { batchesOf, publishedAt } from "./kafka-records.ts";

const transactional = 16;
const control = 32;
const abort = Buffer.from([0, 0, 0, 0]);

function batch(
  firstOffset: bigint,
  fields: Partial<RecordsBatch> = {},
  key: Buffer | null = null,
): RecordsBatch {
  const record = {
    length: 0,
    attributes: 0,
    timestampDelta: 0n,
    offsetDelta: 0,
    key: key as Buffer,
    value: Buffer.from("x"),
    headers: [],
  };
  const header = {
    length: 0,
    partitionLeaderEpoch: 0,
    magic: 2,
    crc: 0,
    producerEpoch: 0,
    firstSequence: 0,
    firstTimestamp: 0n,
    maxTimestamp: 0n,
  };
  return {
    ...header,
    firstOffset,
    attributes: 0,
    lastOffsetDelta: 0,
    producerId: -1n,
    records: [record],
    ...fields,
  };
}

function readableOffsets(
  records: RecordsBatch[],
  abortedTransactions: fetchV17.FetchResponsePartitionAbortedTransaction[] = [],
): bigint[] {
  const data = { records, abortedTransactions } as fetchV17.FetchResponsePartition;
  return [...batchesOf(data)]
    .filter(({ readable }) => readable)
    .map(({ batch }) => batch.firstOffset);
}

it("drops aborted transactions whose end the response does not hold, and those of a producer that aborted twice", () => {
  const of = (producerId: bigint) => ({ producerId, attributes: transactional });
  const records = [
    batch(0n, of(1n)),
    batch(1n, { producerId: 1n, attributes: transactional | control }, abort),
    batch(2n, of(1n)),
    batch(3n, of(2n)),
    batch(4n, { producerId: 1n, attributes: transactional | control }, Buffer.from([0, 0, 0, 1])),
    batch(5n),
    batch(6n, of(1n)),
  ];
  const aborted = [
    { producerId: 1n, firstOffset: 6n },
    { producerId: 1n, firstOffset: 0n },
  ];
  expect(readableOffsets(records, aborted)).toEqual([2n, 3n, 5n]);
});

it("gives the offset after a batch whose last records were compacted away", () => {
  const [{ after }] = batchesOf({
    records: [batch(10n, { lastOffsetDelta: 9 })],
  } as fetchV17.FetchResponsePartition);
  expect(after).toBe(20n);
});

it("takes the time of the producer, or of the broker where the topic says so; none is NaN", () => {
  const times = { firstTimestamp: 1000n, maxTimestamp: 5000n };
  expect(publishedAt(batch(0n, times), 7n)).toBe(1007);
  expect(publishedAt(batch(0n, { ...times, attributes: 8 }), 7n)).toBe(5000);
  expect(publishedAt(batch(0n, { firstTimestamp: -1n }), 0n)).toBeNaN();
});
