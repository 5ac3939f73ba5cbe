import type { DuckDBVector } from "@duckdb/node-api";

export type KeptValue = string | number | bigint | null;

/** A column kept of a catalogue. Without an object a row: ten million texts are their bytes and where each one ends. */
export interface KeptColumn {
  get(row: number): KeptValue;
}

/** A column that is being read, a vector of `count` values after the other, the first at row `start`. */
export interface KeptColumnReader extends KeptColumn {
  /** As what DuckDB gives it. */
  readonly cast: "VARCHAR" | "DOUBLE" | "BIGINT";
  take(vector: DuckDBVector, count: number, start: number): void;
}

/** By DuckDB's type: integers of 64 bits are bigint, other numbers and booleans (0, 1) number, all else text. An empty text is null, and so is NaN. */
export function keptColumn(sqlType: string, rows: number): KeptColumnReader {
  if (/^(BIGINT|UINTEGER|UBIGINT)$/.test(sqlType)) return longColumn(rows);
  if (/^(BOOLEAN|FLOAT|DOUBLE|DECIMAL.*|U?(TINY|SMALL)INT|INTEGER)$/.test(sqlType)) return numberColumn(rows);
  return textColumn(rows);
}

function numberColumn(rows: number): KeptColumnReader {
  const values = new Float64Array(rows);
  return {
    cast: "DOUBLE",
    take(vector, count, start) {
      for (let i = 0; i < count; i++) values[start + i] = (vector.getItem(i) as number | null) ?? NaN;
    },
    get: (row) => (Number.isNaN(values[row]) ? null : values[row]),
  };
}

const noLong = -(2n ** 63n);

function longColumn(rows: number): KeptColumnReader {
  const values = new BigInt64Array(rows);
  return {
    cast: "BIGINT",
    take(vector, count, start) {
      for (let i = 0; i < count; i++) values[start + i] = (vector.getItem(i) as bigint | null) ?? noLong;
    },
    get: (row) => (values[row] === noLong ? null : values[row]),
  };
}

function textColumn(rows: number): KeptColumnReader {
  const ends = new Float64Array(rows + 1); // bytes may be more than 2³²
  let bytes = Buffer.alloc(16 * 1024);
  return {
    cast: "VARCHAR",
    take(vector, count, start) {
      for (let row = start; row < start + count; row++) {
        const text = (vector.getItem(row - start) as string | null) ?? "";
        if (ends[row] + 3 * text.length > bytes.length) bytes = Buffer.concat([bytes], 2 * bytes.length + 3 * text.length);
        ends[row + 1] = ends[row] + bytes.write(text, ends[row]);
      }
    },
    get: (row) => (ends[row] === ends[row + 1] ? null : bytes.toString("utf8", ends[row], ends[row + 1])),
  };
}
