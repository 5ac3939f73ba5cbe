import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { ownerMessages, ownerMessagesFile, tellOwner } from "../filters/owner-messages.ts";
import { DeliveryStore, type LogLine, storeFile } from "./store.ts";

const day = 86_400_000;
let lake = "";
beforeEach(() => {
  lake = mkdtempSync(join(tmpdir(), "fink-store-"));
});
afterEach(() => rmSync(lake, { recursive: true, force: true }));

const line = (at: number, matches: number, error = ""): LogLine => ({
  at,
  target: "t",
  survey: "ztf",
  filter: "f",
  matches,
  first: "x",
  milliseconds: 1,
  error,
});
const start = { version: -1, row: 0, matchedAt: 0n, sentAt: 0, since: 0 };

it("counts what was sent in 30 days without reading the log, also of a file that an older Fink wrote", () => {
  mkdirSync(dirname(storeFile(lake)), { recursive: true });
  const old = new DatabaseSync(storeFile(lake));
  old.exec(`CREATE TABLE position (target TEXT, survey TEXT, version INTEGER, row INTEGER, matched_at INTEGER, sent_at INTEGER, PRIMARY KEY (target, survey)) STRICT;
    CREATE TABLE log (at INTEGER, target TEXT, survey TEXT, filter TEXT, matches INTEGER, first TEXT, milliseconds INTEGER, error TEXT) STRICT;
    INSERT INTO position VALUES ('t', 'ztf', 3, 1, 5, 6);
    INSERT INTO log VALUES (${100 * day}, 't', 'ztf', 'f', 7, 'x', 1, ''), (${101 * day}, 't', 'ztf', 'f', 2, 'x', 1, 'no answer');`);
  old.close();
  const store = DeliveryStore.open(lake);
  expect(store.position("t", "ztf")).toEqual({
    version: 3,
    row: 1,
    matchedAt: 5n,
    sentAt: 6,
    since: 0,
  });
  expect(store.totals()).toEqual([
    { target: "t", survey: "ztf", sent: 7, dead: 0, sentAt: 6, error: "no answer" },
  ]);
  const at = store.position("t", "ztf")!;
  store.advance(
    "t",
    "ztf",
    at,
    { ...at, version: 4 },
    { lines: [line(120 * day, 5), line(120 * day, 5), line(120 * day, 1, "dead letter: no")] },
  );
  expect(store.totals()).toMatchObject([{ sent: 17, error: "dead letter: no" }]);
  store.prune(131 * day);
  expect(store.totals()).toMatchObject([{ sent: 10 }]);
  expect(store.log({ limit: 10 }).length).toBe(4);
  store.close();
});

it("keeps so many lines of the log at most, the newest", () => {
  const store = DeliveryStore.open(lake);
  store.failed(line(50 * day, 1, "the first"));
  const many = new DatabaseSync(storeFile(lake));
  many.exec(`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200000)
    INSERT INTO log SELECT ${50 * day} + i, 't', 'ztf', 'f', 1, 'x', 1, '' FROM n`);
  expect(store.log({ failed: true, limit: 1 }).length).toBe(1);
  store.prune(51 * day);
  expect(store.log({ failed: true, limit: 1 }).length).toBe(0);
  expect(many.prepare("SELECT count(*) AS lines FROM log").get()).toEqual({ lines: 200_000 });
  many.close();
  store.close();
});

it("looks dead letters and the last line of the log up by an index", () => {
  DeliveryStore.open(lake).close();
  const db = new DatabaseSync(storeFile(lake));
  const plan = (sql: string) =>
    db
      .prepare(`EXPLAIN QUERY PLAN ${sql}`)
      .all()
      .map(({ detail }) => String(detail))
      .join("; ");
  expect(
    plan(
      "SELECT * FROM dead WHERE target = 't' AND survey = 'ztf' AND redrive = 1 ORDER BY at, id LIMIT 10",
    ),
  ).toBe("SEARCH dead USING INDEX dead_redrive (target=? AND survey=?)");
  expect(
    plan(
      "SELECT error FROM log l WHERE l.target = 't' AND l.survey = 'ztf' ORDER BY at DESC, rowid DESC LIMIT 1",
    ),
  ).toBe("SEARCH l USING INDEX log_target (target=? AND survey=?)");
  expect(plan("SELECT count(*) FROM dead d WHERE d.target = 't' AND d.survey = 'ztf'")).toMatch(
    /^SEARCH d USING COVERING INDEX/,
  );
  db.close();
});

it("moves a position only from where it was read", () => {
  const store = DeliveryStore.open(lake);
  store.advance("t", "ztf", null, start);
  store.advance("t", "ztf", start, { ...start, row: 2 });
  expect(() =>
    store.advance("t", "ztf", start, { ...start, row: 1 }, { lines: [line(1, 1)] }),
  ).toThrow("another delivery service sends to t");
  expect(() => store.advance("t", "ztf", null, start)).toThrow(
    "another delivery service sends to t",
  );
  expect([store.position("t", "ztf")?.row, store.log({ limit: 5 })]).toEqual([2, []]);
  store.close();
});

it("names a full disk, keeps what was there, and writes again when there is room", () => {
  const opened = vi.spyOn(DatabaseSync.prototype, "exec");
  const store = DeliveryStore.open(lake);
  const db = opened.mock.contexts[0] as DatabaseSync;
  opened.mockRestore();
  store.advance("t", "ztf", null, start);
  const lines = Array.from({ length: 5000 }, (_, at) => line(at, 1));
  db.exec("PRAGMA max_page_count = 40");
  expect(() => store.advance("t", "ztf", start, { ...start, row: 1 }, { lines })).toThrow(
    "database or disk is full",
  );
  expect([store.position("t", "ztf"), store.log({ limit: 1 })]).toEqual([start, []]);
  db.exec("PRAGMA max_page_count = 100000");
  store.advance("t", "ztf", start, { ...start, row: 1 }, { lines });
  expect(store.totals()).toMatchObject([{ sent: 5000 }]);
  store.close();
});

it("keeps the newest messages to owners under their numbers, and the others are dropped", () => {
  const message = {
    at: 1,
    survey: "ztf",
    filter: "f",
    version: 1,
    owner: "me@example.org",
    text: "It is off.",
  };
  mkdirSync(dirname(ownerMessagesFile(lake)), { recursive: true });
  // an older Fink gave no numbers
  writeFileSync(ownerMessagesFile(lake), `${JSON.stringify(message)}\n`.repeat(1000));
  for (let i = 0; i < 3; i++) tellOwner(lake, message);
  const numbers = ownerMessages(lake).map(({ number }) => number);
  expect([numbers.length, numbers[0], numbers.at(-1)]).toEqual([1000, 4, 1003]);
  expect(readFileSync(ownerMessagesFile(lake), "utf8").split("\n").length).toBe(1001);
});
