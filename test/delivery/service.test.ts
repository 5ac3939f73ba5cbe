import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { liveStatus, readServices } from "../../src/api/status.ts";
import { storeFile } from "../../src/delivery/store.ts";
import type { ServiceStatus } from "../../src/services/status.ts";
import { type FinkProcess, startFink } from "../archive/process.ts";
import { until } from "../kafka/reading.ts";
import { addMatches, type RawAlert } from "./lake.ts";

const alerts: RawAlert[] = [{ id: 1n, night: "20260101", file: "x" }];
let lake = "";
let running: FinkProcess[] = [];
beforeEach(() => {
  lake = mkdtempSync(join(tmpdir(), "fink-delivery-service-"));
  running = [];
});
afterEach(async () => {
  for (const one of running) await one.kill();
  rmSync(lake, { recursive: true, force: true });
});

function start(
  args: readonly string[] = [],
  settings: Readonly<Record<string, string>> = {},
): FinkProcess {
  const one = startFink(["start", "delivery", ...args], {
    FINK_LAKE: lake,
    FINK_KAFKA_BROKERS: "localhost:1",
    ...settings,
  });
  running.push(one);
  return one;
}

function statusOf(name = "delivery"): ServiceStatus | null {
  try {
    return JSON.parse(
      readFileSync(join(lake, ".fink/run", `${name}.json`), "utf8"),
    ) as ServiceStatus;
  } catch {
    return null;
  }
}

const untilRunning = () => until("it runs", () => statusOf()?.state === "running");

describe("the delivery service", { timeout: 40_000 }, () => {
  it("goes on when one survey's loop rejects, and names it", async () => {
    mkdirSync(join(lake, "broken/matches/_delta_log"), { recursive: true });
    writeFileSync(
      join(lake, "broken/matches/_delta_log/00000000000000000000.json"),
      "no log entry",
    );
    await addMatches(lake, "ztf", "f", alerts);
    const one = start();
    await until("the survey is named", () => statusOf()?.message.includes("broken") ?? false);
    await until("ztf is delivered", () =>
      positions().some(({ target, survey }) => target === "kafka" && survey === "ztf"),
    );
    expect([one.child.exitCode, statusOf()?.state]).toEqual([null, "running"]);
  });

  it("goes on when it cannot read the store, and /healthz is red until it can", async () => {
    await addMatches(lake, "ztf", "f", alerts);
    const one = start();
    await until("it has begun", () => positions().length > 0);
    const db = new DatabaseSync(storeFile(lake));
    db.exec("ALTER TABLE position RENAME TO moved");
    await until(
      "it says so",
      () => statusOf()?.message.includes("no such table: position") ?? false,
    );
    await until("/healthz is red", () =>
      liveStatus(readServices(lake), Date.now()).problems.some((problem) =>
        problem.includes("delivery cannot "),
      ),
    );
    db.exec("ALTER TABLE moved RENAME TO position");
    db.close();
    await until(
      "all is well again",
      () =>
        statusOf()?.message === "" &&
        liveStatus(readServices(lake), Date.now()).problems.length === 0,
    );
    expect(one.child.exitCode).toBeNull();
  });

  it("is refused where another runs on the lake, under whatever name", async () => {
    start();
    await untilRunning();
    for (const args of [[], ["--name", "second"]]) {
      const { code, output } = await start(args).ended;
      expect(code).not.toBe(0);
      expect(output).toMatch(/a lake has one delivery service, and it runs already \(pid \d+\)/);
      expect(output).not.toContain("--name");
    }
  });
});

function positions(): { target: string; survey: string }[] {
  try {
    const db = new DatabaseSync(storeFile(lake), { readOnly: true });
    const rows = db.prepare("SELECT target, survey FROM position").all() as {
      target: string;
      survey: string;
    }[];
    db.close();
    return rows;
  } catch {
    return [];
  }
}
