import { setTimeout as sleep } from "node:timers/promises";
import { type Consumer, type GroupAssignment, ProtocolError } from "@platformatic/kafka";
import { type Answer, type Cursor, deliver, fetchFrom } from "./kafka-fetch.ts";
import { isRemade } from "./kafka-offsets.ts";
import type { Sink, SourcePartition } from "./source.ts";

/** What the reader asks of, and tells, its owner. */
export interface ReaderHooks {
  partitionOf(topic: string, partition: number): SourcePartition;
  /** Offset to begin at when the sink has no position. */
  startOf(partition: SourcePartition, topicId: string): Promise<bigint>;
  /** The end of a partition's log, where reading once ends; null when it goes on for ever. */
  readonly stopOf: ((partition: SourcePartition) => Promise<bigint>) | null;
  /** The topic is not the one the sink's position is of: moves the position. */
  remade(cursor: Cursor, topicId: string, position: bigint): Promise<void>;
  /**
   * The broker no longer has the offset the cursor stands at: moves the position, or leaves it to
   * be tried again.
   */
  outOfRange(cursor: Cursor): Promise<void>;
  /**
   * The broker's log of the epoch we read last ends at `end`, before the cursor: moves the
   * position.
   */
  diverged(cursor: Cursor, end: bigint, epoch: number): Promise<void>;
  /** `about` names who is in trouble; an error of null says that it is over. */
  trouble(about: string, error: unknown): void;
}

const offsetOutOfRange = 1;
/**
 * UNKNOWN_TOPIC_OR_PARTITION, UNKNOWN_TOPIC_ID, INCONSISTENT_TOPIC_ID: the topic is gone, or
 * another one has its name.
 */
const topicGone = [3, 100, 103];

/**
 * Reads the partitions assigned to us: one loop per broker, so that a slow or dead one holds up
 * only its own.
 */
export class KafkaReader {
  readonly cursors = new Map<string, Cursor>();
  readonly #consumer: Consumer;
  readonly #sink: Sink;
  readonly #hooks: ReaderHooks;
  readonly #loops = new Map<number, Promise<void>>();
  #sinkFailure: unknown = null;
  /** A topic was not found: what we know of the topics is old. */
  #isStale = false;

  constructor(consumer: Consumer, sink: Sink, hooks: ReaderHooks) {
    this.#consumer = consumer;
    this.#sink = sink;
    this.#hooks = hooks;
  }

