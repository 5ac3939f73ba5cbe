import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fromParquet } from "../lake/parquet.ts";
import type { LakeTable } from "../lake/table.ts";
import type { SourcePartition } from "../sources/source.ts";

interface OffsetStats {
  readonly minValues?: { readonly _offset?: number };
  readonly maxValues?: { readonly _offset?: number };
}

/** Not the messages' bytes: a compacted file holds 128 MB of them. */
const keyColumns = ["_source", "_partition", "_offset", "_received_at"];

/**
 * Offsets of a partition, from `from` on, that are in the `rejected` table. Messages received
 * before `since` (ms since 1970) had these offsets in an earlier log.
 *
 * A batch commits its rejected messages first and its alerts, with the position, second. After a
 * crash in between the batch is read again from the old position, and these offsets are the ones
 * that are already accounted for.
 */
export function rejectedOffsets(
  rejected: LakeTable,
  partition: SourcePartition,
  from: number,
  since: number,
): Set<number> {
  const found = new Set<number>();
  for (const add of rejected.snapshot.files.values()) {
    const stats = JSON.parse(add.stats ?? "{}") as OffsetStats;
    if ((stats.maxValues?._offset ?? from) < from) continue;
    const table = fromParquet(readFileSync(join(rejected.path, add.path)), keyColumns);
    const [sources, partitions, offsets, times] = keyColumns.map((name) => table.getChild(name)!);
    for (let i = 0; i < table.numRows; i++) {
      const offset = Number(offsets.get(i));
      if (
        offset >= from &&
        Number(times.get(i)) >= since &&
        sources.get(i) === partition.source &&
        partitions.get(i) === partition.partition
      )
        found.add(offset);
    }
  }
  return found;
}
