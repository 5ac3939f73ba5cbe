import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import type { LakeTable, LakeView, LatestAlert, RejectedMessage } from "../../src/api/lake-view.ts";
import { writeStatus } from "../../src/services/run-state.ts";
import type { ServiceStatus } from "../../src/services/status.ts";
import { starFits } from "./write-fits.ts";

export interface FakeNight {
  /** A folder with nothing but the status of a fake archive. */
  readonly lake: string;
  readonly view: LakeView;
  /** So many more alerts are archived, and the archive says so. */
  archive(alerts: number): void;
  reject(reason: string): void;
  /** The archive says this of itself. */
  say(change: Partial<ServiceStatus>): void;
  end(): void;
}

/** An archive that archives when told to, to look at pages without Kafka and a lake. */
export function fakeNight(lake = mkdtempSync(join(tmpdir(), "fink-night-"))): FakeNight {
  const startedAt = Date.now();
  const alerts: LatestAlert[] = [];
  const rejected: RejectedMessage[] = [];
  let archived = 0;
  let commits = 0;
  let status: ServiceStatus = {
    name: "archive",
    service: "archive",
    pid: process.pid,
    startedAt,
    updatedAt: 0,
    state: "running",
    message: "",
  };
  mkdirSync(join(lake, ".fink/run"), { recursive: true });
  const say = (change: Partial<ServiceStatus>) => {
    status = { ...status, ...change, updatedAt: change.updatedAt ?? Date.now() };
    writeStatus(lake, status);
  };
  const report = (perSecond: number) =>
    say({ archive: archiveStatus(archived, rejected.length, perSecond, commits) });
  const view: LakeView = {
    tables: async () => tablesOf(archived, rejected.length, commits),
    latest: async (limit) => alerts.slice(0, limit),
    rejected: async (limit) => rejected.slice(0, limit),
    cutout: async (_survey, alertId, kind) =>
      /^\d{19}$/.test(alertId)
        ? gzipSync(starFits(Number(alertId.slice(-3)), kind === "template" ? 60 : 400))
        : null,
  };
  return {
    lake,
    view,
    archive(more) {
      commits++;
      for (let i = 0; i < more; i++) alerts.unshift(fakeAlert(archived++));
      alerts.splice(100);
      report(more);
    },
    reject(reason) {
      rejected.unshift({
        survey: "ztf",
        source: "ztf_20260131_programid1",
        offset: String(rejected.length),
        reason,
        receivedAt: Date.now(),
      });
      report(0);
    },
    say,
    end: () => rmSync(lake, { recursive: true, force: true }),
  };
}

function fakeAlert(number: number): LatestAlert {
  const now = Date.now();
  return {
    survey: "ztf",
    alertId: String(2752190655615010000n + BigInt(number)),
    objectId: `ZTF26${(number % 9973)
      .toString(26)
      .replace(/\d/g, (d) => "qrstuvwxyz"[Number(d)])
      .padStart(7, "a")}`,
    mjd: 61071.25 + number / 86_400,
    ra: (number * 37.123) % 360,
    dec: ((number * 11.7) % 120) - 30,
    band: "gri"[number % 3],
    magnitude: 16 + (number % 400) / 100,
    fluxNJy: null,
    publishedAt: now - 800,
    committedAt: now,
  };
}

function tablesOf(archived: number, rejected: number, commits: number): LakeTable[] {
  if (commits === 0) return [];
  const raw = {
    survey: "ztf",
    kind: "raw",
    version: commits,
    rows: archived,
    bytes: archived * 52_000,
    files: commits,
    lastNight: { night: "2026-01-31", rows: archived },
  };
  return rejected === 0
    ? [raw]
    : [
        raw,
        {
          survey: "ztf",
          kind: "rejected",
          version: rejected,
          rows: rejected,
          bytes: rejected * 4000,
          files: rejected,
        },
      ];
}

function archiveStatus(
  archived: number,
  rejected: number,
  perSecond: number,
  commits: number,
): ServiceStatus["archive"] {
  return {
    received: archived + rejected,
    archived,
    rejected,
    duplicates: 0,
    receivedBytes: archived * 65_000,
    receivedPerSecond: perSecond,
    archivedPerSecond: perSecond,
    megabytesPerSecond: perSecond * 0.065,
    lag: 0,
    latencyMs: { p50: 820, p99: 1640 },
    lastCommit: { survey: "ztf", version: commits, at: Date.now(), alerts: perSecond },
    sources: [
      { source: "ztf_20260131_programid1", partition: 0, position: String(archived), lag: 0 },
    ],
  };
}