  /** Takes up and gives up partitions; those that stay ours go on where they are. */
  assign(assignments: readonly GroupAssignment[]): void {
    const ours = assignments.flatMap(({ topic, partitions }) =>
      partitions.map((partition) => this.#hooks.partitionOf(topic, partition)),
    );
    const kept = new Set(ours.map(({ appId }) => appId));
    for (const [appId, cursor] of this.cursors) {
      if (kept.has(appId)) continue;
      forget(cursor);
      this.cursors.delete(appId);
      this.#hooks.trouble(appId, null);
    }
    for (const partition of ours) {
      if (this.cursors.has(partition.appId)) continue;
      this.cursors.set(partition.appId, {
        partition,
        next: null,
        topicId: "",
        epoch: -1,
        turn: 0,
        end: null,
        stopAt: null,
      });
    }
    this.#consumer.topics.clear();
    this.#consumer.topics.trackAll(...assignments.map(({ topic }) => topic));
  }

  rewind(partition: SourcePartition): void {
    const cursor = this.cursors.get(partition.appId);
    if (cursor) forget(cursor);
  }

  /**
   * Reads until aborted or finished. Rejects when the sink fails; a broker's failures are told and
   * tried again.
   */
  async run(signal: AbortSignal, finished: () => boolean): Promise<void> {
    while (!signal.aborted && !finished()) {
      const found = await this.#refreshLeaders();
      await this.#placeCursors();
      this.#startLoops(signal);
      await pause(found ? 100 : 1000, signal);
      if (this.#sinkFailure) throw this.#sinkFailure;
    }
  }

  /** Resolves when nothing is put any more; after the signal of `run` was aborted. */
  async ended(): Promise<void> {
    await Promise.all(this.#loops.values());
  }

  async #placeCursors(): Promise<void> {
    const lost = [...this.cursors.values()].filter(({ next }) => next === null);
    await Promise.all(lost.map((cursor) => this.#place(cursor)));
    if (this.#hooks.stopOf)
      for (const cursor of this.cursors.values())
        if (cursor.next !== null && cursor.stopAt === null) await this.#findEnd(cursor);
  }

  /**
   * An end before the position is not one to stop at: the log has changed, which the broker says
   * when we fetch from it.
   */
  async #findEnd(cursor: Cursor): Promise<void> {
    const { partition, turn } = cursor;
    await this.#told(partition.appId, async () => {
      const end = (await this.#hooks.stopOf?.(partition)) ?? null;
      if (cursor.turn === turn && end !== null && cursor.next !== null && end >= cursor.next)
        cursor.stopAt = end;
    });
  }

  async #place(cursor: Cursor): Promise<void> {
    const { turn, partition } = cursor;
    const position = await this.#sink.position(partition);
    const topicId = this.#topicId(cursor);
    if (topicId === undefined) return;
    await this.#told(partition.appId, async () => {
      if (position !== null && isRemade(this.#sink.mark(partition), topicId))
        return await this.#hooks.remade(cursor, topicId, position);
      const next = position ?? (await this.#hooks.startOf(partition, topicId));
      if (cursor.turn !== turn) return;
      Object.assign(cursor, {
        next,
        topicId,
        epoch: position === null ? -1 : (this.#sink.mark(partition)?.epoch ?? -1),
      });
    });
  }

  #topicId({ partition }: Cursor): string | undefined {
    return this.#consumer.currentMetadata?.topics.get(partition.source)?.id;
  }

  async #refreshLeaders(): Promise<boolean> {
    const topics = [...this.#consumer.topics.keys()];
    if (topics.length === 0) return true;
    const found = await this.#told("leaders", () =>
      this.#consumer.metadata({ topics, forceUpdate: this.#isStale }),
    );
    if (found) this.#isStale = false;
    for (const cursor of this.cursors.values())
      if (cursor.next !== null && this.#topicId(cursor) !== cursor.topicId) forgetLog(cursor);
    return found;
  }

  #startLoops(signal: AbortSignal): void {
    for (const cursor of this.cursors.values()) {
      const node = this.#leaderOf(cursor);
      if (node === null || cursor.next === null || this.#loops.has(node)) continue;
      const loop = this.#readFrom(node, signal)
        .catch((error: unknown) => void (this.#sinkFailure = error))
        .finally(() => this.#loops.delete(node));
      this.#loops.set(node, loop);
    }
  }

  async #readFrom(node: number, signal: AbortSignal): Promise<void> {
    for (let failures = 0; !signal.aborted;) {
      const cursors = [...this.cursors.values()].filter(
        (cursor) => cursor.next !== null && this.#leaderOf(cursor) === node,
      );
      if (cursors.length === 0) break;
      const done = await this.#readOnce(node, cursors, signal);
      if (done) failures = 0;
      else await pause(backoffMs(failures++), signal);
    }
    this.#hooks.trouble(`broker ${node}`, null);
  }

  /** A function of its own, so that nothing holds an answer (8 MB) while the next is fetched. */
  async #readOnce(node: number, cursors: readonly Cursor[], signal: AbortSignal): Promise<boolean> {
    let answers: readonly Answer[] = [];
    const fetched = await this.#told(
      `broker ${node}`,
      async () => void (answers = await fetchFrom(this.#consumer, node, cursors)),
    );
    let refused = false;
    for (const answer of answers) {
      if (signal.aborted) return fetched;
      refused = !(await this.#take(answer, signal)) || refused;
    }
    // not longer: the broker's other partitions are well
    if (refused) await pause(backoffMs(0), signal);
    return fetched;
  }

  /** False when the broker refused the partition. Rejects when the sink fails. */
  async #take(answer: Answer, signal: AbortSignal): Promise<boolean> {
    const { cursor, from, turn, data } = answer;
    const about = cursor.partition.appId;
    const isOurs = cursor.next === from && cursor.turn === turn;
    if (data.errorCode === offsetOutOfRange)
      return this.#told(about, async () => isOurs && (await this.#hooks.outOfRange(cursor)));
    if (topicGone.includes(data.errorCode)) this.#isStale = true;
    if (data.errorCode !== 0)
      return this.#told(about, () => Promise.reject(new ProtocolError(data.errorCode)));
    const { epoch, endOffset } = data.divergingEpoch ?? { epoch: -1, endOffset: -1n };
    if (epoch >= 0)
      return this.#told(
        about,
        async () => isOurs && (await this.#hooks.diverged(cursor, endOffset, epoch)),
      );
    this.#hooks.trouble(about, null);
    await deliver(answer, this.#sink, signal);
    return true;
  }

  /** True when the work was done; what went wrong is told. */
  async #told(about: string, work: () => Promise<unknown>): Promise<boolean> {
    try {
      await work();
      this.#hooks.trouble(about, null);
      return true;
    } catch (error) {
      this.#hooks.trouble(about, error);
      return false;
    }
  }

  #leaderOf({ partition }: Cursor): number | null {
    const leader = this.#consumer.currentMetadata?.topics.get(partition.source)?.partitions[
      partition.partition
    ]?.leader;
    return leader === undefined || leader < 0 ? null : leader;
  }
}

/** Doubles from 0.25 s to 5 s. */
export function backoffMs(failures: number): number {
  return Math.min(250 * 2 ** failures, 5000);
}

/** Ends early, without error, when aborted. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => {});
}

/** Resolves when the work is settled, or after `ms`. */
export async function atMost(ms: number, work: Promise<unknown>): Promise<void> {
  const settled = new AbortController();
  await Promise.race([work.catch(() => {}), pause(ms, settled.signal)]);
  settled.abort();
}

/** The cursor is placed anew, where the sink's position is then. */
function forget(cursor: Cursor): void {
  cursor.turn += 1;
  cursor.next = null;
}

/** The same for a log that is another one now; so its end is, too. */
export function forgetLog(cursor: Cursor): void {
  forget(cursor);
  cursor.stopAt = null;
}
