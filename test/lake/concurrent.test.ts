import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, expect, test } from "vitest";
import { compactTable } from "../../src/lake/compact.ts";
import { LakeTable } from "../../src/lake/table.ts";
import { withUpkeep } from "../../src/lake/upkeep.ts";
import { widenTable } from "../../src/lake/widen.ts";
import type { StructType } from "../../src/lake/schema.ts";
import { surveySchema } from "../../src/surveys/definition.ts";
import { makeRows } from "./night.ts";
import { readWithSql } from "./readers.ts";
import { append, oldColumns } from "./tables.ts";

const lakes: string[] = [];
const survey = surveySchema.parse({ name: "ztf", object: "objectId" });

afterAll(() => lakes.forEach((lake) => rmSync(lake, { recursive: true, force: true })));

function newTable(): { lake: string; path: string } {
  const lake = mkdtempSync(join(tmpdir(), "fink-concurrent-"));
  lakes.push(lake);
  return { lake, path: join(lake, "ztf", "raw") };
}

async function candids(lake: string): Promise<string[]> {
  return (await readWithSql(lake, "SELECT candid FROM ztf.raw"))
    .map((row) => String(row.candid))
    .sort();
}

const node = (...args: string[]) =>
  promisify(execFile)(process.execPath, [join(import.meta.dirname, "appender.ts"), ...args]);

test(
  "two writers, two compactions and a reader at once: no alert is lost or doubled",
  { timeout: 180_000 },
  async () => {
    const { lake, path } = newTable();
    await append(new LakeTable(path), oldColumns, makeRows(0, 1, false), 20260101);
    let writing = true;
    let merged = 0;
    const firsts: number[] = [];
    const write = async () => {
      // until compaction has come in between at least twice, however busy the machine is
      for (let first = 1000; first === 1000 || (merged < 2 && first < 20_000); first += 1000) {
        firsts.push(first, first + 500);
        await Promise.all([
          node(path, String(first), "150"),
          node(path, String(first + 500), "150"),
        ]);
      }
    };
    const writers = write().finally(() => (writing = false));
    const compact = async () => {
      while (writing)
        merged += (
          await withUpkeep(lake, (upkeep) =>
            compactTable(upkeep, path, survey, { targetBytes: 1e6 }),
          )
        ).after;
    };
    const read = async () => {
      for (let seen = 0; writing;) {
        const found = await candids(lake);
        expect(new Set(found).size).toBe(found.length);
        expect(found.length).toBeGreaterThanOrEqual(seen);
        seen = found.length;
      }
    };
    await Promise.all([writers, compact(), compact(), read()]);
    const expected = [0, ...firsts.flatMap((first) => range(first, 150))].map((n) =>
      String(2n ** 60n + BigInt(n)),
    );
    expect(await candids(lake)).toEqual(expected.sort());
    expect(merged).toBeGreaterThan(1);
    const { files } = new LakeTable(path).snapshot;
    const onDisk = readdirSync(path, { recursive: true, encoding: "utf8" }).filter(
      (name) => name.startsWith("night=") && name.endsWith(".parquet"),
    );
    // what was fenced left no file
    expect(onDisk.length).toBe(files.size + new LakeTable(path).snapshot.removed.size);
  },
);

test("compaction gives way when somebody else replaced the files", async () => {
  const { lake, path } = newTable();
  for (let i = 0; i < 4; i++)
    await append(new LakeTable(path), oldColumns, makeRows(i, 1, false), 20260101);
  await withUpkeep(lake, async (upkeep) => {
    const both = [1, 2].map(() => compactTable(upkeep, path, survey, { targetBytes: 1e6 }));
    const done = await Promise.all(both);
    expect(done.map((d) => d.fenced).sort()).toEqual([0, 1]);
  });
  expect(await candids(lake)).toHaveLength(4);
});

test("widening takes in what was appended meanwhile", async () => {
  const { lake, path } = newTable();
  for (let i = 0; i < 20; i++)
    await append(new LakeTable(path), oldColumns, makeRows(i, 1, false), 20260101);
  const table = new LakeTable(path);
  const schema = JSON.parse(
    JSON.stringify(table.snapshot.schema).replaceAll('"float"', '"double"'),
  ) as StructType;
  const writer = node(path, "100", "5");
  await widenTable(table, schema);
  const failed = await writer.then(
    () => false,
    // the writer came after: it has to write again with the new types
    (error: Error) => error.message.includes("type"),
  );
  const found = await candids(lake);
  expect(found.length).toBeGreaterThanOrEqual(20);
  if (!failed) expect(found).toHaveLength(25);
  expect(
    existsSync(join(lake, ".fink", "tmp")) ? readdirSync(join(lake, ".fink", "tmp")) : [],
  ).toEqual([]);
});

function range(first: number, count: number): number[] {
  return Array.from({ length: count }, (_, i) => first + i);
}
