import type { LogChange, LogMark, Sink, SourcePartition } from "../../src/sources/source.ts";

export interface Put {
  readonly topic: string;
  readonly partition: number;
  readonly offset: bigint;
  readonly text: string;
  readonly publishedAt: number;
}

/**
 * A lake in memory: what was put counts when it is committed; what is below the position is
 * dropped, as the lake's fence does.
 */
export class MemorySink implements Sink {
  readonly committed: Put[] = [];
  readonly positions = new Map<string, bigint>();
  readonly #marks = new Map<string, LogMark>();
  /** Puts that did not follow on the position. */
  readonly holes: string[] = [];
  duplicates = 0;
  #pending: { put: Put; source: SourcePartition; next: bigint; mark: LogMark | undefined }[] = [];
  readonly #limit: number;
  readonly #waiting: (() => void)[] = [];

  /** `limit`: messages that may wait for a commit before the sink is full. */
  constructor(limit = 500) {
    this.#limit = limit;
  }

  async position(partition: SourcePartition): Promise<bigint | null> {
    return this.positions.get(partition.appId) ?? null;
  }

  put(
    source: SourcePartition,
    offset: bigint,
    next: bigint,
    publishedAt: number,
    bytes: Uint8Array,
    mark?: LogMark,
  ): boolean {
    const put: Put = {
      topic: source.source,
      partition: source.partition,
      offset,
      text: Buffer.from(bytes).toString(),
      publishedAt,
    };
    this.#pending.push({ put, source, next, mark });
    return this.#pending.length < this.#limit;
  }

  mark({ appId }: SourcePartition): LogMark | null {
    return this.#marks.get(appId) ?? null;
  }

  async restart({ appId }: SourcePartition, at: bigint, { mark }: LogChange): Promise<void> {
    this.positions.set(appId, at);
    this.#marks.set(appId, mark);
  }

  room(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** Makes all that was put durable and returns the new positions. */
  commit(): Map<SourcePartition, bigint> {
    const reached = new Map<SourcePartition, bigint>();
    for (const { put, source, next, mark } of this.#pending) {
      const position = this.positions.get(source.appId) ?? put.offset;
      if (put.offset < position) {
        this.duplicates += 1;
        continue;
      }
      if (put.offset > position)
        this.holes.push(`${source.appId}: ${put.offset} after ${position}`);
      this.positions.set(source.appId, next);
      if (mark) this.#marks.set(source.appId, mark);
      reached.set(source, next);
      this.committed.push(put);
    }
    this.drop();
    return reached;
  }

  /** Forgets what was not committed, as after a fenced commit. Returns the partitions it was of. */
  drop(): Set<SourcePartition> {
    const dropped = new Set(this.#pending.map(({ source }) => source));
    this.#pending = [];
    for (const resolve of this.#waiting.splice(0)) resolve();
    return dropped;
  }
}
