import type { LogMark, SourcePartition } from "../sources/source.ts";

/**
 * Messages on their way to a worker: bytes back to back in one buffer that moves between the
 * threads, never copied.
 */
export interface Batch {
  readonly survey: string;
  /** Larger than what it holds; detached here while a worker has it. */
  buffer: ArrayBuffer;
  readonly count: number;
  /** Byte after message i; it begins where message i-1 ends. */
  readonly ends: Uint32Array;
  /** Index into `partitions` of message i. */
  readonly parts: Uint32Array;
  /** Offset of the first alert of message i. */
  readonly offsets: BigInt64Array;
  /** ms since 1970; NaN when unknown. */
  readonly publishedAt: Float64Array;
  readonly receivedAt: Float64Array;
  readonly partitions: readonly SourcePartition[];
}

/** How far a batch moves one source partition: from where it was read at to the next. */
export interface Move {
  readonly partition: SourcePartition;
  readonly from: bigint | null;
  readonly to: bigint;
  /** The mark to store beside the position, for messages that have one. */
  readonly received?: Received;
}

/** Messages that came from a log, whether they could be read or not. */
export interface Received {
  /** Offset of the first. */
  readonly first: bigint;
  readonly messages: number;
  /** Mark of the last. */
  readonly mark: LogMark;
}

/** Moves by the name of the position (`appId`). */
export type Moves = ReadonlyMap<string, Move>;

/** A batch while it is being filled. */
export class BatchBuilder {
  readonly survey: string;
  readonly openedAt: number;
  readonly #bytes: Uint8Array;
  readonly #ends: Uint32Array;
  readonly #parts: Uint32Array;
  readonly #offsets: BigInt64Array;
  readonly #publishedAt: Float64Array;
  readonly #receivedAt: Float64Array;
  readonly #partitions: SourcePartition[] = [];
  readonly #moves = new Map<
    string,
    {
      partition: SourcePartition;
      from: bigint | null;
      to: bigint;
      received?: Received;
      index: number;
    }
  >();
  #count = 0;
  #used = 0;

  constructor(survey: string, buffer: ArrayBuffer, maxMessages: number, now: number) {
    this.survey = survey;
    this.openedAt = now;
    this.#bytes = new Uint8Array(buffer);
    this.#ends = new Uint32Array(maxMessages);
    this.#parts = new Uint32Array(maxMessages);
    this.#offsets = new BigInt64Array(maxMessages);
    this.#publishedAt = new Float64Array(maxMessages);
    this.#receivedAt = new Float64Array(maxMessages);
  }

  get count(): number {
    return this.#count;
  }

  get moves(): Moves {
    return this.#moves;
  }

  fits(bytes: Uint8Array): boolean {
    return this.#count < this.#ends.length && this.#used + bytes.length <= this.#bytes.length;
  }

  put(
    partition: SourcePartition,
    offset: bigint,
    publishedAt: number,
    receivedAt: number,
    bytes: Uint8Array,
  ): void {
    const i = this.#count++;
    this.#bytes.set(bytes, this.#used);
    this.#used += bytes.length;
    this.#ends[i] = this.#used;
    this.#parts[i] = this.#moves.get(partition.appId)!.index;
    this.#offsets[i] = offset;
    this.#publishedAt[i] = publishedAt;
    this.#receivedAt[i] = receivedAt;
  }

  /**
   * Notes that everything of the partition before `next` is accounted for by this batch or earlier
   * ones. `received`: the message that leads there.
   */
  advance(
    partition: SourcePartition,
    from: bigint | null,
    next: bigint,
    received?: Received,
  ): void {
    const known = this.#moves.get(partition.appId);
    if (known) Object.assign(known, { to: next, ...withMore(known.received, received) });
    else
      this.#moves.set(partition.appId, {
        partition,
        from,
        to: next,
        ...withMore(undefined, received),
        index: this.#partitions.push(partition) - 1,
      });
  }

  seal(): Batch {
    return {
      survey: this.survey,
      buffer: this.#bytes.buffer as ArrayBuffer,
      count: this.#count,
      ends: this.#ends.slice(0, this.#count),
      parts: this.#parts.slice(0, this.#count),
      offsets: this.#offsets.slice(0, this.#count),
      publishedAt: this.#publishedAt.slice(0, this.#count),
      receivedAt: this.#receivedAt.slice(0, this.#count),
      partitions: this.#partitions,
    };
  }
}

/** From where the first batch began to where the last one ends. */
export function joined(steps: readonly Moves[]): Map<string, Move> {
  const all = new Map<string, Move>();
  for (const step of steps) {
    for (const [appId, { partition, from, to, received }] of step) {
      const before = all.get(appId);
      all.set(appId, {
        partition,
        from: before ? before.from : from,
        to,
        ...withMore(before?.received, received),
      });
    }
  }
  return all;
}

function withMore(
  before: Received | undefined,
  more: Received | undefined,
): { received?: Received } {
  if (!before || !more) return more || before ? { received: more ?? before } : {};
  return {
    received: { first: before.first, messages: before.messages + more.messages, mark: more.mark },
  };
}
