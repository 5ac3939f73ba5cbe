/**
 * What a running service says of itself, once a second, in `<lake>/.fink/run/<name>.json`. Times
 * are ms since 1970.
 */
export interface ServiceStatus {
  /** Instance name; the service's name unless `--name` was given. */
  readonly name: string;
  readonly service:
    | "archive"
    | "science"
    | "filter"
    | "delivery"
    | "aggregation"
    | "ui"
    | "compaction";
  readonly pid: number;
  readonly startedAt: number;
  readonly updatedAt: number;
  readonly state: "starting" | "running" | "draining" | "stopped" | "failed";
  /** What is wrong, or what it waits for; empty when all is well. */
  readonly message: string;
  /** What is good to know though nothing is wrong. */
  readonly note?: string;
  /**
   * Tasks at which it fails at the moment, such as writing to the disk. Each makes /healthz red.
   */
  readonly troubles?: readonly string[];
  /** Address of the pages, for the ui service. */
  readonly url?: string;
  readonly archive?: ArchiveStatus;
  /** Of services that follow a table: science, filter, delivery, aggregation. */
  readonly stage?: StageStatus;
}

export interface StageStatus {
  /** Rows since the start of the service. */
  readonly done: number;
  /** Mean over the last 10 s. */
  readonly perSecond: number;
  readonly failed: number;
  /** Rows or versions that wait; null when it cannot be known. */
  readonly lag: number | null;
  /**
   * Published → committed by this service, over the last 60 s; null when nothing was published with
   * a time.
   */
  readonly latencyMs: { readonly p50: number; readonly p99: number } | null;
}

export interface ArchiveStatus {
  /** Since the start of the service. */
  readonly received: number;
  readonly archived: number;
  readonly rejected: number;
  /** Messages that came again and were already in the lake. */
  readonly duplicates: number;
  readonly receivedBytes: number;
  /** Means over the last 10 s. */
  readonly receivedPerSecond: number;
  readonly archivedPerSecond: number;
  readonly megabytesPerSecond: number;
  /** Messages waiting at the source; null when it cannot be known. */
  readonly lag: number | null;
  /** Published → committed over the last 60 s; null when nothing was published with a time. */
  readonly latencyMs: { readonly p50: number; readonly p99: number } | null;
  readonly lastCommit: {
    readonly survey: string;
    readonly version: number;
    readonly at: number;
    readonly alerts: number;
  } | null;
  readonly sources: readonly {
    readonly source: string;
    readonly partition: number;
    readonly position: string;
    readonly lag: number | null;
  }[];
}
