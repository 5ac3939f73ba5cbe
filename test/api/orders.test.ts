import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Api } from "../../src/api/api.ts";
import { LiveFeed } from "../../src/api/feed.ts";
import { LakeReader } from "../../src/api/lake-reader.ts";
import { PageLake } from "../../src/api/pages/lake.ts";
import { createApp } from "../../src/api/server.ts";
import { ingest } from "../../src/archive/ingest.ts";
import { configSchema } from "../../src/config/schema.ts";
import { tablesIn } from "../../src/lake/tables.ts";
import { vacuumTable } from "../../src/lake/vacuum.ts";
import { ScienceTable } from "../../src/science/follow.ts";
import { type Run, toolsFor, workOn } from "../../src/science/work.ts";
import { Sources } from "../../src/serving/sources.ts";
import { runCompaction } from "../../src/services/compaction.ts";
import type { ServiceContext } from "../../src/services/service.ts";
import { packetsOf } from "../../src/simulator/night/batch.ts";
import { simulateHere } from "../../src/simulator/night/simulate.ts";
import { openSession } from "../../src/sql/session.ts";
import { loadSurveys, shippedSurveys } from "../../src/surveys/surveys.ts";

/**
 * Any order of what a user may do gives the same answers. A fault it names: cone and position
 * search answered 500 when `compact` ran before `science` had made its table, because the merged
 * files lack the columns of science.
 */
const steps = ["ingest", "science", "compact", "vacuum", "restart"] as const;
type Step = (typeof steps)[number];

const alerts = 20;
const surveys = loadSurveys(shippedSurveys);
const folder = mkdtempSync(join(tmpdir(), "fink-orders-"));
const packets = join(folder, "packets");
const template = join(folder, "template");
let run: Run;

beforeAll(async () => {
  mkdirSync(packets);
  const night = {
    survey: "ztf",
    schema: "4.02",
    nights: ["2026-10-10"],
    alerts,
    seed: 3,
    rates: {},
  } as const;
  for (const batch of simulateHere(night)) {
    let i = 0;
    for (const bytes of packetsOf(batch))
      writeFileSync(join(packets, `${batch.alertIds[i++]}.avro`), bytes);
  }
  const config = configSchema.parse({ lake: template, archive: { workers: 1 } });
  await ingest([packets], config, undefined, { warn: () => {} }, new AbortController().signal);
  sent = await sentAlerts();
  const setup = { lake: join(folder, "none"), config: configSchema.parse({}).science };
  const tools = await toolsFor(setup, surveys.all);
  run = (kind, job) => workOn(kind, job, tools);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The pages and the API over a lake, as the ui service has them. */
function openPortal(lake: string) {
  const sources = new Sources(lake, surveys);
  const view = new LakeReader(lake, surveys, sources);
  const feed = new LiveFeed(lake, view, 60_000);
  const pageLake = new PageLake(lake, surveys, { folder: "" }, sources);
  const logged: unknown[] = [];
  const logError = (error: unknown) => logged.push(error);
  const app: Api = createApp(
    { host: "", port: 0, lake, view, pageLake, sources, pages: "", logError },
    feed,
  );
  const close = async () => {
    feed.close();
    await sources.close();
  };
  return { app, logged, close };
}

const actions: Readonly<Record<Exclude<Step, "restart">, (lake: string) => Promise<void>>> = {
  /** The files of one real ingest: nothing that comes before it leaves a table it would find. */
  async ingest(lake) {
    expect(tablesIn(lake)).toEqual([]);
    cpSync(template, lake, { recursive: true });
  },
  async science(lake) {
    const table = new ScienceTable(lake, surveys.named("ztf"));
    while ((await table.step(run, 1000)) !== null);
  },
  async compact(lake) {
    const log = { info: () => {}, error: () => {} } as unknown as ServiceContext["log"];
    const signal = new AbortController().signal;
    await runCompaction({
      config: configSchema.parse({ lake }),
      lake,
      signal,
      once: true,
      status: () => {},
      log,
    } as ServiceContext);
  },
  async vacuum(lake) {
    // two days later nothing is too young to be removed
    for (const { path } of tablesIn(lake))
      vacuumTable(path, { keepDays: 0 }, Date.now() + 2 * 86_400_000);
  },
};

function ordersOf(left: readonly Step[]): Step[][] {
  return left.length === 0
    ? [[]]
    : left.flatMap((one) =>
        ordersOf(left.filter((other) => other !== one)).map((rest) => [one, ...rest]),
      );
}

interface Found {
  readonly alertId: string;
  readonly objectId: string;
  readonly ra: number;
  readonly dec: number;
}
let sent: readonly Found[] = [];

async function sentAlerts(): Promise<Found[]> {
  const session = await openSession(template);
  try {
    const sql =
      "SELECT candid::VARCHAR AS alertId, objectId, candidate.ra AS ra, candidate.dec AS dec FROM ztf.raw ORDER BY candid";
    const rows = (await (await session.query(sql)).getRowObjectsJson()) as unknown as Found[];
    expect(rows).toHaveLength(alerts);
    return rows;
  } finally {
    session.close();
  }
}

/**
 * Finds an alert by its id, by its position and with Fink's cone search, and nothing where there is
 * nothing.
 */
async function expectFound(
  { app, logged }: ReturnType<typeof openPortal>,
  order: string,
): Promise<void> {
  const ask = async <T>(path: string): Promise<T> => {
    const response = await app.request(path);
    const text = await response.text();
    expect(response.status, `${order}: ${path}: ${text} ${String(logged[0])}`).toBe(200);
    return JSON.parse(text) as T;
  };
  const search = async (q: string) =>
    (await ask<{ rows: Found[] }>(`/api/pages/search?q=${encodeURIComponent(q)}`)).rows;
  const cone = (ra: number, dec: number) =>
    ask<Record<string, unknown>[]>(`/api/v1/conesearch?ra=${ra}&dec=${dec}&radius=1`);
  const { alertId, objectId, ra, dec } = sent[asked++ % sent.length];
  expect(await search(alertId), order).toMatchObject([{ alertId, objectId, ra, dec }]);
  expect(await search(`${ra} ${dec} 1`), order).toMatchObject([{ objectId }]);
  expect(await cone(ra, dec), order).toMatchObject([{ "i:objectId": objectId }]);
  // beside it: the same files are read, and none of the newer rows
  expect(await search(`${ra} ${dec + 0.02} 1`), order).toEqual([]);
  expect(await cone(ra, dec + 0.02), order).toEqual([]);
}
let asked = 0;

test("every order of ingest, science, compact, vacuum and restart gives the same answers", async () => {
  const orders = ordersOf(steps);
  expect(orders).toHaveLength(120);
  for (const order of orders) {
    const lake = join(folder, "lake");
    let portal = openPortal(lake);
    for (const step of order) {
      if (step !== "restart") await actions[step](lake);
      else {
        await portal.close();
        portal = openPortal(lake);
      }
    }
    await expectFound(portal, order.join(", "));
    await portal.close();
    rmSync(lake, { recursive: true, force: true });
  }
}, 600_000);
