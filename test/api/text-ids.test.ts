import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { writeContainer } from "../../src/avro/container.ts";
import { compileEncoder } from "../../src/avro/encoder.ts";
import { LiveFeed } from "../../src/api/feed.ts";
import { LakeReader } from "../../src/api/lake-reader.ts";
import { PageLake } from "../../src/api/pages/lake.ts";
import { createApp } from "../../src/api/server.ts";
import { Sources } from "../../src/serving/sources.ts";
import { openSession } from "../../src/sql/session.ts";
import { loadSurveys, shippedSurveys } from "../../src/surveys/surveys.ts";
import { startFink } from "../archive/process.ts";
import { lakeOfAlerts } from "../science/lake.ts";

/**
 * A survey whose ids are texts, as in the quickstart, beside ZTF and a survey that nobody
 * described. A fault it names: `science --once` failed for all three, and the pages answered 500
 * for ZTF too.
 */
const definition = `
name: atlas
title: Asteroid Terrestrial-impact Last Alert System
match: [{ schema: atlas.alert }]
topics: ["atlas*"]
alert: candid
object: objectId
time: { field: candidate.mjd, scale: mjd }
position: { ra: candidate.RA, dec: candidate.Dec }
magnitude: { field: candidate.Mag, error: candidate.Dmag }
`;
const numbers = ["mjd", "RA", "Dec", "Mag", "Dmag"].map((name) => ({ name, type: "double" }));
const candidate = {
  name: "candidate",
  type: { type: "record", name: "candidate", fields: numbers },
};
const texts = ["candid", "objectId"].map((name) => ({ name, type: "string" }));
const schemaOf = (namespace: string) =>
  JSON.stringify({ type: "record", name: "alert", namespace, fields: [...texts, candidate] });

/** One looks like a number, one begins with zeros, and one has what URLs and SQL give a meaning. */
const ids = ["1152921504606846977", "0007", "02a59478o0341c/12 'x'"];
const alertsOf = (given: readonly string[]) =>
  given
    .map((candid) => [candid, ids.indexOf(candid)] as const)
    .map(([candid, i]) => ({
      candid,
      objectId: `A${i}`,
      candidate: { mjd: 61323.1 + i / 100, RA: 10 + i, Dec: 5, Mag: 15 + i, Dmag: 0.1 },
    }));

const folder = mkdtempSync(join(tmpdir(), "fink-text-ids-"));
const lake = join(folder, "lake");
const [surveys, filters, delivered] = ["surveys", "filters", "delivered"].map((name) =>
  join(folder, name),
);
const fink = (args: readonly string[]) =>
  startFink([...args, "-c", join(folder, "mine.yaml")], {
    FINK_LAKE: lake,
    FINK_SURVEYS: surveys,
    FINK_FILTERS_FOLDER: filters,
  }).ended;

function writeAlerts(namespace: string, ids: readonly string[], name = namespace): string {
  const schema = schemaOf(namespace);
  const encode = compileEncoder(schema);
  const file = join(folder, `${name}.avro`);
  writeFileSync(
    file,
    writeContainer({
      schema,
      blocks: [alertsOf(ids).map((alert) => encode(alert))],
      sync: Buffer.alloc(16, 7),
    }),
  );
  return file;
}

async function rows(sql: string): Promise<unknown[]> {
  const session = await openSession(lake, { surveys: loadSurveys(shippedSurveys, surveys) });
  try {
    return await (await session.query(sql)).getRowsJson();
  } finally {
    session.close();
  }
}

async function get(path: string): Promise<unknown> {
  const all = loadSurveys(shippedSurveys, surveys);
  const sources = new Sources(lake, all);
  const view = new LakeReader(lake, all, sources);
  const feed = new LiveFeed(lake, view, 60_000);
  const pageLake = new PageLake(lake, all, { folder: "" }, sources);
  const logged: unknown[] = [];
  const app = createApp(
    {
      host: "",
      port: 0,
      lake,
      view,
      pageLake,
      sources,
      pages: "",
      logError: (error) => logged.push(error),
    },
    feed,
  );
  const response = await app.request(path);
  const body = await response.json().catch(() => null);
  feed.close();
  await sources.close();
  expect([path, response.status, logged]).toEqual([path, 200, []]);
  return body;
}

let ztf: string[] = [];

