import { messageOf } from "../errors.ts";
import type { LakeTable, LakeView, LatestAlert, RejectedMessage } from "./lake-view.ts";
import { type LiveStatus, liveStatus, readServices } from "./status.ts";

/** What `GET /api/v1/live` sends: event name → its data. */
export interface LiveEvents {
  /** Every second. */
  status: LiveStatus;
  /** When a table changed. */
  tables: readonly LakeTable[];
  /** The newest alerts, when there are newer ones. */
  alerts: readonly LatestAlert[];
  /** The newest rejected messages, when there are newer ones. */
  rejected: readonly RejectedMessage[];
  /** Once, at the start. */
  history: RateHistory;
}

/** Rates over the last ten minutes, one entry a second, as columns. */
export interface RateHistory {
  /** ms since 1970. */
  readonly at: number[];
  /** Alerts/s; null when no archive ran. */
  readonly received: (number | null)[];
  readonly archived: (number | null)[];
}

export interface FeedEvent {
  readonly id: number;
  readonly event: keyof LiveEvents;
  readonly data: string;
}

export const HISTORY_SECONDS = 600;
const ALERTS_SHOWN = 12;
const REJECTED_SHOWN = 20;
const MAX_LISTENERS = 200;

/**
 * One poller of the services and the lake for all open pages. Keeps the newest event of each kind,
 * so a slow reader skips and never queues.
 */
export class LiveFeed {
  readonly #lake: string;
  readonly #view: LakeView;
  readonly #newest = new Map<keyof LiveEvents, FeedEvent>();
  readonly #history: RateHistory = { at: [], received: [], archived: [] };
  readonly #versions = new Map<string, string>();
  #lakeProblem = "";
  #lakeBusy = false;
  #listeners = 0;
  #lastId = 0;
  #closed = false;
  #changed = Promise.withResolvers<void>();
  readonly #timer: NodeJS.Timeout;

  constructor(lake: string, view: LakeView, everyMs = 1000) {
    this.#lake = lake;
    this.#view = view;
    this.#timer = setInterval(() => this.#tick(), everyMs);
    this.#tick();
  }

  close(): void {
    clearInterval(this.#timer);
    this.#closed = true;
    this.#changed.resolve();
  }

  /** Takes a place among the listeners; false when all are taken. Pair it with `leave`. */
  join(): boolean {
    if (this.#closed || this.#listeners >= MAX_LISTENERS) return false;
    this.#listeners++;
    this.#tick();
    return true;
  }

  leave(): void {
    this.#listeners--;
  }

  history(): RateHistory {
    return this.#history;
  }

  /**
   * The newest event of each kind whose id is not the one in `seen`, which is brought up to date.
   */
  unseen(seen: Map<keyof LiveEvents, number>): FeedEvent[] {
    const events = [...this.#newest.values()].filter((e) => seen.get(e.event) !== e.id);
    for (const e of events) seen.set(e.event, e.id);
    return events;
  }

  /** Resolves with true when there is something new, with false when the feed is closed. */
  async changed(): Promise<boolean> {
    if (!this.#closed) await this.#changed.promise;
    return !this.#closed;
  }

  #tick(): void {
    const status = this.#readStatus();
    this.#remember(status);
    this.#publish("status", status);
    if (this.#listeners > 0 && !this.#lakeBusy) void this.#readLake();
  }

  #readStatus(): LiveStatus {
    try {
      return liveStatus(readServices(this.#lake), Date.now(), this.#lakeProblem);
    } catch (error) {
      return liveStatus([], Date.now(), `The services' status cannot be read: ${messageOf(error)}`);
    }
  }

  async #readLake(): Promise<void> {
    this.#lakeBusy = true;
    try {
      const tables = await this.#view.tables();
      if (this.#isNew("tables", tables)) this.#publish("tables", tables);
      if (this.#isNew("alerts", versionsOf(tables, "raw")))
        this.#publish("alerts", await this.#view.latest(ALERTS_SHOWN));
      if (this.#isNew("rejected", versionsOf(tables, "rejected")))
        this.#publish("rejected", await this.#view.rejected(REJECTED_SHOWN));
      this.#lakeProblem = (this.#view.problems?.() ?? []).join(" ");
    } catch (error) {
      this.#versions.clear(); // what was not read is read again
      this.#lakeProblem = `The lake cannot be read: ${messageOf(error)}`;
    } finally {
      this.#lakeBusy = false;
    }
  }

  #isNew(what: string, value: unknown): boolean {
    const text = JSON.stringify(value);
    if (this.#versions.get(what) === text) return false;
    this.#versions.set(what, text);
    return true;
  }

  #remember(status: LiveStatus): void {
    const { at, received, archived } = this.#history;
    const last = at.at(-1) ?? 0;
    if (status.at - last < 500) return; // a joining listener ticks out of turn
    at.push(status.at);
    received.push(status.totals?.receivedPerSecond ?? null);
    archived.push(status.totals?.archivedPerSecond ?? null);
    if (at.length > HISTORY_SECONDS) for (const column of [at, received, archived]) column.shift();
  }

  #publish<E extends keyof LiveEvents>(event: E, data: LiveEvents[E]): void {
    this.#newest.set(event, { id: ++this.#lastId, event, data: JSON.stringify(data) });
    this.#changed.resolve();
    this.#changed = Promise.withResolvers<void>();
  }
}

function versionsOf(tables: readonly LakeTable[], kind: string): string[] {
  return tables.filter((t) => t.kind === kind).map((t) => `${t.survey} ${t.version}`);
}
