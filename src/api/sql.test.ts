import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { append, oldColumns } from "../../test/lake/tables.ts";
import { configSchema } from "../config/schema.ts";
import { LakeTable } from "../lake/table.ts";
import { Sources } from "../serving/sources.ts";
import { loadSurveys, shippedSurveys } from "../surveys/surveys.ts";
import type { Api } from "./api.ts";
import { LiveFeed } from "./feed.ts";
import { LakeReader } from "./lake-reader.ts";
import { createApp, type ServerOptions } from "./server.ts";
import { UserProcesses } from "./user-process.ts";

const folder = mkdtempSync(join(tmpdir(), "fink-sql-api-"));
const lake = join(folder, "lake");
const surveys = loadSurveys(shippedSurveys);
const sources = new Sources(lake, surveys);
const reader = new LakeReader(lake, surveys, sources);
const users = new UserProcesses({ sqlMegabytes: 200 });
const feed = new LiveFeed(lake, reader, 60_000);
const api = {
  ...configSchema.parse({}).api,
  sqlSeconds: 2,
  sqlMegabytes: 200,
  sqlSpillMegabytes: 16,
  sqlAnswerMegabytes: 1,
};

function serving(more: Partial<ServerOptions> = {}): Api {
  return createApp(
    {
      host: "127.0.0.1",
      port: 0,
      lake,
      view: reader,
      sources,
      api,
      pages: "",
      logError: () => undefined,
      ...more,
    },
    feed,
    users,
  );
}

beforeAll(async () => {
  await append(
    new LakeTable(join(lake, "ztf", "raw")),
    oldColumns,
    [{ objectId: "a", candid: 2n ** 60n }],
    20260101,
  );
});
afterAll(async () => {
  feed.close();
  await users.close();
  await sources.close();
  rmSync(folder, { recursive: true, force: true });
});

async function ask(
  query: string,
  headers: Record<string, string> = {},
  app = serving(),
): Promise<Response> {
  return await app.request("/api/v1/sql", {
    method: "POST",
    body: JSON.stringify({ query }),
    headers: { "Content-Type": "application/json", ...headers },
  });
}

describe("SQL", () => {
  test("is answered by GET and POST, with ids of 64 bits as text", async () => {
    const got = await serving().request(
      `/api/v1/sql?query=${encodeURIComponent("SELECT candid FROM ztf.raw")}`,
    );
    expect([got.status, await got.json()]).toEqual([200, [{ candid: "1152921504606846976" }]]);
    expect(
      await (await ask("PIVOT ztf.raw ON objectId USING count(*) GROUP BY night")).json(),
    ).toEqual([{ night: 20260101, a: "1" }]);
  });

  test("keeps all digits of a decimal, also inside of a list", async () => {
    const answer = await ask(
      "SELECT 12345678901234567.891 AS a, [0.1234567890123456789, 1.50] AS b, 2.5 AS c",
    );
    expect(await answer.text()).toBe(
      '[{"a":12345678901234567.891,"b":[0.1234567890123456789,1.5],"c":2.5}]',
    );
  });

  test.each([
    `EXPORT DATABASE '${lake}/ztf/raw/_delta_log/00000000000000000001.json'`,
    "FROM '/etc/passwd'",
    "SELECT getenv('HOME')",
    "SELECT 1; SELECT 2",
  ])("that is more than reading is a wrong argument: %s", async (query) => {
    expect((await ask(query)).status).toBe(400);
    expect((await serving().request(`/api/v1/sql?query=${encodeURIComponent(query)}`)).status).toBe(
      400,
    );
    expect(new LakeTable(join(lake, "ztf", "raw")).snapshot.version).toBe(0);
  });

  test.each([
    ["/api/v1/sql", "query: a value is required"],
    ["/api/v1/sql?query=", "query=: it is empty"],
    ["/api/v1/sql?query=SELECT+1&format=xml", "format=xml: write json or arrow"],
    ["/api/v1/sql?query=SELECT+1&limt=3", "there is no limt; there are query, format"],
    ["/api/v1/sql?qery=SELECT+1&query=SELECT+1", "there is no qery; did you mean query?"],
    ["/api/v1/alerts?limits=3", "there is no limits; did you mean limit?"],
  ])("wrong arguments are named in plain words: %s", async (path, message) => {
    const answer = await serving().request(path);
    expect([answer.status, await answer.json()]).toMatchObject([
      400,
      { error: expect.stringContaining(message) },
    ]);
  });

  test("has no answer that pages of other sites may read", async () => {
    const mine = await ask("SELECT 1");
    expect(mine.headers.get("access-control-allow-origin")).toBeNull();
    const preflight = await serving().request("/api/v1/sql", {
      method: "OPTIONS",
      headers: { Origin: "https://evil.example" },
    });
    expect(preflight.headers.get("access-control-allow-origin")).toBeNull();
    expect((await ask("SELECT 1", { "Sec-Fetch-Site": "cross-site" })).status).toBe(403);
    const other = await serving().request("/api/v1/catalogues?ra=1&dec=1");
    expect(other.headers.get("access-control-allow-origin")).toBe("*");
  });

  test("ends with the rows that fit into the bytes of an answer", async () => {
    const answer = await ask("SELECT lpad('', 10000, 'x') AS text FROM range(1000)");
    expect([answer.status, answer.headers.get("x-fink-truncated")]).toEqual([200, "true"]);
    const rows = ((await answer.json()) as unknown[]).length;
    expect(rows).toBeGreaterThan(90);
    expect(rows).toBeLessThan(105);
    const large = await ask("SELECT string_agg(lpad('', 10000, 'x'), '') FROM range(200)");
    expect([large.status, await large.json()]).toMatchObject([
      400,
      { error: expect.stringMatching(/one row is larger than 1 MB/) },
    ]);
  });

  test("is ended after its time, and when its disk is full", async () => {
    const slow = await ask(
      "WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t) SELECT count(*) FROM t",
    );
    expect(slow.status).toBe(408);
    const values = await ask(
      "PIVOT (SELECT r.range AS a FROM range(100000000) r, range(100000) s) ON a USING count(*)",
    );
    expect([408, 400]).toContain(values.status);
    const patient = serving({ api: { ...api, sqlSeconds: 60, sqlMegabytes: 64 } });
    const large = await ask(
      "SELECT count(*) FROM (SELECT DISTINCT md5(range::VARCHAR) || md5((range + 1)::VARCHAR) FROM range(2000000))",
      {},
      patient,
    );
    expect([large.status, await large.json()]).toMatchObject([
      400,
      { error: expect.stringMatching(/memory/i) },
    ]);
  });
});

