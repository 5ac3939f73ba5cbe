import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { AddFile } from "./actions.ts";
import { checkpointPath, entryPath, logFolder } from "./log.ts";
import { field, type StructType } from "./schema.ts";
import { LakeTable } from "./table.ts";

const columns = (...names: string[]): StructType => ({
  type: "struct",
  fields: names.map((name) => field(name, "long")),
});
const file = (path: string): AddFile => ({
  path,
  partitionValues: { night: null },
  size: 1,
  modificationTime: 0,
  dataChange: true,
  stats: '{"numRecords":1}',
  tags: { "fink.columns": "a" },
});
const moves = (from: number | null, to: number) => new Map([["kafka:t:0", { from, to }]]);

let path: string;
let table: LakeTable;
beforeEach(() => {
  path = mkdtempSync(join(tmpdir(), "fink-table-"));
  table = new LakeTable(path);
});
afterEach(() => rmSync(path, { recursive: true }));

describe("a commit", () => {
  test("is there for every reader at once, with its files, columns and position", () => {
    expect(table.snapshot.version).toBe(-1);
    expect(
      table.commit({
        operation: "archive",
        add: [file("x")],
        schema: columns("a"),
        positions: moves(null, 5),
      }),
    ).toBe(0);
    const other = new LakeTable(path);
    expect([...other.snapshot.files.keys()]).toEqual(["x"]);
    expect(other.snapshot.schema.fields.map((f) => f.name)).toEqual(["night", "a"]);
    expect(other.snapshot.positions.get("kafka:t:0")).toBe(5);
  });

  test("from an old position is refused and leaves nothing behind", () => {
    const other = new LakeTable(path);
    table.commit({ operation: "archive", positions: moves(null, 5) });
    expect(() =>
      other.commit({ operation: "archive", add: [file("x")], positions: moves(null, 5) }),
    ).toThrow(expect.objectContaining({ code: "fenced" }));
    expect(new LakeTable(path).snapshot.files.size).toBe(0);
    expect(readdirSync(logFolder(path))).toHaveLength(1);
  });

  test("of another partition goes beside it", () => {
    const other = new LakeTable(path);
    table.commit({ operation: "archive", add: [file("x")], positions: moves(null, 5) });
    expect(
      other.commit({
        operation: "archive",
        add: [file("y")],
        positions: new Map([["kafka:t:1", { from: null, to: 7 }]]),
      }),
    ).toBe(1);
    expect([...new LakeTable(path).snapshot.positions.values()]).toEqual([5, 7]);
  });

  test("that replaces a file another one has replaced is refused", () => {
    table.commit({ operation: "archive", add: [file("x")] });
    const other = new LakeTable(path);
    table.commit({ operation: "compact", add: [file("y")], remove: ["x"], dataChange: false });
    expect(() => other.commit({ operation: "compact", add: [file("z")], remove: ["x"] })).toThrow(
      expect.objectContaining({ code: "fenced" }),
    );
  });

  test("with a column of another type than the table has by now is refused", () => {
    table.commit({ operation: "archive", schema: columns("a") });
    const asText: StructType = { type: "struct", fields: [field("a", "string")] };
    expect(() => table.commit({ operation: "archive", add: [file("x")], schema: asText })).toThrow(
      expect.objectContaining({ code: "type-conflict" }),
    );
  });

  test("adds columns and keeps those there are", () => {
    table.commit({ operation: "archive", schema: columns("a") });
    table.commit({ operation: "archive", schema: columns("b") });
    expect(table.snapshot.schema.fields.map((f) => f.name)).toEqual(["night", "a", "b"]);
  });
});

// Whoever takes a commit for failed removes the files it names.
test("a commit stands, and says so, when its checkpoint cannot be written", () => {
  for (let i = 0; i < 100; i++) table.commit({ operation: "archive" });
  vi.spyOn(table, "checkpoint").mockImplementation(() => {
    throw new TypeError("a defect");
  });
  const warned = vi.spyOn(process, "emitWarning").mockImplementation(() => {});
  expect(table.commit({ operation: "archive", add: [file("x")] })).toBe(100);
  expect(warned).toHaveBeenCalledWith(
    expect.stringContaining("no checkpoint of version 100: a defect"),
  );
  expect([...new LakeTable(path).snapshot.files.keys()]).toEqual(["x"]);
  vi.restoreAllMocks();
});

describe("the log", () => {
  test("is read from its checkpoint, also when the entries before it are gone and the hint is damaged", () => {
    for (let i = 0; i < 205; i++)
      table.commit({
        operation: "archive",
        add: [file(`f${i}`)],
        remove: i > 0 && i % 2 === 0 ? [`f${i - 1}`] : [],
        positions: moves(i === 0 ? null : i, i + 1),
      });
    for (let v = 0; v < 200; v++) rmSync(entryPath(path, v));
    const read = new LakeTable(path);
    expect(read.snapshot.version).toBe(204);
    expect([...read.snapshot.files].sort()).toEqual([...table.snapshot.files].sort());
    expect([...read.snapshot.removed.keys()].sort()).toEqual(
      [...table.snapshot.removed.keys()].sort(),
    );
    expect(read.snapshot.positions).toEqual(table.snapshot.positions);
    writeFileSync(join(logFolder(path), "_last_checkpoint"), "{");
    expect(new LakeTable(path).snapshot.version).toBe(204);
    expect(readdirSync(logFolder(path))).toContain(checkpointPath(path, 200).split("/").at(-1));
  });

  // a commit under the name of a removed entry would never be seen
  test("is read on from a checkpoint by who was away while vacuum removed the entries in between", () => {
    table.commit({ operation: "archive", add: [file("a")] });
    const away = new LakeTable(path);
    for (const name of ["b", "c", "d"]) table.commit({ operation: "archive", add: [file(name)] });
    table.checkpoint();
    for (const version of [0, 1, 2]) rmSync(entryPath(path, version));
    expect(away.commit({ operation: "archive", add: [file("e")] })).toBe(4);
    expect([...new LakeTable(path).snapshot.files.keys()].sort()).toEqual([
      "a",
      "b",
      "c",
      "d",
      "e",
    ]);
  });

  test("says which entry is damaged and what to do", () => {
    table.commit({ operation: "archive" });
    writeFileSync(entryPath(path, 1), '{"add":');
    expect(() => table.refresh()).toThrow(/00001\.json is damaged: restore it from a backup/);
  });

  test("takes no file for an entry that was not written to its end", () => {
    table.commit({ operation: "archive" });
    writeFileSync(join(logFolder(path), ".half.tmp"), '{"add":');
    expect(new LakeTable(path).snapshot.version).toBe(0);
  });
});

test("what a crash cannot tear: many writers, every version one of them, no commit lost", async () => {
  const writers = Array.from({ length: 4 }, () => new LakeTable(path));
  await Promise.all(
    writers.map(async (writer, w) => {
      for (let i = 0; i < 20; i++) {
        writer.commit({
          operation: "archive",
          add: [file(`w${w}-${i}`)],
          positions: new Map([[`p${w}`, { from: i === 0 ? null : i, to: i + 1 }]]),
        });
        await new Promise((resolve) => setImmediate(resolve));
      }
    }),
  );
  const read = new LakeTable(path);
  expect(read.snapshot.version).toBe(79);
  expect(read.snapshot.files.size).toBe(80);
});
