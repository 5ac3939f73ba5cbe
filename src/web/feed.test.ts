import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { type FeedState, followFeed } from "./feed.ts";

/** Stands for the browser's EventSource: the test speaks for the server. */
class FakeSource extends EventTarget {
  static all: FakeSource[] = [];
  closed = false;
  onerror: (() => void) | null = null;
  constructor() {
    super();
    FakeSource.all.push(this);
  }
  close(): void {
    this.closed = true;
  }
  say(event: string, data: unknown): void {
    this.dispatchEvent(new MessageEvent(event, { data: JSON.stringify(data) }));
  }
}

let state: FeedState;
const host = { open: () => new FakeSource() as unknown as EventSource, now: () => Date.now() };
const follow = () => followFeed("/live", (s) => (state = s), host);
const source = () => FakeSource.all[FakeSource.all.length - 1];
const status = (at: number, rate: number) => ({
  at,
  services: [],
  totals: { receivedPerSecond: rate, archivedPerSecond: rate },
  problems: [],
});

beforeEach(() => {
  vi.useFakeTimers({ now: 1_000_000 });
  FakeSource.all = [];
});
afterEach(() => vi.useRealTimers());

test("what the server says is the state", () => {
  const feed = follow();
  source().say("alerts", [{ alertId: "1" }]);
  expect(state).toMatchObject({ connection: { state: "open" }, alerts: [{ alertId: "1" }] });
  feed.close();
  expect(source().closed).toBe(true);
});

test("a lost connection is opened again, ever more slowly, and says since when", () => {
  const feed = follow();
  source().say("status", status(1, 5));
  const delays: number[] = [];
  for (let i = 0; i < 6; i++) {
    source().onerror?.();
    if (state.connection.state !== "lost") throw new Error("not lost");
    expect(state.connection.since).toBe(1_000_000);
    delays.push(state.connection.retryAt - Date.now());
    const before = FakeSource.all.length;
    vi.advanceTimersByTime(delays[i]);
    expect(FakeSource.all).toHaveLength(before + 1);
  }
  expect(delays).toEqual([1000, 2000, 4000, 8000, 15_000, 15_000]);
  source().say("status", status(2, 5));
  expect(state.connection).toEqual({ state: "open" });
  expect(FakeSource.all.filter((s) => !s.closed)).toHaveLength(1);
  feed.close();
});

test("silence is a lost connection", () => {
  const feed = follow();
  source().say("status", status(1, 5));
  vi.advanceTimersByTime(8_000);
  expect(state.connection.state).toBe("lost");
  feed.close();
});

test("the rates go on over a restart of the server, and end after ten minutes", () => {
  const feed = follow();
  source().say("history", { at: [1000, 2000], received: [1, 2], archived: [1, 2] });
  source().say("status", status(3000, 3));
  source().say("history", { at: [3000, 4000], received: [30, 40], archived: [30, 40] });
  expect(state.history).toEqual({
    at: [1000, 2000, 3000, 4000],
    received: [1, 2, 30, 40],
    archived: [1, 2, 30, 40],
  });
  source().say("status", status(602_500, 7));
  expect(state.history?.at).toEqual([3000, 4000, 602_500]);
  feed.close();
});
