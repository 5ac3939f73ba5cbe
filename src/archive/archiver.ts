import type { SchemaPlaces } from "../avro/registry.ts";
import type { AlertSource, LogChange, LogMark, Sink, SourcePartition } from "../sources/source.ts";
import { type Surveys, unknownSurvey } from "../surveys/surveys.ts";
import { kept } from "../kept.ts";
import { type CommittedBatches, Lane, type LaneEvents } from "./lane.ts";
import { Meter } from "./meter.ts";
import { WorkerPool } from "./pool.ts";

export interface ArchiverOptions {
  /** Folder of the lake. */
  readonly lake: string;
  readonly surveys: Surveys;
  readonly schemas: SchemaPlaces;
  readonly bareSchema: string;
  readonly triggerSeconds: number;
  readonly batchAlerts: number;
  readonly batchMegabytes: number;
  readonly workers: number;
  readonly maxMessageMegabytes: number;
  /** The disk fails, or works again (empty). */
  readonly onTrouble: (message: string) => void;
  /** Reasons of rejected messages, as they are committed. */
  readonly onRejected?: (survey: string, reasons: readonly string[], count: number) => void;
}

/**
 * Tables up to this size are widened as soon as an alert needs it; larger ones wait for `./fink
 * lake widen`.
 */
export const widenUpToBytes = 256 << 20;

/**
 * Batches in memory beside those of the workers (each decodes one and writes one): one being
 * filled, one waiting for a worker, one waiting for its commit. This bounds what is in memory; with
 * fewer, workers wait for the source (measured: 2,700 → 3,250 alerts/s).
 */
const idleBuffers = 3;

/**
 * Takes messages from sources into the lake: fills batches, has them written by workers and
 * committed in order.
 */
export class Archiver implements Sink {
  readonly meter = new Meter();
  lastCommit: { survey: string; version: number; at: number; alerts: number } | null = null;
  readonly #options: ArchiverOptions;
  readonly #pool: WorkerPool;
  readonly #lanes = new Map<string, Lane>();
  readonly #sources: AlertSource[] = [];
  readonly #positions = new Map<string, { partition: SourcePartition; position: bigint }>();
  readonly #buffers: number;
  readonly #free: ArrayBuffer[];
  #waiting: (() => void)[] = [];
  #rewinds = 0;
  #stopping = false;
  readonly #timer: NodeJS.Timeout;

  constructor(options: ArchiverOptions) {
    this.#options = options;
    this.#pool = new WorkerPool(options.workers, {
      schemas: options.schemas,
      bareSchema: options.bareSchema,
      maxMessageBytes: options.maxMessageMegabytes * 1e6,
    });
    this.#buffers = idleBuffers + 2 * this.#pool.size;
    this.#free = Array.from(
      { length: this.#buffers },
      () => new ArrayBuffer(options.batchMegabytes * 1e6),
    );
    this.#timer = setInterval(() => this.#sealDue(), Math.min(100, options.triggerSeconds * 100));
  }

  /** Reads the sources until they end or the signal is given, then commits what is in hand. */
  async run(sources: readonly AlertSource[], signal: AbortSignal): Promise<void> {
    this.#sources.push(...sources);
    signal.addEventListener("abort", () => (this.#stopping = true), { once: true });
    const died = this.#pool.died;
    for (;;) {
      const rewinds = this.#rewinds;
      await Promise.race([Promise.all(sources.map((s) => s.run(this, signal))), died]);
      await Promise.race([
        Promise.all([...this.#lanes.values()].map((lane) => lane.drained())),
        died,
      ]);
      if (signal.aborted || rewinds === this.#rewinds) return;
    }
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#pool.close();
  }

  async position(partition: SourcePartition): Promise<bigint | null> {
    const position = this.#lane(partition.survey).position(partition);
    // A file whose survey could not be told when it came is with the unknown ones, for ./fink retry
    // to take over.
    const isFile = partition.counts === "records" && partition.survey !== unknownSurvey;
    return position ?? (isFile ? this.#lane(unknownSurvey).position(partition) : null);
  }

  put(
    partition: SourcePartition,
    offset: bigint,
    next: bigint,
    publishedAt: number,
    bytes: Uint8Array,
    mark?: LogMark,
  ): boolean {
    this.meter.receive(bytes.length);
    this.#lane(partition.survey).put(partition, offset, next, publishedAt, Date.now(), bytes, mark);
    return this.#free.length > 0;
  }

  room(): Promise<void> {
    if (this.#free.length > 0) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  mark(partition: SourcePartition): LogMark | null {
    return this.#lane(partition.survey).mark(partition);
  }

  restart(partition: SourcePartition, at: bigint, change: LogChange): Promise<void> {
    return this.#lane(partition.survey).restart(partition, at, change);
  }

  get duplicates(): number {
    return [...this.#lanes.values()].reduce((sum, lane) => sum + lane.duplicates, 0);
  }

  /** What was committed, per partition. */
  get positions(): ReadonlyMap<
    string,
    { readonly partition: SourcePartition; readonly position: bigint }
  > {
    return this.#positions;
  }

  #lane(survey: string): Lane {
    const { lake, surveys, batchAlerts: maxMessages } = this.#options;
    return kept(
      this.#lanes,
      survey,
      () =>
        new Lane(lake, surveys.named(survey), this.#pool, this.#events, {
          maxMessages,
          widenUpToBytes,
          retryAfterMs: 1000,
        }),
    );
  }

  #sealDue(): void {
    const due = Date.now() - this.#options.triggerSeconds * 1000;
    for (const lane of this.#lanes.values())
      if (lane.openedAt !== null && lane.openedAt <= due) lane.seal();
  }

  readonly #events: LaneEvents = {
    committed: (lane, done) => this.#committed(lane, done),
    rewound: (partitions) => {
      this.#rewinds++;
      for (const source of this.#sources) source.rewind(partitions);
    },
    trouble: (message) => this.#options.onTrouble(message),
    stopping: () => this.#stopping,
    buffer: (needed) => {
      const size = this.#options.batchMegabytes * 1e6;
      return (
        (needed <= size ? this.#free.pop() : undefined) ?? new ArrayBuffer(Math.max(size, needed))
      );
    },
    bufferFree: (buffer) => {
      const { batchMegabytes } = this.#options;
      if (this.#free.length < this.#buffers && buffer.byteLength === batchMegabytes * 1e6)
        this.#free.push(buffer);
      const waiting = this.#waiting;
      this.#waiting = [];
      for (const resolve of waiting) resolve();
    },
  };

  #committed(
    lane: Lane,
    { batches, moves, archived, rejected, reasons, version }: CommittedBatches,
  ): void {
    for (const { publishedAt } of batches) this.meter.commit(0, 0, publishedAt);
    this.meter.commit(archived, rejected, []);
    this.lastCommit = { survey: lane.survey.name, version, at: Date.now(), alerts: archived };
    for (const { partition, to } of moves)
      this.#positions.set(partition.appId, { partition, position: to });
    const positions = new Map(moves.map(({ partition, to }) => [partition, to]));
    for (const source of this.#sources) source.committed(positions);
    if (rejected > 0) this.#options.onRejected?.(lane.survey.name, reasons, rejected);
  }
}
