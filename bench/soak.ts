// `start all` for half an hour at 100 alerts/s, with a browser on the front page and one SQL query
// a second: does its memory stay where it is, and is every alert through?
import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { instance } from "../src/services/run-state.ts";
import { openBrowser } from "../test/browser/browser.ts";
import { startKafka } from "../test/kafka/broker.ts";
import { createTopic } from "../test/kafka/topics.ts";
import { median } from "./decode.ts";

export interface SoakLoad {
  readonly minutes: number;
  readonly perSecond: number;
  /** Called once a minute. */
  readonly onMinute?: (minute: SoakMinute) => void;
}

export interface SoakMinute {
  readonly minute: number;
  /**
   * Median and largest sum of the resident memory of all processes of `start all`, MB; sampled each
   * second.
   */
  readonly rss: number;
  readonly peakRss: number;
  readonly archived: number;
  /** CPU time since the last minute, s. */
  readonly cpuSeconds: number;
}

export interface SoakResult {
  readonly minutes: readonly SoakMinute[];
  readonly sent: number;
  /**
   * Distinct alerts in `raw` and `science`, and alerts that the bench's own filter selected, as SQL
   * counts them at the end.
   */
  readonly raw: number;
  readonly science: number;
  readonly selected: number;
  readonly queries: number;
  /** Queries that failed, errors of the page, services that ended: a line each. */
  readonly failures: readonly string[];
}

const project = join(import.meta.dirname, "..");
const topic = "ztf_20261010_programid1";
const queries = [
  "SELECT count(*) AS alerts FROM ztf.raw",
  "SELECT objectId, candidate.magpsf FROM ztf.raw ORDER BY candid DESC LIMIT 20",
  "SELECT fid, count(*) AS alerts FROM (SELECT candidate.fid AS fid FROM ztf.raw) GROUP BY fid",
  "SELECT count(*) AS alerts FROM ztf.science",
  "SELECT filter, count(*) AS matches FROM ztf.matches GROUP BY filter",
];

