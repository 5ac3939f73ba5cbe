import { basename } from "node:path";
import { beganAt, changesOf, countOf } from "../archive/log-marks.ts";
import { literal } from "../lake/scan.ts";
import { wholePiece } from "../sources/file-pieces.ts";
import type { Books } from "./books.ts";

/** What came from one topic or file, since it is read. */
export interface TopicAccount {
  readonly source: string;
  readonly partitions: number;
  /**
   * Messages of a topic as the archive counted them; where it did not yet, and for files, offsets
   * it has passed from the first it has.
   */
  readonly received: number;
  readonly archived: number;
  /** A damaged piece of a file waits as one row: it counts as the alerts that it says it has. */
  readonly rejected: number;
  /** Received and neither archived nor rejected. */
  readonly missing: number;
  /** Places where the missing ones can be. */
  readonly gaps: readonly Gap[];
  /** Events of the topic at its broker. */
  readonly notes: readonly string[];
  readonly problems: readonly string[];
}

/** Offsets that are neither in `raw` nor in `rejected` though the archive has passed them. */
export interface Gap {
  readonly partition: number;
  readonly from: number;
  /** The last that is missing. */
  readonly to: number;
  /** Night of the row before it, YYYYMMDD; null: of the first one. */
  readonly night: number | null;
}

/** Names of at most so many gaps of each topic are given; all are counted. */
const namedGaps = 100;

/**
 * Messages of Kafka are counted as they come, beside the position: offsets that a topic itself
 * lacks (transactions, compaction) are no messages. Files are numbered from 0 and have no such
 * gaps. Neither have partitions that an older version archived, as far as it did: there a gap
 * counts as missing.
 */
export async function topicsOf(books: Books): Promise<TopicAccount[]> {
  const kinds = ["raw", "rejected"].filter((kind) => books.has(kind));
  if (kinds.length === 0) return [];
  const { positions } = books.table("raw").snapshot;
  const arrival = arrivalSql(positions);
  const offsets = kinds
    .map(
      (kind) =>
        `SELECT _source, _partition, _offset, ${arrival} AS arrival, night, '${kind}' AS kind FROM ${books.view(kind)}`,
    )
    .join(" UNION ALL ");
  const each = `SELECT _source, _partition, _offset, arrival, min(night) AS night, min(kind) AS kind FROM (${offsets}) WHERE _offset IS NOT NULL GROUP BY ALL`;
  const next = "lead(_offset) OVER (PARTITION BY _source, _partition ORDER BY _offset)";
  const parts = await books.rows(
    `SELECT _source AS source, _partition AS part, arg_min(_offset, {a: arrival, o: _offset})::DOUBLE AS first, max(_offset)::DOUBLE AS last, arg_max(night, _offset) AS night, arg_max(kind, _offset) AS kind,
       count_if(kind = 'raw')::DOUBLE AS archived, count_if(kind = 'rejected')::DOUBLE AS rejected FROM (${each}) GROUP BY ALL ORDER BY ALL`,
  );
  const between = await books.rows(
    `SELECT _source AS source, _partition AS part, (_offset + 1)::DOUBLE AS "from", (next - 1)::DOUBLE AS "to", night, kind
     FROM (SELECT *, ${next} AS next FROM (${each})) WHERE next > _offset + 1 ORDER BY ALL`,
  );
  const files = filePositions(positions);
  const bySource = Map.groupBy(parts as unknown as Part[], ({ source }) => source);
  const gapsOf = Map.groupBy(
    between as unknown as (Hole & { source: string; part: number })[],
    ({ source, part }) => `${part} ${source}`,
  );
  const seen = new Set(
    (parts as unknown as Part[]).flatMap(({ source, part }) => [
      `kafka:${source}:${part}`,
      basename(source),
    ]),
  );
  const emptied = [...positions].flatMap(([appId, at]) => {
    const name = sourceOf(appId);
    return name === null ||
      seen.has(appId) ||
      (seen.has(basename(name.source)) && appId.startsWith("files:")) ||
      at === 0
      ? []
      : [{ ...name, at }];
  });
  const accounts = emptied.map((one) =>
    emptiedTopic({
      ...one,
      at: countOf(positions, appIdOf({ ...one, part: one.partition }))?.messages ?? one.at,
    }),
  );
  for (const [source, own] of bySource) {
    const of: PartAccount[] = [];
    for (const part of own) {
      const { at, first } = reach(part, positions, files);
      const holes: Hole[] = [...(gapsOf.get(`${part.part} ${source}`) ?? [])];
      if (first < part.first)
        holes.unshift({ from: first, to: part.first - 1, night: null, kind: "raw" });
      if (at > part.last + 1)
        holes.push({ from: part.last + 1, to: at - 1, night: part.night, kind: part.kind });
      const counted = await countedIn(books, part);
      of.push({
        part,
        received: counted ?? at - first,
        holes,
        isCounted: counted !== null,
        isFile: !positions.has(appIdOf(part)),
      });
    }
    accounts.push(await topicAccount(books, source, of));
  }
  return accounts;
}

