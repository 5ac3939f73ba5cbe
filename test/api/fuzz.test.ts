import { spawn } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openApi } from "../../src/api/docs.ts";
import { LakeReader } from "../../src/api/lake-reader.ts";
import { PageLake } from "../../src/api/pages/lake.ts";
import { type RunningServer, startServer } from "../../src/api/server.ts";
import { configSchema } from "../../src/config/schema.ts";
import { projectFolder } from "../../src/config/load.ts";
import { available } from "../require.ts";
import { surveys, server } from "./server.ts";

// schemathesis makes requests of our OpenAPI, right ones and wrong ones, with ids and places of a
// lake that has both surveys: whatever comes, no answer is a failure of ours.

const schemathesis = join(dirname(process.env["FINK_PYTHON"] ?? ""), "schemathesis");
const isThere = available(
  "python",
  process.env["FINK_PYTHON"] !== undefined && existsSync(schemathesis),
  "routes are not fuzzed: FINK_PYTHON names no Python with schemathesis",
);
const seconds = 90;
/** The same requests each time, so that a failure comes back; another number asks other ones. */
const seed = 20261201;

/**
 * Routes that OpenAPI does not describe, and those that schemathesis cannot ask because they never
 * end or tell the health of services.
 */
const undescribed = [
  "GET /api/openapi.json",
  "GET /api/docs",
  "GET /api/docs.css",
  "GET /healthz",
  "GET /metrics",
];
const endless = ["/api/v1/live", "/api/v1/stream"];

const both = server("ztf");
let running: RunningServer;
const logged: string[] = [];

beforeAll(async () => {
  await both.sky.night("2026-10-10", 30);
  await both.sky.night("2026-10-11", 30, "lsst");
  expect((await both.sky.fink(["compact"])).code).toBe(0);
  await both.sky.night("2026-10-12", 20, "lsst"); // what came since
  await both.sky.night("2026-10-13", 20);
  const { sky, sources } = both;
  const pageLake = new PageLake(sky.lake, surveys, { folder: "" }, sources);
  const view = new LakeReader(sky.lake, surveys, sources);
  const logError = (error: unknown, message: string) => logged.push(`${message}: ${String(error)}`);
  const aggregationFolder = join(projectFolder, "aggregations");
  const api = {
    ...configSchema.parse({}).api,
    elsewhere: false,
    sqlSeconds: 2,
    requestsPerMinute: 0,
  };
  running = await startServer({
    host: "127.0.0.1",
    port: 0,
    lake: sky.lake,
    view,
    pageLake,
    sources,
    api,
    aggregationFolder,
    pages: "",
    logError,
  });
}, 590_000);
afterAll(async () => {
  await running?.close();
  await both.end();
});

test("OpenAPI describes every route of the API", () => {
  const paths = openApi(both.app).paths ?? {};
  const described = Object.entries(paths).flatMap(([path, item]) =>
    Object.keys(item as object).map(
      (method) => `${method.toUpperCase()} ${path.replaceAll(/\{(\w+)\}/g, ":$1")}`,
    ),
  );
  const routes = both.app.routes.filter(
    ({ path, method }) =>
      method !== "ALL" &&
      method !== "OPTIONS" &&
      (path.startsWith("/api/") || undescribed.includes(`${method} ${path}`)),
  );
  const served = new Set(routes.map(({ method, path }) => `${method} ${path}`));
  expect(
    [...served].filter((route) => !described.includes(route) && !undescribed.includes(route)),
  ).toEqual([]);
  expect(described.length).toBeGreaterThan(60);
});

test.skipIf(!isThere)("no request makes the server fail", { timeout: 590_000 }, async () => {
  const document = join(both.sky.lake, "openapi.json");
  writeFileSync(document, JSON.stringify(withExamples(openApi(both.app), await examples())));
  const args = [
    "run",
    document,
    "--url",
    running.url,
    "--checks",
    "not_a_server_error",
    "--phases",
    "examples,coverage,fuzzing",
  ];
  args.push(
    "--max-time",
    String(seconds),
    "--seed",
    String(seed),
    "--no-color",
    "--warnings",
    "off",
  );
  for (const path of [...endless, "/healthz"]) args.push("--exclude-path", path);
  const child = spawn(schemathesis, args, {
    cwd: both.sky.lake,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  child.stdout.on("data", (data) => (output += data));
  child.stderr.on("data", (data) => (output += data));
  await new Promise((resolve) => child.once("close", resolve));
  expect(logged.slice(0, 10), output.slice(-3000)).toEqual([]);
  expect(output).not.toContain("Server error");
  expect(output).not.toContain("Schema Error"); // a route that could not be asked
  expect(output).toMatch(/test cases|Test cases|passed/);
});

test("no request for a stream makes the server fail", async () => {
  const odd = [
    "0",
    "-1",
    "1.5",
    "1e3",
    "99999999999999999",
    "999999999999999.999999999999999",
    "%00",
    "'",
    "é",
    "x".repeat(41),
  ];
  const queries = odd.flatMap((text) => [
    `after=${text}`,
    `filter=${text}&after=0`,
    `survey=${text}`,
  ]);
  for (const path of endless) {
    for (const query of queries) {
      const response = await fetch(`${running.url}${path}?${query}`);
      expect(response.status, `${path}?${query}`).toBeLessThan(500);
      await response.body?.cancel();
    }
  }
  expect(logged).toEqual([]);
});

/** Values that the lake has something for, by the name of the argument. */
async function examples(): Promise<Record<string, unknown>> {
  const first = async (survey: string) => {
    const sql =
      "SELECT _alert::VARCHAR, _object, _ra, _dec FROM {sources} WHERE _object <> '0' ORDER BY _mjd DESC LIMIT 1";
    return (
      await both.sources.query(survey, { places: null, sql }, async (c, q) =>
        (await c.run(q)).getRows(),
      )
    )[0];
  };
  const [[candid, objectId, ra, dec], [diaSourceId, diaObjectId]] = [
    await first("ztf"),
    await first("lsst"),
  ];
  const of = {
    objectId,
    candid,
    diaObjectId,
    diaSourceId,
    ra,
    dec,
    id: objectId,
    alert: candid,
    survey: "ztf",
  };
  return {
    ...of,
    radius: 18_000,
    night: 20261010,
    startdate: "2026-10-01",
    window: 30,
    query: "SHOW ALL TABLES",
    date: "2026",
  };
}

/** The document with examples at every argument of these names. */
function withExamples<T>(document: T, values: Readonly<Record<string, unknown>>): T {
  return JSON.parse(JSON.stringify(document), (_, value: unknown) => {
    if (typeof value !== "object" || value === null) return value;
    const {
      name,
      in: place,
      properties,
    } = value as { name?: string; in?: string; properties?: Record<string, object> };
    if (place !== undefined && name !== undefined && name in values)
      return { ...value, example: values[name] };
    if (!properties) return value;
    const known = Object.entries(properties).map(([key, schema]) => [
      key,
      key in values ? { ...schema, example: values[key] } : schema,
    ]);
    return { ...value, properties: Object.fromEntries(known) as object };
  }) as T;
}
