import { randomUUID } from "node:crypto";
import { join } from "node:path";
import {
  Binary,
  Bool,
  type Data,
  Decimal,
  Field,
  Float32,
  Float64,
  Int32,
  Int64,
  List,
  makeBuilder,
  Map_,
  Struct,
  TimestampMicrosecond,
  Utf8,
} from "apache-arrow";
import type { AddFile } from "../../src/lake/actions.ts";
import { columnAt } from "../../src/lake/column.ts";
import { writeNewFile } from "../../src/lake/durable.ts";
import { toParquet } from "../../src/lake/parquet.ts";
import { columnsTag } from "../../src/lake/scan.ts";
import { type ColumnType, structType } from "../../src/lake/schema.ts";
import { statistics } from "../../src/lake/stats.ts";
import type { LakeTable } from "../../src/lake/table.ts";

/**
 * A row as a test writes it: bigint for long and timestamp (µs), Uint8Array for binary, absent for
 * null.
 */
export type Row = Readonly<Record<string, unknown>>;

export function column(name: string, type: Field["type"]): Field {
  return new Field(name, type, true);
}

const text = new Utf8();
const detection = new Struct([
  column("jd", new Float64()),
  column("fid", new Int32()),
  column("magpsf", new Float32()),
]);
const comments = new Map_(
  new Field(
    "entries",
    new Struct<{ key: Utf8; value: Int32 }>([
      new Field("key", text, false),
      column("value", new Int32()) as Field<Int32>,
    ]),
    false,
  ),
);

/** Columns like an alert's: nested, every type, and what a first schema version lacks. */
export const oldColumns = new Struct([
  column("objectId", text),
  column("candid", new Int64()),
  column("candidate", detection),
  column("prv_candidates", new List(column("element", detection))),
  column("stamp", new Binary()),
  column("_received_at", new TimestampMicrosecond("UTC")),
]);

const laterDetection = new Struct([
  ...detection.children,
  column("isdiffpos", text),
  column("drb", new Float64()),
]);

/** The next schema version: new fields at the top, in a struct and in a list. */
export const newColumns = new Struct([
  column("objectId", text),
  column("candid", new Int64()),
  column("candidate", laterDetection),
  column("prv_candidates", new List(column("element", laterDetection))),
  column(
    "fp_hists",
    new List(column("element", new Struct([column("forcediffimflux", new Float32())]))),
  ),
  column("comments", comments),
  column("isStar", new Bool()),
  column("score", new Decimal(2, 10)),
  column("stamp", new Binary()),
  column("_received_at", new TimestampMicrosecond("UTC")),
]);

/** Writes rows as one data file, as the archive does, and returns its `add`. */
export async function writeRows(
  table: LakeTable,
  type: Struct,
  rows: readonly Row[],
  night: number | null,
): Promise<AddFile> {
  const builder = makeBuilder({ type, nullValues: [null, undefined] });
  for (const row of rows) builder.append(shaped(row, type) as never);
  const columns = builder.finish().flush() as Data<Struct>;
  const path = `night=${night ?? "__HIVE_DEFAULT_PARTITION__"}/${randomUUID()}.parquet`;
  const bytes = toParquet(columns);
  await writeNewFile(join(table.path, path), bytes);
  const stats = statistics(
    columns,
    ["objectId", "candid", "candidate.jd", "_received_at"].flatMap(
      (p) => columnAt(columns, [p]) ?? [],
    ),
  );
  const tags = { [columnsTag]: type.children.map((f) => f.name).join(",") };
  return {
    path,
    partitionValues: { night: night === null ? null : String(night) },
    size: bytes.length,
    modificationTime: Date.now(),
    dataChange: true,
    stats,
    tags,
  };
}

export async function append(
  table: LakeTable,
  type: Struct,
  rows: readonly Row[],
  night: number | null,
): Promise<void> {
  const add = [await writeRows(table, type, rows, night)];
  table.commit({ operation: "test", schema: structType(type.children), add });
}

/**
 * The value as any reader should give it: integers as digits, floating point numbers as their bits,
 * bytes as hex, absent fields as null.
 */
export function canonical(value: unknown, type: ColumnType): unknown {
  if (value === null || value === undefined) return null;
  if (typeof type === "string") return leaf(value, type);
  if (type.type === "array")
    return (value as unknown[]).map((item) => canonical(item, type.elementType));
  if (type.type === "map")
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [key, canonical(item, type.valueType)]),
    );
  return Object.fromEntries(
    type.fields.map((f) => [f.name, canonical((value as Row)[f.name], f.type)]),
  );
}

function leaf(value: unknown, type: string): unknown {
  if (type === "float" || type === "double") {
    const bits = Buffer.alloc(8);
    bits.writeDoubleBE(type === "float" ? Math.fround(Number(value)) : Number(value));
    return bits.toString("hex");
  }
  if (type === "binary") return Buffer.from(value as Uint8Array).toString("hex");
  if (type === "boolean" || type === "string") return value;
  return String(value);
}

/**
 * Arrow's builders want every field, decimals as words, and times in ms (eighths of which are
 * exact).
 */
function shaped(value: unknown, type: Field["type"]): unknown {
  if (value === null || value === undefined) return null;
  if (type instanceof Struct)
    return Object.fromEntries(
      type.children.map((f) => [f.name, shaped((value as Row)[f.name], f.type)]),
    );
  if (type instanceof List) return (value as unknown[]).map((item) => shaped(item, type.valueType));
  if (type instanceof Map_) return new Map(Object.entries(value));
  if (type instanceof Decimal)
    return new Uint32Array(
      new BigInt64Array([value as bigint, (value as bigint) < 0n ? -1n : 0n]).buffer,
    );
  if (type instanceof TimestampMicrosecond) return Number(value as bigint) / 1000;
  return value;
}
