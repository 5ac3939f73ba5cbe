// Services that were down come back: how long until every alert that came in meanwhile has its
// answers. The service is a process of its own, and the services are a local server that speaks
// CDS's protocol.
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import {
  Binary,
  type Data,
  Float64,
  Int64,
  makeData,
  type Struct,
  Utf8,
  vectorFromArray,
} from "apache-arrow";
import { encodeFile, writeFiles } from "../src/archive/files.ts";
import { LakeTable } from "../src/lake/table.ts";
import { pendingTag } from "../src/science/compute.ts";
import { openAlertFile } from "../src/science/parquet.ts";
import { RemoteLedger } from "../src/science/remote/ledger.ts";
import { openSession } from "../src/sql/session.ts";
import { randomStream } from "../src/simulator/random.ts";
import { loadSurveys } from "../src/surveys/surveys.ts";
import { startFink } from "../test/archive/process.ts";
import { type Source, xmatchServer } from "../test/science/xmatch-server.ts";
import { lakeOfAlerts } from "../test/science/lake.ts";

const ztf = loadSurveys(join(import.meta.dirname, "../conf/surveys")).named("ztf");
const services = ["simbad", "gaia", "gaiavar", "vsx", "spicy"];
const tables = [
  "simbad",
  "vizier:I/355/gaiadr3",
  "vizier:I/358/vclassre",
  "vizier:B/vsx/vsx",
  "vizier:J/ApJS/254/33/table1",
];
const source = {
  main_type: "RRLyrae",
  otype: "RR*",
  DR3Name: "Gaia DR3 1",
  Plx: 0.5,
  e_Plx: 0.1,
  VarFlag: "VARIABLE",
  Class: "RR",
  Type: "RRAB",
  SPICY: 7,
};
/** Alerts of a batch of the archive at 250 alerts/s. */
const perFile = 250;

export interface Outage {
  /** That have a row. */
  readonly alerts: number;
  /** While the services were down, until all had it. */
  readonly downSeconds: number;
  /**
   * From the services' return until no alert waits, and of these until the first answer was stored.
   */
  readonly seconds: number;
  readonly idleSeconds: number;
  readonly cpuSeconds: number;
  readonly peakRssMegabytes: number;
  readonly requests: number;
  /** After it. */
  readonly waiting: number;
  readonly found: number;
}

/**
 * Alerts as archived in an outage, with 30 days of history and small images, each at its own place;
 * one in ten has a source in each service.
 */
export async function benchOutage(alerts: number): Promise<Outage> {
  const folder = mkdtempSync(join(tmpdir(), "fink-bench-outage-"));
  const lake = join(folder, "lake");
  const server = await xmatchServer(await fill(lake, alerts));
  const settings = {
    FINK_LAKE: lake,
    FINK_SCIENCE_MODULES: join(folder, "none"),
    FINK_SCIENCE_REMOTE_SERVICES: services.join(","),
    FINK_SCIENCE_REMOTE_CDS: server.url,
  };
  server.behaviours = [{ status: 503 }];
  const startedAt = performance.now();
  const science = startFink(["start", "science"], settings);
  try {
    const [rows, updates] = ["science", "science_updates"].map(
      (kind) => new LakeTable(join(lake, "ztf", kind)),
    );
    while (countOf(rows) < alerts) await sleep(500);
    const downSeconds = (performance.now() - startedAt) / 1000;
    breakAll(lake);
    server.behaviours = ["answer"];
    server.requests.length = 0;
    const [backAt, cpuBefore] = [performance.now(), cpuOf(science.child.pid!)];
    const past = () => (performance.now() - backAt) / 1000;
    let idleSeconds = 0;
    while (completeIn(updates) < alerts) {
      if (past() > 1800)
        throw new Error(
          `after half an hour ${alerts - completeIn(updates)} alerts wait: ${science.output()}`,
        );
      await sleep(250);
      if (idleSeconds === 0 && countOf(updates) > 0) idleSeconds = past();
    }
    const measured = {
      downSeconds,
      seconds: past(),
      idleSeconds,
      cpuSeconds: cpuOf(science.child.pid!) - cpuBefore,
    };
    return {
      ...measured,
      peakRssMegabytes: peakRssOf(science.child.pid!),
      requests: server.requests.length,
      ...(await summary(lake)),
    };
  } finally {
    await science.kill("SIGTERM");
    server.close();
    rmSync(folder, { recursive: true });
  }
}

/**
 * `raw`, of which each file has the same alerts with other ids, objects and places; where the
 * services have sources.
 */
