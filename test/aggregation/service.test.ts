import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { aggregationsIn } from "../../src/aggregation/load.ts";
import { StatisticsTable } from "../../src/aggregation/statistics.ts";
import { surveysOf } from "../../src/archive/setup.ts";
import { configSchema } from "../../src/config/schema.ts";
import { packetsOf } from "../../src/simulator/night/batch.ts";
import { simulateHere } from "../../src/simulator/night/simulate.ts";
import { startFink } from "../archive/process.ts";

let folder = "";
let whole = "";
const fink = (lake: string, args: readonly string[], more: Record<string, string> = {}) =>
  startFink(args, {
    FINK_LAKE: lake,
    FINK_AGGREGATION_FOLDER: join(folder, "own"),
    FINK_ARCHIVE_WORKERS: "1",
    ...more,
  }).ended;

async function query(lake: string, sql: string): Promise<Record<string, unknown>[]> {
  const { output } = await fink(lake, ["query", "--format", "json", sql]);
  return output
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

const counted = (lake: string) =>
  query(
    lake,
    `SELECT night, sum(value) FILTER (aggregation = 'band') AS band, sum(value) FILTER (aggregation = 'nightly' AND name = 'raw') AS nightly,
       sum(value) FILTER (aggregation = 'rate') AS rate FROM ztf.statistics GROUP BY night ORDER BY night`,
  );

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "fink-aggregation-"));
  whole = join(folder, "lake");
  for (const night of ["2026-10-10", "2026-10-11"]) {
    mkdirSync(join(folder, night));
    for (const batch of simulateHere({
      survey: "ztf",
      schema: "4.02",
      nights: [night],
      alerts: 60,
      seed: 3,
      rates: {},
    })) {
      let i = 0;
      for (const bytes of packetsOf(batch))
        writeFileSync(join(folder, night, `${batch.alertIds[i++]}.avro`), bytes);
    }
  }
  mkdirSync(join(folder, "own", "ztf"), { recursive: true });
  expect(await fink(whole, ["ingest", join(folder, "2026-10-10")])).toMatchObject({ code: 0 });
  expect(await fink(whole, ["start", "science", "--once"])).toMatchObject({ code: 0 });
}, 60_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function lakeNamed(name: string): string {
  cpSync(whole, join(folder, name), { recursive: true });
  return join(folder, name);
}

describe("the aggregation service", { timeout: 60_000 }, () => {
  it("counts what raw can answer before science has run, says what needs science, and counts it then", async () => {
    const lake = join(folder, "raw-first");
    await fink(lake, ["ingest", join(folder, "2026-10-10")]);
    cpSync(join(folder, "2026-10-10"), join(folder, "again"), { recursive: true });
    await fink(lake, ["ingest", join(folder, "again")]); // the same alerts are other messages
    const before = await fink(lake, ["start", "aggregation", "--once"]);
    expect(before).toMatchObject({ code: 0 });
    expect(before.output).toContain("once `./fink start science` has run");
    for (const needing of ["class.sql", "nightly.sql", "simbad.sql"])
      expect(before.output).toContain(needing);
    expect(await counted(lake)).toEqual([{ night: 20261010, band: 60, nightly: null, rate: 60 }]);
    const classes = () =>
      query(
        lake,
        "SELECT coalesce(sum(value), 0)::INTEGER AS alerts FROM ztf.statistics WHERE aggregation = 'class'",
      );
    expect(await classes()).toEqual([{ alerts: 0 }]);
    await fink(lake, ["start", "science", "--once"]);
    expect(await fink(lake, ["start", "aggregation", "--once"])).toMatchObject({ code: 0 });
    expect(await classes()).toEqual([{ alerts: 60 }]);
    expect(await counted(lake)).toEqual([{ night: 20261010, band: 60, nightly: 60, rate: 60 }]);
  });

  it("counts each alert once, and a night that comes later", async () => {
    const lake = lakeNamed("later");
    expect(await fink(lake, ["start", "aggregation", "--once"])).toMatchObject({ code: 0 });
    expect(await counted(lake)).toEqual([{ night: 20261010, band: 60, nightly: 60, rate: 60 }]);
    await fink(lake, ["ingest", join(folder, "2026-10-11")]);
    await fink(lake, ["start", "science", "--once"]);
    expect(await fink(lake, ["start", "aggregation", "--once"])).toMatchObject({ code: 0 });
    expect(await counted(lake)).toMatchObject([
      { rate: 60 },
      { night: 20261011, band: 60, nightly: 60, rate: 60 },
    ]);
    const [same] = await query(
      lake,
      "SELECT count(*)::INTEGER AS alerts, count(DISTINCT candidate.fid)::INTEGER AS bands FROM ztf.raw WHERE night = 20261010",
    );
    const groups = await query(
      lake,
      `SELECT DISTINCT "group" FROM ztf.statistics WHERE aggregation = 'band' AND night = 20261010`,
    );
    expect(groups).toHaveLength(Number(same["bands"]));
  });

  it.each([
    "before:data-file:1",
    "after:data-file:1",
    "before:log-entry:1",
    "after:log-entry:1",
    "after:log-entry:2",
  ])("killed %s and started again has counted once", async (killPoint) => {
    const lake = lakeNamed(killPoint.replaceAll(":", "-"));
    await fink(lake, ["start", "aggregation", "--once"], { FINK_CRASH_AT: killPoint });
    expect(await fink(lake, ["start", "aggregation", "--once"])).toMatchObject({ code: 0 });
    expect(await counted(lake)).toEqual([{ night: 20261010, band: 60, nightly: 60, rate: 60 }]);
  });

  it("counts each alert once where two processes count at the same time, and neither fails", async () => {
    const lake = lakeNamed("two");
    const { aggregations } = await aggregationsIn("aggregations");
    const own = aggregations.filter(({ survey }) => survey === "ztf");
    const survey = surveysOf(configSchema.parse({})).named("ztf");
    const tables = [new StatisticsTable(lake, survey), new StatisticsTable(lake, survey)];
    await Promise.all(tables.map((table) => table.step(own, new AbortController().signal)));
    expect(await counted(lake)).toEqual([{ night: 20261010, band: 60, nightly: 60, rate: 60 }]);
    for (const table of tables)
      expect(await table.step(own, new AbortController().signal)).toEqual({
        nights: 0,
        problems: [],
      });
  });

  it("takes up one of the user's own, and says what is wrong with another", async () => {
    const lake = lakeNamed("own-lake");
    await fink(lake, ["start", "aggregation", "--once"]);
    const own = join(folder, "own", "ztf");
    writeFileSync(
      join(own, "bright.sql"),
      "-- title: Bright\nSELECT count(*) AS alerts FROM alerts WHERE candidate.magpsf < 19.25\n",
    );
    writeFileSync(
      join(own, "wrong.sql"),
      "-- title: Wrong\nSELECT count(*) AS alerts FROM alerts WHERE candidate.magpfs < 18\n",
    );
    expect((await fink(lake, ["aggregation", "check", "wrong"])).output).toContain(
      "did you mean candidate.magpsf?",
    );
    expect(await fink(lake, ["aggregation", "check", "bright"])).toMatchObject({ code: 0 });
    expect(await fink(lake, ["start", "aggregation", "--once"])).toMatchObject({ code: 0 });
    const [row] = await query(
      lake,
      "SELECT value FROM ztf.statistics WHERE aggregation = 'bright'",
    );
    const [truth] = await query(
      lake,
      "SELECT count(*)::INTEGER AS alerts FROM ztf.raw WHERE candidate.magpsf < 19.25",
    );
    expect(row["value"]).toBe(truth["alerts"]);
  });
});
