import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import type { Api } from "./api.ts";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type FakeNight, fakeNight } from "../../test/browser/fake-night.ts";
import { FinkError } from "../errors.ts";
import { LiveFeed } from "./feed.ts";
import type { LakeView } from "./lake-view.ts";
import { createApp } from "./server.ts";

let night: FakeNight;
let feed: LiveFeed;
let app: Api;
let logged: string[];

function serving(view: LakeView): Api {
  const pages = join(night.lake, "pages");
  mkdirSync(join(pages, "assets"), { recursive: true });
  for (const page of ["index", "live", "404"])
    writeFileSync(join(pages, `${page}.html`), `<title>${page}</title>`);
  writeFileSync(join(pages, "assets/live-abc.js"), `console.log("${"x".repeat(5000)}")`);
  feed?.close();
  feed = new LiveFeed(night.lake, view, 50);
  logged = [];
  return createApp(
    {
      host: "",
      port: 0,
      lake: night.lake,
      view,
      pages,
      logError: (_, message) => logged.push(message),
    },
    feed,
  );
}

const broken: LakeView = {
  tables: () =>
    Promise.reject(
      new FinkError("lake", "lake/ztf/raw/_delta_log cannot be read: permission denied"),
    ),
  latest: () => Promise.reject(new TypeError("x is undefined")),
  cutout: () => Promise.reject(new Error("no")),
  rejected: () => Promise.reject(new Error("no")),
};

beforeEach(() => {
  night = fakeNight();
  app = serving(night.view);
});
afterEach(() => {
  feed.close();
  night.end();
});

/** The first events of a live connection, until `enough`. */
async function events(
  enough: (all: Map<string, unknown>) => boolean,
): Promise<Map<string, unknown>> {
  const response = await app.request("/api/v1/live");
  expect(response.headers.get("content-type")).toBe("text/event-stream");
  const all = new Map<string, unknown>();
  let text = "";
  for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
    text += chunk;
    const whole = text.split("\n\n");
    text = whole.pop() ?? "";
    for (const [, event, data, id] of whole.map(
      (e) => /event: (\w+)\ndata: (.*)\nid: (\d+)/.exec(e) ?? [],
    )) {
      expect(Number(id)).toBeGreaterThanOrEqual(0);
      all.set(event, JSON.parse(data));
    }
    if (enough(all)) break;
  }
  return all;
}

test("live tells everything at once, then what changed", async () => {
  night.archive(30);
  night.reject("sync marker differs");
  setTimeout(() => night.archive(1), 200);
  const all = await events(
    (a) => (a.get("tables") as { rows: number }[] | undefined)?.[0].rows === 31,
  );
  expect([...all.keys()].sort()).toEqual(["alerts", "history", "rejected", "status", "tables"]);
  expect(all.get("rejected")).toMatchObject([{ reason: "sync marker differs" }]);
});

test("a lake that cannot be read is said on the live page", async () => {
  app = serving(broken);
  const all = await events(
    (a) => (a.get("status") as { problems: string[] } | undefined)?.problems.length === 1,
  );
  expect(all.get("status")).toMatchObject({
    problems: [
      "The lake cannot be read: lake/ztf/raw/_delta_log cannot be read: permission denied",
    ],
  });
});

test("live connections are bounded, and a closed one makes room", async () => {
  const open = await Promise.all(Array.from({ length: 200 }, () => app.request("/api/v1/live")));
  const refused = await app.request("/api/v1/live");
  expect([refused.status, refused.headers.get("retry-after")]).toEqual([503, "10"]);
  expect(await refused.json()).toMatchObject({
    error: expect.stringContaining("close some pages"),
  });
  await open[0].body?.cancel();
  await expect.poll(async () => (await app.request("/api/v1/live")).status).toBe(200);
});

test("status and latest alerts as JSON; ids of 64 bits are text", async () => {
  night.archive(20);
  expect(await (await app.request("/api/v1/status")).json()).toMatchObject({
    totals: { archived: 20 },
    problems: [],
  });
  const latest = (await (await app.request("/api/v1/alerts/latest?limit=2")).json()) as {
    alertId: string;
  }[];
  expect(latest.map((a) => a.alertId)).toEqual(["2752190655615010019", "2752190655615010018"]);
  const wrong = await app.request("/api/v1/alerts/latest?limit=1000");
  expect([wrong.status, await wrong.json()]).toEqual([
    400,
    {
      error: "limit=1000: give a whole number from 1 to 100",
      requestId: wrong.headers.get("x-request-id"),
    },
  ]);
});

