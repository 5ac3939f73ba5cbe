import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { type Data, makeData, type Struct, TimestampMicrosecond } from "apache-arrow";
import { encodeFile, writeFiles } from "../archive/files.ts";
import { discard } from "../lake/rewrite.ts";
import { isOvertaken, LakeTable } from "../lake/table.ts";
import { openAlertFile } from "../science/parquet.ts";
import { nested, toArrow } from "../science/results.ts";

/** Tables whose rows filters are run on, in the order in which their commits are looked at. */
export const matchSources = ["science", "science_updates"] as const;
export type MatchSource = (typeof matchSources)[number];

/**
 * A row of `<lake>/<survey>/missed`: versions of a source whose alerts a filter has not looked at.
 */
export interface MissedRange {
  readonly filter: string;
  readonly filter_version: number;
  readonly source: MatchSource;
  readonly from_version: number;
  /** The first version after the range; null: the filter still does not run. */
  readonly to_version: number | null;
  readonly reason: string;
  /** When the filter failed last: ms since 1970. */
  readonly missed_at: number;
}

/** A filter that missed a batch, and why. */
export interface MissingFilter {
  readonly name: string;
  readonly version: number;
  readonly reason: string;
}

/** One batch of a source: versions from `from` to before `to`. */
export interface MissedBatch {
  readonly source: MatchSource;
  readonly from: number;
  readonly to: number;
  /** Filters that failed in this batch. */
  readonly failed: readonly MissingFilter[];
  /**
   * Filters that have run before and do not run now: switched off, or with a file that cannot be
   * used.
   */
  readonly idle: readonly MissingFilter[];
}

/**
 * The position that every commit of the table moves, so that of two writers the second reads again.
 */
const fence = "filter:missed";
/**
 * More ranges of one filter than this become one: a rerun looks at more alerts then, and still
 * finds each match once.
 */
const mostRanges = 100;

/** The table as it was read last. */
interface Read {
  readonly version: number;
  readonly position: number | null;
  readonly files: readonly string[];
  readonly ranges: readonly MissedRange[];
}

/** The table `missed` of one survey. It is small, and each change writes it anew as one file. */
export class MissedRanges {
  readonly #table: LakeTable;
  #read: Read = { version: -1, position: null, files: [], ranges: [] };

  constructor(lake: string, survey: string) {
    this.#table = new LakeTable(join(lake, survey, "missed"));
  }

