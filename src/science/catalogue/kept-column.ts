import type { DuckDBVector } from "@duckdb/node-api";
import type { KeptType } from "../../lake/catalogues.ts";

export type KeptValue = string | number | bigint | null;

/**
 * A column kept of a catalogue, in memory that threads share. Without an object a row: ten million
 * texts are their bytes and where each one ends.
 */
export type KeptColumn =
  | { readonly type: "double"; readonly values: Float64Array }
  | { readonly type: "long"; readonly values: BigInt64Array }
  | { readonly type: "string"; readonly bytes: SharedArrayBuffer; readonly ends: Float64Array };

/** An empty text is null, and so is NaN. */
export function keptAt(column: KeptColumn, row: number): KeptValue {
  if (column.type === "double") return Number.isNaN(column.values[row]) ? null : column.values[row];
  if (column.type === "long") return column.values[row] === noLong ? null : column.values[row];
  const start = row === 0 ? 0 : column.ends[row - 1];
  return start === column.ends[row]
    ? null
    : Buffer.from(column.bytes, start, column.ends[row] - start).toString();
}

/** By DuckDB's type. */
export function keptType(sqlType: string): KeptType {
  if (/^(BIGINT|UINTEGER|UBIGINT|DECIMAL\((1[0-8]|\d),0\))$/.test(sqlType)) return "long";
  return /^(BOOLEAN|FLOAT|DOUBLE|DECIMAL\(\d+,[1-9]\d*\)|U?(TINY|SMALL)INT|INTEGER)$/.test(sqlType)
    ? "double"
    : "string";
}

/** As what DuckDB gives a column of that type. */
export const castOf: Readonly<Record<KeptType, string>> = {
  long: "BIGINT",
  double: "DOUBLE",
  string: "VARCHAR",
};

/**
 * A column that is being read, a vector of `count` values after the other, the first at row
 * `start`.
 */
export interface KeptColumnReader {
  readonly column: KeptColumn;
  take(vector: DuckDBVector, count: number, start: number): void;
}

export function keptColumnReader(type: KeptType, rows: number): KeptColumnReader {
  if (type === "string") return textReader(rows);
  if (type === "double") {
    const values = sharedDoubles(rows);
    return reader(
      { type, values },
      (row, value) => (values[row] = (value as number | null) ?? NaN),
    );
  }
  const values = new BigInt64Array(new SharedArrayBuffer(8 * rows));
  return reader(
    { type, values },
    (row, value) => (values[row] = (value as bigint | null) ?? noLong),
  );
}

export function sharedDoubles(rows: number): Float64Array<SharedArrayBuffer> {
  return new Float64Array(new SharedArrayBuffer(8 * rows));
}

const noLong = -(2n ** 63n);

function reader(column: KeptColumn, put: (row: number, value: unknown) => void): KeptColumnReader {
  return {
    column,
    take(vector, count, start) {
      for (let i = 0; i < count; i++) put(start + i, vector.getItem(i));
    },
  };
}

/** Virtual memory that a column of texts may grow to; only what it holds is taken. */
const mostTextBytes = 2 ** 33;

function textReader(rows: number): KeptColumnReader {
  const ends = sharedDoubles(rows); // bytes may be more than 2³²
  const bytes = new SharedArrayBuffer(16 * 1024, { maxByteLength: mostTextBytes });
  const writer = { buffer: Buffer.from(bytes), end: 0 };
  return reader({ type: "string", bytes, ends }, (row, value) => {
    const text = (value as string | null) ?? "";
    if (writer.end + 3 * text.length > bytes.byteLength) {
      bytes.grow(2 * bytes.byteLength + 3 * text.length);
      writer.buffer = Buffer.from(bytes);
    }
    ends[row] = writer.end += writer.buffer.write(text, writer.end);
  });
}
