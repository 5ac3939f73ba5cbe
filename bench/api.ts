import { spawn } from "node:child_process";
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Browser } from "playwright-core";
import { hasBrowser, openBrowser } from "../test/browser/browser.ts";
import { type BenchLake, lakeOf, linked } from "./api-lake.ts";

/** What is asked, and the p95 in ms that is wanted. */
export const wanted = {
  object: 100,
  cone: 150,
  cutout: 150,
  "sky map": 1000,
  "object's page": 300,
  "search of an id": 300,
  "search of a position": 300,
  "search of a class": 1000,
  "first page": 1000,
  "… with its answers": 2000,
} as const;
export type Asked = keyof typeof wanted;

export interface Figures {
  /** ms, of requests one after the other. */
  readonly p50: number;
  readonly p95: number;
  /** Of the ui service, ms a request. */
  readonly cpu: number;
}

export interface ReaderFigures {
  readonly requests: number;
  readonly errors: number;
  readonly p95: number;
  readonly cpu: number;
  readonly rssMegabytes: number;
}

const port = 5932;

/** Reads of the kept lake of so many alerts through the ui service in a process of its own. */
export async function benchReads(alerts: number, folder: string): Promise<Record<Asked, Figures>> {
  const built = await lakeOf(alerts, folder);
  const server = await serve(built.lake);
  const browser = hasBrowser() ? await openBrowser() : null;
  try {
    const asks: Record<Asked, Ask> = {
      ...asksOf(built),
      "first page": () => firstPage(browser!, false),
      "… with its answers": () => firstPage(browser!, true),
    };
    const timed = async (what: Asked, count: number) =>
      [what, await timesOf(count, asks[what], server.cpuMs)] as const;
    const names = (Object.keys(wanted) as Asked[]).filter(
      (name) => browser !== null || !(name in ofBrowser),
    );
    const all: (readonly [Asked, Figures])[] = [];
    for (const name of names) all.push(await timed(name, wanted[name] >= 1000 ? 5 : 100));
    return Object.fromEntries(all) as Record<Asked, Figures>;
  } finally {
    await browser?.close();
    await server.stop();
  }
}

const ofBrowser = { "first page": true, "… with its answers": true };

/**
 * To a browser that was never here: until the page is loaded, or the newest night's classes are
 * shown too.
 */
async function firstPage(browser: Browser, withAnswers: boolean): Promise<void> {
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto(`http://127.0.0.1:${port}/`);
  if (withAnswers) await page.getByRole("heading", { name: /^Classes/ }).waitFor();
  await context.close();
}

/** 200 readers at once, on a copy of the lake, into which `beside` may write meanwhile. */
export async function benchReaders(
  alerts: number,
  folder: string,
  seconds: number,
  beside: (lake: string) => Promise<void>,
): Promise<ReaderFigures> {
  const built = await lakeOf(alerts, folder);
  const lake = `${built.lake}.${process.pid}`;
  linked(built.lake, lake);
  const server = await serve(lake);
  try {
    const [readers] = await Promise.all([read(built, seconds, server), beside(lake)]);
    return readers;
  } finally {
    await server.stop();
    rmSync(lake, { recursive: true, force: true });
  }
}

type Ask = (i: number) => Promise<void>;

