import { type Data, makeData, type Struct, TimestampMicrosecond } from "apache-arrow";
import type { AlertColumns } from "./alerts.ts";
import { type Key, keyColumn } from "./keys.ts";
import { bits, nested, toArrow } from "./results.ts";
import type { ModuleOutcome, Results } from "./runner.ts";

/** Column of `raw` that rows of `science` have as well, for the latency from there on. */
export const publishedAt = "_published_at";

/**
 * Rows as they are stored: keys under their own names, what the modules added, and what made them. `_modules`: names and versions, with a `!` behind those that
 * failed. `_catalogues`: name and edition of what they looked into. `_pending`: modules whose answer has not come. `_revision`: how often the row was made again.
 */
export function storedRows(keys: readonly Key[], alerts: AlertColumns, { columns, outcomes }: Results, revisions: Int32Array): Data<Struct> {
  const { count } = alerts;
  const text = (name: string, values: readonly string[]) => [name, toArrow({ type: "string" }, { values }, count)] as const;
  const same = (name: string, value: string) =>
    text(
      name,
      Array.from({ length: count }, () => value),
    );
  return nested(
    [
      ...keys.map((key) => keyColumn(key, alerts)),
      ...columns.type.children.map(({ name }, i) => [name, columns.children[i]] as const),
      same("_modules", outcomes.map(({ module, failure }) => `${module.name}@${module.version}${failure === null ? "" : "!"}`).join(" ")),
      same("_catalogues", [...new Set(outcomes.flatMap(({ module, failure }) => (failure === null ? (module.catalogues ?? []) : [])))].join(" ")),
      text("_pending", pendingOf(outcomes, count)),
      ["_revision", toArrow({ type: "int" }, { values: revisions }, count)],
      [publishedAt, timesOf(alerts)],
    ],
    count,
  );
}

/** Names of the modules for which each alert waits, with spaces between. */
function pendingOf(outcomes: readonly ModuleOutcome[], count: number): string[] {
  const waiting = outcomes.filter(({ pending }) => pending !== null);
  if (waiting.length === 0) return Array.from({ length: count }, () => "");
  return Array.from({ length: count }, (_, i) => waiting.flatMap(({ module, pending }) => (pending?.[i] === 1 ? [module.name] : [])).join(" "));
}

function timesOf(alerts: AlertColumns): Data {
  const { count } = alerts;
  const data = alerts.paths.has(publishedAt) ? alerts.longs(publishedAt) : new BigInt64Array(count);
  const nullCount = data.reduce((sum, micros) => sum + (micros === 0n ? 1 : 0), 0); // a null is read as 0
  return makeData({ type: new TimestampMicrosecond("UTC"), length: count, nullCount, nullBitmap: bits(count, (i) => data[i] !== 0n), data });
}
