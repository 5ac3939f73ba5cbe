import { spawnSync } from "node:child_process";
import { cpSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { projectFolder } from "../../src/config/load.ts";
import { withUpkeep } from "../../src/lake/upkeep.ts";
import { mergeSources } from "../../src/serving/merge.ts";
import type { Place } from "../../src/serving/places.ts";
import { Sources } from "../../src/serving/sources.ts";
import { readState, sourcesFolder } from "../../src/serving/state.ts";
import { separation } from "../../src/sky/angle.ts";
import { loadSurveys } from "../../src/surveys/surveys.ts";
import { available } from "../require.ts";
import { simulatedLake } from "./lake.ts";

const surveys = loadSurveys(join(projectFolder, "conf/surveys"));
const sky = simulatedLake("ztf");

beforeAll(async () => {
  await sky.night("2026-10-10", 300);
}, 120_000);
afterAll(() => sky.end());

async function rows(
  lake: string,
  sql: string,
  where?: string,
  places: Place[] | null = null,
): Promise<Record<string, unknown>[]> {
  const sources = new Sources(lake, surveys);
  try {
    return await sources.query("ztf", { places, sql, ...(where && { where }) }, async (c, q) =>
      (await c.run(q)).getRowObjectsJson(),
    );
  } finally {
    await sources.close();
  }
}

function lakeNamed(name: string): string {
  const lake = `${sky.lake}-${name}`;
  cpSync(sky.lake, lake, { recursive: true });
  return lake;
}

const counts =
  "SELECT count(*)::INT AS alerts, count(DISTINCT _alert)::INT AS ids, count(_modules)::INT AS scored, count(jd)::INT AS dated FROM {sources}";
const all = (alerts: number) => [{ alerts, ids: alerts, scored: alerts, dated: alerts }];
const merge = (lake: string, maxRows: number) =>
  withUpkeep(lake, (upkeep) =>
    mergeSources(upkeep, lake, surveys.named("ztf"), { atLeast: 1, maxRows }),
  );

test("alerts are there before and after they were merged, those that come later too, each once and with their science", async () => {
  expect(await rows(sky.lake, counts)).toEqual(all(300));
  expect(await merge(sky.lake, 50)).toBe(300);
  expect(await merge(sky.lake, 50)).toBe(0);
  expect(await rows(sky.lake, counts)).toEqual(all(300));
  await sky.night("2026-10-11", 200);
  expect(await rows(sky.lake, counts)).toEqual(all(500));
  const before = await rows(sky.lake, "FROM {sources} ORDER BY _alert");
  expect(await merge(sky.lake, 50)).toBe(200);
  expect(await rows(sky.lake, "FROM {sources} ORDER BY _alert")).toEqual(before);
  const { pixels } = readState(sky.lake, "ztf");
  expect(Math.max(...pixels.map((p) => p.rows))).toBeLessThanOrEqual(50);
}, 120_000);

test("an object by its id and a cone read what reading everything finds", async () => {
  const sources = new Sources(sky.lake, surveys);
  const everything = await rows(sky.lake, "SELECT _alert, _object, _ra, _dec FROM {sources}");
  const alertsOf = async (where: string, places: Place[]) =>
    await sources
      .query("ztf", { places, where, sql: "SELECT _alert FROM {sources}" }, async (c, q) =>
        (await c.run(q)).getRows(),
      )
      .then((r) => r.map(String).toSorted());
  for (const { _object: object } of everything.slice(0, 20)) {
    const places = await sources.placesOfObjects("ztf", [String(object)]);
    const expected = everything
      .filter((row) => row._object === object)
      .map((row) => String(row._alert));
    expect(await alertsOf(`_object = '${String(object)}'`, places)).toEqual(expected.toSorted());
  }
  for (const [ra, dec, radius] of [
    ...everything.slice(0, 10).map((r) => [Number(r._ra), Number(r._dec), 0.5]),
    [0, 90, 20],
    [0, 0, 60],
  ]) {
    const within = (r: Record<string, unknown>) =>
      separation(ra, dec, Number(r._ra), Number(r._dec)) <= radius;
    const found = new Set(
      await alertsOf("true", await sources.placesOfCone("ztf", ra, dec, radius)),
    );
    expect(everything.filter(within).filter((r) => !found.has(String(r._alert)))).toEqual([]);
  }
  await sources.close();
}, 60_000);

test.each([3, 5, 8])(
  "a merge that is killed at its file %i is done again with the same result",
  async (n) => {
    const lake = lakeNamed(`killed-${n}`);
    rmSync(sourcesFolder(lake, "ztf"), { recursive: true });
    expect(
      (await sky.fink(["compact"], { FINK_LAKE: lake, FINK_CRASH_AT: `before:data-file:${n}` }))
        .code,
    ).not.toBe(0);
    expect(await rows(lake, counts)).toEqual(all(500));
    expect((await sky.fink(["compact"], { FINK_LAKE: lake })).code).toBe(0);
    expect(await rows(lake, counts)).toEqual(all(500));
  },
  60_000,
);

const python = process.env["FINK_PYTHON"] ?? "";
test.skipIf(
  !available(
    "python",
    python !== "",
    "LSDB does not read the catalogue: FINK_PYTHON names no Python that has it",
  ),
)(
  "LSDB reads the catalogue",
  () => {
    const folder = sourcesFolder(sky.lake, "ztf");
    const script = `import lsdb, warnings
warnings.filterwarnings("ignore")
c = lsdb.read_hats(r"${folder}")
d = c.compute()
f = d.iloc[0]
print(len(d), d["_alert"].nunique(), len(c.cone_search(float(f["_ra"]), float(f["_dec"]), 1).compute()) > 0)`;
    const { stdout, stderr } = spawnSync(python, ["-c", script], { encoding: "utf8" });
    expect(stdout.trim(), stderr).toBe("500 500 True");
    expect(readFileSync(join(folder, "hats.properties"), "utf8")).toContain("hats_nrows=500");
  },
  120_000,
);