describe("SQL that DuckDB cannot be interrupted in", () => {
  // DuckDB plans these for minutes or for ever, and hears no interrupt meanwhile
  const nested = (before: string, within: string, after: string, depth: number) =>
    before.repeat(depth) + within + after.repeat(depth);
  test.each([
    ["nested subqueries", nested("SELECT (", "SELECT 1", ")", 50)],
    [
      "chained names",
      `SELECT 1 AS a0, ${Array.from({ length: 26 }, (_, i) => `a${i} + a${i} AS a${i + 1}`).join(", ")}`,
    ],
    ["nested lists", `SELECT ${nested("[", "1", "]", 900)}`],
  ])("is ended with its process, and the next query is answered: %s", async (_, query) => {
    const answers = await Promise.all([ask(query), ask(query)]);
    for (const answer of answers)
      expect([answer.status, await answer.json()]).toMatchObject([
        expect.toBeOneOf([400, 408]),
        { error: expect.stringMatching(/was ended/) },
      ]);
    expect(await (await ask("SELECT 1 AS one")).json()).toEqual([{ one: 1 }]);
  });

  test("and takes memory that DuckDB does not count is ended when its process has too much", async () => {
    const answer = await ask(
      "SELECT [NULL::INT[99999] for x in range(10000)]",
      {},
      serving({ api: { ...api, sqlSeconds: 60 } }),
    );
    expect([answer.status, await answer.json()]).toMatchObject([
      400,
      { error: expect.stringMatching(/more memory than it may have/) },
    ]);
  });

  test("ends when its reader leaves", async () => {
    const leaving = new AbortController();
    const asked = serving({ api: { ...api, sqlSeconds: 60 } }).request("/api/v1/sql", {
      method: "POST",
      body: JSON.stringify({ query: nested("SELECT (", "SELECT 1", ")", 50) }),
      headers: { "Content-Type": "application/json" },
      signal: leaving.signal,
    });
    setTimeout(() => leaving.abort(), 500);
    expect((await asked).status).toBe(499);
  });
});

describe("a request under a name that is not this server's", () => {
  const own = [
    "localhost",
    "localhost:5000",
    "127.0.0.1:5000",
    "127.1.2.3",
    "[::1]:5000",
    "LOCALHOST.",
    "app.localhost",
  ];
  test.each(own)("is answered under %s", async (host) => {
    expect((await ask("SELECT 1", { Host: host })).status).toBe(200);
  });

  test.each([
    "evil.example",
    "evil.example:5000",
    "127.0.0.1.evil.example",
    "localhost.evil.example",
    "192.0.2.1",
    "[2001:db8::1]:5000",
    "0x7f000001",
    "",
  ])("is refused under %s, pages and health alike", async (host) => {
    for (const path of ["/api/v1/sql?query=SELECT+1", "/api/v1/alerts", "/", "/healthz"]) {
      const answer = await serving().request(path, { headers: { Host: host } });
      expect([answer.status, await answer.json()], path).toMatchObject([
        403,
        { error: expect.stringContaining("ui.hosts") },
      ]);
    }
  });

  test("is answered under names of ui.publicUrl and ui.hosts, and the address it listens on", async () => {
    const app = serving({
      host: "192.0.2.7",
      publicUrl: "https://fink.example.org:8443/x",
      hosts: ["broker", "[2001:db8::7]:80"],
    });
    for (const host of [
      "fink.example.org",
      "FINK.example.org:8443",
      "broker:5000",
      "[2001:db8::7]:5000",
      "192.0.2.7:5000",
      "localhost",
    ])
      expect((await ask("SELECT 1", { Host: host }, app)).status, host).toBe(200);
    for (const host of ["example.org", "192.0.2.8", "x.fink.example.org"])
      expect((await ask("SELECT 1", { Host: host }, app)).status, host).toBe(403);
  });

  test("is answered under any address where it listens on all, since these cannot be made to resolve elsewhere", async () => {
    for (const host of ["0.0.0.0", "::"]) {
      expect((await ask("SELECT 1", { Host: "192.0.2.8:5000" }, serving({ host }))).status).toBe(
        200,
      );
      expect((await ask("SELECT 1", { Host: "evil.example" }, serving({ host }))).status).toBe(403);
    }
  });
});
