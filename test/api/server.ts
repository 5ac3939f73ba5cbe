import { join } from "node:path";
import { expect } from "vitest";
import type { Api } from "../../src/api/api.ts";
import { LiveFeed } from "../../src/api/feed.ts";
import { LakeReader } from "../../src/api/lake-reader.ts";
import { PageLake } from "../../src/api/pages/lake.ts";
import { createApp } from "../../src/api/server.ts";
import { projectFolder } from "../../src/config/load.ts";
import { Sources } from "../../src/serving/sources.ts";
import { loadSurveys } from "../../src/surveys/surveys.ts";
import { simulatedLake } from "./lake.ts";

export type Row = Record<string, unknown>;
export const surveys = loadSurveys(join(projectFolder, "conf/surveys"));

/** The API over a lake of its own. */
export function server(survey: "ztf" | "lsst", elsewhere?: typeof fetch) {
  const sky = simulatedLake(survey);
  const sources = new Sources(sky.lake, surveys);
  const reader = new LakeReader(sky.lake, surveys, sources);
  const feed = new LiveFeed(sky.lake, reader, 60_000);
  const logged: unknown[] = [];
  const options = {
    host: "",
    port: 0,
    lake: sky.lake,
    filters: { folder: join(sky.lake, "../filters"), areas: join(sky.lake, "../areas") },
    view: reader,
    pageLake: new PageLake(sky.lake, surveys, { folder: "" }, sources),
    sources,
    pages: "",
  };
  const app: Api = createApp(
    { ...options, ...(elsewhere && { elsewhere }), logError: (error) => logged.push(error) },
    feed,
  );
  const post = async (name: string, given: Row) =>
    await app.request(`/api/v1/${name}`, {
      method: "POST",
      body: JSON.stringify(given),
      headers: { "Content-Type": "application/json" },
    });
  return {
    sky,
    sources,
    app,
    logged,
    post,
    async rows(name: string, given: Row): Promise<Row[]> {
      const response = await post(name, given);
      const text = await response.text();
      expect(response.status, text).toBe(200);
      return JSON.parse(text) as Row[];
    },
    async end() {
      feed.close();
      await sources.close();
      sky.end();
    },
  };
}
