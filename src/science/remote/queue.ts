import { setTimeout as sleep } from "node:timers/promises";
import { messageOf } from "../../errors.ts";
import type { RemoteLedger, Stored } from "./ledger.ts";

export interface QueueOptions {
  readonly service: string;
  readonly ledger: RemoteLedger;
  /** Answers for all of the places, or throws. */
  ask(places: readonly string[], signal: AbortSignal): Promise<ReadonlyMap<string, Stored>>;
  readonly timeoutMs: number;
  readonly perSecond: number;
  readonly now?: () => number;
}

/** What a request may hold: the service takes 100,000, and who waits does so for the slowest. */
const mostPlaces = 10_000;
const mostRecent = 50_000;
const recentMs = 600_000;
/** Batches that ask within this time of each other share a request. */
const gatherMs = 5;
/** Requests under way at a time. */
const mostRequests = 2;
/** For which a request waits for its turn; what is wanted meanwhile comes along. */
const longestDelayMs = 10_000;

/**
 * Asks a service in bulk: what several batches want goes into one request, and what is wanted or
 * under way is not asked for twice.
 */
export class RemoteQueue {
  readonly #options: QueueOptions;
  readonly #now: () => number;
  readonly #wanted = new Set<string>();
  /** Ends when the next request is over, or known not to be sent. */
  #next: Promise<void> | null = null;
  /** By place: the request that asks for it. */
  readonly #underWay = new Map<string, Promise<void>>();
  readonly #requests = new Set<Promise<void>>();
  /** Of the last requests: who asked looks them up soon, and more than once. */
  readonly #recent = new Map<string, Stored>();
  #recentUntil = 0;

  constructor(options: QueueOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
  }

  /**
   * Those of the places for which there is an answer, now or within `waitMs`; one that comes later
   * is kept for who asks again.
   */
  async answers(
    places: readonly string[],
    waitMs: number,
    signal: AbortSignal,
  ): Promise<Map<string, Stored>> {
    const { service, ledger } = this.#options;
    const known = new Map<string, Stored>();
    const look = (wanted: Iterable<string>): string[] => {
      if (this.#now() > this.#recentUntil) this.#recent.clear();
      const others = [...wanted].filter((place) => {
        const answer = this.#recent.get(place);
        if (answer !== undefined) known.set(place, answer);
        return answer === undefined;
      });
      if (others.length > 0)
        for (const [place, answer] of ledger.answers(service, others, this.#now()))
          known.set(place, answer);
      return others.filter((place) => !known.has(place));
    };
    const missing = look(new Set(places));
    if (missing.length === 0) return known;
    for (const place of missing) if (!this.#underWay.has(place)) this.#wanted.add(place);
    if (this.#wanted.size > 0) this.#next ??= this.#send();
    const late = new AbortController();
    const patience = sleep(waitMs, true, { signal: AbortSignal.any([signal, late.signal]) }).catch(
      () => true,
    );
    for (let isOver = false; !isOver;) {
      const comings = new Set(
        missing.flatMap(
          (place) =>
            this.#underWay.get(place) ?? (this.#wanted.has(place) ? (this.#next ?? []) : []),
        ),
      );
      isOver =
        comings.size === 0 ||
        (await Promise.race([Promise.all(comings).then(() => false), patience]));
    }
    late.abort();
    look(missing);
    return known;
  }

  async #send(): Promise<void> {
    await sleep(gatherMs);
    while (this.#requests.size >= mostRequests) await Promise.race(this.#requests);
    const delay = this.#delay();
    if (delay !== null && delay > 0) await sleep(delay);
    const places = delay === null ? [] : [...this.#wanted].slice(0, mostPlaces);
    if (delay === null) this.#wanted.clear(); // who still wants them asks again
    for (const place of places) this.#wanted.delete(place);
    const request = this.#request(places);
    this.#requests.add(request);
    for (const place of places) this.#underWay.set(place, request);
    this.#next = this.#wanted.size > 0 ? this.#send() : null;
    await request;
    this.#requests.delete(request);
    for (const place of places) this.#underWay.delete(place);
  }

  /**
   * Until the next request may go out; null: not now. What the ledger cannot say, such as on a full
   * disk, nobody is asked.
   */
  #delay(): number | null {
    const { service, ledger, timeoutMs, perSecond } = this.#options;
    try {
      return ledger.admit(service, this.#now(), {
        longestWaitMs: longestDelayMs,
        betweenMs: 1000 / perSecond,
        trialMs: timeoutMs,
      });
    } catch {
      return null;
    }
  }

  async #request(places: readonly string[]): Promise<void> {
    const { service, ledger, ask, timeoutMs } = this.#options;
    if (places.length === 0) return;
    try {
      const answers = await ask(places, AbortSignal.timeout(timeoutMs));
      ledger.keep(service, answers, this.#now());
      if (this.#recent.size > mostRecent) this.#recent.clear();
      if (this.#recent.size === 0) this.#recentUntil = this.#now() + recentMs;
      for (const [place, answer] of answers) this.#recent.set(place, answer);
      ledger.answered(service);
    } catch (error) {
      try {
        ledger.failed(service, this.#now(), messageOf(error));
      } catch {
        // then it is asked again too soon
      }
    }
  }
}