function appIdOf({ source, part }: Pick<Part, "source" | "part">): string {
  return `kafka:${source}:${part}`;
}

/**
 * SQL that tells messages apart which have one offset, where a log began again. A message has one
 * time, also as a row of both tables.
 */
function arrivalSql(positions: Positions): string {
  const again = [...positions.keys()].flatMap((name) =>
    name.endsWith("#since") ? (sourceOf(name.slice(0, -"#since".length)) ?? []) : [],
  );
  if (again.length === 0) return "NULL::TIMESTAMP";
  return `CASE WHEN ${again.map(({ source, partition }) => `(_source = ${literal(source)} AND _partition = ${partition})`).join(" OR ")} THEN _received_at END`;
}

/**
 * Messages of a partition that came, with those that an older version archived without counting;
 * null where none were counted.
 */
async function countedIn(books: Books, part: Part): Promise<number | null> {
  const { positions } = books.table("raw").snapshot;
  const appId = appIdOf(part);
  const counted = countOf(positions, appId);
  if (counted === null) return null;
  const at = positions.get(appId) ?? 0;
  const rejectedAt = books.has("rejected")
    ? (books.table("rejected").snapshot.positions.get(appId) ?? 0)
    : 0;
  // a batch whose rejected messages are committed, and whose alerts and count are not yet
  const underWay =
    rejectedAt > at ? await rejectedSince(books, part, at, beganAt(positions, appId)) : 0;
  const uncounted = Math.max(0, counted.from - part.first);
  return uncounted + counted.messages + underWay;
}

async function rejectedSince(
  books: Books,
  { source, part }: Part,
  offset: number,
  time: number,
): Promise<number> {
  const [row] = await books.rows(
    `SELECT count(DISTINCT _offset)::DOUBLE AS count FROM ${books.view("rejected")}
     WHERE _source = ? AND _partition = ? AND _offset >= ? AND epoch_ms(_received_at) >= ?`,
    [source, part, BigInt(offset), BigInt(time)],
  );
  return Number(row["count"]);
}

interface Part {
  readonly source: string;
  readonly part: number;
  readonly first: number;
  readonly last: number;
  readonly night: number | null;
  /** Of the last row. */
  readonly kind: string;
  readonly archived: number;
  readonly rejected: number;
}

/** Offsets without a row; `kind`: the table that has the row before. */
type Hole = Omit<Gap, "partition"> & { readonly kind: string };

interface PartAccount {
  readonly part: Part;
  readonly received: number;
  readonly holes: readonly Hole[];
  readonly isCounted: boolean;
  readonly isFile: boolean;
}

