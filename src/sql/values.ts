import {
  type DuckDBResult,
  DuckDBDecimalType,
  type DuckDBDecimalValue,
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
 * Values as JSON: 64-bit integers as text, decimals with a fraction as numbers, bytes as base64,
 * times as ISO 8601 UTC, a map as a list of key and value; NaN and the infinities, which JSON does
 * not have, as text.
 */
export const toJson: ToJson = (value, type) => convert(value, type, toJson, base64);

/** The same for a text of JSON, where a decimal has all its digits. */
export const toExactJson: ToJson = (value, type) =>
  value !== null && type instanceof DuckDBDecimalType
    ? decimalJson((value as DuckDBDecimalValue).value, type.width, type.scale)
    : convert(value, type, toExactJson, base64);

/** The same for CSV, where a decimal has all its digits. */
export const toCsv: ToJson = (value, type) =>
  value !== null && type instanceof DuckDBDecimalType
    ? String(value)
    : convert(value, type, toJson, base64);

/**
 * The same for people: bytes are counted, a decimal has all its digits, float32 has no more digits
 * than it holds.
 */
export const toShortJson: ToJson = (value, type) => {
  if (type.typeId === DuckDBTypeId.FLOAT && typeof value === "number" && Number.isFinite(value))
    return shortest(value);
  if (value !== null && type instanceof DuckDBDecimalType) return String(value);
  return convert(value, type, toShortJson, (bytes) => `<${bytes.length} bytes>`);
};

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64");

/** Not in TypeScript's library yet. */
const { rawJSON, isRawJSON } = JSON as unknown as {
  rawJSON(text: string): unknown;
  isRawJSON(value: unknown): boolean;
};

/**
 * Whether a value is a number; a decimal with more digits than a double holds is an object, which
 * `jsonText` writes as a number.
 */
export function isJsonNumber(value: unknown): boolean {
  return typeof value === "number" || isRawJSON(value);
}

/** A value as JSON text; unlike JSON.stringify it keeps the sign of -0. */
export function jsonText(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) =>
    Object.is(inner, -0) ? rawJSON("-0.0") : inner,
  );
}

/** A number as CSV and VOTable have it, with the sign of -0. */
export function numberText(value: number): string {
  return Object.is(value, -0) ? "-0.0" : String(value);
}

/**
 * A decimal as JSON has it, with all its digits. A whole one that a double cannot hold is text, as
 * 64-bit integers are; one with a fraction is a number all the same.
 */
export function decimalJson(unscaled: bigint, width: number, scale: number): Json {
  if (scale === 0) return roundedDecimal(unscaled, width, scale);
  const text = decimalText(unscaled, scale);
  // a double keeps 15 digits
  return text.replaceAll(/\D/g, "").length > 15 ? (rawJSON(text) as Json) : Number(text);
}

function roundedDecimal(unscaled: bigint, width: number, scale: number): Json {
  if (scale === 0) return width > 15 ? String(unscaled) : Number(unscaled);
  return Number(`${unscaled}e-${scale}`);
}

function decimalText(unscaled: bigint, scale: number): string {
  const digits = String(unscaled < 0n ? -unscaled : unscaled).padStart(scale + 1, "0");
  return `${unscaled < 0n ? "-" : ""}${digits.slice(0, -scale)}.${digits.slice(-scale).replace(/(?<=.)0+$/, "")}`;
}

/**
 * Rows of a result as they are fetched, one at a time: a row of alerts with cutouts is large, and
 * DuckDB fetches 2,048.
 */
export async function* rowsOf(result: DuckDBResult, converter: ToJson): AsyncGenerator<Json[]> {
  const types = result.columnTypes();
  for await (const chunk of result) {
    const vectors = types.map((_, i) => chunk.getColumnVector(i));
    for (let row = 0; row < chunk.rowCount; row++)
      yield vectors.map((vector, i) => converter(vector.getItem(row), types[i], converter));
  }
}

function convert(
  value: Parameters<ToJson>[0],
  type: DuckDBType,
  converter: ToJson,
  bytesAs: (bytes: Uint8Array) => string,
): Json {
  if (value === null) return null;
  if (type.typeId === DuckDBTypeId.BLOB) return bytesAs((value as DuckDBBlobValue).bytes);
  if (type.typeId === DuckDBTypeId.TIMESTAMP_TZ)
    return isoMicros((value as DuckDBTimestampTZValue).micros);
  if (type instanceof DuckDBDecimalType)
    return roundedDecimal((value as DuckDBDecimalValue).value, type.width, type.scale);
  return JsonDuckDBValueConverter(value, type, converter);
}

const mostMicros = 2n ** 63n - 1n;

/**
 * `2026-01-31T01:02:03.000004Z` of µs since 1970; `infinity` and `-infinity` as DuckDB keeps them.
 */
export function isoMicros(micros: bigint): string {
  if (micros === mostMicros || micros === -mostMicros)
    return micros < 0n ? "-infinity" : "infinity";
  const ms = micros / 1000n - (micros % 1000n < 0n ? 1n : 0n);
  return isoOfMs(ms).replace("Z", `${String(micros - ms * 1000n).padStart(3, "0")}Z`);
}

/** `2026-01-31` of days since 1970. */
export function isoDay(days: number): string {
  if (Math.abs(days) === 2 ** 31 - 1) return days < 0 ? "-infinity" : "infinity";
  return isoOfMs(BigInt(days) * msPerDay).replace(/T.*/, "");
}

const msPerDay = 86_400_000n;
/** The calendar repeats after 400 years. */
const msPerCycle = 146_097n * msPerDay;

/** ISO 8601 also of years that JavaScript's Date does not reach. */
function isoOfMs(ms: bigint): string {
  const date = new Date(Number(ms));
  if (!Number.isNaN(date.getTime())) return date.toISOString();
  const [cycles, rest] = [ms / msPerCycle, ms % msPerCycle];
  return new Date(Number(rest)).toISOString().replace(/^\d{4}/, (year) => {
    const own = Number(year) + 400 * Number(cycles);
    return `${own < 0 ? "-" : "+"}${String(Math.abs(own)).padStart(6, "0")}`;
  });
}

/** The shortest decimal that gives the float32 back. */
function shortest(value: number): number {
  for (let digits = 6; digits < 9; digits++) {
    const rounded = Number(value.toPrecision(digits));
    if (Math.fround(rounded) === value) return rounded;
  }
  return value;
}
