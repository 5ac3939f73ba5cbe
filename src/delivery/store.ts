import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { DatabaseSync, type SQLInputValue } from "node:sqlite";
import type { Match } from "../filters/filter.ts";
import { makeFolder } from "../folder.ts";
import type { NightMatch } from "./matches.ts";

/** How far a target is in the matches of a survey. */
export interface Position {
  /** Version of `matches` that is sent whole. */
  readonly version: number;
  /** Rows of what came after it that are sent as well, or were passed over. */
  readonly row: number;
  /** Latest time of a match that was sent, µs since 1970: what is older and comes again, because vacuum took log entries, is not sent again. */
  readonly matchedAt: bigint;
  /** ms since 1970 */
  readonly sentAt: number;
}

/** A line of the delivery log: matches of one filter that went to one target together, or what kept them from it. */
export interface LogLine {
  /** ms since 1970 */
  readonly at: number;
  readonly target: string;
  readonly survey: string;
  readonly filter: string;
  readonly matches: number;
  /** Id of the first of them. */
  readonly first: string;
  readonly milliseconds: number;
  /** Empty: they are there. */
  readonly error: string;
}

/** A match that a target refused for good. */
export interface DeadLetter extends NightMatch {
  readonly target: string;
  readonly survey: string;
  readonly id: string;
  /** ms since 1970 */
  readonly at: number;
  readonly reason: string;
  /** Whether it is to be sent again. */
  readonly redrive: boolean;
}

export interface Totals {
  readonly target: string;
  readonly survey: string;
  /** Since the log begins. */
  readonly sent: number;
  readonly dead: number;
  /** ms since 1970; null: nothing was sent. */
  readonly sentAt: number | null;
  /** Of the last attempt; empty: it went well. */
  readonly error: string;
}

const logDays = 30;

export function storeFile(lake: string): string {
  return join(lake, ".fink", "deliveries.db");
}

/** Where each target is, what was sent when, and what was refused: `<lake>/.fink/deliveries.db`. Commands may read it while the service writes. */
export class DeliveryStore {
  readonly #db: DatabaseSync;

  static open(lake: string): DeliveryStore {
    makeFolder(dirname(storeFile(lake)));
    return new DeliveryStore(new DatabaseSync(storeFile(lake), { timeout: 10_000 }));
  }

  /** null: nothing was ever sent. */
  static openExisting(lake: string): DeliveryStore | null {
    return existsSync(storeFile(lake)) ? DeliveryStore.open(lake) : null;
  }