async function fill(lake: string, alerts: number): Promise<Record<string, Source[]>> {
  await lakeOfAlerts(`${lake}-base`, perFile, perFile);
  const base = new LakeTable(join(`${lake}-base`, "ztf/raw"));
  const [{ path }] = base.snapshot.files.values();
  const [rows] = await (await openAlertFile(join(base.path, path))).rows();
  const images = vectorFromArray(
    Array.from({ length: rows.length }, (_, i) => new Uint8Array(1000).fill(i)),
    new Binary(),
  ).data[0];
  const raw = new LakeTable(join(lake, "ztf/raw"));
  const { uniform } = randomStream(3);
  const sources: Source[] = [];
  for (let at = 0; at < alerts; at += rows.length) {
    const [ra, dec] = [360, 60].map((width) =>
      Float64Array.from({ length: rows.length }, () => width * uniform()),
    );
    const ids = makeData({
      type: new Int64(),
      data: BigInt64Array.from(ra.keys(), (i) => 3_000_000_000_000_000_000n + BigInt(at + i)),
    });
    const columns: readonly (readonly [string, Data])[] = [
      [
        "objectId",
        vectorFromArray(
          Array.from(ra.keys(), (i) => `ZTF26${at + i}`),
          new Utf8(),
        ).data[0],
      ],
      ["candid", ids],
      ["candidate.candid", ids],
      ["candidate.ra", makeData({ type: new Float64(), data: ra })],
      ["candidate.dec", makeData({ type: new Float64(), data: dec })],
      ...["Science", "Template", "Difference"].map(
        (kind) => [`cutout${kind}.stampData`, images] as const,
      ),
    ];
    const file = encodeFile(
      columns.reduce((all, [name, column]) => replaced(all, name.split("."), column), rows),
      20261010,
      ztf,
    );
    await writeFiles([file], raw.path);
    raw.commit({ operation: "bench", add: [file.add], schema: file.schema });
    for (let i = at % 10; i < rows.length; i += 10)
      sources.push({ ...source, class: "ClassI", ra: ra[i], dec: dec[i] });
  }
  return Object.fromEntries(tables.map((table) => [table, sources]));
}

function replaced(
  data: Data<Struct>,
  [name, ...rest]: readonly string[],
  column: Data,
): Data<Struct> {
  const at = data.type.children.findIndex((field) => field.name === name);
  const children = data.children.map((child, i) =>
    i !== at ? child : rest.length === 0 ? column : replaced(child as Data<Struct>, rest, column),
  );
  return makeData({ type: data.type, length: data.length, nullCount: 0, children }) as Data<Struct>;
}

/** As after an hour of failures, the last one just now: the longest pause lies ahead. */
function breakAll(lake: string): void {
  const ledger = new RemoteLedger(lake);
  for (const service of services)
    for (let i = 0; i < 10; i++) ledger.failed(service, Date.now(), "it answered 503");
  ledger.close();
}

function countOf(table: LakeTable): number {
  table.refresh();
  return [...table.snapshot.files.values()].reduce(
    (sum, { stats }) => sum + (JSON.parse(stats ?? "{}") as { numRecords: number }).numRecords,
    0,
  );
}

/** Rows of files that have none that waits. */
function completeIn(table: LakeTable): number {
  table.refresh();
  const files = [...table.snapshot.files.values()].filter(({ tags }) => tags?.[pendingTag] === "0");
  return files.reduce(
    (sum, { stats }) => sum + (JSON.parse(stats ?? "{}") as { numRecords: number }).numRecords,
    0,
  );
}

async function summary(lake: string): Promise<Pick<Outage, "alerts" | "waiting" | "found">> {
  const session = await openSession(lake);
  try {
    const counts =
      "count(DISTINCT candid)::INT AS alerts, count(*) FILTER (_pending <> '')::INT AS waiting, count(*) FILTER (vsx = 'RRAB')::INT AS found";
    return (
      await (await session.query(`SELECT ${counts} FROM ztf.science`)).getRowObjectsJson()
    )[0] as unknown as Pick<Outage, "alerts" | "waiting" | "found">;
  } finally {
    session.close();
  }
}

/** CPU time until now, s (proc(5): utime and stime, in hundredths of a second). */
function cpuOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1].split(" ");
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

function peakRssOf(pid: number): number {
  if (!existsSync(`/proc/${pid}/status`)) return NaN;
  return Number(/VmHWM:\s*(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]) / 1000;
}
