import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { messageOf } from "../../errors.ts";

/** Fields of a source, in the order in which they were asked for; null: there is none. */
export type Stored = readonly (string | null)[] | null;

/** How a service does; times are ms since 1970. */
export interface ServiceState {
  readonly failures: number;
  /** Until then it is not asked. */
  readonly closedUntil: number;
  /** Before that no other request may go out. */
  readonly nextAt: number;
  /** What was wrong last; null: nothing since it answered. */
  readonly error: string | null;
}

const dayMs = 86_400_000;
const firstPauseMs = 5000;
const longestPauseMs = 60_000;
const keepsPerPruning = 64;

/**
 * What services have answered, and how they do: `<lake>/.fink/remote.db`, shared by all threads and
 * processes of a lake. Losing it costs requests, no answers: those are in the rows of `science`. A
 * place where something was found is kept for a week, one where nothing was for a day.
 */
export class RemoteLedger {
  readonly #db: DatabaseSync;
  readonly #mostAnswers: number;
  #kept = 0;

  constructor(lake: string, mostAnswers = 2_000_000) {
    mkdirSync(join(lake, ".fink"), { recursive: true });
    this.#db = new DatabaseSync(pathIn(lake), { timeout: 10_000 });
    this.#mostAnswers = mostAnswers;
    this.#db.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF;
      CREATE TABLE IF NOT EXISTS answers (service TEXT, place TEXT, asked_at INTEGER, answer TEXT, PRIMARY KEY (service, place)) WITHOUT ROWID;
      CREATE INDEX IF NOT EXISTS answers_by_age ON answers (asked_at);
      CREATE TABLE IF NOT EXISTS services (name TEXT PRIMARY KEY, failures INTEGER, closed_until INTEGER, next_at INTEGER, error TEXT) WITHOUT ROWID;`);
  }

  answers(service: string, places: Iterable<string>, now: number): Map<string, Stored> {
    const select = this.#db.prepare(
      "SELECT place, answer, asked_at FROM answers WHERE service = ? AND place IN (SELECT value FROM json_each(?))",
    );
    const rows = select.all(service, JSON.stringify([...places])) as {
      place: string;
      answer: string | null;
      asked_at: number;
    }[];
    const fresh = rows.filter(
      ({ answer, asked_at: askedAt }) => now - askedAt < (answer === null ? dayMs : 7 * dayMs),
    );
    return new Map(
      fresh.map(({ place, answer }) => [
        place,
        answer === null ? null : (JSON.parse(answer) as Stored),
      ]),
    );
  }

  keep(service: string, answers: ReadonlyMap<string, Stored>, now: number): void {
    this.#atOnce(() => {
      const insert = this.#db.prepare("INSERT OR REPLACE INTO answers VALUES (?, ?, ?, ?)");
      for (const [place, answer] of answers)
        insert.run(service, place, now, answer && JSON.stringify(answer));
      if (this.#kept++ % keepsPerPruning === 0) this.#prune(now);
    });
  }

  #prune(now: number): void {
    this.#db.prepare("DELETE FROM answers WHERE asked_at < ?").run(now - 7 * dayMs);
    const { count } = this.#db.prepare("SELECT count(*) AS count FROM answers").get() as {
      count: number;
    };
    if (count <= this.#mostAnswers) return;
    const oldest = "SELECT service, place FROM answers ORDER BY asked_at LIMIT ?";
    this.#db
      .prepare(`DELETE FROM answers WHERE (service, place) IN (${oldest})`)
      .run(count - Math.floor(0.9 * this.#mostAnswers));
  }

  stateOf(service: string): ServiceState {
    const row = this.#db
      .prepare("SELECT failures, closed_until, next_at, error FROM services WHERE name = ?")
      .get(service);
    if (!row) return { failures: 0, closedUntil: 0, nextAt: 0, error: null };
    return {
      failures: Number(row["failures"]),
      closedUntil: Number(row["closed_until"]),
      nextAt: Number(row["next_at"]),
      error: row["error"] as string | null,
    };
  }

  /** Services that do not answer, and what was wrong last. */
  troubles(): string[] {
    const rows = this.#db
      .prepare("SELECT name, error FROM services WHERE failures > 0 ORDER BY name")
      .all();
    return rows.map(({ name, error }) => `${String(name)} does not answer: ${String(error)}`);
  }

  /**
   * Leave to send one request: after how many ms; null: not now. While a service is down nobody has
   * it but one, who tries, when a pause is over; should nothing be heard of the trial within
   * `trialMs`, the next one may.
   */
  admit(
    service: string,
    now: number,
    {
      longestWaitMs,
      betweenMs,
      trialMs,
    }: { longestWaitMs: number; betweenMs: number; trialMs: number },
  ): number | null {
    return this.#atOnce(() => {
      const state = this.stateOf(service);
      const startsAt = Math.max(now, state.nextAt);
      if (now < state.closedUntil || startsAt - now > longestWaitMs) return null;
      this.#keepState(service, {
        ...state,
        nextAt: startsAt + betweenMs,
        closedUntil: state.failures > 0 ? now + trialMs : 0,
      });
      return startsAt - now;
    });
  }

  answered(service: string): void {
    this.#atOnce(() =>
      this.#keepState(service, {
        ...this.stateOf(service),
        failures: 0,
        closedUntil: 0,
        error: null,
      }),
    );
  }

  /** One failure is enough: everybody stops asking, for 5 s, then 10 … 60. */
  failed(service: string, now: number, error: string): void {
    this.#atOnce(() => {
      const state = this.stateOf(service);
      const pause = Math.min(longestPauseMs, firstPauseMs * 2 ** state.failures);
      this.#keepState(service, {
        ...state,
        failures: state.failures + 1,
        closedUntil: now + pause,
        error,
      });
    });
  }

  close(): void {
    this.#db.close();
  }

  #keepState(service: string, { failures, closedUntil, nextAt, error }: ServiceState): void {
    this.#db
      .prepare("INSERT OR REPLACE INTO services VALUES (?, ?, ?, ?, ?)")
      .run(service, failures, Math.round(closedUntil), Math.round(nextAt), error);
  }

  #atOnce<T>(work: () => T): T {
    this.#db.exec("BEGIN IMMEDIATE");
    try {
      const done = work();
      this.#db.exec("COMMIT");
      return done;
    } catch (error) {
      this.#db.exec("ROLLBACK");
      throw error;
    }
  }
}

function pathIn(lake: string): string {
  return join(lake, ".fink/remote.db");
}

/** Of a lake that may never have asked anybody; never throws. */
export function remoteTroubles(lake: string): string[] {
  if (!existsSync(pathIn(lake))) return [];
  try {
    const ledger = new RemoteLedger(lake);
    const troubles = ledger.troubles();
    ledger.close();
    return troubles;
  } catch (error) {
    return [`${pathIn(lake)} cannot be used: ${messageOf(error)}`];
  }
}
