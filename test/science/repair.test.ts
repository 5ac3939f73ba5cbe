import { copyFileSync, cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { writeFiles } from "../../src/archive/files.ts";
import { surveysOf } from "../../src/archive/setup.ts";
import { configSchema } from "../../src/config/schema.ts";
import { LakeTable } from "../../src/lake/table.ts";
import { workOn } from "../../src/science/work.ts";
import { openSession } from "../../src/sql/session.ts";
import { expectBalance } from "../account/balance.ts";
import { startFink } from "../archive/process.ts";
import { lakeOfAlerts } from "./lake.ts";

const config = configSchema.parse({});
const survey = surveysOf(config).named("ztf");
let folder = "";
let lake = "";
let count = 0;
let ids: string[] = [];

const fink = (args: readonly string[], more: Record<string, string> = {}) =>
  startFink(args, { FINK_LAKE: lake, ...more }).ended;

async function rows(sql: string): Promise<Record<string, unknown>[]> {
  const session = await openSession(lake);
  try {
    return (await (await session.query(sql)).getRowObjectsJson()) as Record<string, unknown>[];
  } finally {
    session.close();
  }
}

/** Commits copies of a table's files under other names, as if their rows had been written again. */
function double(kind: string, files: number): void {
  const table = new LakeTable(join(lake, "ztf", kind));
  const copies = [...table.snapshot.files.values()].slice(0, files).map((add) => {
    const path = join(dirname(add.path), `copy-${add.path.split("/")[1]}`);
    copyFileSync(join(table.path, add.path), join(table.path, path));
    return { ...add, path };
  });
  table.commit({ operation: "test", add: copies });
}

const distinct =
  "SELECT count(*)::INTEGER AS rows, count(DISTINCT candid)::INTEGER AS alerts FROM ztf.science";
const whole = { rows: 60, alerts: 60 };

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "fink-repair-"));
  ids = await lakeOfAlerts((lake = join(folder, "computed")), 60);
  expect(await fink(["start", "science", "--once"])).toMatchObject({ code: 0 });
}, 60_000);
beforeEach(() =>
  cpSync(join(folder, "computed"), (lake = join(folder, `lake${count++}`)), { recursive: true }),
);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("./fink lake repair", { timeout: 60_000 }, () => {
  it("takes doubled rows of science away, says how many, and finds nothing the second time", async () => {
    double("science", 2);
    const [{ rows: before }] = await rows(distinct);
    expect(before).toBeGreaterThan(60);
    const { code, output } = await fink(["lake", "repair", "--json"]);
    expect([code, JSON.parse(output)]).toEqual([
      0,
      [{ table: "ztf.science", nights: 1, rows: Number(before) - 60 }],
    ]);
    expect(await rows(distinct)).toEqual([whole]);
    await expectBalance(lake);
    const { version } = new LakeTable(join(lake, "ztf/science")).snapshot;
    expect(await fink(["lake", "repair"])).toMatchObject({
      code: 0,
      output: expect.stringContaining("No alert has two rows in science.") as string,
    });
    expect(new LakeTable(join(lake, "ztf/science")).snapshot.version).toBe(version);
  });

  it("lets statistics be counted again", async () => {
    double("science", 3);
    expect(await fink(["start", "aggregation", "--once"])).toMatchObject({ code: 0 });
    const counted =
      "SELECT sum(value)::INTEGER AS alerts FROM ztf.statistics WHERE aggregation = 'class'";
    const total = async () => Number((await rows(counted))[0]["alerts"]);
    const doubled = await total();
    expect(await fink(["lake", "repair"])).toMatchObject({ code: 0 });
    expect(await fink(["start", "aggregation", "--once"])).toMatchObject({ code: 0 });
    expect(await total()).toBeLessThan(doubled);
  });

  it.each(["after:data-file:1", "before:log-entry:1", "after:log-entry:1"])(
    "killed %s and run again leaves each alert once",
    async (point) => {
      double("science", 3);
      expect(await fink(["compact", "--kind", "science"])).toMatchObject({ code: 0 });
      expect(await fink(["lake", "repair"], { FINK_CRASH_AT: point })).toMatchObject({
        signal: "SIGKILL",
      });
      expect(await fink(["lake", "repair"])).toMatchObject({ code: 0 });
      expect(await rows(distinct)).toEqual([whole]);
    },
  );

  it("keeps the row that was computed from the copy that the view shows", async () => {
    const tools = { setup: { lake, config: config.science }, modules: [], off: new Map() };
    const [raw, science] = ["raw", "science"].map((kind) => new LakeTable(join(lake, "ztf", kind)));
    // a file of `raw` under another name, whose rows come first: science has rows of it too
    const [add] = [...raw.snapshot.files.values()];
    const path = join(dirname(add.path), "shown.parquet");
    const session = await openSession(lake, { writable: join(folder, "shown.parquet") });
    const select = `SELECT * EXCLUDE (night) REPLACE ('a' AS _source, struct_update(candidate, jd := candidate.jd - 0.01) AS candidate) FROM ztf.raw WHERE candid IN (${ids.join()}) ORDER BY candid`;
    await session.copyTo(join(folder, "shown.parquet"), select);
    session.close();
    copyFileSync(join(folder, "shown.parquet"), join(raw.path, path));
    raw.commit({
      operation: "test",
      add: [
        {
          path,
          partitionValues: add.partitionValues,
          size: 1,
          modificationTime: Date.now(),
          dataChange: true,
        },
      ],
    });
    const { schema } = science.snapshot;
    const again = await workOn(
      "compute",
      { survey, raw: raw.path, path, night: 20261010, schema, rows: null, revisions: null },
      tools,
    );
    const written = await writeFiles([again.file], science.path);
    science.commit({ operation: "test", add: written.files, schema: written.schema! });
    expect(await fink(["lake", "repair"])).toMatchObject({ code: 0 });
    const same =
      "SELECT count(*)::INTEGER AS rows, count(*) FILTER (s.candidate.jd = a.candidate.jd)::INTEGER AS shown FROM ztf.alerts a JOIN ztf.science s USING (candid)";
    expect(await rows(same)).toEqual([{ rows: 60, shown: 60 }]);
  });
});

it(
  "a night computed again by one module has each alert once, also where compaction merged copies of it",
  { timeout: 60_000 },
  async () => {
    double("raw", 3);
    expect(await fink(["compact", "--kind", "science"])).toMatchObject({ code: 0 });
    expect(await fink(["vacuum"], { FINK_COMPACTION_KEEP_DAYS: "0" })).toMatchObject({ code: 0 });
    expect(
      await fink(["science", "run", "--night", "20261010", "--modules", "roid", "--again"]),
    ).toMatchObject({ code: 0 });
    expect(await rows(distinct)).toEqual([whole]);
  },
);
