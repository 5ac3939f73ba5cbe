import { expect, test } from "vitest";
import type { AddFile } from "../lake/actions.ts";
import { newestFiles } from "./newest-files.ts";

const at = (minute: number) => new Date(Date.UTC(2026, 8, 15, 0, minute)).toISOString();

function file(
  path: string,
  numRecords: number,
  minutes: readonly [number, number] | null,
  writtenAt: number,
): AddFile {
  const range = minutes && {
    minValues: { _received_at: at(minutes[0]) },
    maxValues: { _received_at: at(minutes[1]) },
  };
  return {
    path,
    partitionValues: {},
    size: 1,
    modificationTime: Date.parse(at(writtenAt)),
    dataChange: true,
    stats: JSON.stringify({ numRecords, ...range }),
  };
}

test("a file that compaction has just written of old alerts is not taken for the newest", () => {
  const merged = file("merged", 1000, [0, 30], 61);
  const fresh = [40, 50, 60].map((minute) => file(`fresh ${minute}`, 5, [minute, minute], minute));
  expect([...newestFiles([...fresh, merged], "_received_at", 12)]).toEqual([
    "fresh 60",
    "fresh 50",
    "fresh 40",
  ]);
  expect([...newestFiles([...fresh, merged], "_received_at", 20)]).toEqual([
    "fresh 60",
    "fresh 50",
    "fresh 40",
    "merged",
  ]);
});

test("where one file reaches into the time of others, all of them are read", () => {
  const [wide, narrow] = [file("wide", 20, [0, 60], 60), file("narrow", 20, [55, 59], 59)];
  expect([...newestFiles([narrow, wide], "_received_at", 12)]).toEqual(["wide", "narrow"]);
});

test("a file whose range is not known may hold rows as new as itself", () => {
  expect([
    ...newestFiles(
      [file("old", 20, [0, 10], 10), file("unknown", 20, null, 20)],
      "_received_at",
      12,
    ),
  ]).toEqual(["unknown", "old"]);
});
