import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import type { AlertReader } from "../../src/delivery/alerts.ts";
import { pauseAfter, TargetFollower } from "../../src/delivery/follow.ts";
import type { Match } from "../../src/filters/filter.ts";
import { DeliveryStore } from "../../src/delivery/store.ts";
import type { Route } from "../../src/delivery/subscriptions.ts";
import type { Target } from "../../src/delivery/target.ts";
import { LakeTable } from "../../src/lake/table.ts";
import { entryPath } from "../../src/lake/log.ts";
import { addMatches, type RawAlert } from "./lake.ts";

let lake = "";
let store: DeliveryStore;
let sent: string[] = [];
let now = 0;
beforeEach(() => {
  lake = mkdtempSync(join(tmpdir(), "fink-follow-"));
  store = DeliveryStore.open(lake);
  sent = [];
  now = Date.now();
  routes = { f: { filter, namedAt: 0 } };
});
afterEach(() => {
  store.close();
  rmSync(lake, { recursive: true, force: true });
});

const alerts = (from: number, count: number): RawAlert[] =>
  Array.from({ length: count }, (_, i) => ({ id: BigInt(from + i), night: "20260101", file: "x" }));
const idsOf = (from: number, count: number) => alerts(from, count).map(({ id }) => `ztf/f@1/${id}`);
const noColumns = { type: "struct", fields: [] } as const;
const reader = {
  read: async (matches: readonly unknown[]) => matches.map(() => ({})),
  columns: () => noColumns,
} as unknown as AlertReader;
const filter = {
  name: "f",
  survey: "ztf",
  description: "",
  deliver: ["t"],
  columns: null,
  topic: "",
  owner: "",
  keptAt: 0,
};
/** What is known of filters, by name. */
let routes: Record<string, Route | string | null> = {};
const signal = new AbortController().signal;

function follower(
  batch: number,
  { failAfter = Infinity, before = async () => {}, refuses = false } = {},
): TargetFollower {
  let calls = 0;
  const target: Target = {
    name: "t",
    batch,
    images: false,
    async send(messages) {
      await before();
      if (refuses) return messages.map((message) => ({ message, reason: "refused" }));
      if (calls++ >= failAfter) throw new Error("no");
      sent.push(...messages.map(({ id }) => id));
      return [];
    },
    close: async () => {},
  };
  const route = async (match: Match) => routes[match.filter] ?? null;
  return new TargetFollower({
    lake,
    survey: "ztf",
    target,
    store,
    reader,
    route,
    newTargetHours: 1,
    now: () => now,
  });
}

async function drain(one: TargetFollower): Promise<void> {
  while ((await one.step(signal)) !== null);
}

it("goes on in the middle of a commit after a restart, and sends nothing of it twice or not at all", async () => {
  await addMatches(lake, "ztf", "f", alerts(1, 10));
  await addMatches(lake, "ztf", "f", alerts(11, 3));
  const first = follower(4, { failAfter: 2 });
  await expect(drain(first)).rejects.toThrow("no");
  expect(sent).toEqual(idsOf(1, 8));
  await addMatches(lake, "ztf", "f", alerts(14, 2));
  await drain(follower(4));
  expect(sent).toEqual(idsOf(1, 15));
});

it("sends what came since where vacuum took the log entries, and not what it sent before", async () => {
  await addMatches(lake, "ztf", "f", alerts(1, 5));
  await drain(follower(100));
  await new Promise((resolve) => setTimeout(resolve, 5)); // matches of another millisecond
  for (let i = 0; i < 3; i++) await addMatches(lake, "ztf", "f", alerts(6 + i, 1));
  const table = new LakeTable(join(lake, "ztf", "matches"));
  table.checkpoint();
  for (let version = 0; version <= 2; version++) rmSync(entryPath(table.path, version));
  await drain(follower(2));
  expect(new Set(sent)).toEqual(new Set(idsOf(1, 8)));
  // those of the last time that was sent come again: time is all that is known
  expect(sent.slice(5).filter((id) => !idsOf(1, 5).includes(id))).toEqual(idsOf(6, 3));
});

const hour = 3_600_000;

