import { afterEach, beforeEach, expect, test } from "vitest";
import { type FakeNight, fakeNight } from "../../test/browser/fake-night.ts";
import { liveStatus, readServices } from "./status.ts";

let night: FakeNight;
beforeEach(() => (night = fakeNight()));
afterEach(() => night.end());

const read = (now = Date.now()) => liveStatus(readServices(night.lake, now), now);

test("a lake on which nothing ran", () => {
  expect(read()).toMatchObject({ services: [], totals: null, problems: [] });
});

test("two archives are summed; the latency is that of the slower, lag counts where known", () => {
  night.archive(10);
  const archive = readServices(night.lake)[0].archive;
  if (!archive) throw new Error("no archive");
  night.say({
    name: "archive2",
    archive: {
      ...archive,
      archived: 5,
      lag: null,
      latencyMs: { p50: 1000, p99: 1100 },
      sources: [],
    },
  });
  expect(read().totals).toMatchObject({
    archived: 15,
    archivedPerSecond: 20,
    lag: 0,
    latencyMs: { p50: 1000, p99: 1640 },
  });
  expect(JSON.stringify(read())).not.toContain("sources");
});

test("a service that stopped is no problem, one that failed or fell silent is, with what to do", () => {
  night.say({ name: "archive", state: "stopped" });
  expect(read()).toMatchObject({ services: [{ health: "stopped", problem: "" }], problems: [] });
  night.say({ state: "failed", message: "no broker at kafka:9092" });
  expect(read().problems).toEqual([
    "archive failed: no broker at kafka:9092. Then: ./fink start archive",
  ]);
  night.say({ name: "a2", state: "running", message: "", updatedAt: 50_000 });
  expect(read(62_000).services.find((s) => s.name === "a2")).toMatchObject({
    health: "stale",
    problem: expect.stringMatching(
      /^a2 \(process \d+\) has not reported for 12 s\. .*\.\/fink start archive --name a2$/,
    ),
  });
});

test("a missing process is given three seconds: it may run where we do not see it", () => {
  night.say({ updatedAt: 50_000 });
  expect([52_000, 54_000].map((now) => read(now).services[0].health)).toEqual(["ok", "stale"]);
});