test("a cutout is a FITS file, whether it was stored gzipped and whether that is asked for", async () => {
  const address = "/api/v1/cutouts/ztf/2752190655615010001/science";
  const plain = await app.request(address);
  expect(plain.headers.get("content-type")).toBe("application/fits");
  expect(plain.headers.get("cache-control")).toContain("immutable");
  const bytes = Buffer.from(await plain.arrayBuffer());
  expect(bytes.subarray(0, 9).toString()).toBe("SIMPLE  =");
  const packed = await app.request(address, { headers: { "Accept-Encoding": "gzip, br" } });
  expect(packed.headers.get("content-encoding")).toBe("gzip");
  expect(gunzipSync(Buffer.from(await packed.arrayBuffer())).equals(bytes)).toBe(true);
});

test.each(["ztf/1/template", "ztf/1/mask", "..%2Fztf/1/science"])(
  "no cutout at %s",
  async (path) => {
    const response = await app.request(`/api/v1/cutouts/${path}`);
    expect([response.status, await response.json()]).toEqual([
      404,
      { error: expect.any(String), requestId: expect.any(String) },
    ]);
  },
);

test("healthz: well, a failed service, a lake that cannot be read", async () => {
  night.archive(1);
  expect(await (await app.request("/healthz")).json()).toEqual({ ok: true, problems: [] });
  night.say({ state: "failed", message: "disk full" });
  const failed = await app.request("/healthz");
  expect([failed.status, await failed.json()]).toEqual([
    503,
    { ok: false, problems: [expect.stringContaining("disk full")] },
  ]);
  app = serving(broken);
  expect(await (await app.request("/healthz")).json()).toMatchObject({
    problems: [expect.any(String), expect.stringContaining("permission denied")],
  });
});

test("metrics for Prometheus", async () => {
  night.archive(7);
  night.reject("bad");
  const text = await (await app.request("/metrics")).text();
  for (const line of [
    'fink_service_up{service="archive"} 1',
    'fink_alerts_archived_total{service="archive"} 7',
    'fink_alerts_rejected_total{service="archive"} 1',
    'fink_lag_alerts{service="archive"} 0',
    'fink_latency_seconds{service="archive",quantile="0.99"} 1.64',
    'fink_table_rows{survey="ztf",table="raw"} 7',
    "# TYPE fink_alerts_archived_total counter",
  ]) {
    expect(text).toContain(`${line}\n`);
  }
  app = serving(broken);
  expect(await (await app.request("/metrics")).text()).toContain("fink_lake_readable 0\n");
  expect(text).toMatch(/fink_last_commit_age_seconds\{service="archive",survey="ztf"\} 0/);
});

test.each(["/", "/index.html", "/live", "/live.html"])(
  "the page %s, asked for again each time, with strict headers",
  async (path) => {
    const response = await app.request(path);
    expect(await response.text()).toBe(
      `<title>${path.includes("live") ? "live" : "index"}</title>`,
    );
    const { headers } = response;
    expect(headers.get("cache-control")).toBe("no-cache");
    expect(headers.get("content-security-policy")).toMatch(
      /^default-src 'none'; script-src 'self'; style-src 'self'/,
    );
    expect([headers.get("x-content-type-options"), headers.get("x-frame-options")]).toEqual([
      "nosniff",
      "DENY",
    ]);
  },
);

test("assets are kept for ever and sent compressed", async () => {
  const { headers } = await app.request("/assets/live-abc.js", {
    headers: { "Accept-Encoding": "gzip" },
  });
  expect([headers.get("cache-control"), headers.get("content-encoding")]).toEqual([
    "public, max-age=31536000, immutable",
    "gzip",
  ]);
});

test("what is not there: a page for people, JSON for programs; nothing outside the pages", async () => {
  const page = await app.request("/sky", { headers: { Accept: "text/html" } });
  expect([page.status, await page.text()]).toEqual([404, "<title>404</title>"]);
  for (const path of [
    "/api/v2/x",
    "/assets/../../.fink/run/archive.json",
    "/assets/..%2findex.html",
    "/assets/none.js",
  ]) {
    const response = await app.request(path);
    expect([response.status, await response.json()]).toEqual([
      404,
      { error: expect.stringContaining("nothing at"), requestId: expect.any(String) },
    ]);
  }
});

test("an error of ours is logged with the request's id and does not show its inside", async () => {
  app = serving(broken);
  const response = await app.request("/api/v1/alerts/latest");
  const { error, requestId } = (await response.json()) as { error: string; requestId: string };
  expect([response.status, error]).toEqual([
    500,
    `an error of ours: the log has it under request ${requestId}`,
  ]);
  expect(logged).toEqual([`GET /api/v1/alerts/latest failed (request ${requestId})`]);
});
