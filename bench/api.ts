import { spawn } from "node:child_process";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type BenchLake, buildLake } from "./api-lake.ts";

export interface ApiFigures {
  readonly alerts: number;
  readonly buildSeconds: number;
  /** ms, of the requests one after the other. */
  readonly p95: Readonly<Record<"object" | "cone" | "cutout" | "skyMap", number>>;
  readonly readers: ReaderFigures | null;
}

export interface ReaderFigures {
  readonly requests: number;
  readonly errors: number;
  readonly p95: number;
  readonly rssMegabytes: number;
}

const port = 5932;

/** A lake of so many alerts, and its figures; `readerSeconds` > 0: with 200 readers at once, too. */
export async function benchApi(alerts: number, readerSeconds: number, beside?: Beside): Promise<ApiFigures> {
  const startedAt = performance.now();
  const built = await buildLake(alerts);
  const buildSeconds = (performance.now() - startedAt) / 1000;
  try {
    return { alerts, buildSeconds, ...(await measure(built, readerSeconds, beside)) };
  } finally {
    rmSync(built.lake, { recursive: true, force: true });
  }
}

/** What else is done while the readers read. */
export type Beside = (lake: string, seconds: number) => Promise<void>;

/** Reads of a lake through the ui service in a process of its own. */
export async function measure(built: BenchLake, readerSeconds: number, beside: Beside = async () => {}): Promise<Pick<ApiFigures, "p95" | "readers">> {
  const server = await serve(built.lake);
  try {
    const of = <T>(items: readonly T[], i: number) => items[(i * 7919) % items.length];
    const asks = asksOf(built);
    const p95 = {
      object: await timed(150, (i) => asks.object(of(built.objects, i))),
      cone: await timed(150, (i) => asks.cone(of(built.objects, i))),
      cutout: await timed(100, (i) => asks.cutout(of(built.lastAlerts, i))),
      skyMap: await timed(5, () => asks.skyMap()),
    };
    if (readerSeconds === 0) return { p95, readers: null };
    const [readers] = await Promise.all([read(built, readerSeconds, server.rss), beside(built.lake, readerSeconds)]);
    return { p95, readers };
  } finally {
    await server.stop();
  }
}

function asksOf({ lastNight }: BenchLake) {
  const get = async (path: string) => {
    const response = await fetch(`http://127.0.0.1:${port}${path}`);
    const bytes = await response.arrayBuffer();
    if (!response.ok || bytes.byteLength < 3) throw new Error(`${path}: ${response.status} ${Buffer.from(bytes).toString().slice(0, 200)}`);
  };
  return {
    object: ({ id }: { id: string }) => get(`/api/v1/objects?objectId=${id}`),
    cone: ({ ra, dec }: { ra: number; dec: number }) => get(`/api/v1/conesearch?ra=${ra}&dec=${dec}&radius=60`),
    cutout: ({ object, candid }: { object: string; candid: bigint }) => get(`/api/v1/cutouts?objectId=${object}&candid=${candid}&kind=Science`),
    skyMap: () => get(`/api/pages/sky/ztf/${lastNight}`),
  };
}

/** p95 in ms, after a few to warm up. */
async function timed(count: number, ask: (i: number) => Promise<void>): Promise<number> {
  for (let i = 0; i < Math.min(10, count); i++) await ask(count + i);
  const times: number[] = [];
  for (let i = 0; i < count; i++) {
    const at = performance.now();
    await ask(i);
    times.push(performance.now() - at);
  }
  return quantile(times, 0.95);
}

function quantile(values: readonly number[], q: number): number {
  return values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.ceil(q * values.length) - 1)];
}

async function read(built: BenchLake, seconds: number, rss: () => Promise<number>): Promise<ReaderFigures> {
  const asks = asksOf(built);
  const until = performance.now() + seconds * 1000;
  const times: number[] = [];
  let errors = 0;
  let most = 0;
  const reader = async (n: number) => {
    for (let i = n; performance.now() < until; i += 200) {
      const at = performance.now();
      const object = built.objects[(i * 7919) % built.objects.length];
      await (i % 3 === 0 ? asks.cone(object) : i % 3 === 1 ? asks.object(object) : asks.cutout(built.lastAlerts[(i * 7919) % built.lastAlerts.length])).catch(
        () => errors++,
      );
      times.push(performance.now() - at);
    }
  };
  const watch = setInterval(() => void rss().then((now) => (most = Math.max(most, now))), 1000);
  await Promise.all(Array.from({ length: 200 }, (_, n) => reader(n)));
  clearInterval(watch);
  return { requests: times.length, errors, p95: quantile(times, 0.95), rssMegabytes: most };
}

async function serve(lake: string): Promise<{ stop(): Promise<void>; rss(): Promise<number> }> {
  const env = { ...process.env, FINK_LAKE: lake, FINK_UI_PORT: String(port), FINK_LOG_LEVEL: "warn", FINK_API_REQUESTS_PER_MINUTE: "0" };
  const child = spawn(process.execPath, [...process.execArgv, join(import.meta.dirname, "../src/cli/main.ts"), "start", "ui"], {
    env,
    stdio: ["ignore", "ignore", "inherit"],
  });
  for (let i = 0; i < 300; i++) {
    if (
      await fetch(`http://127.0.0.1:${port}/api/v1/status`).then(
        (r) => r.ok,
        () => false,
      )
    )
      break;
    await sleep(200);
  }
  const { readFile } = await import("node:fs/promises");
  return {
    async stop() {
      child.kill();
      await new Promise((resolve) => child.once("exit", resolve));
    },
    rss: async () => Number(/VmRSS:\s+(\d+)/.exec(await readFile(`/proc/${child.pid}/status`, "utf8"))?.[1] ?? 0) / 1000,
  };
}
