import { Meter } from "../archive/meter.ts";
import type { StageStatus } from "./status.ts";

/**
 * What a service that follows a table says of its work: totals since its start, rate over the last
 * 10 s, latency over the last minute.
 */
export class StageMeter {
  readonly #meter = new Meter();
  #failed = 0;
  #lag: number | null = null;

  /**
   * Rows that are committed now. `publishedAt`: ms since 1970 at which each alert was published;
   * NaN where that is not known.
   */
  commit(rows: number, publishedAt: Iterable<number> = []): void {
    this.#meter.commit(rows, 0, publishedAt);
  }

  fail(count = 1): void {
    this.#failed += count;
  }

  /** Rows or versions that wait; null: not known. */
  waiting(lag: number | null): void {
    this.#lag = lag;
  }

  status(): StageStatus {
    const { archivedPerSecond } = this.#meter.rates();
    return {
      done: this.#meter.archived,
      perSecond: archivedPerSecond,
      failed: this.#failed,
      lag: this.#lag,
      latencyMs: this.#meter.latency(),
    };
  }
}
