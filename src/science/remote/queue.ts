import { setTimeout as sleep } from "node:timers/promises";
import { messageOf } from "../../errors.ts";
import type { RemoteLedger, Stored } from "./ledger.ts";

export interface QueueOptions {
  readonly service: string;
  readonly ledger: RemoteLedger;
  /** Answers for all of the places, or throws. */
  ask(places: readonly string[], signal: AbortSignal): Promise<ReadonlyMap<string, Stored>>;
  /** How long who asks waits; an answer that comes later is kept for when he asks again. */
  readonly waitMs: number;
  readonly timeoutMs: number;
  readonly perSecond: number;
  readonly now?: () => number;
}

/** What a request may hold: the service takes 100,000, and who waits does so for the slowest. */
const mostPlaces = 10_000;
/** Batches that ask within this time of each other share a request. */
const gatherMs = 5;
/** Requests under way at a time. */
const mostRequests = 2;

/** Asks a service in bulk: what several batches want goes into one request, and what is under way is not asked for twice. */
export class RemoteQueue {
  readonly #options: QueueOptions;
  readonly #now: () => number;
  readonly #wanted = new Set<string>();
  /** By place: when it is known, or known not to come now. */
  readonly #underWay = new Map<string, Promise<void>>();
  #requests = 0;
  #next: Promise<void> | null = null;

  constructor(options: QueueOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
  }

  /** Those of the places for which there is an answer, now or within `waitMs`. */
  async answers(places: readonly string[], signal: AbortSignal): Promise<Map<string, Stored>> {
    const { service, ledger, waitMs } = this.#options;
    const known = ledger.answers(service, new Set(places), this.#now());
    const missing = [...new Set(places)].filter((place) => !known.has(place));
    if (missing.length === 0) return known;
    const comings = new Set(missing.map((place) => this.#underWay.get(place) ?? this.#want(place)));
    const late = new AbortController();
    const patience = sleep(waitMs, null, { signal: AbortSignal.any([signal, late.signal]) }).catch(() => null);
    await Promise.race([Promise.all(comings), patience]);
    late.abort();
    for (const [place, answer] of ledger.answers(service, missing, this.#now())) known.set(place, answer);
    return known;
  }

  /** When the next request, which the place is part of, is done. */
  #want(place: string): Promise<void> {
    this.#wanted.add(place);
    this.#next ??= this.#send();
    return this.#next;
  }

  async #send(): Promise<void> {
    await sleep(gatherMs);
    const { service, ledger, waitMs, timeoutMs, perSecond } = this.#options;
    const delay =
      this.#requests < mostRequests ? ledger.admit(service, this.#now(), { longestWaitMs: waitMs, betweenMs: 1000 / perSecond, trialMs: timeoutMs }) : null;
    if (delay !== null && delay > 0) await sleep(delay);
    const places = [...this.#wanted].slice(0, mostPlaces);
    this.#wanted.clear(); // what is left over is asked for again
    const own = this.#next!;
    this.#next = null;
    if (delay === null) return;
    for (const place of places) this.#underWay.set(place, own);
    this.#requests++;
    await this.#request(places);
    this.#requests--;
    for (const place of places) this.#underWay.delete(place);
  }

  async #request(places: readonly string[]): Promise<void> {
    const { service, ledger, ask, timeoutMs } = this.#options;
    try {
      const answers = await ask(places, AbortSignal.timeout(timeoutMs));
      ledger.keep(service, answers, this.#now());
      ledger.answered(service);
    } catch (error) {
      ledger.failed(service, this.#now(), messageOf(error));
    }
  }
}
