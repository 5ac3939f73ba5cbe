import { describe, expect, test } from "vitest";
import type { AddFile } from "./actions.ts";
import { smallFileGroups } from "./compact.ts";
import { groupsOf, rowGroupRows } from "./rewrite.ts";

function file(path: string, size: number, night: string | null = "20260101"): AddFile {
  return { path, size, partitionValues: { night }, modificationTime: 0, dataChange: true };
}

function names(groups: readonly (readonly AddFile[])[]): string[] {
  return groups.map((group) => group.map((f) => f.path).join(""));
}

describe("what is merged", () => {
  test("small files of one night, up to the target", () => {
    const files = [file("a", 30), file("b", 40), file("c", 30), file("d", 20), file("e", 49)];
    expect(names(smallFileGroups(files, { targetBytes: 100 }))).toEqual(["abc", "de"]);
  });

  test("not files of half the target and more, and not a single one", () => {
    expect(smallFileGroups([file("a", 50), file("b", 10)], { targetBytes: 100 })).toEqual([]);
  });

  test("never files of two nights together; the unknown night is one of its own", () => {
    const files = [
      file("a", 1),
      file("b", 1, "20260102"),
      file("c", 1, null),
      file("d", 1),
      file("e", 1, null),
    ];
    expect(names(smallFileGroups(files, { targetBytes: 100 }))).toEqual(["ad", "ce"]);
    expect(names(smallFileGroups(files, { targetBytes: 100, night: "20260101" }))).toEqual(["ad"]);
  });

  test("a file larger than the target stands alone where all are written anew", () => {
    expect(names(groupsOf([file("a", 500), file("b", 1), file("c", 1)], 100))).toEqual(["a", "bc"]);
  });

  test("row groups have 32 MB, but not less than 64 rows", () => {
    expect(rowGroupRows(128e6, 100_000)).toBe(25_000);
    expect(rowGroupRows(128e6, 5_000)).toBe(1250);
    expect(rowGroupRows(128e6, 5)).toBe(64);
    expect(rowGroupRows(0, 0)).toBe(64);
    expect(rowGroupRows(1e6, 1e6)).toBe(122_880);
  });
});
