import { join } from "node:path";
import type { DuckDBBlobValue, DuckDBValue } from "@duckdb/node-api";
import type { AddFile } from "../lake/actions.ts";
import { parseStats } from "../lake/merge-stats.ts";
import { literal, scan } from "../lake/scan.ts";
import type { LakeTable } from "../lake/table.ts";
import type { Upkeep } from "../lake/upkeep.ts";
import { alertFileFormat } from "../sources/file-format.ts";
import type { SourcePartition } from "../sources/source.ts";
import { type Batch, BatchBuilder } from "./batch.ts";

/** A message that waits in a `rejected` table. */
export interface WaitingMessage {
  /** Tells the message from all others; see `archivedKeys`. */
  readonly key: string;
  readonly source: string;
  readonly partition: number;
  readonly offset: bigint;
  /** ms since 1970; NaN when unknown. */
  readonly publishedAt: number;
  readonly receivedAt: number;
  readonly code: string;
  readonly reason: string;
  readonly bytes: Uint8Array;
}

/**
 * The messages of one file of a `rejected` table, in lists of limited size. `code`: only those that
 * wait for this.
 */
export async function* waitingMessages(
  upkeep: Upkeep,
  rejected: LakeTable,
  file: AddFile,
  code: string | undefined,
): AsyncGenerator<WaitingMessage[]> {
  const rows = await scan(
    upkeep.connection,
    tableOf(rejected),
    [file],
    join(upkeep.scratch, "seeds"),
  );
  const where = code === undefined ? "" : `WHERE code = ${literal(code)}`;
  const columns = `_source, _partition, _offset, epoch_us(_published_at), epoch_us(_received_at), code, reason, bytes`;
  const result = await upkeep.connection.stream(`SELECT ${columns} FROM (${rows}) ${where}`);
  for await (const chunk of result.yieldRows()) yield* limited(chunk.map(messageOfRow));
}

/** A list's bytes and those made from them are in memory together. */
const maxListBytes = 32 << 20;

function* limited(messages: readonly WaitingMessage[]): Generator<WaitingMessage[]> {
  let list: WaitingMessage[] = [];
  let size = 0;
  for (const message of messages) {
    if (list.length > 0 && size + message.bytes.length > maxListBytes) {
      yield list;
      list = [];
      size = 0;
    }
    list.push(message);
    size += message.bytes.length;
  }
  if (list.length > 0) yield list;
}

function messageOfRow([
  source,
  partition,
  offset,
  published,
  received,
  code,
  reason,
  bytes,
]: DuckDBValue[]): WaitingMessage {
  return {
    key: keyOf(source, partition, offset, received),
    source: source as string,
    partition: partition as number,
    offset: offset as bigint,
    publishedAt: published === null ? NaN : Number(published) / 1000,
    receivedAt: Number(received) / 1000,
    code: code as string,
    reason: reason as string,
    bytes: (bytes as DuckDBBlobValue).bytes,
  };
}

/**
 * Of a topic, the time it came in belongs to a message: one that was made anew counts its offsets
 * from zero again.
 */
function keyOf(
  source: DuckDBValue,
  partition: DuckDBValue,
  offset: DuckDBValue,
  receivedMicros: DuckDBValue,
): string {
  return JSON.stringify([
    source,
    partition,
    String(offset),
    isFile(String(source)) ? "" : String(receivedMicros),
  ]);
}

function isFile(source: string): boolean {
  return alertFileFormat(source) !== null;
}

/** The messages as a batch, as the archive had them. */
export function batchOf(survey: string, messages: readonly WaitingMessage[]): Batch {
  const size = messages.reduce((sum, m) => sum + m.bytes.length, 0);
  const batch = new BatchBuilder(survey, new ArrayBuffer(size), messages.length, 0);
  for (const { source, partition, offset, publishedAt, receivedAt, bytes } of messages) {
    // a file's offsets number alerts, and of one message's several alerts each has its own
    const counts = isFile(source) ? "records" : "messages";
    const from: SourcePartition = {
      survey,
      source,
      partition,
      appId: `${source} ${partition}`,
      counts,
    };
    batch.advance(from, null, offset);
    batch.put(from, offset, publishedAt, receivedAt, bytes);
  }
  return batch.seal();
}

/**
 * Which of the messages have alerts in the table as of its snapshot. Opens the files whose
 * statistics allow for it, and of them three small columns.
 */
export async function archivedKeys(
  upkeep: Upkeep,
  raw: LakeTable,
  messages: readonly Pick<WaitingMessage, "key" | "offset">[],
): Promise<Set<string>> {
  const wanted = new Set(messages.map((m) => m.key));
  const offsets = [...new Set(messages.map((m) => m.offset))];
  const files = [...raw.snapshot.files.values()].filter((file) => mayHold(file, offsets));
  if (files.length === 0 || offsets.length === 0) return new Set();
  const rows = await scan(upkeep.connection, tableOf(raw), files, join(upkeep.scratch, "seeds"));
  const found = await upkeep.connection.runAndReadAll(
    `SELECT DISTINCT _source, _partition, _offset, epoch_us(_received_at) FROM (${rows}) WHERE _offset IN (${offsets.join(", ")})`,
  );
  return new Set(
    found
      .getRows()
      .map(([source, partition, offset, received]) => keyOf(source, partition, offset, received))
      .filter((key) => wanted.has(key)),
  );
}

function mayHold({ stats }: AddFile, offsets: readonly bigint[]): boolean {
  const { minValues, maxValues } = parseStats(stats ?? '{"numRecords":0}');
  const [least, greatest] = [minValues?.["_offset"], maxValues?.["_offset"]] as (
    | number
    | undefined
  )[];
  return (
    least === undefined ||
    greatest === undefined ||
    offsets.some((o) => o >= least && o <= greatest)
  );
}

function tableOf({ path, partitionColumns, snapshot: { schema } }: LakeTable) {
  return { path, partitionColumns, schema };
}
