import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { surveysOf } from "../../src/archive/setup.ts";
import { configSchema } from "../../src/config/schema.ts";
import { LakeTable } from "../../src/lake/table.ts";
import { ScienceTable } from "../../src/science/follow.ts";
import { recomputeNight } from "../../src/science/recompute.ts";
import type { Columns, Place, ScienceContext, ScienceModule } from "../../src/science/module.ts";
import { ScienceUpdates } from "../../src/science/updates.ts";
import { type Run, workOn } from "../../src/science/work.ts";
import { openSession } from "../../src/sql/session.ts";
import { startFink } from "../archive/process.ts";
import { lakeOfAlerts } from "./lake.ts";

const config = configSchema.parse({});
const ztf = surveysOf(config).named("ztf");
let folder = "";
let lake = "";
let count = 0;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "fink-updates-"));
  await lakeOfAlerts(join(folder, "raw"), 120);
}, 60_000);
beforeEach(() =>
  cpSync(join(folder, "raw"), (lake = join(folder, `lake${count++}`)), { recursive: true }),
);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A service on the network that can be down, and learns the names of places. */
const remote = {
  isDown: false,
  asked: 0,
  name: "star",
  changed: [] as Place[],
  learn: () => remote.changed,
};
const { learn } = remote;
beforeEach(
  () => void Object.assign(remote, { isDown: false, asked: 0, name: "star", changed: [], learn }),
);

function answers(count: number, context: ScienceContext): Columns {
  remote.asked += count;
  if (remote.isDown) for (let i = 0; i < count; i++) context.pending(i);
  return {
    "xm.type": {
      values: Array.from({ length: count }, () => (remote.isDown ? null : remote.name)),
    },
  };
}

const typed = (name: string, type: "string" | "int") =>
  [{ name, type, unit: null, description: name }] as const;
const base = { version: "1", surveys: ["ztf"], about: "For tests." };
const modules: ScienceModule[] = [
  {
    ...base,
    name: "remote",
    needs: ["candidate.ra"],
    adds: typed("xm.type", "string"),
    catalogues: ["names@3"],
    changes: () => remote.learn(),
    run: async ({ count: alerts }, context) => Promise.resolve(answers(alerts, context)),
  },
  {
    ...base,
    name: "class",
    needs: ["xm.type"],
    adds: typed("class", "string"),
    run: (alerts) => ({ class: { values: [...alerts.texts("xm.type")] } }),
  },
  {
    ...base,
    name: "points",
    needs: ["prv_candidates.jd"],
    adds: typed("points", "int"),
    run: ({ count: alerts }) => ({ points: { values: new Int32Array(alerts).fill(++runs) } }),
  },
];
let runs = 0;

const run: Run = (kind, job) =>
  workOn(kind, job, { setup: { lake, config: config.science }, modules, off: new Map() });

async function caughtUp(): Promise<void> {
  const table = new ScienceTable(lake, ztf);
  while (await table.step(run, 50)) /* … */ ;
}

async function rows(sql: string): Promise<Record<string, unknown>[]> {
  const session = await openSession(lake);
  try {
    return (await (await session.query(sql)).getRowObjectsJson()) as Record<string, unknown>[];
  } finally {
    session.close();
  }
}

const summary =
  "SELECT count(*)::INTEGER AS rows, count(DISTINCT candid)::INTEGER AS alerts, count(xm.type)::INTEGER AS typed, count(class)::INTEGER AS classes, max(_revision) AS revision, count(*) FILTER (_pending = 'remote')::INTEGER AS waiting FROM ztf.science";
const complete = { rows: 120, alerts: 120, typed: 120, classes: 120, revision: 1, waiting: 0 };

it("what a service that was down did not say is asked again, with all that follows from it, and nothing else is computed anew", async () => {
  remote.isDown = true;
  await caughtUp();
  expect(await rows(summary)).toEqual([
    { rows: 120, alerts: 120, typed: 0, classes: 0, revision: 0, waiting: 120 },
  ]);
  const before = await rows("SELECT candid, points FROM ztf.science ORDER BY candid");
  const updates = new ScienceUpdates(lake, ztf, 7);
  expect(await updates.step(run)).toMatchObject({ changed: 0 });
  expect(await rows(summary)).toMatchObject([{ rows: 120, revision: 0, waiting: 120 }]);
  remote.isDown = false;
  while (((await updates.step(run))?.changed ?? 0) > 0) /* … */ ;
  expect(await updates.step(run)).toBeNull();
  expect(await rows(summary)).toEqual([complete]);
  expect(await rows("SELECT candid, points FROM ztf.science ORDER BY candid")).toEqual(before);
  expect(await rows("SELECT DISTINCT _modules, _catalogues FROM ztf.science")).toEqual([
    { _modules: "remote@1 class@1 points@1", _catalogues: "names@3" },
  ]);
});

