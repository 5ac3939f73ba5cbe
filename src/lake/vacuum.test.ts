import { existsSync, mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { entryPath, logFolder } from "./log.ts";
import { LakeTable } from "./table.ts";
import { scratchFolder } from "./tables.ts";
import { vacuumScratch, vacuumTable } from "./vacuum.ts";

const dayMs = 86_400_000;
let lake: string;
let path: string;

beforeEach(() => {
  lake = mkdtempSync(join(tmpdir(), "fink-vacuum-"));
  path = join(lake, "ztf", "raw");
});

afterEach(() => rmSync(lake, { recursive: true, force: true }));

function file(name: string, daysOld = 0): string {
  const full = join(path, name);
  mkdirSync(dirname(full), { recursive: true });
  writeFileSync(full, "x");
  age(full, daysOld);
  return name;
}

function age(full: string, daysOld: number): void {
  const at = (Date.now() - daysOld * dayMs) / 1000;
  utimesSync(full, at, at);
}

function add(table: LakeTable, name: string): void {
  const change = {
    path: file(name),
    partitionValues: { night: "1" },
    size: 1,
    modificationTime: 0,
    dataChange: true,
  };
  table.commit({ operation: "test", add: [change] });
}

describe("vacuum", () => {
  test("deletes replaced files once they are older than what is kept", () => {
    const table = new LakeTable(path);
    add(table, "night=1/a.parquet");
    add(table, "night=1/b.parquet");
    table.commit({ operation: "test", remove: ["night=1/a.parquet"] });
    expect(vacuumTable(path, { keepDays: 7 }, Date.now() + 6 * dayMs).deleted).toEqual([]);
    expect(vacuumTable(path, { keepDays: 7 }, Date.now() + 7.5 * dayMs).deleted).toContain(
      "night=1/a.parquet",
    );
    expect(existsSync(join(path, "night=1/a.parquet"))).toBe(false);
    expect(existsSync(join(path, "night=1/b.parquet"))).toBe(true);
  });

  test("leaves a file that nobody committed yet for a day, whatever is asked", () => {
    add(new LakeTable(path), "night=1/a.parquet");
    file("night=1/being-written.parquet");
    file("night=1/abandoned.parquet", 8);
    expect(vacuumTable(path, { keepDays: 0 }).deleted).toEqual(["night=1/abandoned.parquet"]);
    expect(vacuumTable(path, { keepDays: 0 }, Date.now() + 2 * dayMs).deleted).toContain(
      "night=1/being-written.parquet",
    );
  });

  test("says what it would do without doing it", () => {
    const table = new LakeTable(path);
    add(table, "night=1/a.parquet");
    table.commit({ operation: "test", remove: ["night=1/a.parquet"] });
    const before = new Set(table.snapshot.removed.keys());
    expect(vacuumTable(path, { keepDays: 0, dryRun: true }, Date.now() + 2 * dayMs)).toEqual({
      deleted: ["night=1/a.parquet"],
      bytes: 1,
    });
    expect(existsSync(join(path, [...before][0]))).toBe(true);
    expect(existsSync(entryPath(path, 0))).toBe(true);
  });

  test("shortens the log up to a checkpoint that is old enough, and the table reads the same", () => {
    const table = new LakeTable(path);
    for (let i = 0; i < 5; i++) add(table, `night=1/${i}.parquet`);
    vacuumTable(path, { keepDays: 7 }); // writes a checkpoint
    add(table, "night=1/5.parquet");
    expect(existsSync(entryPath(path, 0))).toBe(true);
    const { deleted } = vacuumTable(path, { keepDays: 7 }, Date.now() + 8 * dayMs);
    expect(deleted.some((name) => name.endsWith("00000000000000000003.json"))).toBe(true);
    const read = new LakeTable(path).snapshot;
    expect(read.version).toBe(5);
    expect([...read.files.keys()].sort()).toEqual(
      [0, 1, 2, 3, 4, 5].map((i) => `night=1/${i}.parquet`),
    );
  });

  test("removes what a commit that was cut off has left, but not what one may be writing", () => {
    add(new LakeTable(path), "night=1/a.parquet");
    for (const [name, days] of [
      ["old", 9],
      ["new", 0],
    ] as const) {
      writeFileSync(join(logFolder(path), `.${name}.tmp`), "");
      age(join(logFolder(path), `.${name}.tmp`), days);
    }
    expect(vacuumTable(path, { keepDays: 7 }).deleted).toEqual(["_delta_log/.old.tmp"]);
  });

  test("removes the scratch files of upkeep that was killed", () => {
    mkdirSync(join(scratchFolder(lake), "killed"), { recursive: true });
    writeFileSync(join(scratchFolder(lake), "killed", "half.parquet"), "x");
    expect(vacuumScratch(lake).deleted).toEqual([]);
    expect(vacuumScratch(lake, {}, Date.now() + 2 * dayMs).deleted).toEqual([
      "killed/half.parquet",
    ]);
  });
});
