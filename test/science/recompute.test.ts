import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { surveysOf } from "../../src/archive/setup.ts";
import { configSchema } from "../../src/config/schema.ts";
import { LakeTable } from "../../src/lake/table.ts";
import { recomputeNight } from "../../src/science/recompute.ts";
import type { Run } from "../../src/science/work.ts";
import { toolsFor, workOn } from "../../src/science/work.ts";
import { openSession } from "../../src/sql/session.ts";
import { startFink } from "../archive/process.ts";
import { lakeOfAlerts } from "./lake.ts";

const night = 20261010;
let folder = "";
let modules = "";
let lake = "";
let count = 0;
let ids: string[] = [];

const fink = (args: readonly string[], more: Record<string, string> = {}) =>
  startFink(args, {
    FINK_LAKE: lake,
    FINK_SCIENCE_MODULES: modules,
    FINK_SCIENCE_BATCH_ALERTS: "40",
    FINK_SCIENCE_WORKERS: "1",
    ...more,
  }).ended;

/**
 * A module of the user's: what it says is its version, of alerts in g; another makes text of it.
 */
function writeModules(version: number): void {
  const write = (name: string, needs: string, type: string, values: string) =>
    writeFileSync(
      join(modules, `${name}.ts`),
      `export default { name: "${name}", version: "${version}", surveys: ["ztf"], about: "Mine.", needs: ["${needs}"],
       adds: [{ name: "mine.${name}", type: "${type}", unit: null, description: "mine" }], run: (alerts) => ({ "mine.${name}": { values: ${values} } }) };`,
    );
  write(
    "number",
    "candidate.fid",
    "double",
    `alerts.numbers("candidate.fid").map((fid) => (fid === 1 ? ${version} : 0))`,
  );
  write("text", "mine.number", "string", `Array.from(alerts.numbers("mine.number"), String)`);
}

async function rows(sql: string): Promise<Record<string, unknown>[]> {
  const session = await openSession(lake);
  try {
    return (await (await session.query(sql)).getRowObjectsJson()) as Record<string, unknown>[];
  } finally {
    session.close();
  }
}

