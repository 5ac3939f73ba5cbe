import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { newApi } from "../../src/api/api.ts";
import { PageLake } from "../../src/api/pages/lake.ts";
import { UserProcesses } from "../../src/api/user-process.ts";
import { addFilterRoutes } from "../../src/api/pages/filter-routes.ts";
import { addAggregations } from "../../src/api/pages/aggregation.ts";
import { addPageRoutes } from "../../src/api/pages/routes.ts";
import type {
  AlertRow,
  FilterTest,
  NightAnswer,
  NowAnswer,
  ObjectAnswer,
  SearchAnswer,
  SkyAnswer,
} from "../../src/api/pages/types.ts";
import { withUpkeep } from "../../src/lake/upkeep.ts";
import { mergeSources } from "../../src/serving/merge.ts";
import { Sources } from "../../src/serving/sources.ts";
import { loadSurveys } from "../../src/surveys/surveys.ts";
import { simulatedLake } from "./lake.ts";

const simulated = simulatedLake("ztf");
const surveys = loadSurveys("conf/surveys");
const app = newApi();
let ends: (() => Promise<void>)[] = [];
let alerts: readonly AlertRow[];
let sources: Sources;

beforeAll(async () => {
  await simulated.night("2026-09-14", 60);
  await simulated.night("2026-09-15", 60);
  sources = new Sources(simulated.lake, surveys);
  const users = new UserProcesses({ sqlMegabytes: 512 });
  const pageLake = new PageLake(simulated.lake, surveys, { folder: "" }, sources);
  ends = [() => sources.close(), () => users.close()];
  for (const add of [addPageRoutes, addFilterRoutes, addAggregations])
    add(app, { lake: simulated.lake, pageLake, users } as never);
  const sky = await get<SkyAnswer>("sky/ztf/20260915");
  alerts = await Promise.all(
    sky
      .points!.slice(0, 3)
      .map(async (point) => (await get<SearchAnswer>(`search?q=alert:${point[4]}`)).rows[0]),
  );
}, 180_000);
afterAll(async () => {
  for (const end of ends) await end();
  simulated.end();
});

async function get<T>(path: string): Promise<T> {
  return (await (await app.request(`/api/pages/${path}`)).json()) as T;
}

test("a solar-system object is found however its designation is written", async () => {
  const sql = String.raw`SELECT DISTINCT ssnamenr FROM {sources} WHERE regexp_matches(ssnamenr, '^\d{4} [A-Z]{2}\d*$') LIMIT 1`;
  const [[named]] = await sources.query("ztf", { places: null, sql }, async (connection, text) =>
    (await connection.run(text)).getRows(),
  );
  const written = String(named).replace(" ", "").toLowerCase();
  const { rows } = await get<SearchAnswer>(`search?q=${encodeURIComponent(`sso:${written}`)}`);
  expect(rows.map((row) => row.solarSystem)).toContain(named);
});

test("solar-system alerts of both surveys have a class, and are found by it", async () => {
  const rows = async (of: typeof app) =>
    ((await (await of.request("/api/pages/search?q=class:Solar%20System")).json()) as SearchAnswer)
      .rows;
  const ofZtf = await rows(app);
  expect(ofZtf.length).toBeGreaterThan(0);
  for (const row of ofZtf) expect(row.class).toMatch(/^Solar System (MPC|candidate)$/);
  const lsst = simulatedLake("lsst");
  try {
    await lsst.night("2026-09-15", 60);
    const own = new Sources(lsst.lake, surveys);
    const lsstApp = newApi();
    addPageRoutes(lsstApp, {
      lake: lsst.lake,
      pageLake: new PageLake(lsst.lake, surveys, { folder: "" }, own),
    } as never);
    const [{ classes }, found] = [
      (await (await lsstApp.request("/api/pages/now")).json()) as NowAnswer,
      await rows(lsstApp),
    ];
    const count = new Map(classes).get("Solar System");
    expect(found.reduce((sum, { alerts: n }) => sum + n, 0)).toBe(count);
    for (const row of found)
      expect([row.class, row.solarSystem === null, row.objectId]).toEqual([
        "Solar System",
        false,
        null,
      ]);
    expect((await lsstApp.request("/api/pages/object/lsst/0")).status).toBe(404); // 0 is no object
    await own.close();
  } finally {
    lsst.end();
  }
});

test("what stands for no asteroid is no asteroid's name", async () => {
  expect((await get<SearchAnswer>("search?q=sso:null")).rows).toEqual([]);
  expect((await app.request("/api/pages/sso/ztf/null")).status).toBe(404);
});

test("what is no position is told why, and a class may be written as the API lists it", async () => {
  expect((await get<SearchAnswer>("search?q=400 10")).understood).toContain(
    "right ascension is 0° to 360°",
  );
  const rowsOf = async (text: string) =>
    (await get<SearchAnswer>(`search?q=${encodeURIComponent(text)}`)).rows.map(
      (row) => row.alertId,
    );
  const [[named]] = (await get<NowAnswer>("now")).classes;
  expect(await rowsOf(`(SIMBAD) ${named}`)).toEqual(await rowsOf(`class:${named}`));
});

test("an aggregation that nobody counts is not there; one that is not counted yet is empty", async () => {
  expect((await app.request("/api/v1/aggregations/ztf/nope")).status).toBe(404);
  expect(await (await app.request("/api/v1/aggregations/ztf/nightly")).json()).toMatchObject({
    nights: [],
    value: [],
  });
});