function asksOf({
  objects,
  lastAlerts,
  lastNight,
}: BenchLake): Record<Exclude<Asked, keyof typeof ofBrowser>, Ask> {
  const get = async (path: string) => {
    const response = await fetch(`http://127.0.0.1:${port}${path}`);
    const bytes = await response.arrayBuffer();
    if (!response.ok || bytes.byteLength < 3)
      throw new Error(`${path}: ${response.status} ${Buffer.from(bytes).toString().slice(0, 200)}`);
  };
  const object = (i: number) => objects[(i * 7919) % objects.length];
  const alert = (i: number) => lastAlerts[(i * 7919) % lastAlerts.length];
  return {
    object: (i) => get(`/api/v1/objects?objectId=${object(i).id}`),
    cone: (i) => get(`/api/v1/conesearch?ra=${object(i).ra}&dec=${object(i).dec}&radius=60`),
    cutout: (i) =>
      get(`/api/v1/cutouts?objectId=${alert(i).object}&candid=${alert(i).candid}&kind=Science`),
    "sky map": (i) => get(`/api/pages/sky/ztf/${lastNight - (i % 30)}`),
    "object's page": (i) => get(`/api/pages/object/ztf/${alert(i).object}`),
    "search of an id": (i) => get(`/api/pages/search?q=${object(i).id}`),
    "search of a position": (i) =>
      get(`/api/pages/search?q=${encodeURIComponent(`${object(i).ra} ${object(i).dec} 60"`)}`),
    "search of a class": () =>
      get(`/api/pages/search?q=${encodeURIComponent("class:SN candidate")}`),
  };
}

/** After a few to warm up. */
async function timesOf(count: number, ask: Ask, cpuMs: () => number): Promise<Figures> {
  for (let i = 0; i < Math.min(10, count); i++) await ask(count + i);
  const before = cpuMs();
  const times: number[] = [];
  for (let i = 0; i < count; i++) {
    const at = performance.now();
    await ask(i);
    times.push(performance.now() - at);
  }
  return { p50: quantile(times, 0.5), p95: quantile(times, 0.95), cpu: (cpuMs() - before) / count };
}

export function quantile(values: readonly number[], q: number): number {
  return values.toSorted((a, b) => a - b)[
    Math.min(values.length - 1, Math.ceil(q * values.length) - 1)
  ];
}

async function read(built: BenchLake, seconds: number, server: UiProcess): Promise<ReaderFigures> {
  const asks = asksOf(built);
  const until = performance.now() + seconds * 1000;
  const times: number[] = [];
  let errors = 0;
  let most = 0;
  const before = server.cpuMs();
  const reader = async (n: number) => {
    for (let i = n; performance.now() < until; i += 200) {
      const at = performance.now();
      await asks[(["cone", "object", "cutout"] as const)[i % 3]](i).catch(() => errors++);
      times.push(performance.now() - at);
    }
  };
  const watch = setInterval(() => (most = Math.max(most, server.rssMegabytes())), 1000);
  await Promise.all(Array.from({ length: 200 }, (_, n) => reader(n)));
  clearInterval(watch);
  return {
    requests: times.length,
    errors,
    p95: quantile(times, 0.95),
    cpu: (server.cpuMs() - before) / times.length,
    rssMegabytes: most,
  };
}

export interface UiProcess {
  readonly url: string;
  stop(): Promise<void>;
  rssMegabytes(): number;
  cpuMs(): number;
}

/** The ui service of a lake, when it answers. */
export async function serve(lake: string): Promise<UiProcess> {
  const env = {
    ...process.env,
    FINK_LAKE: lake,
    FINK_UI_PORT: String(port),
    FINK_LOG_LEVEL: "warn",
    FINK_API_REQUESTS_PER_MINUTE: "0",
  };
  const child = spawn(
    process.execPath,
    [
      ...process.execArgv,
      join(import.meta.dirname, "../src/cli/main.ts"),
      "start",
      "ui",
      "--foreground",
    ],
    {
      env,
      stdio: ["ignore", "ignore", "inherit"],
    },
  );
  const url = `http://127.0.0.1:${port}`;
  const answers = () =>
    fetch(`${url}/api/v1/status`).then(
      (r) => r.ok,
      () => false,
    );
  for (let i = 0; i < 300 && !(await answers()); i++) await sleep(200);
  const proc = (name: string) => readFileSync(`/proc/${child.pid}/${name}`, "utf8");
  return {
    url,
    async stop() {
      child.kill();
      await new Promise((resolve) => child.once("exit", resolve));
    },
    rssMegabytes: () => Number(/VmRSS:\s+(\d+)/.exec(proc("status"))?.[1] ?? 0) / 1000,
    cpuMs: () => {
      const [user, system] = proc("stat")
        .replace(/^.*\) /, "")
        .split(" ")
        .slice(11, 13)
        .map(Number);
      return (user + system) * 10; // in ticks of 10 ms
    },
  };
}
