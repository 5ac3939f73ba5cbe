import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { surveysOf } from "../../src/archive/setup.ts";
import { configSchema } from "../../src/config/schema.ts";
import { ScienceTable } from "../../src/science/follow.ts";
import { pauseAfter, ScienceUpdates } from "../../src/science/updates.ts";
import { type Run, toolsFor, workOn } from "../../src/science/work.ts";
import { openSession } from "../../src/sql/session.ts";
import { lakeOfAlerts } from "./lake.ts";
import { type XmatchServer, xmatchServer } from "./xmatch-server.ts";

const folder = mkdtempSync(join(tmpdir(), "fink-outage-"));
const lake = join(folder, "lake");
const alerts = 80;
let server: XmatchServer;

beforeAll(async () => {
  await lakeOfAlerts(lake, alerts);
  server = await xmatchServer({});
}, 60_000);
afterAll(() => {
  vi.useRealTimers();
  server?.close();
  rmSync(folder, { recursive: true, force: true });
});

async function states(): Promise<unknown> {
  const session = await openSession(lake);
  try {
    const waiting =
      "count(*) FILTER (_pending = 'simbad_ztf')::INT AS waiting, count(cdsxmatch)::INT AS answered, count(nalerthist)::INT AS others";
    const result = await session.query(
      `SELECT count(*)::INT AS rows, count(DISTINCT candid)::INT AS alerts, ${waiting} FROM ztf.science`,
    );
    return (await result.getRowObjectsJson())[0];
  } finally {
    session.close();
  }
}

/** The clock alone is simulated: no time passes but in the pauses, which nobody sits out. */
it(
  "a service that is down for an hour keeps no alert waiting, and all are complete within 10 minutes of its return",
  { timeout: 120_000 },
  async () => {
    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() });
    const config = configSchema.parse({
      lake,
      science: {
        modules: join(folder, "none"),
        remote: { services: ["simbad"], cds: server.url, waitSeconds: 0.05 },
      },
    });
    const surveys = surveysOf(config);
    const tools = await toolsFor({ lake, config: config.science }, surveys.all);
    const run: Run = (kind, job) => workOn(kind, job, tools);

    server.behaviours = [{ status: 503 }];
    const downAt = Date.now();
    const table = new ScienceTable(lake, surveys.named("ztf"));
    while (await table.step(run, 1000)) /* … */ ;
    expect(Date.now()).toBe(downAt);
    expect(await states()).toEqual({
      rows: alerts,
      alerts,
      waiting: alerts,
      answered: 0,
      others: alerts,
    });

    const updates = new ScienceUpdates(lake, surveys.named("ztf"), 7);
    let pause = 0;
    const ask = async () => {
      const asked = await updates.step(run);
      pause = pauseAfter(pause, asked?.changed ?? 0);
      vi.setSystemTime(Date.now() + pause);
      return asked;
    };
    while (Date.now() - downAt < 3_600_000) expect((await ask())?.changed).toBe(0);
    const asked = server.requests.length;
    expect(asked).toBeLessThan(80); // a request a minute, not each time that somebody wants to know

    server.behaviours = [{ afterMs: 200 }]; // later than a batch of new alerts waits
    const backAt = Date.now();
    while ((await ask()) !== null) expect(Date.now() - backAt).toBeLessThan(600_000);
    expect(await states()).toEqual({
      rows: alerts,
      alerts,
      waiting: 0,
      answered: alerts,
      others: alerts,
    });
  },
);