/** A lake in which all alerts waited, and have their answers now. */
async function updated(): Promise<ScienceUpdates> {
  remote.isDown = true;
  await caughtUp();
  remote.isDown = false;
  const updates = new ScienceUpdates(lake, ztf, 7);
  while (((await updates.step(run))?.changed ?? 0) > 0) /* … */ ;
  return updates;
}

const compact = () => startFink(["compact"], { FINK_LAKE: lake });
const files = (kind: string) => new LakeTable(join(lake, "ztf", kind)).snapshot.files.size;

it("compaction puts updates into the rows; what waited there is still found", async () => {
  await updated();
  const before = await rows("SELECT * FROM ztf.science ORDER BY candid");
  expect(await compact().ended).toMatchObject({
    code: 0,
    output: expect.stringContaining("ztf.science: updates were put into") as string,
  });
  expect([files("science"), files("science_updates")]).toEqual([1, 0]);
  expect(await rows("SELECT * FROM ztf.science ORDER BY candid")).toEqual(before);
  remote.name = "galaxy";
  remote.changed = [{ ra: 0, dec: 0, radiusArcsec: 180 * 3600 }];
  const later = new ScienceUpdates(lake, ztf, 7);
  await later.learn(run, 0);
  expect(await later.step(run)).toMatchObject({ changed: 120 });
  expect(await rows(summary)).toEqual([{ ...complete, revision: 2 }]);
  expect(await rows("SELECT DISTINCT class FROM ztf.science")).toEqual([{ class: "galaxy" }]);
});

it("what waits is still asked for after compaction, a checkpoint and vacuum", async () => {
  remote.isDown = true;
  await caughtUp();
  const updates = new ScienceUpdates(lake, ztf, 7);
  expect(await updates.step(run)).toMatchObject({ changed: 0 });
  expect(await compact().ended).toMatchObject({ code: 0 });
  new LakeTable(join(lake, "ztf", "science")).checkpoint();
  expect(
    await startFink(["vacuum"], { FINK_LAKE: lake, FINK_COMPACTION_KEEP_DAYS: "0" }).ended,
  ).toMatchObject({ code: 0 });
  const [merged, ...others] = new LakeTable(join(lake, "ztf", "science")).snapshot.files.values();
  expect([merged.tags?.["fink.pending"], others]).toEqual(["120", []]);
  for (const one of [updates, new ScienceUpdates(lake, ztf, 7)])
    expect(await one.step(run)).toMatchObject({ changed: 0, waiting: 1 });
  remote.isDown = false;
  while (((await updates.step(run))?.changed ?? 0) > 0) /* … */ ;
  expect(await rows(summary)).toEqual([complete]);
});

it("what a catalogue has learnt is not forgotten where compaction replaces the files", async () => {
  const updates = await updated();
  remote.changed = [{ ra: 0, dec: 0, radiusArcsec: 180 * 3600 }];
  remote.name = "galaxy";
  await updates.learn(run, 0);
  expect(await compact().ended).toMatchObject({ code: 0 });
  while ((await updates.step(run)) !== null) /* … */ ;
  expect(await rows("SELECT DISTINCT class, _revision AS revision FROM ztf.science")).toEqual([
    { class: "galaxy", revision: 2 },
  ]);
});

it("a module that cannot say what it has learnt is told of, and keeps nobody else waiting", async () => {
  remote.isDown = true;
  await caughtUp();
  remote.isDown = false;
  const updates = new ScienceUpdates(lake, ztf, 7);
  remote.learn = () => {
    throw new Error("the list is torn");
  };
  expect(await updates.learn(run, 0)).toMatchObject([
    { name: "remote", failure: "the list is torn" },
  ]);
  while (((await updates.step(run))?.changed ?? 0) > 0) /* … */ ;
  expect(await rows(summary)).toEqual([complete]);
});

it.each(["before:log-entry:1", "after:log-entry:1", "before:log-entry:2"])(
  "a merge killed %s leaves each alert once, and the next one ends it",
  async (point) => {
    await updated();
    const before = await rows("SELECT * FROM ztf.science ORDER BY candid");
    expect(
      await startFink(["compact"], { FINK_LAKE: lake, FINK_CRASH_AT: point }).ended,
    ).toMatchObject({ signal: "SIGKILL" });
    expect(await rows("SELECT * FROM ztf.science ORDER BY candid")).toEqual(before);
    expect(await compact().ended).toMatchObject({ code: 0 });
    expect(files("science_updates")).toBe(0);
    expect(await rows("SELECT * FROM ztf.science ORDER BY candid")).toEqual(before);
  },
);

it("of two that ask again at once one writes the rows, and none is there twice", async () => {
  remote.isDown = true;
  await caughtUp();
  remote.isDown = false;
  const both = [new ScienceUpdates(lake, ztf, 7), new ScienceUpdates(lake, ztf, 7)];
  for (let i = 0; i < 3; i++) await Promise.all(both.map((one) => one.step(run)));
  expect(
    await rows(
      "SELECT count(*)::INTEGER AS rows, count(DISTINCT candid)::INTEGER AS alerts FROM ztf.science_updates",
    ),
  ).toEqual([{ rows: 120, alerts: 120 }]);
  expect(await rows(summary)).toEqual([complete]);
});

