import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { startFink } from "../../test/archive/process.ts";
import { append, oldColumns } from "../../test/lake/tables.ts";
import { configSchema } from "../config/schema.ts";
import { LakeTable } from "../lake/table.ts";
import { createLogger } from "../log.ts";
import { compaction } from "./compaction.ts";
import type { ServiceContext, StatusChange } from "./service.ts";

let lake: string;

beforeEach(() => (lake = mkdtempSync(join(tmpdir(), "fink-compaction-"))));
afterEach(() => rmSync(lake, { recursive: true, force: true }));

async function makeTable(survey: string): Promise<string> {
  const path = join(lake, survey, "raw");
  for (const candid of [1n, 2n, 3n])
    await append(new LakeTable(path), oldColumns, [{ candid }], 20260101);
  return path;
}

function context(
  changes: Partial<ServiceContext>,
  said: StatusChange[],
  lines: string[],
): ServiceContext {
  const log = createLogger("info", true, (line) => lines.push(line));
  return {
    config: { ...configSchema.parse({}), lake },
    lake,
    signal: new AbortController().signal,
    once: true,
    status: (change) => said.push(change),
    log,
    ...changes,
  };
}

test("once: merges the files of every table and returns", async () => {
  const [ztf, other] = [await makeTable("ztf"), await makeTable("nobody_knows")];
  const lines: string[] = [];
  await compaction.run(context({}, [], lines));
  expect([ztf, other].map((path) => new LakeTable(path).snapshot.files.size)).toEqual([1, 1]);
  expect(lines.join("")).toContain("ztf.raw: 3 files became 1");
});

test("a damaged table does not keep the others from being merged; the service says so and goes on", async () => {
  const [damaged, whole] = [await makeTable("a"), await makeTable("b")];
  const first = new LakeTable(damaged).snapshot.files.keys().next().value!;
  writeFileSync(join(damaged, first), "not Parquet");
  const stopping = new AbortController();
  const said: StatusChange[] = [];
  const status = (change: StatusChange) => {
    said.push(change);
    if (change.message !== undefined) stopping.abort();
  };
  await compaction.run(context({ once: false, signal: stopping.signal, status }, said, []));
  expect(new LakeTable(whole).snapshot.files.size).toBe(1);
  expect(new LakeTable(damaged).snapshot.files.size).toBe(3);
  expect(said.at(-1)?.message).toMatch(/parquet/i);
});

test("stops at once while it waits for its next turn", async () => {
  const stopping = new AbortController();
  setTimeout(() => stopping.abort(), 300);
  const startedAt = Date.now();
  await compaction.run(context({ once: false, signal: stopping.signal }, [], []));
  expect(Date.now() - startedAt).toBeLessThan(3000);
});

test("its process is killed: the service says so and lives; the service is killed: its process ends", async () => {
  for (const survey of ["a", "b"]) await makeTable(survey);
  const said: StatusChange[] = [];
  const killed = new AbortController();
  const running = compaction.run(context({ once: false, signal: killed.signal }, said, []));
  const child = await childOf(process.pid, "compaction-process.ts");
  process.kill(child, "SIGKILL");
  await expect
    .poll(() => said.at(-1)?.message ?? said.at(-2)?.message, { timeout: 20_000 })
    .toContain("its process ended by itself (SIGKILL)");
  killed.abort();
  await running;
  const service = startFink(["start", "compaction"], { FINK_LAKE: lake });
  const own = await childOf(service.child.pid!, "compaction-process.ts");
  await service.kill("SIGKILL");
  await expect.poll(() => existsSync(`/proc/${own}`), { timeout: 20_000 }).toBe(false);
});

test.each(["SIGTERM", "SIGINT", "SIGHUP"] as const)(
  "a stop of the whole group by %s lets the run that has begun end",
  async (signal) => {
    const paths = await Promise.all(["a", "b", "c", "d", "e"].map(makeTable));
    const lines: string[] = [];
    let child: Promise<void> | undefined;
    const log = createLogger("info", true, (line) => {
      lines.push(line);
      child ??= childOf(process.pid, "compaction-process.ts").then(
        (pid) => void process.kill(pid, signal),
      ); // the first table is done
    });
    await compaction.run(context({ log }, [], []));
    await child;
    expect(lines.join("")).not.toContain("ended by itself");
    expect(paths.map((path) => new LakeTable(path).snapshot.files.size)).toEqual([1, 1, 1, 1, 1]);
  },
);

async function childOf(parent: number, script: string): Promise<number> {
  for (;;) {
    const pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
    const own = pids.find((pid) => {
      try {
        return (
          readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1)!.split(" ")[1] ===
            String(parent) && readFileSync(`/proc/${pid}/cmdline`, "utf8").includes(script)
        );
      } catch {
        return false; // ended meanwhile
      }
    });
    if (own !== undefined) return Number(own);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
