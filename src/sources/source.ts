/** One ordered run of messages: a Kafka partition, a file, an archive of files. */
export interface SourcePartition {
  /** The survey whose tables take its alerts, e.g. `ztf`. */
  readonly survey: string;
  /** `_source` of each row: the Kafka topic, or the path as it was given. */
  readonly source: string;
  /** `_partition` of each row: the Kafka partition; 0 for files. */
  readonly partition: number;
  /** Name of its position in a table's log (`txn.appId`); unique per reader and partition. */
  readonly appId: string;
  /** What offsets count: Kafka numbers messages, files number alerts. */
  readonly counts: "messages" | "records";
}

/**
 * The log that a Kafka partition's offsets number. A topic deleted and made again is another log; a
 * leader that lost messages goes on with the next epoch.
 */
export interface LogMark {
  /** First 48 bits of the topic's id; 0 when the broker has no ids. */
  readonly topic: number;
  /** Leader epoch of the last message read; -1 when unknown. */
  readonly epoch: number;
}

/**
 * How a log no longer fits the position: messages were deleted before we read them, lost by the
 * broker after we read them, or the topic was remade. `shorter`: one of the last two, and the lake
 * is too old to tell which.
 */
export const logChangeKinds = ["deleted", "lost", "remade", "shorter"] as const;
export type LogChangeKind = (typeof logChangeKinds)[number];

export interface LogChange {
  readonly kind: LogChangeKind;
  readonly mark: LogMark;
}

/** Where a source puts what it read. The archive service implements it. */
export interface Sink {
  /**
   * The offset to read next (one past the last committed one), or null when nothing was ever
   * committed.
   */
  position(partition: SourcePartition): Promise<bigint | null>;
  /**
   * Copies one message in. `offset` is that of its first alert, `next` the position after it,
   * `publishedAt` in ms since 1970 (NaN when unknown). The bytes may be reused after the call.
   * Returns false when the buffers are full: await `room()` before the next `put`.
   * A message with a `mark` is counted, and the mark is stored with the position.
   */
  put(
    partition: SourcePartition,
    offset: bigint,
    next: bigint,
    publishedAt: number,
    bytes: Uint8Array,
    mark?: LogMark,
  ): boolean;
  room(): Promise<void>;
  /** The mark stored with the position; null when there is none. */
  mark(partition: SourcePartition): LogMark | null;
  /**
   * Moves the position to `at` for good and records why. What comes next is new, even if its
   * offsets were there before.
   */
  restart(partition: SourcePartition, at: bigint, change: LogChange): Promise<void>;
}

/** What remains to be read of one partition. */
export interface SourceLag {
  readonly source: string;
  readonly partition: number;
  /** Messages not yet read; null when it cannot be known. */
  readonly lag: number | null;
}

/** Where alerts come from: Kafka, folders of files. */
export interface AlertSource {
  readonly name: string;
  /**
   * Reads into the sink until aborted, or (with `once`) until what was there at the start has been
   * put.
   */
  run(sink: Sink, signal: AbortSignal): Promise<void>;
  /** Advice after the lake's commit: everything below these positions is safe. Must not throw. */
  committed(positions: ReadonlyMap<SourcePartition, bigint>): void;
  /** What was read of these partitions was dropped uncommitted: read on from `sink.position()`. */
  rewind(partitions: Iterable<SourcePartition>): void;
  lag(): Promise<SourceLag[]>;
}