it("an alert of which a catalogue has learnt is updated, the others are left alone", async () => {
  await caughtUp();
  const [{ candid, ra, dec }] = await rows(
    "SELECT candid, candidate.ra AS ra, candidate.dec AS dec FROM ztf.science LIMIT 1",
  );
  remote.name = "SN 2026abc";
  remote.changed = [{ ra: Number(ra), dec: Number(dec), radiusArcsec: 2 }];
  remote.asked = 0;
  const updates = new ScienceUpdates(lake, ztf, 7);
  await updates.learn(run, 0);
  while ((await updates.step(run)) !== null) /* … */ ;
  expect(remote.asked).toBeLessThan(10);
  const changed = await rows(
    "SELECT candid FROM ztf.science WHERE class = 'SN 2026abc' AND _revision = 1",
  );
  expect(changed).toContainEqual({ candid });
  expect(changed.length).toBe(remote.asked);
  expect(await rows("SELECT count(*)::INTEGER AS rows FROM ztf.science")).toEqual([{ rows: 120 }]);
});

describe(
  "the service, killed while it writes updates and started again",
  { timeout: 60_000 },
  () => {
    const modulesFolder = () => join(folder, "modules");
    const answered = () => join(folder, "answered");
    const science = (more: Record<string, string> = {}) =>
      startFink(["start", "science", "--once"], {
        FINK_LAKE: lake,
        FINK_SCIENCE_MODULES: modulesFolder(),
        FINK_SCIENCE_WORKERS: "2",
        ...more,
      }).ended;

    /** A module that has answers as soon as a file is there. */
    beforeAll(() => {
      mkdirSync(modulesFolder());
      const run = `run({ count }, { pending }) {
      const known = existsSync(${JSON.stringify(answered())});
      for (let i = 0; i < count && !known; i++) pending(i);
      return { late: { values: Array.from({ length: count }, () => (known ? "star" : null)) } };
    }`;
      const adds = `adds: [{ name: "late", type: "string", unit: null, description: "late" }]`;
      const module = `export default { name: "late", version: "1", surveys: ["ztf"], about: "Late.", needs: ["candidate.ra"], ${adds}, ${run} };`;
      writeFileSync(
        join(modulesFolder(), "late.ts"),
        `import { existsSync } from "node:fs";\n${module}`,
      );
    });

    it.each(["before:data-file:1", "after:data-file:2", "before:log-entry:1", "after:log-entry:1"])(
      "%s: each alert is there once, with its answer",
      async (point) => {
        rmSync(answered(), { force: true });
        expect(await science()).toMatchObject({ code: 0 });
        const counts =
          "SELECT count(*)::INTEGER AS rows, count(DISTINCT candid)::INTEGER AS alerts, count(late)::INTEGER AS late FROM ztf.science";
        expect(await rows(counts)).toEqual([{ rows: 120, alerts: 120, late: 0 }]);
        writeFileSync(answered(), "");
        expect(await science({ FINK_CRASH_AT: point })).toMatchObject({ signal: "SIGKILL" });
        expect(await science()).toMatchObject({ code: 0 });
        expect(await rows(counts)).toEqual([{ rows: 120, alerts: 120, late: 120 }]);
        expect(await rows("SELECT count(*)::INTEGER AS rows FROM ztf.science_updates")).toEqual([
          { rows: 120 },
        ]);
      },
    );
  },
);

it.each([["all modules", null] as const, ["one module", ["points"]] as const])(
  "an update that is made while %s compute the night again is kept",
  async (_, names) => {
    await caughtUp();
    let isFirst = true;
    const interrupted: Run = async (kind, job) => {
      const answer = await run(kind, job);
      if ((kind === "compute" || kind === "again") && isFirst) {
        isFirst = false;
        remote.name = "galaxy";
        remote.changed = [{ ra: 0, dec: 0, radiusArcsec: 180 * 3600 }];
        const updates = new ScienceUpdates(lake, ztf, 7);
        await updates.learn(run, 0);
        while (((await updates.step(run))?.changed ?? 0) > 0) /* … */ ;
      }
      return answer;
    };
    const before = runs;
    const options = {
      survey: ztf,
      night: 20261010,
      modules: names,
      signal: new AbortController().signal,
      progress: () => {},
    };
    await recomputeNight(lake, interrupted, options);
    expect(await rows(summary)).toEqual([{ ...complete, revision: 2 }]);
    expect(await rows("SELECT DISTINCT class FROM ztf.science")).toEqual([{ class: "galaxy" }]);
    expect(
      await rows(`SELECT count(*) FILTER (points <= ${before})::INTEGER AS old FROM ztf.science`),
    ).toEqual([{ old: 0 }]);
    expect(await compact().ended).toMatchObject({ code: 0 });
    expect(await rows("SELECT DISTINCT class FROM ztf.science")).toEqual([{ class: "galaxy" }]);
  },
);
