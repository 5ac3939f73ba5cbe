import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { surveysOf } from "../../src/archive/setup.ts";
import { configSchema } from "../../src/config/schema.ts";
import { LakeTable } from "../../src/lake/table.ts";
import { ScienceTable } from "../../src/science/follow.ts";
import { workOn } from "../../src/science/work.ts";
import { packetsOf, type SimulationOptions } from "../../src/simulator/night/batch.ts";
import { simulateHere } from "../../src/simulator/night/simulate.ts";
import { expectBalance } from "../account/balance.ts";
import { startFink } from "../archive/process.ts";

const night: SimulationOptions = {
  survey: "ztf",
  schema: "4.02",
  nights: ["2026-10-10"],
  alerts: 200,
  seed: 3,
  rates: {},
};
const killPoints = ["before", "after"].flatMap((when) =>
  ["data-file", "log-entry"].flatMap((step) => [1, 3].map((n) => `${when}:${step}:${n}`)),
);

let folder = "";
let raw = "";
const ids: string[] = [];

/** Small batches everywhere, so that there are several commits to be killed in. */
const settings = {
  FINK_ARCHIVE_BATCH_ALERTS: "20",
  FINK_ARCHIVE_WORKERS: "1",
  FINK_SCIENCE_BATCH_ALERTS: "40",
};
const fink = (lake: string, args: readonly string[], more: Record<string, string> = {}) =>
  startFink(args, { ...settings, FINK_LAKE: lake, ...more }).ended;
const science = (lake: string, more: Record<string, string> = {}) =>
  fink(lake, ["start", "science", "--once"], more);

async function query(lake: string, sql: string): Promise<Record<string, unknown>[]> {
  const { output } = await fink(lake, ["query", "--format", "json", sql]);
  return output
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "fink-science-"));
  raw = join(folder, "lake");
  mkdirSync(join(folder, "alerts"));
  for (const batch of simulateHere(night)) {
    let i = 0;
    for (const bytes of packetsOf(batch)) {
      ids.push(String(batch.alertIds[i]));
      writeFileSync(join(folder, "alerts", `${batch.alertIds[i++]}.avro`), bytes);
    }
  }
  expect(await fink(raw, ["ingest", join(folder, "alerts")])).toMatchObject({ code: 0 });
}, 60_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function lakeNamed(name: string): string {
  const lake = join(folder, name);
  cpSync(raw, lake, { recursive: true });
  return lake;
}

async function expectEachOnce(lake: string): Promise<void> {
  const rows = await query(lake, "SELECT candid FROM ztf.science");
  expect(rows.map((row) => String(row["candid"])).toSorted()).toEqual(ids.toSorted());
  await expectBalance(lake);
}

