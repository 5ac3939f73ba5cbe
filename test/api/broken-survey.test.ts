import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Int64, Struct, Utf8 } from "apache-arrow";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { LiveFeed } from "../../src/api/feed.ts";
import { LakeReader } from "../../src/api/lake-reader.ts";
import { PageLake } from "../../src/api/pages/lake.ts";
import { createApp } from "../../src/api/server.ts";
import { configSchema } from "../../src/config/schema.ts";
import { entryPath } from "../../src/lake/log.ts";
import { LakeTable } from "../../src/lake/table.ts";
import { ScienceTable } from "../../src/science/follow.ts";
import { toolsFor, workOn } from "../../src/science/work.ts";
import { Sources } from "../../src/serving/sources.ts";
import { loadSurveys, parseSurvey, shippedSurveys, Surveys } from "../../src/surveys/surveys.ts";
import { append, column, newColumns, oldColumns } from "../lake/tables.ts";
import { lakeOfAlerts } from "../science/lake.ts";

/**
 * One survey broke the others: pages, search and API answered 500 for ZTF when a table of LSST was
 * damaged, or when a survey had no ids, or texts for ids.
 */
const folder = mkdtempSync(join(tmpdir(), "fink-broken-survey-"));
const textIds = parseSurvey(
  "{ name: atlas, alert: name, object: name, position: { ra: ra, dec: dec } }",
  "atlas",
);
const surveys = new Surveys([...loadSurveys(shippedSurveys).all, textIds]);
const origin = [column("_source", new Utf8()), column("_offset", new Int64())];
let id = "";

const lakes = {
  /** An entry that is cut off. */
  async damagedLog(lake: string): Promise<void> {
    const table = new LakeTable(join(lake, "lsst/raw"));
    await append(table, oldColumns, [{ objectId: "b", candid: 2n }], 20261010);
    writeFileSync(entryPath(table.path, 0), "{ cut off");
  },
  async damagedScience(lake: string): Promise<void> {
    for (const kind of ["raw", "science", "matches"])
      await append(
        new LakeTable(join(lake, "lsst", kind)),
        oldColumns,
        [{ objectId: "b", candid: 2n }],
        20261010,
      );
    for (const kind of ["science", "matches"])
      writeFileSync(entryPath(join(lake, "lsst", kind), 0), "{ cut off");
  },
  async lostFile(lake: string): Promise<void> {
    const table = new LakeTable(join(lake, "lsst/raw"));
    await append(
      table,
      new Struct([...oldColumns.children, ...origin]),
      [{ objectId: "b", candid: 2n }],
      20261010,
    );
    rmSync(join(table.path, "night=20261010"), { recursive: true });
  },
  async withoutIds(lake: string): Promise<void> {
    await append(
      new LakeTable(join(lake, "nobody/raw")),
      new Struct([...newColumns.children, ...origin]),
      [{ objectId: "b", candid: 2n }],
      20261010,
    );
  },
  async textIds(lake: string): Promise<void> {
    const columns = new Struct([column("name", new Utf8()), ...newColumns.children, ...origin]);
    await append(
      new LakeTable(join(lake, "atlas/raw")),
      columns,
      [{ name: "ATLAS26abc", objectId: "b" }],
      20261010,
    );
  },
};

describe.each(Object.keys(lakes) as (keyof typeof lakes)[])(
  "a lake with a survey of %s beside ZTF",
  (name) => {
    const lake = join(folder, name);
    const sources = new Sources(lake, surveys);
    const view = new LakeReader(lake, surveys, sources);
    const feed = new LiveFeed(lake, view, 60_000);
    const logged: string[] = [];
    const logError = (error: unknown, message: string) =>
      logged.push(`${message} ${String(error)}`);
    const pageLake = new PageLake(lake, surveys, { folder: "" }, sources, logError);
    const app = createApp(
      { host: "", port: 0, lake, view, pageLake, sources, pages: "", logError },
      feed,
    );

    beforeAll(async () => {
      [id] = await lakeOfAlerts(lake, 20);
      const tools = await toolsFor({ lake, config: configSchema.parse({}).science }, surveys.all);
      const table = new ScienceTable(lake, surveys.named("ztf"));
      while ((await table.step((kind, job) => workOn(kind, job, tools), 1000)) !== null);
      await lakes[name](lake);
    });
    afterAll(async () => {
      feed.close();
      await sources.close();
    });

    async function ask<T>(path: string): Promise<T> {
      const response = await app.request(path);
      const text = await response.text();
      expect(response.status, `${path}: ${text} ${logged.join("\n")}`).toBe(200);
      return JSON.parse(text) as T;
    }

    test("finds ZTF's alerts by id, object, position and class, and in Fink's API", async () => {
      type Found = {
        understood: string;
        rows: { objectId: string; ra: number; dec: number; class: string | null }[];
      };
      const search = (q: string) => ask<Found>(`/api/pages/search?q=${encodeURIComponent(q)}`);
      const [{ objectId, ra, dec, class: finkClass }] = (await search(id)).rows;
      for (const q of [objectId, `${ra} ${dec} 2`, `class: ${finkClass}`])
        expect(
          (await search(q)).rows.map((row) => row.objectId),
          q,
        ).toContain(objectId);
      expect((await search("no such thing")).rows).toEqual([]);
      expect(await ask(`/api/v1/conesearch?ra=${ra}&dec=${dec}&radius=2`)).toMatchObject([
        { "i:objectId": objectId },
      ]);
      expect(await ask(`/api/v1/objects?objectId=${objectId}`)).not.toEqual([]);
      expect(await ask("/api/v1/alerts?limit=5")).toMatchObject({ alerts: { length: 5 } });
      expect(
        await ask(
          `/api/v1/sql?query=${encodeURIComponent("SELECT count(*) AS n FROM ztf.alerts")}`,
        ),
      ).toEqual([{ n: "20" }]);
      await ask(`/api/pages/object/ztf/${objectId}`);
      await ask(`/api/pages/alert/ztf/${id}`);
    }, 60_000);

    test("shows ZTF on the first page and on those of all surveys", async () => {
      expect(await ask<{ latest: { survey: string }[] }>("/api/pages/now")).toMatchObject({
        nights: expect.arrayContaining([{ survey: "ztf", night: 20261010, alerts: 20 }]) as unknown,
      });
      expect(await ask<{ survey: string }[]>("/api/v1/alerts/latest?limit=50")).toEqual(
        expect.arrayContaining([expect.objectContaining({ survey: "ztf" })]),
      );
      for (const path of ["nights", "night/ztf/20261010", "sky/ztf/20261010", "filters", "about"])
        await ask(`/api/pages/${path}`);
      expect(await ask("/api/v1/account")).toMatchObject({
        surveys: expect.arrayContaining([expect.objectContaining({ survey: "ztf" })]) as unknown,
      });
      expect((await app.request("/metrics")).status).toBe(200);
    }, 60_000);

    test("says what cannot be read", async () => {
      await app.request("/api/v1/alerts/latest");
      const { problems } = (await (await app.request("/healthz")).json()) as { problems: string[] };
      const said = [...problems, ...pageLake.problems].join("\n");
      if (name !== "withoutIds" && name !== "textIds") expect(said).toMatch(/lsst/);
      expect(new Set(logged).size).toBe(logged.length);
    });
  },
);

afterAll(() => rmSync(folder, { recursive: true, force: true }));