async function topicAccount(
  books: Books,
  source: string,
  parts: readonly PartAccount[],
): Promise<TopicAccount> {
  const gaps: Gap[] = [];
  let waiting = 0;
  let missing = 0;
  for (const { part, holes, isFile, isCounted, received } of parts) {
    const absent = received - part.archived - part.rejected;
    if (isCounted) missing += Math.max(0, absent);
    if (isCounted && absent <= 0) continue;
    for (const { from, to, night, kind } of holes) {
      const known =
        isFile && kind === "rejected"
          ? Math.min(await alertsBehind(books, part, from - 1), to - from + 1)
          : 0;
      waiting += known;
      if (known <= to - from) gaps.push({ partition: part.part, from: from + known, to, night });
      if (!isCounted) missing += to - from + 1 - known;
    }
  }
  const sum = (of: (part: Part) => number): number =>
    parts.reduce((total, { part }) => total + of(part), 0);
  const named = gaps
    .slice(0, namedGaps)
    .map(
      ({ partition, from, to }) =>
        `partition ${partition} offset ${from === to ? from : `${from} to ${to}`}`,
    );
  const problem = `${source}: ${missing} received and neither in raw nor in rejected: ${named.length > 0 ? named.join(", ") : "their offsets are those of others"}${gaps.length > namedGaps ? " …" : ""}`;
  return {
    source,
    partitions: parts.length,
    received: parts.reduce((total, { received }) => total + received, 0),
    archived: sum(({ archived }) => archived),
    rejected: sum(({ rejected }) => rejected) + waiting,
    missing,
    gaps: gaps.slice(0, namedGaps),
    notes: parts.flatMap(({ part }) => notesOf(books, part)),
    problems: missing === 0 ? [] : [problem],
  };
}

function notesOf(books: Books, part: Part): string[] {
  const where = `${part.source} partition ${part.part}`;
  return changesOf(books.table("raw").snapshot.positions, appIdOf(part)).map(
    ({ kind, from, to }) => {
      switch (kind) {
        case "deleted":
          return `${where}: offsets ${from} to ${to - 1} were deleted at the broker before Fink read them (${to - from} messages at most)`;
        case "lost":
          return `${where}: the broker lost offsets ${to} to ${from - 1} after they were archived, and numbered later messages from ${to} again`;
        case "remade":
          return `${where}: the topic was deleted and made again when it was archived up to offset ${from - 1}; it is read from offset ${to} since`;
        case "shorter":
          return `${where}: its log ended before offset ${from}, up to which it was archived; it was read again from offset ${to}, so alerts can be there twice`;
      }
    },
  );
}

/**
 * How many offsets the rejected message at this one has beyond it: a piece of a file has one for
 * each alert that it declares.
 */
async function alertsBehind(books: Books, { source, part }: Part, offset: number): Promise<number> {
  const [row] = await books.rows(
    `SELECT hex(bytes) AS bytes FROM ${books.view("rejected")} WHERE _source = ? AND _partition = ? AND _offset = ? LIMIT 1`,
    [source, part, BigInt(offset)],
  );
  return wholePiece(Buffer.from(String(row.bytes), "hex")).records - 1;
}

/** A partition or file that was read and has no row left. */
function emptiedTopic({
  source,
  partition,
  at,
}: {
  source: string;
  partition: number;
  at: number;
}): TopicAccount {
  const problems = [
    `${source}: all ${at} received of partition ${partition} are neither in raw nor in rejected`,
  ];
  const gaps = [{ partition, from: 0, to: at - 1, night: null }];
  return {
    source,
    partitions: 1,
    received: at,
    archived: 0,
    rejected: 0,
    missing: at,
    gaps,
    notes: [],
    problems,
  };
}

function sourceOf(appId: string): { source: string; partition: number } | null {
  if (appId.startsWith("files:")) return { source: appId.slice("files:".length), partition: 0 };
  const [, source, partition] = /^kafka:([^#]+):(\d+)$/.exec(appId) ?? [];
  return source === undefined ? null : { source, partition: Number(partition) };
}

type Positions = ReadonlyMap<string, number>;

/**
 * The first offset, and the position: the next one to read. A file's alerts are numbered from 0; a
 * position that nobody knows is after the last row.
 */
function reach(
  { source, part, first, last }: Part,
  positions: Positions,
  files: Positions,
): { readonly at: number; readonly first: number } {
  const kafka = positions.get(`kafka:${source}:${part}`);
  const file = kafka === undefined ? files.get(basename(source)) : undefined;
  return { at: Math.max(kafka ?? file ?? 0, last + 1), first: file === undefined ? first : 0 };
}

/**
 * Positions of files by their names without folders, for rows have the path as it was given and
 * positions the real one; names that occur twice are left out.
 */
function filePositions(positions: Positions): Positions {
  const files = new Map<string, number>();
  const twice = new Set<string>();
  for (const [appId, at] of positions) {
    if (!appId.startsWith("files:")) continue;
    const name = basename(appId);
    if (files.has(name)) twice.add(name);
    files.set(name, at);
  }
  for (const name of twice) files.delete(name);
  return files;
}