describe("the science service", { timeout: 60_000 }, () => {
  it("writes a row for each alert, with its keys, what the modules say and which versions said it", async () => {
    const lake = lakeNamed("whole");
    expect(await science(lake)).toMatchObject({ code: 0 });
    await expectEachOnce(lake);
    const [row] = await query(
      lake,
      "SELECT s.objectId = r.objectId AND s.candidate.jd = r.candidate.jd AS same, s.nalerthist, s._modules FROM ztf.science s JOIN ztf.raw r USING (candid) ORDER BY s.nalerthist DESC LIMIT 1",
    );
    expect(row).toMatchObject({ same: true });
    expect(row["nalerthist"]).toBeGreaterThan(1);
    expect(row["_modules"]).toContain("nalerthist@1 roid@1");
    const [more] = await query(
      lake,
      "SELECT count(*)::INTEGER AS rows, count(*) FILTER (r._published_at IS NOT DISTINCT FROM s._published_at AND s._pending = '' AND s._revision = 0 AND s._catalogues IS NOT NULL)::INTEGER AS whole FROM ztf.science s JOIN ztf.raw r USING (candid)",
    );
    expect(more).toEqual({ rows: 200, whole: 200 });
    const tags = [...new LakeTable(join(lake, "ztf/science")).snapshot.files.values()].map(
      ({ tags: { "fink.raw": raw } = {} }) => raw,
    );
    expect(tags.toSorted()).toEqual(
      [...new LakeTable(join(lake, "ztf/raw")).snapshot.files.keys()].toSorted(),
    );
  });

  it("has one row of an alert that the survey sends again, in the same run or later", async () => {
    const lake = lakeNamed("again");
    const copies = (name: string): string => {
      cpSync(join(folder, "alerts"), join(folder, name), { recursive: true });
      return join(folder, name);
    };
    await fink(lake, ["ingest", copies("second")]);
    expect(await science(lake)).toMatchObject({ code: 0 });
    await expectEachOnce(lake);
    await fink(lake, ["ingest", copies("third")]);
    expect(await science(lake)).toMatchObject({ code: 0 });
    await expectEachOnce(lake);
  });

  it("takes up what compaction merged before it came to it, once", async () => {
    const lake = lakeNamed("compacted");
    expect(await fink(lake, ["compact"])).toMatchObject({ code: 0 });
    expect(await science(lake)).toMatchObject({ code: 0 });
    expect(await fink(lake, ["compact"])).toMatchObject({ code: 0 });
    expect(await science(lake)).toMatchObject({ code: 0 });
    await expectEachOnce(lake);
  });

  it("computes a batch again, whole, after a file of it could not be read", async () => {
    const lake = lakeNamed("unreadable");
    const config = configSchema.parse({});
    const table = new ScienceTable(lake, surveysOf(config).named("ztf"));
    const setup = { lake, config: config.science };
    const step = () =>
      table.step((kind, job) => workOn(kind, job, { setup, modules: [], off: new Map() }), 1000);
    const files = [...new LakeTable(join(lake, "ztf/raw")).snapshot.files.keys()].map((path) =>
      join(lake, "ztf/raw", path),
    );
    const last = files[files.length - 1];
    const bytes = readFileSync(last);
    writeFileSync(last, "damaged");
    await expect(step()).rejects.toThrow("cannot be read as Parquet");
    writeFileSync(last, bytes);
    expect(await step()).toMatchObject({ alerts: 200, duplicates: 0 });
    await expectEachOnce(lake);
  });

  it.each(killPoints)("killed %s and started again has each alert once", async (killPoint) => {
    const lake = lakeNamed(killPoint.replaceAll(":", "-"));
    expect(await science(lake, { FINK_CRASH_AT: killPoint })).toMatchObject({ signal: "SIGKILL" });
    expect(await science(lake)).toMatchObject({ code: 0 });
    await expectEachOnce(lake);
  });

  it("goes on when a user's module throws: its columns are null, and the row says so", async () => {
    const lake = lakeNamed("broken");
    const modules = join(folder, "modules");
    mkdirSync(modules);
    const adds = `[{ name: "wrong", type: "double", unit: null, description: "never there" }]`;
    const module = `export default { name: "broken", version: "1", surveys: ["ztf"], about: "Throws.", needs: ["candidate.magpsf"], adds: ${adds}, run() { throw new Error("no model"); } };`;
    writeFileSync(join(modules, "broken.ts"), module);
    expect(await science(lake, { FINK_SCIENCE_MODULES: modules })).toMatchObject({ code: 0 });
    await expectEachOnce(lake);
    const [row] = await query(
      lake,
      "SELECT count(*)::INTEGER AS rows, count(wrong)::INTEGER AS wrong, count(nalerthist)::INTEGER AS fine, any_value(_modules) AS made FROM ztf.science",
    );
    expect(row).toMatchObject({ rows: 200, wrong: 0, fine: 200 });
    expect(row["made"]).toContain("broken@1!");
  });

  it("goes on when a user's module hangs or ends its thread: it is left out where it did", async () => {
    const lake = lakeNamed("hanging");
    const modules = join(folder, "hanging-modules");
    mkdirSync(modules);
    const write = (name: string, id: string, fault: string) =>
      writeFileSync(
        join(modules, `${name}.ts`),
        `export default { name: "${name}", version: "1", surveys: ["ztf"], about: "Not always good.", needs: ["candid"],
         adds: [{ name: "${name}", type: "double", unit: null, description: "mostly there" }],
         run(alerts) { if (alerts.longs("candid").includes(${id}n)) ${fault} return { ${name}: { values: new Float64Array(alerts.count) } }; } };`,
      );
    write("hangs", ids[0], "for (;;);");
    write("ends", ids[199], "process.exit(1);");
    expect(
      await science(lake, {
        FINK_SCIENCE_MODULES: modules,
        FINK_SCIENCE_LIMIT_SECONDS: "2",
        FINK_SCIENCE_WORKERS: "1",
      }),
    ).toMatchObject({ code: 0 });
    await expectEachOnce(lake);
    for (const [name, id] of [
      ["hangs", ids[0]],
      ["ends", ids[199]],
    ] as const) {
      const [row] = await query(
        lake,
        `SELECT count(*) FILTER (${name} IS NULL)::INTEGER AS missing, count(*) FILTER (candid = ${id} AND ${name} IS NULL AND _modules LIKE '%${name}@1!%')::INTEGER AS his, count(nalerthist)::INTEGER AS fine FROM ztf.science`,
      );
      expect(row).toMatchObject({ his: 1, fine: 200 });
      expect(row["missing"]).toBeLessThanOrEqual(20); // the others of his file, which may have less
    }
  });

  it("takes up a module that comes or changes while it runs, and a damaged one stops nothing", async () => {
    const lake = lakeNamed("changing");
    const modules = join(folder, "changing-modules");
    mkdirSync(modules);
    const write = (version: number) =>
      writeFileSync(
        join(modules, "mine.ts"),
        `export default { name: "mine", version: "${version}", surveys: ["ztf"], about: "Mine.", needs: ["candidate.ra"],
         adds: [{ name: "mine", type: "int", unit: null, description: "mine" }],
         run: ({ count }) => ({ mine: { values: new Int32Array(count).fill(${version}) } }) };`,
      );
    write(1);
    writeFileSync(join(modules, "damaged.ts"), "export default {");
    const service = startFink(["start", "science"], {
      ...settings,
      FINK_LAKE: lake,
      FINK_SCIENCE_MODULES: modules,
    });
    const rows = async (version: number) =>
      Number(
        (
          await query(lake, `SELECT count(*) AS rows FROM ztf.science WHERE mine = ${version}`)
        )[0]?.["rows"],
      );
    const until = async (is: () => Promise<boolean>) => {
      while (!(await is().catch(() => false))) await new Promise((done) => setTimeout(done, 200));
    };
    await until(async () => (await rows(1)) === 200);
    write(2);
    await new Promise((done) => setTimeout(done, 6000)); // it looks every 5 s
    const more = join(folder, "more");
    mkdirSync(more);
    for (const batch of simulateHere({ ...night, nights: ["2026-10-11"], alerts: 30 })) {
      let i = 0;
      for (const bytes of packetsOf(batch))
        writeFileSync(join(more, `${batch.alertIds[i++]}.avro`), bytes);
    }
    expect(await fink(lake, ["ingest", more])).toMatchObject({ code: 0 });
    await until(async () => (await rows(2)) === 30);
    await service.kill("SIGTERM");
    expect(service.output()).toContain("damaged.ts");
  });
});
