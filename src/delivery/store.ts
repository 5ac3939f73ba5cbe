import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { DatabaseSync, type SQLInputValue } from "node:sqlite";
import { pathToFileURL } from "node:url";
import type { Match } from "../filters/filter.ts";
import { isReadOnly, makeFolder } from "../folder.ts";
import { FinkError } from "../errors.ts";
import type { NightMatch } from "./matches.ts";

/** How far a target is in the matches of a survey. */
export interface Position {
  /** Version of `matches` that is sent whole. */
  readonly version: number;
  /** Rows of what came after it that are sent as well, or were passed over. */
  readonly row: number;
  /**
   * Latest time of a match that was sent, µs since 1970: what is older and comes again, because
   * vacuum took log entries, is not sent again.
   */
  readonly matchedAt: bigint;
  /** ms since 1970 */
  readonly sentAt: number;
  /** When the target was seen first: ms since 1970; 0: an older Fink did not keep it. */
  readonly since: number;
}

/**
 * A line of the delivery log: matches of one filter that went to one target together, or what kept
 * them from it.
 */
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

/** Records stored together with a position. */
export interface Outcomes {
  readonly lines?: readonly LogLine[];
  readonly dead?: readonly DeadLetter[];
  /** Ids of dead letters that are done with. */
  readonly settled?: readonly string[];
}

export interface Totals {
  readonly target: string;
  readonly survey: string;
  /** In the last 30 days. */
  readonly sent: number;
  readonly dead: number;
  /** ms since 1970; null: nothing was sent. */
  readonly sentAt: number | null;
  /** Of the last attempt; empty: it went well. */
  readonly error: string;
}

const logDays = 30;
const dayMs = 86_400_000;
/** Lines of the log that are kept at most. */
const logLines = 200_000;

export function storeFile(lake: string): string {
  return join(lake, ".fink", "deliveries.db");
}

const tables = `PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;
  CREATE TABLE IF NOT EXISTS position (target TEXT, survey TEXT, version INTEGER, row INTEGER, matched_at INTEGER, sent_at INTEGER, since INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (target, survey)) STRICT;
  CREATE TABLE IF NOT EXISTS log (at INTEGER, target TEXT, survey TEXT, filter TEXT, matches INTEGER, first TEXT, milliseconds INTEGER, error TEXT) STRICT;
  CREATE TABLE IF NOT EXISTS dead (target TEXT, survey TEXT, id TEXT, at INTEGER, reason TEXT, match TEXT, night TEXT, redrive INTEGER, PRIMARY KEY (target, id)) STRICT;
  CREATE INDEX IF NOT EXISTS log_at ON log (at);
  CREATE INDEX IF NOT EXISTS log_target ON log (target, survey, at);
  CREATE INDEX IF NOT EXISTS dead_target ON dead (target, survey);
  CREATE INDEX IF NOT EXISTS dead_redrive ON dead (target, survey, at, id) WHERE redrive = 1;`;

/**
 * Matches sent each day, so that totals need not read the log. A log from before it was there is
 * counted once.
 */
const sentTable = `CREATE TABLE sent (target TEXT, survey TEXT, day INTEGER, matches INTEGER, PRIMARY KEY (target, survey, day)) STRICT;
  INSERT INTO sent SELECT target, survey, at / ${dayMs}, sum(matches) FROM log WHERE error = '' GROUP BY 1, 2, 3;`;

/**
 * Where each target is, what was sent when, and what was refused: `<lake>/.fink/deliveries.db`.
 * Commands may read it while the service writes.
 */
export class DeliveryStore {
  readonly #db: DatabaseSync;

  static open(lake: string): DeliveryStore {
    makeFolder(dirname(storeFile(lake)));
    return new DeliveryStore(new DatabaseSync(storeFile(lake), { timeout: 10_000 }));
  }

  /** null: nothing was ever sent. */
  static openExisting(lake: string): DeliveryStore | null {
    if (!existsSync(storeFile(lake))) return null;
    if (!isReadOnly(storeFile(lake)) && !isReadOnly(dirname(storeFile(lake))))
      return DeliveryStore.open(lake);
    const file = pathToFileURL(storeFile(lake));
    // SQLite else wants to make its files of locks beside it
    file.searchParams.set("immutable", "1");
    return new DeliveryStore(new DatabaseSync(file, { readOnly: true }), true);
  }

