import { setTimeout as sleep } from "node:timers/promises";
import { FinkError, messageOf } from "../errors.ts";
import { atStep } from "../lake/durable.ts";
import type { StructType } from "../lake/schema.ts";
import { isOvertaken } from "../lake/table.ts";
import { widenTable } from "../lake/widen.ts";
import type { LogChange, LogMark, SourcePartition } from "../sources/source.ts";
import type { Survey } from "../surveys/definition.ts";
import { type Batch, BatchBuilder, joined, type Move, type Moves } from "./batch.ts";
import type { WorkerPool } from "./pool.ts";
import { SurveyTables, type WrittenBatch } from "./survey-tables.ts";
import type { Outcome } from "./worker.ts";

/** What a lane tells the service. */
export interface LaneEvents {
  /** After the commit: these positions are safe. */
  committed(lane: Lane, done: CommittedBatches): void;
  /**
   * Uncommitted work was dropped, another writer was first: the sources have to read these again.
   */
  rewound(partitions: readonly SourcePartition[]): void;
  /** The disk fails, or works again (empty message). */
  trouble(message: string): void;
  /** The service shall end: what fails now is not tried again. */
  stopping(): boolean;
  buffer(needed: number): ArrayBuffer;
  bufferFree(buffer: ArrayBuffer): void;
}

export interface CommittedBatches {
  readonly batches: readonly Batch[];
  readonly moves: readonly Move[];
  readonly archived: number;
  readonly rejected: number;
  readonly reasons: readonly string[];
  readonly version: number;
}

export interface LaneOptions {
  readonly maxMessages: number;
  /** A table larger than this is not widened on the fly. */
  readonly widenUpToBytes: number;
  readonly retryAfterMs: number;
}

/** A batch that a worker has, or had. */
interface Pending {
  readonly batch: Batch;
  readonly moves: Moves;
  /** Settles when the worker is through with it; null before it was sent. */
  outcome: Promise<Outcome> | null;
  written: (WrittenBatch & { readonly reasons: readonly string[] }) | null;
}

/**
 * The way of one survey's alerts into its tables: batches are written side by side and committed in
 * order.
 */
export class Lane {
  readonly survey: Survey;
  readonly #tables: SurveyTables;
  readonly #pool: WorkerPool;
  readonly #events: LaneEvents;
  readonly #options: LaneOptions;
  #open: BatchBuilder | null = null;
  #pending: Pending[] = [];
  #committing: Promise<void> | null = null;
  duplicates = 0;

  constructor(
    lake: string,
    survey: Survey,
    pool: WorkerPool,
    events: LaneEvents,
    options: LaneOptions,
  ) {
    this.survey = survey;
    this.#tables = new SurveyTables(lake, survey.name);
    this.#pool = pool;
    this.#events = events;
    this.#options = options;
  }

  /**
   * Where a partition is to be read from: after what is on its way here, else where the table is.
   */
  position(partition: SourcePartition): bigint | null {
    const known = this.#tables.readings.next(partition.appId);
    return known && this.#isUnderWay(partition) ? known.offset : this.#tables.begin(partition);
  }

  /** The mark that goes with `position`. */
  mark(partition: SourcePartition): LogMark | null {
    const underWay = [...this.#pending, ...(this.#open ? [this.#open] : [])].flatMap(
      ({ moves }) => moves.get(partition.appId)?.received?.mark ?? [],
    );
    return underWay.at(-1) ?? this.#tables.mark(partition);
  }

  put(
    partition: SourcePartition,
    offset: bigint,
    next: bigint,
    publishedAt: number,
    receivedAt: number,
    bytes: Uint8Array,
    mark?: LogMark,
  ): void {
    const { readings } = this.#tables;
    const from = readings.next(partition.appId)?.offset ?? null;
    const verdict = readings.judge(partition.appId, offset, next);
    if (verdict === "duplicate" || verdict === "settled") this.duplicates++;
    if (verdict === "duplicate" || verdict === "lost") return;
    if (this.#open && !this.#open.fits(bytes)) this.seal();
    this.#open ??= new BatchBuilder(
      this.survey.name,
      this.#events.buffer(bytes.length),
      this.#options.maxMessages,
      receivedAt,
    );
    this.#open.advance(partition, from, next, mark && { first: offset, messages: 1, mark });
    if (verdict === "take") this.#open.put(partition, offset, publishedAt, receivedAt, bytes);
  }

  /** Numbers the partition's next messages from `at`. */
  async restart(partition: SourcePartition, at: bigint, change: LogChange): Promise<void> {
    await this.drained();
    this.#tables.restart(partition, at, change);
  }

  get openedAt(): number | null {
    return this.#open?.openedAt ?? null;
  }

  /** Sends the open batch to a worker. */
  seal(): void {
    const pending = this.#takeOpen();
    if (!pending) return;
    this.#pending.push(pending);
    this.#send(pending, true);
    this.#startCommitting();
  }

