import { DataType, type Data, type Struct } from "apache-arrow";
import type { Column } from "./column.ts";

/**
 * Statistics of a data file as Delta keeps them (protocol, "Per-file Statistics"): rows, and least
 * and greatest value of the columns that queries select by. Times are rounded outwards to
 * milliseconds, as the format has them.
 */
export function statistics(columns: Data<Struct>, indexed: readonly Column[]): string {
  const minValues = {};
  const maxValues = {};
  const nullCount = {};
  for (const column of indexed) {
    const range = rangeOf(column, columns.length);
    setPath(nullCount, column.path, range.nulls);
    if (range.least === undefined) continue;
    setPath(minValues, column.path, range.least);
    setPath(maxValues, column.path, range.greatest);
  }
  return JSON.stringify({ numRecords: columns.length, minValues, maxValues, nullCount });
}

interface Range {
  readonly nulls: number;
  readonly least?: unknown;
  readonly greatest?: unknown;
}

function rangeOf(column: Column, rows: number): Range {
  const { type } = column.data;
  if (DataType.isUtf8(type)) return textRange(column, rows);
  const values = column.data.values as ArrayLike<number | bigint>;
  let nulls = 0;
  let least: number | bigint | undefined;
  let greatest: number | bigint | undefined;
  for (let i = 0; i < rows; i++) {
    if (!column.present(i)) nulls++;
    else {
      const value = values[i];
      if (value !== value) return { nulls: countNulls(column, rows) }; // NaN: no order, no range
      if (least === undefined || value < least) least = value;
      if (greatest === undefined || value > greatest) greatest = value;
    }
  }
  if (least === undefined || greatest === undefined) return { nulls };
  if (DataType.isTimestamp(type))
    return { nulls, least: isoMs(BigInt(least), 0n), greatest: isoMs(BigInt(greatest), 999n) };
  return { nulls, least: exact(least), greatest: exact(greatest) };
}

/** Longer texts would have to be cut with care; ids are short. */
const longestText = 32;

function textRange(column: Column, rows: number): Range {
  const { valueOffsets, values } = column.data;
  const bytes = Buffer.from(values.buffer, values.byteOffset, values.byteLength);
  let nulls = 0;
  let least: Buffer | undefined;
  let greatest: Buffer | undefined;
  for (let i = 0; i < rows; i++) {
    if (!column.present(i)) nulls++;
    else {
      const value = bytes.subarray(valueOffsets[i], valueOffsets[i + 1]);
      if (value.length > longestText) return { nulls: countNulls(column, rows) };
      if (!least || value.compare(least) < 0) least = value;
      if (!greatest || value.compare(greatest) > 0) greatest = value;
    }
  }
  return { nulls, least: least?.toString(), greatest: greatest?.toString() };
}

function countNulls(column: Column, rows: number): number {
  let nulls = 0;
  for (let i = 0; i < rows; i++) if (!column.present(i)) nulls++;
  return nulls;
}

/** 64-bit integers keep all their digits in the JSON. */
export function exact(value: number | bigint): unknown {
  return typeof value === "bigint"
    ? (JSON as unknown as { rawJSON(text: string): unknown }).rawJSON(String(value))
    : value;
}

function isoMs(micros: bigint, roundUp: bigint): string {
  return new Date(Number((micros + roundUp) / 1000n)).toISOString();
}

export function setPath(target: Record<string, unknown>, path: string, value: unknown): void {
  const names = path.split(".");
  const last = names.pop()!;
  let at = target;
  for (const name of names) at = (at[name] ??= {}) as Record<string, unknown>;
  at[last] = value;
}
