import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { RemoteLedger } from "../../src/science/remote/ledger.ts";
import { packetsOf } from "../../src/simulator/night/batch.ts";
import { simulateHere } from "../../src/simulator/night/simulate.ts";
import { startFink } from "../archive/process.ts";
import { type XmatchServer, xmatchServer } from "./xmatch-server.ts";

const folder = mkdtempSync(join(tmpdir(), "fink-remote-service-"));
const lake = join(folder, "lake");
const alerts = 60;
let server: XmatchServer;

const fink = (args: readonly string[]) => {
  const remote = {
    FINK_SCIENCE_REMOTE_SERVICES: "simbad",
    FINK_SCIENCE_REMOTE_CDS: server?.url ?? "http://127.0.0.1:1",
    FINK_SCIENCE_REMOTE_WAIT_SECONDS: "10",
  };
  const filters = { FINK_FILTERS_FOLDER: join(folder, "filters"), FINK_FILTERS_SHIPPED: "false" };
  return startFink(args, {
    ...filters,
    FINK_LAKE: lake,
    FINK_ARCHIVE_WORKERS: "1",
    FINK_SCIENCE_WORKERS: "1",
    ...remote,
  }).ended;
};

async function query(sql: string): Promise<Record<string, unknown>[]> {
  const { output } = await fink(["query", "--format", "json", sql]);
  const lines = output.trim().split("\n");
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
}

beforeAll(async () => {
  mkdirSync(join(folder, "alerts"));
  mkdirSync(join(folder, "filters/ztf"), { recursive: true });
  writeFileSync(
    join(folder, "filters/ztf/variables.sql"),
    "-- quality: all\nSELECT * FROM alerts WHERE cdsxmatch = 'RRLyrae'\n",
  );
  let n = 0;
  for (const batch of simulateHere({
    survey: "ztf",
    schema: "4.02",
    nights: ["2026-10-10"],
    alerts,
    seed: 3,
    rates: {},
  })) {
    for (const bytes of packetsOf(batch))
      writeFileSync(join(folder, "alerts", `${n++}.avro`), bytes);
  }
  expect(await fink(["ingest", join(folder, "alerts")])).toMatchObject({ code: 0 });
  const [{ ra, dec }] = await query(
    "SELECT candidate.ra AS ra, candidate.dec AS dec FROM ztf.raw ORDER BY candid LIMIT 1",
  );
  server = await xmatchServer({
    simbad: [{ ra: ra as number, dec: dec as number, main_type: "RRLyrae", otype: "RR*" }],
  });
}, 60_000);
afterAll(() => {
  server?.close();
  rmSync(folder, { recursive: true, force: true });
});

it(
  "no alert waits for a service that is down; when it answers, each row is there once, with what it said",
  { timeout: 180_000 },
  async () => {
    const counted = `SELECT count(*)::INT AS rows, count(cdsxmatch)::INT AS answered, sum((_pending = 'simbad_ztf')::INT)::INT AS waiting,
    sum((cdsxmatch = 'RRLyrae')::INT)::INT AS found, max(_revision)::INT AS revision, count(DISTINCT candid)::INT AS alerts FROM ztf.science`;
    server.behaviours = [{ status: 503 }];
    expect(await fink(["start", "science", "--once"])).toMatchObject({ code: 0 });
    expect(await query(counted)).toEqual([
      { rows: alerts, answered: 0, waiting: alerts, found: null, revision: 0, alerts },
    ]);
    expect(await fink(["start", "filter", "--once"])).toMatchObject({ code: 0 });

    const ledger = new RemoteLedger(lake);
    ledger.answered("simbad"); // its pause of 5 s is over
    ledger.close();
    server.behaviours = ["answer"];
    expect(await fink(["start", "science", "--once"])).toMatchObject({ code: 0 });
    const [{ found, ...rest }] = await query(counted);
    expect(rest).toEqual({ rows: alerts, answered: alerts, waiting: 0, revision: 1, alerts });
    expect(found).toBeGreaterThanOrEqual(1);
    const [{ catalogues }] = await query(
      "SELECT any_value(_catalogues) AS catalogues FROM ztf.science",
    );
    expect(catalogues).toContain("simbad@cds");

    for (let i = 0; i < 2; i++)
      expect(await fink(["start", "filter", "--once"])).toMatchObject({ code: 0 });
    expect(
      await query(
        "SELECT count(*)::INT AS matches, count(DISTINCT alert)::INT AS alerts, min(revision)::INT AS revision FROM ztf.matches",
      ),
    ).toEqual([{ matches: found, alerts: found, revision: 1 }]);
  },
);
