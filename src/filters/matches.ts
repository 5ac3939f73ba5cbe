import { join } from "node:path";
import { type Data, makeData, type Struct, TimestampMicrosecond } from "apache-arrow";
import type { LakeTable } from "../lake/table.ts";
import { idsInColumn } from "../science/keys.ts";
import { bits, nested, toArrow } from "../science/results.ts";
import { openAlertFile } from "../science/parquet.ts";
import { type AlertId, alertIds } from "../surveys/alert-id.ts";
import type { Filter, Match } from "./filter.ts";
import type { AlertKeys } from "./keys.ts";
import type { Outcome } from "./run.ts";

export type MatchesByNight = ReadonlyMap<number | null, readonly Match[]>;

export function countOf(byNight: MatchesByNight): number {
  return [...byNight.values()].reduce((sum, matches) => sum + matches.length, 0);
}

/** A match for each row that a filter selected of alerts with these keys; none where it failed. */
export function matchesOf(
  filter: Filter,
  outcome: Outcome,
  keys: readonly AlertKeys[],
  requested: boolean,
): { night: number | null; match: Match }[] {
  if (!("rows" in outcome)) return [];
  const matched_at = BigInt(Date.now()) * 1000n;
  return outcome.rows.map((row, i) => {
    const { night, publishedAt: _, ...key } = keys[row];
    return {
      night,
      match: {
        filter: filter.name,
        filter_version: filter.version,
        ...key,
        matched_at,
        requested,
        clauses: outcome.clauses[i],
      },
    };
  });
}

/** Matches as columns of the table. */
export function matchColumns(matches: readonly Match[]): Data<Struct> {
  const count = matches.length;
  const alerts = alertIds(matches.map((match) => match.alert));
  const text = (name: keyof Match) =>
    [
      name,
      toArrow(
        { type: "string" },
        { values: matches.map((match) => match[name] as string | null) },
        count,
      ),
    ] as const;
  const int = (name: "filter_version" | "revision") =>
    [
      name,
      toArrow({ type: "int" }, { values: Int32Array.from(matches, (match) => match[name]) }, count),
    ] as const;
  const double = (name: "ra" | "dec" | "mjd") => {
    const values = Float64Array.from(matches, (match) => match[name] ?? NaN);
    return [
      name,
      toArrow(
        { type: "double" },
        { values, missing: Uint8Array.from(values, (value) => Number(Number.isNaN(value))) },
        count,
      ),
    ] as const;
  };
  const time = (name: "matched_at" | "published_at") => {
    const data = BigInt64Array.from(matches, (match) => match[name] ?? 0n);
    const nullCount = data.reduce((sum, micros) => sum + (micros === 0n ? 1 : 0), 0);
    return [
      name,
      makeData({
        type: new TimestampMicrosecond("UTC"),
        length: count,
        nullCount,
        nullBitmap: bits(count, (i) => data[i] !== 0n),
        data,
      }),
    ] as const;
  };
  return nested(
    [
      text("filter"),
      int("filter_version"),
      [
        "alert",
        alerts instanceof BigInt64Array
          ? toArrow({ type: "long" }, { values: alerts }, count)
          : toArrow({ type: "string" }, { values: alerts }, count),
      ],
      text("object"),
      double("ra"),
      double("dec"),
      double("mjd"),
      int("revision"),
      time("matched_at"),
      time("published_at"),
      [
        "requested",
        toArrow(
          { type: "boolean" },
          { values: Uint8Array.from(matches, (match) => Number(match.requested)) },
          count,
        ),
      ],
      text("clauses"),
      text("_raw"),
    ],
    count,
  );
}

/** Nights whose matches are kept in memory: the one that comes in, and one that comes late. */
const keptNights = 2;

/**
 * Which matches a table has, by night, whatever the filter's version: what was found once is not
 * found again when a night is computed or read anew.
 */
export class KnownMatches {
  readonly #table: LakeTable;
  readonly #nights = new Map<number | null, Set<string>>();

  constructor(table: LakeTable) {
    this.#table = table;
  }

  /** Those that the table does not have; from now on they count as there. */
  async fresh(night: number | null, matches: readonly Match[]): Promise<Match[]> {
    const known = await this.#of(night);
    return matches.filter((match) => {
      const key = keyOf(match.filter, match.alert, match.revision);
      if (known.has(key)) return false;
      known.add(key);
      return true;
    });
  }

  /** Looks into the table again: others wrote into it, or what was found was not committed. */
  forget(): void {
    this.#nights.clear();
  }

  async #of(night: number | null): Promise<Set<string>> {
    const known = this.#nights.get(night) ?? new Set<string>();
    if (this.#nights.has(night)) return known;
    for (const { path, partitionValues } of this.#table.snapshot.files.values()) {
      if (partitionValues["night"] !== (night === null ? null : String(night))) continue;
      const columns = await (
        await openAlertFile(join(this.#table.path, path))
      ).read(["filter", "alert", "revision"]);
      const [filters, alerts, revisions] = [
        columns.texts("filter"),
        idsInColumn("alert", columns),
        columns.numbers("revision"),
      ];
      for (let row = 0; row < columns.count; row++)
        known.add(keyOf(filters[row] ?? "", alerts[row], revisions[row]));
    }
    if (this.#nights.size >= keptNights)
      this.#nights.delete(this.#nights.keys().next().value as number | null);
    this.#nights.set(night, known);
    return known;
  }
}

function keyOf(filter: string, alert: AlertId, revision: number): string {
  return `${filter}/${alert}/${revision}`;
}
