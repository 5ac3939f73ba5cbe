import { FinkError } from "../errors.ts";
import { literal } from "../lake/scan.ts";
import { sqlTokens, type SqlToken } from "./tokens.ts";

/** `PIVOT … ON column`, which names no values: DuckDB turns it into several statements. */
export interface DynamicPivot {
  /** A SELECT for each ON expression without values, one text column: its values. */
  readonly values: readonly string[];
  /** The statement with the values written out, which is one SELECT. */
  withValues(values: readonly (readonly string[])[]): string;
}

/** Columns that one PIVOT may make of an expression. */
export const mostPivotValues = 5000;

const clauseAfterItems = /^(using|group|order|limit|offset|having|qualify|union|;)$/i;

/**
 * Finds `[WITH …] PIVOT source ON expression, … [USING …] [GROUP BY …]`. Null for any other text.
 * Both kinds of text that this makes are still to be checked like a user's own.
 */
export function dynamicPivot(sql: string): DynamicPivot | null {
  const top = sqlTokens(sql).filter(({ depth }) => depth === 0);
  const start = top.findIndex(({ text }) => /^pivot(_wider)?$/i.test(text));
  const isFirst =
    start === 0 || (/^with$/i.test(top[0]?.text ?? "") && top[start - 1]?.text === ")");
  if (start < 0 || !isFirst) return null;
  const on = top.findIndex(({ text }, i) => i > start && /^on$/i.test(text));
  if (on < 0) return null;
  const after = top.findIndex(({ text }, i) => i > on && clauseAfterItems.test(text));
  const until = after < 0 ? sql.length : top[after].at;
  const items = itemsOf(sql, top.slice(on + 1, after < 0 ? undefined : after), top[on].end, until);
  const source = sql.slice(top[start].end, top[on].at);
  const select = (expression: string) =>
    `${sql.slice(0, top[start].at)}\nSELECT DISTINCT CAST((${expression}\n) AS VARCHAR) AS value FROM ${source}\n` +
    `WHERE (${expression}\n) IS NOT NULL ORDER BY value LIMIT ${mostPivotValues + 1}`;
  return {
    values: items.filter(({ hasValues }) => !hasValues).map(({ text }) => select(text)),
    withValues(values) {
      const left = [...values];
      const written = items.map(({ text, hasValues }) =>
        hasValues ? text : `(${text}\n) IN (${listOf(left.shift() ?? [])})`,
      );
      return `${sql.slice(0, top[on].end)} ${written.join(", ")}\n${sql.slice(until)}`;
    },
  };
}

function itemsOf(sql: string, tokens: readonly SqlToken[], from: number, until: number) {
  const commas = tokens.filter(({ text }) => text === ",").map(({ at }) => at);
  const starts = [from, ...commas.map((at) => at + 1)];
  return starts.map((start, i) => {
    const end = commas[i] ?? until;
    const hasValues = tokens.some(({ text, at }) => at >= start && at < end && /^in$/i.test(text));
    return { text: sql.slice(start, end).trim(), hasValues };
  });
}

function listOf(values: readonly string[]): string {
  if (values.length === 0)
    throw new FinkError("sql", "PIVOT: there is no value to make columns of");
  if (values.length > mostPivotValues)
    throw new FinkError(
      "sql",
      `PIVOT: more than ${mostPivotValues} values; name those you want: ON x IN ('a', 'b')`,
    );
  return values.map(literal).join(", ");
}