async function expectWhole(version: number): Promise<void> {
  expect(
    (await rows("SELECT candid FROM ztf.science ORDER BY candid")).map(({ candid }) => candid),
  ).toEqual(ids);
  const wrong = `count(*) FILTER (r.candidate.fid = 1 AND s.mine.number <> ${version})::INTEGER AS wrong, count(s.nalerthist)::INTEGER AS others`;
  expect(
    await rows(
      `SELECT ${wrong}, max(s.mine.text) AS text FROM ztf.science s JOIN ztf.raw r USING (candid)`,
    ),
  ).toEqual([{ wrong: 0, others: ids.length, text: String(version) }]);
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "fink-recompute-"));
  mkdirSync((modules = join(folder, "modules")));
  writeModules(1);
  ids = (await lakeOfAlerts((lake = join(folder, "computed")), 120)).sort();
  expect(await fink(["start", "science", "--once"])).toMatchObject({ code: 0 });
}, 60_000);
beforeEach(() => {
  cpSync(join(folder, "computed"), (lake = join(folder, `lake${count++}`)), { recursive: true });
  writeModules(2);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("a night computed again", { timeout: 60_000 }, () => {
  it("is one new version, and diff shows by column what it changed", async () => {
    const before = new LakeTable(join(lake, "ztf/science")).snapshot.version;
    expect(await fink(["science", "run", "--night", String(night)])).toMatchObject({
      code: 0,
      output: expect.stringContaining("120 alerts") as string,
    });
    expect(new LakeTable(join(lake, "ztf/science")).snapshot.version).toBe(before + 1);
    await expectWhole(2);
    const { code, output } = await fink(["science", "diff", "--night", String(night), "--json"]);
    const found = JSON.parse(output) as {
      alerts: number;
      onlyFrom: number;
      onlyTo: number;
      columns: Record<string, unknown>[];
    };
    expect([code, found.alerts, found.onlyFrom, found.onlyTo]).toEqual([0, 120, 0, 0]);
    const inG = Number(
      (await rows("SELECT count(*)::INTEGER AS n FROM ztf.raw WHERE candidate.fid = 1"))[0]["n"],
    );
    const columns = new Map(found.columns.map((column) => [column["column"], column]));
    expect([...columns.keys()].sort()).toEqual(["_modules", "mine.number", "mine.text"]);
    expect(columns.get("mine.number")).toMatchObject({
      rows: inG,
      largest: 1,
      examples: expect.arrayContaining([
        expect.objectContaining({ from: "1.0", to: "2.0" }),
      ]) as unknown,
    });
  });

  it("is left out when these modules made it, unless --again wants it", async () => {
    const run = ["science", "run", "--night", String(night)];
    expect(await fink(run)).toMatchObject({
      code: 0,
      output: expect.stringContaining("120 alerts of night 20261010 were computed again") as string,
    });
    const { version } = new LakeTable(join(lake, "ztf/science")).snapshot;
    expect(await fink(run)).toMatchObject({
      code: 0,
      output: expect.stringContaining("Night 20261010 is left out") as string,
    });
    expect(await fink([...run, "--modules", "number"])).toMatchObject({
      code: 0,
      output: expect.stringContaining("Night 20261010 is left out") as string,
    });
    expect(new LakeTable(join(lake, "ztf/science")).snapshot.version).toBe(version);
    expect(await fink([...run, "--again"])).toMatchObject({
      code: 0,
      output: expect.stringContaining("120 alerts") as string,
    });
    expect(new LakeTable(join(lake, "ztf/science")).snapshot.version).toBe(version + 1);
  });

  it("by one module leaves what others made, and takes along who needs it", async () => {
    expect(
      await fink(["science", "run", "--night", String(night), "--modules", "number"]),
    ).toMatchObject({ code: 0 });
    await expectWhole(2);
    const [{ made }] = await rows("SELECT DISTINCT _modules AS made FROM ztf.science");
    expect(made).toMatch(/nalerthist@1 .*number@2 text@2/);
  });

  it("leaves out a module whose column has another type than in the table, and says so", async () => {
    writeFileSync(
      join(modules, "text.ts"),
      `export default { name: "text", version: "3", surveys: ["ztf"], about: "Mine.", needs: ["candidate.fid"],
       adds: [{ name: "mine.text", type: "double", unit: null, description: "mine" }], run: (alerts) => ({ "mine.text": { values: alerts.numbers("candidate.fid") } }) };`,
    );
    const { code, output } = await fink(["science", "run", "--night", String(night)]);
    expect([code, output]).toEqual([
      0,
      expect.stringContaining(
        "text: the table has another type: mine.text string≠double; give the column another name",
      ),
    ]);
    expect(
      await rows(
        "SELECT count(*)::INTEGER AS rows, count(mine.number)::INTEGER AS numbers, count(mine.text)::INTEGER AS texts FROM ztf.science",
      ),
    ).toEqual([{ rows: 120, numbers: 120, texts: 0 }]);
  });

  it("takes in what compaction exchanged meanwhile, and rows that came", async () => {
    const config = configSchema.parse({ science: { modules } });
    const setup = { lake, config: config.science };
    const tools = await toolsFor(setup, surveysOf(config).all);
    let isFirst = true;
    const run: Run = async (kind, job) => {
      if (kind === "compute" && isFirst) {
        isFirst = false;
        expect(await fink(["compact"])).toMatchObject({ code: 0 });
      }
      return await workOn(kind, job, tools);
    };
    const options = {
      survey: surveysOf(config).named("ztf"),
      night,
      modules: null,
      signal: new AbortController().signal,
      progress: () => {},
    };
    expect(await recomputeNight(lake, run, options)).toMatchObject({ rows: 120 });
    await expectWhole(2);
  });

  it.each(["after:data-file:2", "before:log-entry:1", "after:log-entry:1"])(
    "killed %s and run again has each alert once",
    async (point) => {
      const run = ["science", "run", "--night", String(night)];
      expect(await fink(run, { FINK_CRASH_AT: point })).toMatchObject({ signal: "SIGKILL" });
      await expectWhole(point.startsWith("after:log") ? 2 : 1);
      expect(await fink(run)).toMatchObject({ code: 0 });
      await expectWhole(2);
    },
  );

  it("of several: killed in the second, it goes on there", async () => {
    writeModules(1);
    await lakeOfAlerts((lake = join(folder, "nights")), 40, 20, ["2026-10-10", "2026-10-11"]);
    expect(await fink(["start", "science", "--once"])).toMatchObject({ code: 0 });
    writeModules(2);
    const run = ["science", "run", "--night", "20261001-20261031"];
    const made = `SELECT night::INTEGER AS night, count(*)::INTEGER AS rows, count(DISTINCT candid)::INTEGER AS alerts, count(*) FILTER (contains(_modules, 'number@2'))::INTEGER AS made FROM ztf.science GROUP BY night ORDER BY night`;
    expect(await fink(run, { FINK_CRASH_AT: "before:log-entry:2" })).toMatchObject({
      signal: "SIGKILL",
    });
    const [first, second] = await rows(made);
    expect([first, second]).toEqual([
      { night: 20261010, rows: first["rows"], alerts: first["rows"], made: first["rows"] },
      { night: 20261011, rows: second["rows"], alerts: second["rows"], made: 0 },
    ]);
    const { code, output } = await fink(run);
    expect([code, output]).toEqual([
      0,
      expect.stringMatching(
        /Night 20261010 is left out[^]*alerts of night 20261011 were computed again/,
      ),
    ]);
    expect(await rows(made)).toEqual([first, { ...second, made: second["rows"] }]);
  });

  it.each([
    [["run"], "say which night with --night YYYYMMDD"],
    [["run", "--night", "20260101"], "there is no science of night 20260101"],
    [
      ["run", "--night", String(night), "--modules", "nalerthits"],
      "ztf has no module nalerthits; did you mean nalerthist?",
    ],
    [["diff", "--night", String(night)], "nothing was computed again yet"],
  ])("%j: one line", async (args, line) => {
    expect(await fink(["science", ...args])).toMatchObject({
      code: 2,
      output: expect.stringContaining(line) as string,
    });
  });
});