test("the newest night: its alerts, their classes add up, the sky has each of them once", async () => {
  const { nights, classes, latest } = await get<NowAnswer>("now");
  expect(nights).toEqual([{ survey: "ztf", night: 20260915, alerts: 60 }]);
  expect(classes.reduce((sum, [, n]) => sum + n, 0)).toBe(60);
  expect(latest).toHaveLength(12);
  expect((await get<NightAnswer>("night/ztf/20260914")).alerts).toBe(60);
  const sky = await get<SkyAnswer>("sky/ztf/20260914?order=3");
  expect(sky).toMatchObject({ order: 3, total: 60 });
  expect(sky.pixels.reduce((sum, [, n]) => sum + n, 0)).toBe(60);
  expect(new Set(sky.points!.map((p) => p[4])).size).toBe(60);
});

test("part of the sky", async () => {
  const [{ ra, dec }] = alerts;
  const sky = await get<SkyAnswer>(`sky/ztf/20260915?order=11&ra=${ra}&dec=${dec}&radius=0.01`);
  expect(sky.total).toBeGreaterThan(0);
  expect(sky.total).toBeLessThan(60);
});

test("search by id, position, class; what there is not", async () => {
  const [{ alertId, objectId, ra, dec, class: type }] = alerts;
  expect(await get<SearchAnswer>(`search?q=${alertId}`)).toMatchObject({
    open: `/object/ztf/${objectId}?alert=${alertId}`,
    rows: [{ objectId }],
  });
  expect((await get<SearchAnswer>(`search?q=${objectId!.replace("ZTF", "ztf")}`)).open).toBe(
    `/object/ztf/${objectId}`,
  );
  const cone = await get<SearchAnswer>(`search?q=${encodeURIComponent(`${ra} ${dec}, 2`)}`);
  expect(cone.rows[0]).toMatchObject({ objectId });
  expect(cone.rows[0].separationArcsec).toBeLessThan(2);
  expect(
    (await get<SearchAnswer>(`search?q=${encodeURIComponent(`class:${type}`)}`)).rows.map(
      (r) => r.class,
    ),
  ).toContain(type);
  for (const nothing of [
    "nothing",
    "'; DROP TABLE x --",
    "0 90 1",
    "object:ZTF00aaaaaaa",
    "99999999999999999999999",
  ]) {
    expect(
      (await get<SearchAnswer>(`search?q=${encodeURIComponent(nothing)}`)).rows,
      nothing,
    ).toEqual([]);
  }
});

test("an object: its alerts, its measurements in order, each once", async () => {
  const [{ alertId, objectId }] = alerts;
  const object = await get<ObjectAnswer>(`object/ztf/${objectId}`);
  expect(object.alerts.map((a) => a.alertId)).toContain(alertId);
  const own = object.points.filter((p) => p.kind === "alert");
  expect(own.map((p) => p.alertId).toSorted()).toEqual(
    object.alerts.map((a) => a.alertId).toSorted(),
  );
  expect(object.points.map((p) => p.mjd)).toEqual(
    object.points.map((p) => p.mjd).toSorted((a, b) => a - b),
  );
  expect(
    new Set(object.points.map((p) => `${p.kind === "forced"} ${p.band} ${p.mjd.toFixed(5)}`)).size,
  ).toBe(object.points.length);
  expect((await app.request("/api/pages/object/ztf/none")).status).toBe(404);
  expect((await app.request("/api/pages/object/ZTF'/x")).status).toBe(400);
});

test("what the pages say is the same after the alerts were merged by position", async () => {
  const [{ alertId, objectId, ra, dec, class: type }] = alerts;
  const searches = [`alert:${alertId}`, objectId!, `${ra} ${dec}, 2`, `class:${type}`].map(
    (q) => `search?q=${encodeURIComponent(q)}`,
  );
  const all = () =>
    Promise.all(
      [...searches, `object/ztf/${objectId}`, "now"].map((path) =>
        get<{ rows?: readonly AlertRow[] }>(path),
      ),
    );
  const before = await all();
  expect(before[0].rows).toHaveLength(1);
  expect(before[0].rows![0].curve!.length).toBeGreaterThan(0);
  const merged = await withUpkeep(simulated.lake, (upkeep) =>
    mergeSources(upkeep, simulated.lake, surveys.named("ztf"), { atLeast: 1 }),
  );
  expect(merged).toBe(120);
  await sleep(300); // what is known of the newest commits is no older
  expect(await all()).toEqual(before);
});

test("a filter is tried on SQL alone, and changes nothing", async () => {
  const post = async (what: string, body: object) =>
    (
      await app.request(`/api/pages/filters/${what}`, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ survey: "ztf", ...body }),
      })
    ).json();
  const tried = (await post("test", {
    text: "SELECT candid FROM alerts WHERE candidate.magpsf < 99 OR candidate.rb > 2",
    nights: 2,
  })) as FilterTest;
  expect(tried.problem).toBeNull();
  expect(tried.nights.map((n) => [n.night, n.alerts])).toEqual([
    [20260915, 60],
    [20260914, 60],
  ]);
  expect(tried.clauses.map((c) => c.passed).slice(0, 2)).toEqual([120, 0]);
  for (const text of [
    "SELECT * FROM read_parquet('/etc/passwd') WHERE true",
    "DROP TABLE alerts",
    "SELECT candid FROM alerts WHERE getenv('HOME') = 'x'",
    "",
  ]) {
    expect(((await post("test", { text, nights: 1 })) as FilterTest).problem, text).not.toBeNull();
  }
  const [{ alertId, night }] = alerts;
  expect(
    await post("explain", {
      text: "SELECT candid FROM alerts WHERE candidate.magpsf > 99",
      alert: alertId,
      night,
    }),
  ).toMatchObject({
    problem: null,
    isSelected: false,
    clauses: [{ text: "candidate.magpsf > 99", value: false }, {}],
  });
});