beforeAll(async () => {
  ztf = await lakeOfAlerts(lake, 10);
  mkdirSync(surveys);
  writeFileSync(join(surveys, "atlas.yaml"), definition);
  mkdirSync(join(filters, "atlas"), { recursive: true });
  writeFileSync(
    join(filters, "atlas", "bright.sql"),
    "-- description: Bright ones.\n-- deliver: here\nSELECT * FROM alerts WHERE candidate.Mag < 16.5",
  );
  writeFileSync(
    join(folder, "mine.yaml"),
    `delivery: { newTargetHours: 1e9, targets: { here: { kind: files, format: voevent, folder: ${JSON.stringify(delivered)} } } }`,
  );
  for (const args of [
    ["ingest", writeAlerts("atlas", ids), writeAlerts("mystery", ids)],
    // sent again
    ["ingest", writeAlerts("atlas", ids.slice(1), "again")],
    ["start", "science", "--once"],
    ["start", "filter", "--once"],
    ["start", "aggregation", "--once"],
  ])
    expect(await fink(args)).toMatchObject({ code: 0 });
}, 120_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("a survey whose ids are texts", { timeout: 60_000 }, () => {
  const sorted = ids.toSorted();

  it("has a science row for each alert, once, and so has ZTF", async () => {
    expect(await rows("SELECT candid FROM atlas.science ORDER BY candid")).toEqual(
      sorted.map((id) => [id]),
    );
    expect(await rows("SELECT candid FROM atlas.alerts ORDER BY candid")).toEqual(
      sorted.map((id) => [id]),
    );
    expect(await rows("SELECT count(*)::INTEGER FROM ztf.science")).toEqual([[ztf.length]]);
  });

  it("has its alerts filtered and delivered under their ids", async () => {
    expect(await rows("SELECT alert, object FROM atlas.matches ORDER BY object")).toEqual([
      [ids[0], "A0"],
      ["0007", "A1"],
    ]);
    expect(await fink(["start", "delivery", "--once"])).toMatchObject({ code: 0 });
    const files = readdirSync(delivered, { recursive: true, withFileTypes: true }).filter((entry) =>
      entry.isFile(),
    );
    const text = files
      .map((entry) => readFileSync(join(entry.parentPath, entry.name), "latin1"))
      .join("\n");
    for (const id of ids.slice(0, 2)) expect(text).toContain(id);
  });

  it("is found on the pages and in the API by id, object and place, before and after compaction; ZTF is too", async () => {
    const found = async (query: string) =>
      (
        (await get(`/api/pages/search?q=${encodeURIComponent(query)}`)) as {
          rows: { survey: string; alertId: string }[];
        }
      ).rows.map((r) => [r.survey, r.alertId]);
    const look = async () => {
      for (const [i, id] of ids.entries()) {
        expect(await found(`alert: ${id}`)).toEqual([["atlas", id]]);
        expect(await found(`object: A${i}`)).toEqual([["atlas", id]]);
        expect(await found(`${10 + i} 5`)).toEqual([["atlas", id]]);
        expect(await get(`/api/pages/alert/atlas/${encodeURIComponent(id)}`)).toMatchObject({
          raw: expect.arrayContaining([["candid", id]]) as unknown,
        });
      }
      expect(await found(`alert: ${ztf[0]}`)).toEqual([["ztf", ztf[0]]]);
      const listed = (await get("/api/v1/alerts?survey=atlas&limit=2")) as {
        alerts: { alertId: string }[];
        next: string;
      };
      const more = (await get(
        `/api/v1/alerts?survey=atlas&limit=2&cursor=${encodeURIComponent(listed.next)}`,
      )) as typeof listed;
      expect([...listed.alerts, ...more.alerts].map(({ alertId }) => alertId).toSorted()).toEqual(
        sorted,
      );
      expect(await get("/api/v1/alerts/latest?limit=5")).not.toEqual([]);
    };
    await look();
    expect(await fink(["compact"])).toMatchObject({ code: 0 });
    await look();
  });

  it("is computed again, merged and repaired like any other", async () => {
    expect(await fink(["lake", "repair"])).toMatchObject({
      code: 0,
      output: expect.stringContaining("No alert has two rows") as string,
    });
    expect(await fink(["account", "--survey", "atlas"])).toMatchObject({ code: 0 });
    expect(
      await rows("SELECT sum(value)::INTEGER FROM ztf.statistics WHERE aggregation = 'class'"),
    ).toEqual([[ztf.length]]);
  });

  it("a survey that nobody described is archived and gets no science, and the log of science says why", async () => {
    expect(await rows("SELECT count(*)::INTEGER FROM mystery.raw")).toEqual([[3]]);
    const service = startFink(["start", "science"], { FINK_LAKE: lake, FINK_SURVEYS: surveys });
    const status = () => {
      try {
        return readFileSync(join(lake, ".fink/run/science.json"), "utf8");
      } catch {
        return "";
      }
    };
    while (!status().includes("mystery gets no science"))
      await new Promise((done) => setTimeout(done, 100));
    await service.kill();
  });
});
