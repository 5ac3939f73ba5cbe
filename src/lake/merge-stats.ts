import { type AlertId, longOf } from "../surveys/alert-id.ts";
import type { Survey } from "../surveys/definition.ts";
import type { AddFile } from "./actions.ts";
import { exactJson } from "./exact-json.ts";

/** Statistics of one file, as `add.stats` has them. 64-bit integers are bigint. */
export interface FileStats {
  readonly numRecords: number;
  readonly minValues?: Values;
  readonly maxValues?: Values;
  readonly nullCount?: Values;
}

/** By column; nested as the columns are. */
interface Values {
  readonly [name: string]: Value;
}
type Value = string | number | bigint | boolean | null | Values;

/** Rows of a file, undefined when its writer did not say. */
export function rowsOf(stats: string | undefined): number | undefined {
  return stats === undefined ? undefined : Number(parseStats(stats).numRecords);
}

export function parseStats(text: string): FileStats {
  return exactJson(text) as FileStats;
}

/** The value of the column at a dotted path. */
export function statAt(
  values: Values | undefined,
  path: string,
): Exclude<Value, Values> | undefined {
  const value = path
    .split(".")
    .reduce<Value | undefined>(
      (at, name) => (typeof at === "object" ? at?.[name] : undefined),
      values,
    );
  return typeof value === "object" ? null : value;
}

export type WholeRange = readonly [least: bigint, greatest: bigint];
const ranges = new WeakMap<AddFile, WholeRange | null>();

/**
 * Least and greatest whole number in the columns at these paths, which are the same for each file,
 * such as those of a survey's alert ids; null: it is not known.
 */
export function idRange(file: AddFile, paths: readonly string[] = []): WholeRange | null {
  const known = ranges.get(file);
  if (known !== undefined) return known;
  const { minValues, maxValues } = file.stats === undefined ? {} : parseStats(file.stats);
  const found = paths
    .map((path) => [statAt(minValues, path), statAt(maxValues, path)].filter(isWhole).map(BigInt))
    .filter(({ length }) => length === 2);
  const range =
    found.length === 0 ? null : found.reduce(([a, b], [c, d]) => [a < c ? a : c, b > d ? b : d]);
  ranges.set(file, range as WholeRange | null);
  return range as WholeRange | null;
}

/** Whether by its statistics a file can have one of these alerts. */
export function mayHaveAlerts(
  file: AddFile,
  { alert }: Pick<Survey, "alert">,
  ids: readonly AlertId[],
): boolean {
  const range = idRange(file, alert);
  return range === null || ids.some((id) => isWithin(longOf(id), range));
}

function isWithin(id: bigint | null, [least, greatest]: WholeRange): boolean {
  return id !== null && id >= least && id <= greatest;
}

/** True if, by their nights and statistics, two files can have alerts in common. */
export function mayShareAlerts(
  one: AddFile,
  other: AddFile,
  { alert }: Pick<Survey, "alert">,
): boolean {
  if ((one.partitionValues["night"] ?? null) !== (other.partitionValues["night"] ?? null))
    return false;
  const [a, b] = [idRange(one, alert), idRange(other, alert)];
  return a === null || b === null || (a[0] <= b[1] && b[0] <= a[1]);
}

function isWhole(value: unknown): value is number | bigint {
  return typeof value === "bigint" || Number.isInteger(value);
}

/**
 * Statistics of a file that holds the rows of all of these; a range one of them does not know is
 * left out.
 */
export function mergeStats(all: readonly FileStats[]): string {
  const [least, greatest] = (["minValues", "maxValues"] as const).map((which) =>
    all.map((s) => ({ ...s, range: s[which] })),
  );
  const [minValues, maxValues] = [mergeRanges(least, -1), mergeRanges(greatest, 1)];
  const numRecords = all.reduce((sum, s) => sum + s.numRecords, 0);
  const merged = { numRecords, minValues, maxValues, nullCount: sums(all.map((s) => s.nullCount)) };
  return JSON.stringify(merged, (_, value: unknown) =>
    typeof value === "bigint"
      ? (JSON as unknown as { rawJSON(text: string): unknown }).rawJSON(String(value))
      : value,
  );
}

interface Ranged {
  readonly numRecords: number;
  readonly range?: Values;
  readonly nullCount?: Values;
}

/**
 * Least (-1) or greatest (1) values. A file without one counts only when all its values are null.
 */
function mergeRanges(all: readonly Ranged[], sign: -1 | 1): Values {
  const merged: Record<string, Value> = {};
  for (const name of new Set(all.flatMap((s) => Object.keys(s.range ?? {})))) {
    const values = all.map((s) => s.range?.[name]);
    if (values.some(isValues)) {
      const inner = all.map((s) => ({
        numRecords: s.numRecords,
        range: asValues(s.range?.[name]),
        nullCount: asValues(s.nullCount?.[name]),
      }));
      const found = mergeRanges(inner, sign);
      if (Object.keys(found).length > 0) merged[name] = found;
    } else if (
      all.every(
        (s, i) => values[i] !== undefined || Number(s.nullCount?.[name] ?? -1) === s.numRecords,
      )
    ) {
      merged[name] = values
        .filter((v) => v !== undefined)
        .reduce((best, v) => (compare(v, best) * sign > 0 ? v : best));
    }
  }
  return merged;
}

/** Null counts that all of them know. */
function sums(all: readonly (Values | undefined)[]): Values {
  const merged: Record<string, Value> = {};
  for (const name of Object.keys(all[0] ?? {})) {
    const values = all.map((s) => s?.[name]);
    if (values.every(isValues)) merged[name] = sums(values);
    else if (values.every((v) => typeof v === "number"))
      merged[name] = values.reduce((sum, v) => sum + v, 0);
  }
  return merged;
}

/** Texts in the order of their UTF-8 bytes, as Delta compares them. */
function compare(a: Value, b: Value): number {
  if (typeof a === "string" && typeof b === "string")
    return Buffer.compare(Buffer.from(a), Buffer.from(b));
  return a === b ? 0 : (a as number) < (b as number) ? -1 : 1;
}

function isValues(value: Value | undefined): value is Values {
  return typeof value === "object" && value !== null;
}

function asValues(value: Value | undefined): Values | undefined {
  return isValues(value) ? value : undefined;
}