  /** Everything that was put is committed (or dropped, after a fence). */
  async drained(): Promise<void> {
    this.seal();
    this.#startCommitting();
    while (this.#committing) await this.#committing;
  }

  #takeOpen(): Pending | null {
    if (!this.#open) return null;
    const pending: Pending = {
      batch: this.#open.seal(),
      moves: this.#open.moves,
      outcome: null,
      written: null,
    };
    this.#open = null;
    return pending;
  }

  #send(pending: Pending, mayWiden: boolean): void {
    const { raw, rejected } = this.#tables;
    const { batch, moves } = pending;
    const job = {
      batch,
      survey: this.survey,
      table: raw.path,
      rejectedTable: rejected.path,
      schema: raw.snapshot.schema,
      mayWiden,
    };
    pending.outcome = this.#pool.run(job).then((outcome) => {
      pending.written =
        outcome.kind === "written" ? { ...outcome, moves, rejectedDone: false } : null;
      return outcome;
    });
  }

  #startCommitting(): void {
    if (this.#committing || this.#pending.length === 0) return;
    this.#committing = this.#commitLoop();
    this.#committing.catch(() => {}); // it gave up: drained() tries once more and tells
  }

  async #commitLoop(): Promise<void> {
    try {
      while (this.#pending.length > 0) await this.#commitNext();
    } finally {
      this.#committing = null;
    }
  }

  /** Commits the written batches at the head of the queue, all in one log entry. */
  async #commitNext(): Promise<void> {
    const head = this.#pending[0];
    const outcome = (await head.outcome)!;
    if (outcome.kind === "widen") return this.#widen(head, outcome.schema);
    if (outcome.kind === "failed") return this.#tryAgain(head, outcome.message);
    const unready = this.#pending.findIndex((p) => !p.written);
    const ready = unready < 0 ? [...this.#pending] : this.#pending.slice(0, unready);
    try {
      this.#commit(ready);
    } catch (error) {
      await this.#afterFailure(error);
    }
  }

  #commit(ready: readonly Pending[]): void {
    const written = ready.map((p) => p.written!);
    const version = this.#tables.commit(written);
    this.#pending.splice(0, ready.length);
    for (const { batch } of ready) this.#events.bufferFree(batch.buffer);
    atStep("before", "source-told");
    this.#events.committed(this, {
      batches: ready.map((p) => p.batch),
      moves: [...joined(written.map((w) => w.moves)).values()],
      archived: written.reduce((sum, w) => sum + w.raw.rows, 0),
      rejected: written.reduce((sum, w) => sum + w.rejected.rows, 0),
      reasons: written.flatMap((w) => w.reasons),
      version,
    });
    this.#events.trouble("");
    atStep("after", "source-told");
  }

  async #afterFailure(error: unknown): Promise<void> {
    if (isOvertaken(error)) return this.#rewind();
    await this.#pause(messageOf(error));
  }

  async #tryAgain(head: Pending, message: string): Promise<void> {
    await this.#pause(message);
    this.#send(head, true);
  }

  /**
   * Nothing that was put is given up while the service runs; when it stops, it is read again at the
   * next start.
   */
  async #pause(message: string): Promise<void> {
    this.#events.trouble(message);
    await sleep(this.#options.retryAfterMs);
    if (this.#events.stopping())
      throw new FinkError(
        "io",
        `stopped before everything could be written, the rest will be read again: ${message}`,
      );
  }

  async #widen(head: Pending, schema: StructType): Promise<void> {
    const { raw } = this.#tables;
    const size = [...raw.snapshot.files.values()].reduce((sum, f) => sum + f.size, 0);
    if (size > this.#options.widenUpToBytes) return this.#send(head, false);
    try {
      await widenTable(raw, schema);
      this.#send(head, true);
    } catch (error) {
      if (error instanceof FinkError && error.code === "fenced") return this.#send(head, true);
      await this.#tryAgain(head, messageOf(error));
    }
  }

  /**
   * Another writer moved a position or the columns on: what is on its way is dropped and read again
   * from where the table is.
   */
  async #rewind(): Promise<void> {
    const open = this.#takeOpen();
    const dropped = open ? [...this.#pending, open] : this.#pending;
    this.#pending = [];
    const moves = joined(dropped.map((p) => p.moves));
    for (const appId of moves.keys()) this.#tables.readings.lose(appId);
    for (const pending of dropped) {
      await pending.outcome;
      if (pending.written) this.#tables.discard(pending.written);
      this.#events.bufferFree(pending.batch.buffer);
    }
    this.#events.rewound([...moves.values()].map((m) => m.partition));
  }

  #isUnderWay({ appId }: SourcePartition): boolean {
    return (this.#open?.moves.has(appId) ?? false) || this.#pending.some((p) => p.moves.has(appId));
  }
}
