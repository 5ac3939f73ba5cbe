import type { Match } from "../filters/filter.ts";
import { idsInColumn } from "../science/keys.ts";
import { openAlertFile } from "../science/parquet.ts";

/** A match and the night of its alert, YYYYMMDD; null: it has none. */
export interface NightMatch {
  readonly match: Match;
  readonly night: string | null;
}

/** The rows of a file of `matches`, in their order. */
export async function readMatches(path: string, night: string | null): Promise<NightMatch[]> {
  const file = await openAlertFile(path);
  const columns = await file.read(file.paths);
  const texts = (name: string) => (columns.paths.has(name) ? columns.texts(name) : null);
  const numbers = (name: string) => (columns.paths.has(name) ? columns.numbers(name) : null);
  const [filter, object, clauses, raw] = [
    texts("filter"),
    texts("object"),
    texts("clauses"),
    texts("_raw"),
  ];
  const [version, revision, ra, dec, mjd] = [
    numbers("filter_version"),
    numbers("revision"),
    numbers("ra"),
    numbers("dec"),
    numbers("mjd"),
  ];
  const [alert, matchedAt] = [idsInColumn("alert", columns), columns.longs("matched_at")];
  // null is read as 0
  const publishedAt = columns.paths.has("published_at") ? columns.longs("published_at") : null;
  const requested = columns.paths.has("requested") ? columns.booleans("requested") : null;
  const numberOf = (values: Float64Array | null, row: number) =>
    values === null || Number.isNaN(values[row]) ? null : values[row];
  return Array.from({ length: columns.count }, (_, row) => ({
    night,
    match: {
      filter: filter?.[row] ?? "",
      filter_version: version?.[row] ?? 0,
      alert: alert[row],
      object: object?.[row] ?? null,
      ra: numberOf(ra, row),
      dec: numberOf(dec, row),
      mjd: numberOf(mjd, row),
      revision: revision?.[row] ?? 0,
      matched_at: matchedAt[row],
      published_at: publishedAt?.[row] || null,
      requested: requested?.[row] === 1,
      clauses: clauses?.[row] ?? "",
      _raw: raw?.[row] ?? null,
    },
  }));
}
