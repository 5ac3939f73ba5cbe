/** Means over the last seconds. */
export interface Rates {
  readonly receivedPerSecond: number;
  readonly archivedPerSecond: number;
  readonly megabytesPerSecond: number;
}

/** ms */
export interface Latency {
  readonly p50: number;
  readonly p99: number;
}

/** Seconds the rates are means over, and seconds the latencies are taken from. */
const rateSeconds = 10;
const latencySeconds = 60;

/**
 * Latencies are counted in bins of equal ratio from 1 ms to about 3 hours: bounded memory, 2 %
 * precision.
 */
const binRatio = 1.02;
const bins = 820;

/** Counts of one second. */
interface Second {
  readonly at: number;
  received: number;
  archived: number;
  bytes: number;
  readonly latency: Uint32Array;
}

/** What the archive service counts: totals since its start, rates and latencies of late. */
export class Meter {
  received = 0;
  archived = 0;
  rejected = 0;
  receivedBytes = 0;
  readonly #startedAt: number;
  readonly #now: () => number;
  #seconds: Second[] = [];

  constructor(now: () => number = Date.now) {
    this.#now = now;
    this.#startedAt = now();
  }

  receive(bytes: number): void {
    this.received++;
    this.receivedBytes += bytes;
    const second = this.#second();
    second.received++;
    second.bytes += bytes;
  }

  /** `publishedAt`: ms since 1970 of each message; NaN counts for no latency. */
  commit(archived: number, rejected: number, publishedAt: Iterable<number>): void {
    this.archived += archived;
    this.rejected += rejected;
    const second = this.#second();
    second.archived += archived;
    const now = this.#now();
    for (const at of publishedAt) if (!Number.isNaN(at)) second.latency[binOf(now - at)]++;
  }

  rates(): Rates {
    const now = this.#now();
    const recent = this.#seconds.filter((s) => s.at > now / 1000 - rateSeconds - 1);
    const seconds = Math.min(rateSeconds, Math.max(1, (now - this.#startedAt) / 1000));
    const mean = (of: (s: Second) => number) => recent.reduce((sum, s) => sum + of(s), 0) / seconds;
    return {
      receivedPerSecond: mean((s) => s.received),
      archivedPerSecond: mean((s) => s.archived),
      megabytesPerSecond: mean((s) => s.bytes) / 1e6,
    };
  }

  /** Published → committed; null when no message said when it was published. */
  latency(): Latency | null {
    const sums = new Float64Array(bins);
    for (const { latency } of this.#seconds) for (let i = 0; i < bins; i++) sums[i] += latency[i];
    const total = sums.reduce((a, b) => a + b, 0);
    return total === 0
      ? null
      : { p50: quantile(sums, total * 0.5), p99: quantile(sums, total * 0.99) };
  }

  #second(): Second {
    const at = Math.floor(this.#now() / 1000);
    const last = this.#seconds.at(-1);
    if (last?.at === at) return last;
    this.#seconds = this.#seconds.filter((s) => s.at > at - latencySeconds);
    const fresh = { at, received: 0, archived: 0, bytes: 0, latency: new Uint32Array(bins) };
    this.#seconds.push(fresh);
    return fresh;
  }
}

function binOf(ms: number): number {
  return Math.max(
    0,
    Math.min(bins - 1, Math.round(Math.log(Math.max(1, ms)) / Math.log(binRatio))),
  );
}

function quantile(counts: Float64Array, wanted: number): number {
  let seen = 0;
  const bin = counts.findIndex((n) => (seen += n) >= wanted);
  return Math.round(binRatio ** bin);
}
