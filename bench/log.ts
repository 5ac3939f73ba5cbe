// What a commit to a table costs, and opening it, as its log grows: a file a commit, and every 300
// commits these files merged into one, as in live use. No data file is there, and the folder is in
// memory where there is one: the figures are CPU time, and a disk comes on top.
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Action, AddFile } from "../src/lake/actions.ts";
import { entryPath, logFolder } from "../src/lake/log.ts";
import { LakeTable } from "../src/lake/table.ts";
import { emptySchema } from "../src/lake/schema.ts";
import { median } from "./decode.ts";

export interface LogFigures {
  readonly commits: number;
  readonly liveFiles: number;
  readonly tombstones: number;
  /** CPU ms. */
  readonly open: number;
  /** CPU ms, the median; a checkpoint every 100 commits is not in it. */
  readonly commit: number;
  /** CPU ms of writing a checkpoint. */
  readonly checkpoint: number;
}

const mergeEvery = 300;
const lanes = 8;
/** A week of LSST makes 250,000 commits. */
const msBetween = (7 * 86_400_000) / 250_000;

/** Figures at each of these numbers of commits, which grow. */
export function benchLog(sizes: readonly number[]): LogFigures[] {
  const folder = mkdtempSync(
    join(existsSync("/dev/shm") ? "/dev/shm" : tmpdir(), "fink-bench-log-"),
  );
  try {
    const path = join(folder, "ztf", "raw");
    const table = new LakeTable(path);
    table.commit({ operation: "bench", schema: emptySchema });
    const now = Date.now();
    let version = 0;
    return sizes.map((size) => {
      mkdirSync(logFolder(path), { recursive: true });
      for (; version < size - 1; version++) {
        const at = now - (sizes.at(-1)! - version) * msBetween;
        const lines = entryOf(version + 1, at).map((action) => JSON.stringify(action));
        writeFileSync(entryPath(path, version + 1), `${lines.join("\n")}\n`);
      }
      table.refresh();
      const checkpoint = cpuOf(() => table.checkpoint());
      let opened = table;
      const open = median([1, 2, 3].map(() => cpuOf(() => (opened = new LakeTable(path)))));
      const commits = Array.from({ length: 99 }, () => {
        version++;
        return cpuOf(() =>
          opened.commit({
            operation: "bench",
            add: [fileOf(version, now)],
            positions: positionsOf(opened, version),
          }),
        );
      });
      const { files, removed } = opened.snapshot;
      return {
        commits: version,
        liveFiles: files.size,
        tombstones: removed.size,
        open,
        commit: median(commits),
        checkpoint,
      };
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function cpuOf(work: () => void): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

/** A file and the position it leads to; or a merged file in place of those before it. */
function entryOf(version: number, at: number): Action[] {
  const timestamp = Math.floor(at);
  const commitInfo = { timestamp, operation: "archive", engineInfo: "fink" };
  if (version % mergeEvery > 0) {
    const txn = { appId: appIdOf(version), version: version * 500, lastUpdated: timestamp };
    return [{ commitInfo }, { txn }, { add: fileOf(version, timestamp) }];
  }
  const { partitionValues, size } = fileOf(version, timestamp);
  const removed = Array.from({ length: mergeEvery - 1 }, (_, i): Action => {
    const path = pathOf(version - mergeEvery + 1 + i);
    return {
      remove: {
        path,
        deletionTimestamp: timestamp,
        dataChange: false,
        extendedFileMetadata: true,
        partitionValues,
        size,
      },
    };
  });
  return [
    { commitInfo },
    ...removed,
    { add: { ...fileOf(version, timestamp), dataChange: false } },
  ];
}

const appIdOf = (version: number) => `kafka:lsst-alerts:${version % lanes}`;

function positionsOf({ snapshot }: LakeTable, version: number) {
  const appId = appIdOf(version);
  const from = snapshot.positions.get(appId) ?? null;
  return new Map([[appId, { from, to: version * 500 }]]);
}

function pathOf(version: number): string {
  return `night=20261010/${version.toString(16).padStart(8, "0")}-1fc6-4049-90bb-b7ff344ecb06.parquet`;
}

function fileOf(version: number, at: number): AddFile {
  const minValues = {
    diaSourceId: version * 1000,
    diaSource: { ra: 10.25, decl: -30.5, midpointMjdTai: 61_323.1 },
  };
  const maxValues = {
    diaSourceId: version * 1000 + 999,
    diaSource: { ra: 11.75, decl: -29.5, midpointMjdTai: 61_323.2 },
  };
  return {
    path: pathOf(version),
    partitionValues: { night: "20261010" },
    size: 5_000_000,
    modificationTime: Math.floor(at),
    dataChange: true,
    stats: JSON.stringify({ numRecords: 500, minValues, maxValues, nullCount: { diaSourceId: 0 } }),
    tags: {
      "fink.columns":
        "diaSourceId,diaSource,prvDiaSources,diaObject,cutoutScience,cutoutTemplate,cutoutDifference,_received_at",
    },
  };
}
