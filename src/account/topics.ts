import { basename } from "node:path";
import { wholePiece } from "../sources/file-pieces.ts";
import type { Books } from "./books.ts";

/** What came from one topic or file, since it is read. */
export interface TopicAccount {
  readonly source: string;
  readonly partitions: number;
  /** Offsets the archive has passed, from the first it has. */
  readonly received: number;
  readonly archived: number;
  /** A damaged piece of a file waits as one row: it counts as the alerts that it says it has. */
  readonly rejected: number;
  readonly gaps: readonly Gap[];
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
 * Offsets that follow one another without a gap, from the first one to the position, are all there. Files are numbered from 0, Kafka's partitions from where reading
 * began. Offsets that a topic itself lacks (transaction markers, compacted topics) are gaps too: telescopes write no such topics.
 */
export async function topicsOf(books: Books): Promise<TopicAccount[]> {
  const kinds = ["raw", "rejected"].filter((kind) => books.has(kind));
  if (kinds.length === 0) return [];
  const offsets = kinds.map((kind) => `SELECT _source, _partition, _offset, night, '${kind}' AS kind FROM ${books.view(kind)}`).join(" UNION ALL ");
  const each = `SELECT _source, _partition, _offset, min(night) AS night, min(kind) AS kind FROM (${offsets}) WHERE _offset IS NOT NULL GROUP BY ALL`;
  const next = "lead(_offset) OVER (PARTITION BY _source, _partition ORDER BY _offset)";
  const parts = await books.rows(
    `SELECT _source AS source, _partition AS part, min(_offset)::DOUBLE AS first, max(_offset)::DOUBLE AS last, arg_max(night, _offset) AS night, arg_max(kind, _offset) AS kind,
       count_if(kind = 'raw')::DOUBLE AS archived, count_if(kind = 'rejected')::DOUBLE AS rejected FROM (${each}) GROUP BY ALL ORDER BY ALL`,
  );
  const between = await books.rows(
    `SELECT _source AS source, _partition AS part, (_offset + 1)::DOUBLE AS "from", (next - 1)::DOUBLE AS "to", night, kind
     FROM (SELECT *, ${next} AS next FROM (${each})) WHERE next > _offset + 1 ORDER BY ALL`,
  );
  const positions = books.table("raw").snapshot.positions;
  const files = filePositions(positions);
  const bySource = Map.groupBy(parts as unknown as Part[], ({ source }) => source);
  const gapsOf = Map.groupBy(between as unknown as (Hole & { source: string; part: number })[], ({ source, part }) => `${part} ${source}`);
  const seen = new Set((parts as unknown as Part[]).flatMap(({ source, part }) => [`kafka:${source}:${part}`, basename(source)]));
  const emptied = [...positions].flatMap(([appId, at]) => {
    const name = sourceOf(appId);
    return name === null || seen.has(appId) || (seen.has(basename(name.source)) && appId.startsWith("files:")) || at === 0 ? [] : [{ ...name, at }];
  });
  const accounts = emptied.map(emptiedTopic);
  for (const [source, own] of bySource) {
    const of = own.map((part): PartAccount => {
      const { at, first } = reach(part, positions, files);
      const holes: Hole[] = [...(gapsOf.get(`${part.part} ${source}`) ?? [])];
      if (first < part.first) holes.unshift({ from: first, to: part.first - 1, night: null, kind: "raw" });
      if (at > part.last + 1) holes.push({ from: part.last + 1, to: at - 1, night: part.night, kind: part.kind });
      return { part, received: at - first, holes, isFile: !positions.has(`kafka:${source}:${part.part}`) };
    });
    accounts.push(await topicAccount(books, source, of));
  }
  return accounts;
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
  readonly isFile: boolean;
}

async function topicAccount(books: Books, source: string, parts: readonly PartAccount[]): Promise<TopicAccount> {
  const gaps: Gap[] = [];
  let waiting = 0;
  for (const { part, holes, isFile } of parts) {
    for (const { from, to, night, kind } of holes) {
      const known = isFile && kind === "rejected" ? Math.min(await alertsBehind(books, part, from - 1), to - from + 1) : 0;
      waiting += known;
      if (known <= to - from) gaps.push({ partition: part.part, from: from + known, to, night });
    }
  }
  const sum = (of: (part: Part) => number): number => parts.reduce((total, { part }) => total + of(part), 0);
  const missing = gaps.reduce((total, { from, to }) => total + to - from + 1, 0);
  const named = gaps.slice(0, namedGaps).map(({ partition, from, to }) => `partition ${partition} offset ${from === to ? from : `${from} to ${to}`}`);
  const problem = `${source}: ${missing} received and neither in raw nor in rejected: ${named.join(", ")}${gaps.length > namedGaps ? " …" : ""}`;
  return {
    source,
    partitions: parts.length,
    received: parts.reduce((total, { received }) => total + received, 0),
    archived: sum(({ archived }) => archived),
    rejected: sum(({ rejected }) => rejected) + waiting,
    gaps: gaps.slice(0, namedGaps),
    problems: missing === 0 ? [] : [problem],
  };
}

/** How many offsets the rejected message at this one has beyond it: a piece of a file has one for each alert that it declares. */
async function alertsBehind(books: Books, { source, part }: Part, offset: number): Promise<number> {
  const [row] = await books.rows(`SELECT hex(bytes) AS bytes FROM ${books.view("rejected")} WHERE _source = ? AND _partition = ? AND _offset = ? LIMIT 1`, [
    source,
    part,
    BigInt(offset),
  ]);
  return wholePiece(Buffer.from(String(row.bytes), "hex")).records - 1;
}

/** A partition or file that was read and has no row left. */
function emptiedTopic({ source, partition, at }: { source: string; partition: number; at: number }): TopicAccount {
  const problems = [`${source}: all ${at} received of partition ${partition} are neither in raw nor in rejected`];
  return { source, partitions: 1, received: at, archived: 0, rejected: 0, gaps: [{ partition, from: 0, to: at - 1, night: null }], problems };
}

function sourceOf(appId: string): { source: string; partition: number } | null {
  if (appId.startsWith("files:")) return { source: appId.slice("files:".length), partition: 0 };
  const [, source, partition] = /^kafka:(.+):(\d+)$/.exec(appId) ?? [];
  return source === undefined ? null : { source, partition: Number(partition) };
}

type Positions = ReadonlyMap<string, number>;

/** The first offset, and the position: the next one to read. A file's alerts are numbered from 0; a position that nobody knows is after the last row. */
function reach({ source, part, first, last }: Part, positions: Positions, files: Positions): { readonly at: number; readonly first: number } {
  const kafka = positions.get(`kafka:${source}:${part}`);
  const file = kafka === undefined ? files.get(basename(source)) : undefined;
  return { at: Math.max(kafka ?? file ?? 0, last + 1), first: file === undefined ? first : 0 };
}

/** Positions of files by their names without folders, for rows have the path as it was given and positions the real one; names that occur twice are left out. */
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
