import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import type { AlertReader } from "../../src/delivery/alerts.ts";
import { pauseAfter, TargetFollower } from "../../src/delivery/follow.ts";
import { DeliveryStore } from "../../src/delivery/store.ts";
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
});
afterEach(() => {
  store.close();
  rmSync(lake, { recursive: true, force: true });
});

const alerts = (from: number, count: number): RawAlert[] => Array.from({ length: count }, (_, i) => ({ id: BigInt(from + i), night: "20260101", file: "x" }));
const idsOf = (from: number, count: number) => alerts(from, count).map(({ id }) => `ztf/f@1/${id}`);
const noColumns = { type: "struct", fields: [] } as const;
const reader = { read: async (matches: readonly unknown[]) => matches.map(() => ({})), columns: () => noColumns } as unknown as AlertReader;
const filter = { name: "f", survey: "ztf", description: "", deliver: ["t"], columns: null, topic: "", owner: "" };
const signal = new AbortController().signal;

function follower(batch: number, { failAfter = Infinity } = {}): TargetFollower {
  let calls = 0;
  const target: Target = {
    name: "t",
    batch,
    images: false,
    async send(messages) {
      if (calls++ >= failAfter) throw new Error("no");
      sent.push(...messages.map(({ id }) => id));
      return [];
    },
    close: async () => {},
  };
  const filters = async () => new Map([["f", filter]]);
  return new TargetFollower({ lake, survey: "ztf", target, store, reader, filters, newTargetHours: 1, now: () => now });
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

it("a target that is new gets matches of the last hours only, and those of other filters are passed over", async () => {
  await addMatches(lake, "ztf", "f", alerts(1, 3));
  now += 2 * 3_600_000;
  const late = follower(100);
  await drain(late);
  expect(sent).toEqual([]);
  await addMatches(lake, "ztf", "g", alerts(4, 2));
  await addMatches(lake, "ztf", "f", alerts(6, 2));
  await drain(late);
  expect(sent).toEqual(idsOf(6, 2));
});

it("waits longer after each failure, five minutes at most", () => {
  expect([1, 2, 5, 20].map((failures) => pauseAfter(failures, () => 1))).toEqual([1000, 2000, 16_000, 300_000]);
  expect(pauseAfter(1, () => 0)).toBe(500);
});