it("a target that is new gets what was published in the last hours only, however many matches there are, and those of other filters are passed over", async () => {
  await addMatches(lake, "ztf", "f", alerts(1, 3), { publishedAt: now - 2 * hour });
  await addMatches(lake, "ztf", "f", alerts(4, 2500), { publishedAt: now - 2 * hour });
  await addMatches(lake, "ztf", "f", alerts(3001, 3), { publishedAt: now - hour / 2 });
  const late = follower(100);
  await drain(late);
  expect(sent).toEqual(idsOf(3001, 3));
  await addMatches(lake, "ztf", "g", alerts(4001, 2), { publishedAt: now });
  await addMatches(lake, "ztf", "f", alerts(4003, 2), { publishedAt: now });
  await drain(late);
  expect(sent).toEqual([...idsOf(3001, 3), ...idsOf(4003, 2)]);
});

it("a target that is new gets matches of an older Fink by when they were matched", async () => {
  await addMatches(lake, "ztf", "f", alerts(1, 3));
  now += 2 * hour;
  await drain(follower(100));
  expect(sent).toEqual([]);
});

it("a filter that is new sends nothing of an old lake to an old target, but what somebody asked for", async () => {
  await drain(follower(100));
  now += 240 * hour;
  routes["f"] = { filter, namedAt: now };
  await addMatches(lake, "ztf", "f", alerts(1, 3), { publishedAt: now - 200 * hour });
  await addMatches(lake, "ztf", "f", alerts(4, 2), {
    publishedAt: now - 200 * hour,
    requested: true,
  });
  await addMatches(lake, "ztf", "f", alerts(6, 2), { publishedAt: now - hour / 2 });
  await drain(follower(100));
  expect(sent).toEqual(idsOf(4, 4));
});

it("a redriven dead letter is sent, or stays with a reason", async () => {
  await addMatches(lake, "ztf", "f", alerts(1, 1));
  routes["f"] = "The file is gone.";
  await drain(follower(100));
  for (const [route, reason] of [
    ["It is still gone.", "It is still gone."],
    [null, "Filter ztf/f does not name t (deliver:)."],
  ] as const) {
    routes["f"] = route;
    expect(store.redrive({})).toBe(1);
    await drain(follower(100));
    expect([sent, store.dead().map((letter) => letter.reason)]).toEqual([[], [reason]]);
  }
  routes["f"] = { filter, namedAt: now + 1000 * hour };
  store.redrive({});
  await drain(follower(100));
  expect([sent, store.dead()]).toEqual([idsOf(1, 1), []]);
});

it("two services that send at the same time lose nothing: the position moves once, and the second is told", async () => {
  await addMatches(lake, "ztf", "f", alerts(1, 4));
  const begun = Promise.withResolvers<void>();
  const go = Promise.withResolvers<void>();
  const slow = follower(4, {
    async before() {
      begun.resolve();
      await go.promise;
      throw new Error("not taken");
    },
  });
  const slowStep = slow.step(signal);
  await begun.promise;
  // the second sends the first two, and moves the position while the first still has all four in
  // hand
  await follower(2).step(signal);
  go.resolve();
  await expect(slowStep).rejects.toThrow("not taken");
  const lagging = follower(4, { before: async () => void (await follower(1).step(signal)) });
  await expect(lagging.step(signal)).rejects.toThrow(
    "another delivery service sends to t from this lake: stop one of them",
  );
  await drain(follower(4));
  expect(new Set(sent)).toEqual(new Set(idsOf(1, 4)));
  expect(store.position("t", "ztf")).toMatchObject({ version: 0, row: 0 });
});

it("a redriven letter that another service has sent meanwhile is not buried again", async () => {
  await addMatches(lake, "ztf", "f", alerts(1, 1));
  await drain(follower(1, { refuses: true }));
  expect(store.redrive({})).toBe(1);
  const lagging = follower(1, {
    refuses: true,
    before: async () => void (await follower(1).step(signal)),
  });
  await expect(lagging.step(signal)).rejects.toThrow("another delivery service sends to t");
  expect([sent, store.dead()]).toEqual([idsOf(1, 1), []]);
});

it("waits longer after each failure, five minutes at most", () => {
  expect([1, 2, 5, 20].map((failures) => pauseAfter(failures, () => 1))).toEqual([
    1000, 2000, 16_000, 300_000,
  ]);
  expect(pauseAfter(1, () => 0)).toBe(500);
});