  private constructor(db: DatabaseSync, isOnlyRead = false) {
    this.#db = db;
    if (isOnlyRead) return;
    db.exec(tables);
    const has = (sql: string) => db.prepare(sql).get() !== undefined;
    const hasSince = () => has("SELECT 1 FROM pragma_table_info('position') WHERE name = 'since'");
    const hasSent = () => has("SELECT 1 FROM sqlite_schema WHERE name = 'sent'");
    if (hasSince() && hasSent()) return;
    this.#transact(() => {
      // a file of an older Fink
      if (!hasSince()) db.exec("ALTER TABLE position ADD COLUMN since INTEGER NOT NULL DEFAULT 0");
      if (!hasSent()) db.exec(sentTable);
    });
  }

  close(): void {
    this.#db.close();
  }

  position(target: string, survey: string): Position | null {
    const statement = this.#db.prepare(
      "SELECT version, row, matched_at, sent_at, since FROM position WHERE target = ? AND survey = ?",
    );
    statement.setReadBigInts(true);
    const row = statement.get(target, survey);
    if (!row) return null;
    const number = (name: string) => Number(row[name]);
    return {
      version: number("version"),
      row: number("row"),
      matchedAt: row["matched_at"] as bigint,
      sentAt: number("sent_at"),
      since: number("since"),
    };
  }

  /**
   * The commit point of delivery: what the target has confirmed counts as sent from here on. A
   * crash before it sends the same matches again, with the same ids. Throws "fenced" when the
   * position is not `from` any more (null: there was none), or when somebody else has settled the
   * dead letters: nothing is written then, so that what the other one has not sent is still to be
   * sent.
   */
  advance(
    target: string,
    survey: string,
    from: Position | null,
    to: Position,
    { lines = [], dead = [], settled = [] }: Outcomes = {},
  ): void {
    this.#transact(() => {
      const values = [to.version, to.row, to.matchedAt, to.sentAt, to.since];
      const moved = from
        ? this.#run(
            "UPDATE position SET version = ?, row = ?, matched_at = ?, sent_at = ?, since = ? WHERE target = ? AND survey = ? AND version = ? AND row = ?",
            ...values,
            target,
            survey,
            from.version,
            from.row,
          )
        : this.#run(
            "INSERT OR IGNORE INTO position VALUES (?, ?, ?, ?, ?, ?, ?)",
            target,
            survey,
            ...values,
          );
      const removed = settled.reduce(
        (sum, id) => sum + this.#run("DELETE FROM dead WHERE target = ? AND id = ?", target, id),
        0,
      );
      if (moved === 0 || removed < settled.length) {
        throw new FinkError(
          "fenced",
          `another delivery service sends to ${target} from this lake: stop one of them (./fink status)`,
        );
      }
      for (const line of lines) this.#log(line);
      for (const letter of dead) this.#bury(letter);
    });
  }

  failed(line: LogLine): void {
    this.#log(line);
  }

  prune(now: number): void {
    this.#run("DELETE FROM log WHERE at < ?", now - logDays * dayMs);
    this.#run("DELETE FROM log WHERE rowid <= (SELECT max(rowid) FROM log) - ?", logLines);
    this.#run("DELETE FROM sent WHERE day < ?", Math.floor(now / dayMs) - logDays);
  }

  /** Newest first. */
  log(of: {
    readonly target?: string;
    readonly failed?: boolean;
    readonly limit: number;
  }): LogLine[] {
    const sql = `SELECT * FROM log WHERE (?1 IS NULL OR target = ?1) AND (?2 = 0 OR error <> '') ORDER BY at DESC, rowid DESC LIMIT ?3`;
    return this.#db
      .prepare(sql)
      .all(of.target ?? null, of.failed ? 1 : 0, of.limit) as unknown as LogLine[];
  }

  totals(): Totals[] {
    const sql = `SELECT p.target, p.survey, nullif(p.sent_at, 0) AS sentAt,
      coalesce((SELECT sum(matches) FROM sent s WHERE s.target = p.target AND s.survey = p.survey), 0) AS sent,
      (SELECT count(*) FROM dead d WHERE d.target = p.target AND d.survey = p.survey) AS dead,
      coalesce((SELECT error FROM log l WHERE l.target = p.target AND l.survey = p.survey ORDER BY at DESC, rowid DESC LIMIT 1), '') AS error
      FROM position p WHERE p.survey <> '' ORDER BY p.target, p.survey`;
    return this.#db.prepare(sql).all() as unknown as Totals[];
  }

  /** Oldest first. */
  dead({
    target,
    limit = -1,
  }: { readonly target?: string; readonly limit?: number } = {}): DeadLetter[] {
    return this.#db
      .prepare("SELECT * FROM dead WHERE (?1 IS NULL OR target = ?1) ORDER BY at, id LIMIT ?2")
      .all(target ?? null, limit)
      .map(letterOf);
  }

  /** Dead letters that are to be sent again, oldest first. */
  marked(target: string, survey: string, limit: number): DeadLetter[] {
    return this.#db
      .prepare(
        "SELECT * FROM dead WHERE target = ? AND survey = ? AND redrive = 1 ORDER BY at, id LIMIT ?",
      )
      .all(target, survey, limit)
      .map(letterOf);
  }

  /** Marks dead letters to be sent again, and says how many. */
  redrive({ target, id }: { readonly target?: string; readonly id?: string }): number {
    return this.#run(
      "UPDATE dead SET redrive = 1 WHERE (?1 IS NULL OR target = ?1) AND (?2 IS NULL OR id = ?2)",
      target ?? null,
      id ?? null,
    );
  }

  /** Adds letters that are to be sent, though they are no dead letters yet. */
  ask(letters: readonly DeadLetter[]): void {
    this.#transact(() => {
      for (const letter of letters) this.#bury(letter);
    });
  }

  #bury({ target, survey, id, at, reason, match, night, redrive }: DeadLetter): void {
    this.#run(
      "INSERT OR REPLACE INTO dead VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
      target,
      survey,
      id,
      at,
      reason,
      stringify(match),
      night,
      Number(redrive),
    );
  }

  #log({ at, target, survey, filter, matches, first, milliseconds, error }: LogLine): void {
    this.#run(
      "INSERT INTO log VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
      at,
      target,
      survey,
      filter,
      matches,
      first,
      Math.round(milliseconds),
      error,
    );
    if (error !== "" || matches === 0) return;
    const count =
      "INSERT INTO sent VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET matches = matches + excluded.matches";
    this.#run(count, target, survey, Math.floor(at / dayMs), matches);
  }

  #transact(work: () => void): void {
    this.#db.exec("BEGIN IMMEDIATE");
    try {
      work();
      this.#db.exec("COMMIT");
    } catch (error) {
      // on a full disk SQLite has done it already
      if (this.#db.isTransaction) this.#db.exec("ROLLBACK");
      throw error;
    }
  }

  #run(sql: string, ...values: SQLInputValue[]): number {
    return Number(this.#db.prepare(sql).run(...values).changes);
  }
}

function letterOf(row: Readonly<Record<string, unknown>>): DeadLetter {
  return {
    ...(row as unknown as DeadLetter),
    match: parse(String(row["match"])),
    redrive: row["redrive"] === 1,
  };
}

/**
 * 64-bit integers as text with an n, and so that the two differ, an id that is a text with = before
 * it.
 */
function stringify({ alert, ...match }: Match): string {
  return JSON.stringify(
    { ...match, alert: typeof alert === "string" ? `=${alert}` : alert },
    (_, value: unknown) => (typeof value === "bigint" ? `${value}n` : value),
  );
}

function parse(text: string): Match {
  const row = JSON.parse(text) as Record<string, unknown>;
  const bigint = (name: string) => BigInt(String(row[name]).slice(0, -1));
  const alert = String(row["alert"]);
  const published_at = typeof row["published_at"] === "string" ? bigint("published_at") : null;
  return {
    ...(row as unknown as Match),
    alert: alert.startsWith("=") ? alert.slice(1) : bigint("alert"),
    matched_at: bigint("matched_at"),
    published_at,
  };
}