  /** The ranges as they are now. */
  async all(): Promise<readonly MissedRange[]> {
    this.#table.refresh();
    const { version, positions } = this.#table.snapshot;
    if (version !== this.#read.version) {
      const files = [...this.#table.snapshot.files.keys()];
      const parts = await Promise.all(
        files.map(async (path) => rangesOf(await openAlertFile(join(this.#table.path, path)))),
      );
      this.#read = { version, position: positions.get(fence) ?? null, files, ranges: parts.flat() };
    }
    return this.#read.ranges;
  }

  /**
   * Replaces what `all` gave last. Throws FinkError "fenced" when somebody else changed the table
   * since.
   */
  async write(ranges: readonly MissedRange[]): Promise<void> {
    const { position: from, files: remove } = this.#read;
    if (isDeepStrictEqual(ranges, this.#read.ranges)) return;
    const to = (from ?? 0) + 1;
    const written = await writeFiles(
      ranges.length === 0 ? [] : [encodeFile(columnsOf(ranges), null)],
      this.#table.path,
    );
    try {
      this.#table.commit({
        operation: "missed",
        add: written.files,
        ...(written.schema && { schema: written.schema }),
        remove,
        positions: new Map([[fence, { from, to }]]),
      });
    } catch (error) {
      discard(this.#table.path, written.files);
      throw error;
    }
    this.#read = {
      version: this.#table.snapshot.version,
      position: to,
      files: written.files.map(({ path }) => path),
      ranges,
    };
  }

  /** Changes the ranges, again when somebody else was first. */
  async update(change: (ranges: readonly MissedRange[]) => readonly MissedRange[]): Promise<void> {
    for (;;) {
      try {
        return await this.write(change(await this.all()));
      } catch (error) {
        if (!isOvertaken(error)) throw error;
      }
    }
  }
}

/**
 * The ranges after a batch. Whatever is recorded from `from` on is of an attempt at this batch that
 * was not committed, and is replaced by this one's. An open range of a filter that runs again ends
 * here.
 */
export function missedAfter(
  ranges: readonly MissedRange[],
  { source, from, to, failed, idle }: MissedBatch,
  now = Date.now(),
): readonly MissedRange[] {
  const isIdle = new Set(idle.map(({ name }) => name));
  const others = ranges.filter((range) => range.source !== source);
  const before = ranges
    .filter((range) => range.source === source && range.from_version < from)
    .map((range) => ({
      ...range,
      to_version:
        range.to_version !== null
          ? Math.min(range.to_version, from)
          : isIdle.has(range.filter)
            ? null
            : from,
    }));
  const isOpen = new Set(
    before.flatMap((range) => (range.to_version === null ? [range.filter] : [])),
  );
  const range = (
    { name, version, reason }: MissingFilter,
    to_version: number | null,
  ): MissedRange => ({
    filter: name,
    filter_version: version,
    source,
    from_version: from,
    to_version,
    reason,
    missed_at: now,
  });
  const fresh = [
    ...failed.map((filter) => range(filter, to)),
    ...idle.filter(({ name }) => !isOpen.has(name)).map((filter) => range(filter, null)),
  ];
  return [...others, ...joined([...before, ...fresh])];
}

/**
 * The ranges without the versions before `done` of one of them, at which its filter has looked by
 * now. `openEnd`: where an open range ends; null: it stays open.
 */
export function missedWithout(
  ranges: readonly MissedRange[],
  looked: MissedRange,
  done: number,
  openEnd: number | null,
): readonly MissedRange[] {
  const { filter, source, from_version: from } = looked;
  return ranges.flatMap((range) => {
    if (
      range.filter !== filter ||
      range.source !== source ||
      range.from_version < from ||
      range.from_version >= done
    )
      return [range];
    const to_version = range.to_version ?? openEnd;
    return to_version !== null && to_version <= done
      ? []
      : [{ ...range, from_version: done, to_version }];
  });
}

/** The ranges after a filter failed again in one of them. */
export function missedAgain(
  ranges: readonly MissedRange[],
  range: MissedRange,
  reason: string,
  now = Date.now(),
): readonly MissedRange[] {
  const { filter, source, from_version } = range;
  const isSame = (one: MissedRange) =>
    one.filter === filter && one.source === source && one.from_version === from_version;
  return ranges.map((one) => (isSame(one) ? { ...one, reason, missed_at: now } : one));
}

/** The ranges in words: `science 5–8, science_updates 3 and on`. */
export function missedText(ranges: readonly MissedRange[]): string {
  return ranges
    .map(
      ({ source, from_version: from, to_version: to }) =>
        `${source} ${from}${to === null ? " and on" : to - from === 1 ? "" : `–${to - 1}`}`,
    )
    .join(", ");
}

/** Ranges of one filter that touch become one, and all of them where there are too many. */
function joined(ranges: readonly MissedRange[]): readonly MissedRange[] {
  return [...Map.groupBy(ranges, ({ filter }) => filter).values()].flatMap((own) => {
    const inOrder = own.toSorted((a, b) => a.from_version - b.from_version);
    const isMany = own.length > mostRanges;
    const all: MissedRange[] = [];
    for (const range of inOrder) {
      const last = all.at(-1);
      const touches =
        last &&
        (isMany ||
          (last.to_version === range.from_version && last.filter_version === range.filter_version));
      if (touches) all[all.length - 1] = { ...range, from_version: last.from_version };
      else all.push(range);
    }
    return all;
  });
}

async function rangesOf(file: Awaited<ReturnType<typeof openAlertFile>>): Promise<MissedRange[]> {
  const columns = await file.read(names);
  const texts = (name: keyof MissedRange) => columns.texts(name) as readonly string[];
  const [filters, sources, reasons] = [texts("filter"), texts("source"), texts("reason")];
  const [versions, from, to, at] = [
    "filter_version",
    "from_version",
    "to_version",
    "missed_at",
  ].map((name) => columns.numbers(name));
  return Array.from({ length: columns.count }, (_, i) => ({
    filter: filters[i],
    filter_version: versions[i],
    source: sources[i] as MatchSource,
    from_version: from[i],
    to_version: Number.isNaN(to[i]) ? null : to[i],
    reason: reasons[i],
    missed_at: at[i] / 1000,
  }));
}

const names: readonly (keyof MissedRange)[] = [
  "filter",
  "filter_version",
  "source",
  "from_version",
  "to_version",
  "reason",
  "missed_at",
];

function columnsOf(ranges: readonly MissedRange[]): Data<Struct> {
  const count = ranges.length;
  const text = (name: "filter" | "source" | "reason") =>
    [
      name,
      toArrow({ type: "string" }, { values: ranges.map((range) => range[name]) }, count),
    ] as const;
  const long = (name: "from_version" | "to_version") => {
    const missing = Uint8Array.from(ranges, (range) => Number(range[name] === null));
    return [
      name,
      toArrow(
        { type: "long" },
        { values: BigInt64Array.from(ranges, (range) => BigInt(range[name] ?? 0)), missing },
        count,
      ),
    ] as const;
  };
  const times = makeData({
    type: new TimestampMicrosecond("UTC"),
    length: count,
    nullCount: 0,
    data: BigInt64Array.from(ranges, ({ missed_at }) => BigInt(missed_at) * 1000n),
  });
  const versions = toArrow(
    { type: "int" },
    { values: Int32Array.from(ranges, ({ filter_version }) => filter_version) },
    count,
  );
  return nested(
    [
      text("filter"),
      ["filter_version", versions],
      text("source"),
      long("from_version"),
      long("to_version"),
      text("reason"),
      ["missed_at", times],
    ],
    count,
  );
}
