import {
  Binary,
  type Data,
  Field,
  Int32,
  Int64,
  makeData,
  Struct,
  TimestampMicrosecond,
  Utf8,
} from "apache-arrow";
import type { Batch } from "./batch.ts";
import type { Reject, RowOrigins } from "./decode.ts";

/** Columns of every row that are not the telescope's. */
export const reservedColumns = [
  "night",
  "_source",
  "_partition",
  "_offset",
  "_published_at",
  "_received_at",
  "_schema",
];

/**
 * What was decoded with the columns that say where each alert came from. `rows` are numbers into
 * the origins.
 */
export function withOrigin(
  alerts: Data<Struct>,
  batch: Batch,
  origins: RowOrigins,
  rows: ArrayLike<number>,
  label: string,
): Data<Struct> {
  const messages = Int32Array.from({ length: rows.length }, (_, i) => origins.messages[rows[i]]);
  const within = (i: number) =>
    batch.partitions[batch.parts[messages[i]]].counts === "records"
      ? BigInt(origins.records[rows[i]])
      : 0n;
  return struct(rows.length, [
    ...alerts.type.children.map((f, i) => [f.name, alerts.children[i]] as const),
    ...originColumns(batch, messages, within),
    ["_schema", repeated([label], new Uint8Array(rows.length))],
  ]);
}

/** The rows of the `rejected` table: where the message came from, why it waits, and its bytes. */
export function rejectedColumns(batch: Batch, rejects: readonly Reject[]): Data<Struct> {
  const messages = Int32Array.from(rejects, (r) => r.message);
  return struct(rejects.length, [
    ...originColumns(batch, messages, () => 0n),
    ["code", texts(rejects.map((r) => r.code))],
    ["reason", texts(rejects.map((r) => r.reason))],
    ["bytes", messageBytes(batch, messages)],
  ]);
}

type Named = readonly [name: string, data: Data];

function originColumns(batch: Batch, messages: Int32Array, within: (i: number) => bigint): Named[] {
  const parts = Int32Array.from(messages, (m) => batch.parts[m]);
  const partitions = Int32Array.from(parts, (p) => batch.partitions[p].partition);
  const offsets = BigInt64Array.from(
    { length: messages.length },
    (_, i) => batch.offsets[messages[i]] + within(i),
  );
  const sources = batch.partitions.map((p) => p.source);
  return [
    ["_source", repeated(sources, parts)],
    ["_partition", makeData({ type: new Int32(), data: partitions })],
    ["_offset", makeData({ type: new Int64(), data: offsets })],
    ["_published_at", times(batch.publishedAt, messages)],
    ["_received_at", times(batch.receivedAt, messages)],
  ];
}

function struct(length: number, columns: readonly Named[]): Data<Struct> {
  const type = new Struct(columns.map(([name, data]) => new Field(name, data.type, true)));
  return makeData({ type, length, nullCount: 0, children: columns.map(([, data]) => data) });
}

/** ms since 1970 → UTC time stamps; NaN becomes null. */
function times(ms: Float64Array, messages: Int32Array): Data<TimestampMicrosecond> {
  const micros = new BigInt64Array(messages.length);
  const nullBitmap = new Uint8Array((messages.length + 7) >> 3);
  let nullCount = 0;
  messages.forEach((m, i) => {
    if (Number.isNaN(ms[m])) nullCount++;
    else {
      micros[i] = BigInt(Math.round(ms[m] * 1000));
      nullBitmap[i >> 3] |= 1 << (i & 7);
    }
  });
  return makeData({
    type: new TimestampMicrosecond("UTC"),
    length: messages.length,
    nullCount,
    nullBitmap,
    data: micros,
  });
}

function texts(values: readonly string[]): Data<Utf8> {
  return repeated(values, Int32Array.from(values.keys()));
}

/** A text per row, chosen from a few. */
function repeated(values: readonly string[], chosen: ArrayLike<number>): Data<Utf8> {
  const encoded = values.map((v) => Buffer.from(v));
  return makeData({ type: new Utf8(), ...concatenated(chosen.length, (i) => encoded[chosen[i]]) });
}

function messageBytes(batch: Batch, messages: Int32Array): Data<Binary> {
  const bytes = new Uint8Array(batch.buffer);
  const of = (m: number) => bytes.subarray(m === 0 ? 0 : batch.ends[m - 1], batch.ends[m]);
  return makeData({ type: new Binary(), ...concatenated(messages.length, (i) => of(messages[i])) });
}

function concatenated(
  length: number,
  value: (i: number) => Uint8Array,
): { length: number; nullCount: number; valueOffsets: Int32Array; data: Uint8Array } {
  const valueOffsets = new Int32Array(length + 1);
  for (let i = 0; i < length; i++) valueOffsets[i + 1] = valueOffsets[i] + value(i).length;
  const data = new Uint8Array(valueOffsets[length]);
  for (let i = 0; i < length; i++) data.set(value(i), valueOffsets[i]);
  return { length, nullCount: 0, valueOffsets, data };
}
