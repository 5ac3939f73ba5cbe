import type { DuckDBResult, Json } from "@duckdb/node-api";
import { jsonText, numberText, rowsOf, toCsv, toExactJson, toShortJson } from "./values.ts";

export const textFormats = ["json", "csv"] as const;
export type TextFormat = (typeof textFormats)[number];

/** A result as text, in pieces of some 64 KB. */
export async function* textOf(result: DuckDBResult, format: TextFormat): AsyncGenerator<string> {
  const names = result.deduplicatedColumnNames();
  let text = format === "csv" ? csvLine(names) : "";
  for await (const row of rowsOf(result, format === "csv" ? toCsv : toExactJson)) {
    text += format === "csv" ? csvLine(row) : jsonLine(names, row);
    if (text.length < 65_536) continue;
    yield text;
    text = "";
  }
  yield text;
}

export interface Cells {
  readonly names: readonly string[];
  readonly rows: readonly (readonly string[])[];
  /** Whether the result has more rows than these. */
  readonly more: boolean;
}

/** The first rows of a result for people: long and nested values are cut to the width. */
export async function cellsOf(result: DuckDBResult, limit: number, width: number): Promise<Cells> {
  const names = result.deduplicatedColumnNames();
  const rows: string[][] = [];
  for await (const row of rowsOf(result, toShortJson)) {
    if (rows.length === limit) return { names, rows, more: true };
    rows.push(row.map((value) => cut(plain(value), width)));
  }
  return { names, rows, more: false };
}

function jsonLine(names: readonly string[], row: readonly Json[]): string {
  return `${jsonText(Object.fromEntries(names.map((name, i) => [name, row[i]])))}\n`;
}

/**
 * RFC 4180: CRLF, quotes doubled. A null is empty, an empty text is `""`; nested values are JSON.
 */
export function csvLine(row: readonly (Json | object)[]): string {
  const cells = row.map((value) => {
    if (value === null) return "";
    const text =
      typeof value === "object"
        ? jsonText(value)
        : typeof value === "number"
          ? numberText(value)
          : String(value);
    return text === "" || /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  });
  return `${cells.join(",")}\r\n`;
}

/** `{jd: 2460000.5, fid: 2}`, `[{…}, {…}]` without JSON's quotes. */
function plain(value: Json): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return `[${value.slice(0, 20).map(plain).join(", ")}]`;
  if (typeof value !== "object") return String(value).replace(/\p{Cc}/gu, " ");
  const entries = Object.entries(value).slice(0, 20);
  return `{${entries.map(([name, v]) => `${name}: ${plain(v)}`).join(", ")}}`;
}

function cut(text: string, width: number): string {
  return text.length > width ? `${text.slice(0, width - 1)}…` : text;
}
