import type { fetchV17, RecordsBatch } from "@platformatic/kafka";

// Attributes of a record batch: kafka.apache.org/documentation/#recordbatch
const logAppendTime = 1 << 3;
const isTransactional = 1 << 4;
const isControl = 1 << 5;
const abortMarker = 0;

/**
 * The batches whose records count, each with the offset after it; those of aborted transactions and
 * markers come without records.
 */
export function* batchesOf(
  data: fetchV17.FetchResponsePartition,
): Generator<{ batch: RecordsBatch; readable: boolean; after: bigint }> {
  // The client's own filter leaves aborted records in (its ranges end with the response), hence
  // this one.
  const aborted = [...(data.abortedTransactions ?? [])].sort((a, b) =>
    a.firstOffset < b.firstOffset ? -1 : 1,
  );
  const aborting = new Set<bigint>();
  for (const batch of data.records ?? []) {
    const after = batch.firstOffset + BigInt(batch.lastOffsetDelta) + 1n;
    while (aborted.length > 0 && aborted[0].firstOffset < after)
      aborting.add(aborted.shift()!.producerId);
    const control = (batch.attributes & isControl) !== 0;
    if (control && batch.records[0]?.key?.readInt16BE(2) === abortMarker)
      aborting.delete(batch.producerId);
    const dropped = (batch.attributes & isTransactional) !== 0 && aborting.has(batch.producerId);
    yield { batch, readable: !control && !dropped, after };
  }
}

/** When the record was published, ms since 1970; NaN when the producer did not say. */
export function publishedAt(batch: RecordsBatch, timestampDelta: bigint): number {
  const ms = Number(
    (batch.attributes & logAppendTime) !== 0
      ? batch.maxTimestamp
      : batch.firstTimestamp + timestampDelta,
  );
  return ms < 0 ? Number.NaN : ms;
}