/** The services, the broker, the simulator and the browser share this machine. */
export async function benchSoak(
  kafkaLib: string,
  { minutes, perSecond, onMinute }: SoakLoad,
): Promise<SoakResult> {
  const folder = mkdtempSync(join(tmpdir(), "fink-bench-soak-"));
  const lake = join(folder, "lake");
  const kafka = await startKafka(kafkaLib);
  const children: ChildProcess[] = [];
  const failures: string[] = [];
  const sent = minutes * 60 * perSecond;
  try {
    const broker = kafka.at.PLAINTEXT;
    await createTopic(broker, topic, 8, { "retention.ms": "-1" });
    const config = writeConfig(folder, broker);
    const all = spawn(join(project, "fink"), ["start", "all", "-c", config], {
      env: { ...process.env, FINK_LAKE: lake, FINK_LOG_LEVEL: "warn" },
      stdio: ["ignore", "inherit", "inherit"],
    });
    children.push(all);
    all.once("exit", (code, signal) => failures.push(`start all ended (${signal ?? code})`));
    const url = await addressOf(lake);
    const watching = await watch(url, failures);
    const simulate = [
      "simulate",
      "--survey",
      "ztf",
      "--date",
      "2026-10-10",
      "--alerts",
      String(sent),
      "--rate",
      String(perSecond),
      "--workers",
      "1",
    ];
    children.push(
      spawn(join(project, "fink"), [...simulate, "--to", `kafka://${broker}/${topic}`], {
        stdio: ["ignore", "ignore", "inherit"],
      }),
    );
    while (archivedOf(lake) === 0) await sleep(200);
    const measured = await measure({ all, lake, minutes, ...(onMinute && { onMinute }) });
    const end = await settled(url, sent);
    const asked = await watching.close();
    all.removeAllListeners("exit");
    return { minutes: measured, sent, ...end, queries: asked, failures };
  } finally {
    for (const child of children) child.kill("SIGKILL");
    await kafka.destroy();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The shipped filters, and one whose alerts can be counted by anybody; both go into files. */
function writeConfig(folder: string, broker: string): string {
  const filters = join(folder, "filters");
  mkdirSync(join(filters, "ztf"), { recursive: true });
  writeFileSync(
    join(filters, "ztf/tenth.sql"),
    "-- description: One in ten.\n-- deliver: out\n-- quality: all\nSELECT * FROM alerts WHERE candid % 10 = 0\n",
  );
  const file = join(folder, "fink.yaml");
  const lines = [
    `kafka: { brokers: ["${broker}"], topics: [${topic}] }`,
    `filters: { folder: ${filters} }`,
    `delivery: { targets: { out: { kind: files, folder: ${join(folder, "out")} } } }`,
    "compaction: { everyMinutes: 4 }",
    "ui: { port: 0 }",
  ];
  writeFileSync(file, `${lines.join("\n")}\n`);
  return file;
}

async function addressOf(lake: string): Promise<string> {
  for (const until = Date.now() + 120_000; Date.now() < until; await sleep(200)) {
    const url = instance(lake, "ui")?.status.url;
    if (url !== undefined) return url;
  }
  throw new Error("the ui service did not start");
}

function archivedOf(lake: string): number {
  return instance(lake, "archive")?.status.archive?.archived ?? 0;
}

/** A browser on the front page, and a query each second. */
async function watch(url: string, failures: string[]): Promise<{ close(): Promise<number> }> {
  const browser = await openBrowser();
  const page = await browser.newPage();
  page.on("pageerror", (error) => failures.push(`page: ${error.message}`));
  await page.goto(url);
  let asked = 0;
  let isOver = false;
  const asking = (async () => {
    while (!isOver) {
      const next = sleep(1000);
      const query = queries[asked++ % queries.length];
      const answer = await fetch(`${url}/api/v1/sql?query=${encodeURIComponent(query)}`).catch(
        (error: Error) => error,
      );
      // tables that nothing was written to yet do not exist
      if (answer instanceof Error) failures.push(`query: ${answer.message}`);
      else if (!answer.ok && answer.status !== 400)
        failures.push(`query: ${answer.status} ${await answer.text()}`);
      else await answer.arrayBuffer();
      await next;
    }
  })();
  const close = async () => {
    isOver = true;
    await asking;
    await browser.close();
    return asked;
  };
  return { close };
}

interface Measuring {
  readonly all: ChildProcess;
  readonly lake: string;
  readonly minutes: number;
  readonly onMinute?: (minute: SoakMinute) => void;
}

async function measure({ all, lake, minutes, onMinute }: Measuring): Promise<SoakMinute[]> {
  const measured: SoakMinute[] = [];
  let cpuBefore = usage(all.pid!).cpuSeconds;
  for (let minute = 1; minute <= minutes; minute++) {
    const samples: number[] = [];
    for (let second = 0; second < 60; second++) {
      await sleep(1000);
      samples.push(usage(all.pid!).rss);
    }
    const { cpuSeconds } = usage(all.pid!);
    const one = {
      minute,
      rss: median(samples),
      peakRss: Math.max(...samples),
      archived: archivedOf(lake),
      cpuSeconds: cpuSeconds - cpuBefore,
    };
    cpuBefore = cpuSeconds;
    measured.push(one);
    onMinute?.(one);
  }
  return measured;
}

/**
 * Resident memory (MB) and CPU time (s, of children that have ended too) of a process and its
 * descendants; proc(5), pages of 4 KB.
 */
function usage(pid: number): { rss: number; cpuSeconds: number } {
  const processes = new Map<number, { parent: number; cpu: number; rss: number }>();
  for (const name of readdirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const fields = readFileSync(`/proc/${name}/stat`, "utf8").split(") ").at(-1)!.split(" ");
      const cpu = fields.slice(11, 15).reduce((sum, ticks) => sum + Number(ticks), 0) / 100;
      processes.set(Number(name), {
        parent: Number(fields[1]),
        cpu,
        rss: (Number(fields[21]) * 4096) / 1e6,
      });
    } catch {
      // ended meanwhile
    }
  }
  const isOurs = (id: number): boolean =>
    id === pid || (processes.has(id) && isOurs(processes.get(id)!.parent));
  const ours = [...processes].filter(([id]) => isOurs(id)).map(([, one]) => one);
  return {
    rss: ours.reduce((sum, { rss }) => sum + rss, 0),
    cpuSeconds: ours.reduce((sum, { cpu }) => sum + cpu, 0),
  };
}

type Counts = Pick<SoakResult, "raw" | "science" | "selected">;

/** Waits until every alert is through, or nothing has moved for a minute. */
async function settled(url: string, sent: number): Promise<Counts> {
  let [counts, since] = [await countsOf(url), Date.now()];
  while (Date.now() < since + 60_000 && (counts.raw < sent || counts.science < sent)) {
    await sleep(2000);
    const now = await countsOf(url);
    if (now.raw !== counts.raw || now.science !== counts.science) since = Date.now();
    counts = now;
  }
  await sleep(5000);
  return await countsOf(url);
}

async function countsOf(url: string): Promise<Counts> {
  const count = async (sql: string) => {
    const answer = await fetch(`${url}/api/v1/sql?query=${encodeURIComponent(sql)}`);
    return answer.ok ? Number(((await answer.json()) as { n: number }[])[0].n) : 0;
  };
  return {
    raw: await count("SELECT count(DISTINCT candid) AS n FROM ztf.raw"),
    science: await count("SELECT count(*) AS n FROM ztf.science"),
    selected: await count("SELECT count(*) AS n FROM ztf.matches WHERE filter = 'tenth'"),
  };
}