  private constructor(db: DatabaseSync) {
    this.#db = db;
    db.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;
      CREATE TABLE IF NOT EXISTS position (target TEXT, survey TEXT, version INTEGER, row INTEGER, matched_at INTEGER, sent_at INTEGER, PRIMARY KEY (target, survey)) STRICT;
      CREATE TABLE IF NOT EXISTS log (at INTEGER, target TEXT, survey TEXT, filter TEXT, matches INTEGER, first TEXT, milliseconds INTEGER, error TEXT) STRICT;
      CREATE INDEX IF NOT EXISTS log_at ON log (at);
      CREATE TABLE IF NOT EXISTS dead (target TEXT, survey TEXT, id TEXT, at INTEGER, reason TEXT, match TEXT, night TEXT, redrive INTEGER, PRIMARY KEY (target, id)) STRICT;`);
  }

  close(): void {
    this.#db.close();
  }

  position(target: string, survey: string): Position | null {
    const statement = this.#db.prepare("SELECT version, row, matched_at, sent_at FROM position WHERE target = ? AND survey = ?");
    statement.setReadBigInts(true);
    const row = statement.get(target, survey);
    return row ? { version: Number(row["version"]), row: Number(row["row"]), matchedAt: row["matched_at"] as bigint, sentAt: Number(row["sent_at"]) } : null;
  }

  /**
   * The commit point of delivery: what the target has confirmed counts as sent from here on. A crash before it sends the same matches again, with the same ids.
   */
  advance(target: string, survey: string, to: Position, lines: readonly LogLine[], dead: readonly DeadLetter[], settled: readonly string[] = []): void {
    this.#db.exec("BEGIN IMMEDIATE");
    try {
      this.#run("INSERT OR REPLACE INTO position VALUES (?, ?, ?, ?, ?, ?)", target, survey, to.version, to.row, to.matchedAt, to.sentAt);
      for (const id of settled) this.#run("DELETE FROM dead WHERE target = ? AND id = ?", target, id);
      for (const line of lines) this.#log(line);
      for (const { id, at, reason, match, night } of dead) {
        this.#run("INSERT OR REPLACE INTO dead VALUES (?, ?, ?, ?, ?, ?, ?, 0)", target, survey, id, at, reason, stringify(match), night);
      }
      this.#db.exec("COMMIT");
    } catch (error) {
      this.#db.exec("ROLLBACK");
      throw error;
    }
  }

  failed(line: LogLine): void {
    this.#log(line);
  }

  prune(now: number): void {
    this.#run("DELETE FROM log WHERE at < ?", now - logDays * 86_400_000);
  }

  /** Newest first. */
  log(of: { readonly target?: string; readonly failed?: boolean; readonly limit: number }): LogLine[] {
    const sql = `SELECT * FROM log WHERE (?1 IS NULL OR target = ?1) AND (?2 = 0 OR error <> '') ORDER BY at DESC, rowid DESC LIMIT ?3`;
    return this.#db.prepare(sql).all(of.target ?? null, of.failed ? 1 : 0, of.limit) as unknown as LogLine[];
  }

  totals(): Totals[] {
    const sql = `SELECT p.target, p.survey, nullif(p.sent_at, 0) AS sentAt,
      coalesce((SELECT sum(matches) FROM log l WHERE l.target = p.target AND l.survey = p.survey AND l.error = ''), 0) AS sent,
      (SELECT count(*) FROM dead d WHERE d.target = p.target AND d.survey = p.survey) AS dead,
      coalesce((SELECT error FROM log l WHERE l.target = p.target AND l.survey = p.survey ORDER BY at DESC, rowid DESC LIMIT 1), '') AS error
      FROM position p WHERE p.survey <> '' ORDER BY p.target, p.survey`;
    return this.#db.prepare(sql).all() as unknown as Totals[];
  }

  /** Oldest first. */
  dead(of: { readonly target?: string; readonly survey?: string; readonly redrive?: boolean } = {}): DeadLetter[] {
    const sql = `SELECT * FROM dead WHERE (?1 IS NULL OR target = ?1) AND (?2 IS NULL OR survey = ?2) AND (?3 = 0 OR redrive = 1) ORDER BY at, id`;
    const rows = this.#db.prepare(sql).all(of.target ?? null, of.survey ?? null, of.redrive ? 1 : 0);
    return rows.map((row) => ({ ...(row as unknown as DeadLetter), match: parse(String(row["match"])), redrive: row["redrive"] === 1 }));
  }

  /** Marks dead letters to be sent again, and says how many. */
  redrive({ target, id }: { readonly target?: string; readonly id?: string }): number {
    return this.#run("UPDATE dead SET redrive = 1 WHERE (?1 IS NULL OR target = ?1) AND (?2 IS NULL OR id = ?2)", target ?? null, id ?? null);
  }

  #log({ at, target, survey, filter, matches, first, milliseconds, error }: LogLine): void {
    this.#run("INSERT INTO log VALUES (?, ?, ?, ?, ?, ?, ?, ?)", at, target, survey, filter, matches, first, Math.round(milliseconds), error);
  }

  #run(sql: string, ...values: SQLInputValue[]): number {
    return Number(this.#db.prepare(sql).run(...values).changes);
  }
}

/** 64-bit integers as text with an n. */
function stringify(match: Match): string {
  return JSON.stringify(match, (_, value: unknown) => (typeof value === "bigint" ? `${value}n` : value));
}

function parse(text: string): Match {
  const row = JSON.parse(text) as Record<string, unknown>;
  const bigint = (name: string) => BigInt(String(row[name]).slice(0, -1));
  return { ...(row as unknown as Match), alert: bigint("alert"), matched_at: bigint("matched_at") };
}
