import {
  type DuckDBResult,
  DuckDBTypeId,
  type DuckDBType,
  type DuckDBTimestampTZValue,
  type DuckDBBlobValue,
  type DuckDBValueConverter,
  type Json,
  JsonDuckDBValueConverter,
} from "@duckdb/node-api";

/** How a query's values are written. */
export type ToJson = DuckDBValueConverter<Json>;

/**
 * Values as JSON: 64-bit integers and decimals as text, bytes as base64, times as ISO 8601 UTC, a map as a list of key and value;
 * NaN and the infinities, which JSON does not have, as text.
 */
export const toJson: ToJson = (value, type) => convert(value, type, toJson, (bytes) => Buffer.from(bytes).toString("base64"));

/** The same for people: bytes are counted, float32 has no more digits than it holds. */
export const toShortJson: ToJson = (value, type) => {
  if (type.typeId === DuckDBTypeId.FLOAT && typeof value === "number" && Number.isFinite(value)) return shortest(value);
  return convert(value, type, toShortJson, (bytes) => `<${bytes.length} bytes>`);
};

/** Rows of a result as they are fetched, one at a time: a row of alerts with cutouts is large, and DuckDB fetches 2,048. */
export async function* rowsOf(result: DuckDBResult, converter: ToJson): AsyncGenerator<Json[]> {
  const types = result.columnTypes();
  for await (const chunk of result) {
    const vectors = types.map((_, i) => chunk.getColumnVector(i));
    for (let row = 0; row < chunk.rowCount; row++) yield vectors.map((vector, i) => converter(vector.getItem(row), types[i], converter));
  }
}

function convert(value: Parameters<ToJson>[0], type: DuckDBType, converter: ToJson, bytesAs: (bytes: Uint8Array) => string): Json {
  if (value === null) return null;
  if (type.typeId === DuckDBTypeId.BLOB) return bytesAs((value as DuckDBBlobValue).bytes);
  if (type.typeId === DuckDBTypeId.TIMESTAMP_TZ) return isoMicros((value as DuckDBTimestampTZValue).micros);
  return JsonDuckDBValueConverter(value, type, converter);
}

/** `2026-01-31T01:02:03.000004Z` */
function isoMicros(micros: bigint): string {
  const ms = micros / 1000n - (micros % 1000n < 0n ? 1n : 0n);
  if (ms < -8_640_000_000_000_000n || ms > 8_640_000_000_000_000n) return micros < 0n ? "-infinity" : "infinity";
  return new Date(Number(ms)).toISOString().replace("Z", `${String(micros - ms * 1000n).padStart(3, "0")}Z`);
}

/** The shortest decimal that gives the float32 back. */
function shortest(value: number): number {
  for (let digits = 6; digits < 9; digits++) {
    const rounded = Number(value.toPrecision(digits));
    if (Math.fround(rounded) === value) return rounded;
  }
  return value;
}
