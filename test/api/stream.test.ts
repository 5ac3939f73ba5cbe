import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Float64, Int32, Int64, Struct, Utf8 } from "apache-arrow";
import { afterAll, beforeAll, expect, test } from "vitest";
import { newApi } from "../../src/api/api.ts";
import { addStream } from "../../src/api/stream.ts";
import { LakeTable } from "../../src/lake/table.ts";
import { Sources } from "../../src/serving/sources.ts";
import { append, column } from "../lake/tables.ts";
import { surveys } from "./server.ts";

const lake = mkdtempSync(join(tmpdir(), "fink-stream-"));
const sources = new Sources(lake, surveys);
const app = newApi();
addStream(app, lake, sources);
const table = new LakeTable(join(lake, "ztf/matches"));
const type = new Struct([
  column("filter", new Utf8()),
  column("alert", new Int64()),
  column("mjd", new Float64()),
  column("revision", new Int32()),
]);
const first = 2n ** 60n;
const matches = (...numbers: readonly number[]) =>
  numbers.map((n) => ({
    filter: n % 2 === 0 ? "even" : "odd",
    alert: first + BigInt(n),
    mjd: 61000 + n,
    revision: 0,
  }));

beforeAll(async () => {
  await append(table, type, matches(0, 1, 2), 20260101);
  await append(table, type, matches(3, 4), 20260101);
});
afterAll(async () => {
  await sources.close();
  rmSync(lake, { recursive: true, force: true });
});

/** The first events after that one: id and number of the alert. */
async function events(
  count: number,
  query: string,
  headers: Record<string, string> = {},
): Promise<[string, number][]> {
  const response = await app.request(`/api/v1/stream?${query}`, { headers });
  expect(response.headers.get("content-type")).toBe("text/event-stream");
  let text = "";
  for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
    text += chunk;
    const found = [...text.matchAll(/event: match\ndata: (.*)\nid: (.*)\n\n/g)];
    if (found.length >= count)
      return found.map(([, data, id]) => [
        id,
        Number(BigInt((JSON.parse(data) as { alert: string }).alert) - first),
      ]);
  }
  throw new Error(`the stream ended: ${text}`);
}

/** What comes up to and with the piece that has this in it. */
async function textUntil(
  wanted: string,
  reader: ReadableStreamDefaultReader<string>,
): Promise<string> {
  let text = "";
  while (!text.includes(wanted)) {
    const { done, value } = await reader.read();
    if (done) throw new Error(`the stream ended: ${text}`);
    text += value;
  }
  await reader.cancel();
  return text;
}

test("all matches in order; after any of them exactly the others; of one filter", async () => {
  const all = await events(5, "after=0");
  expect(all.map(([, n]) => n)).toEqual([0, 1, 2, 3, 4]);
  for (const [i, [id]] of all.slice(0, 4).entries())
    expect(await events(4 - i, "", { "Last-Event-ID": id })).toEqual(all.slice(i + 1));
  expect((await events(3, "after=0&filter=even")).map(([, n]) => n)).toEqual([0, 2, 4]);
});

test("without an id, what comes from now on", async () => {
  const next = events(1, "");
  setTimeout(() => void append(table, type, matches(5), 20260102), 200);
  expect((await next).map(([, n]) => n)).toEqual([5]);
});

test("what is not kept any more, and ids that are none", async () => {
  table.checkpoint();
  rmSync(join(lake, "ztf/matches/_delta_log/00000000000000000000.json"));
  expect((await app.request("/api/v1/stream?after=0")).status).toBe(410);
  expect((await app.request("/api/v1/stream?after=x")).status).toBe(400);
});

test("a browser that comes back after an entry was removed is told so, and gets what follows", async () => {
  const next = events(1, "", { "Last-Event-ID": "0.1" });
  const response = await app.request("/api/v1/stream", { headers: { "Last-Event-ID": "0.1" } });
  const text = await textUntil(
    "event: gone",
    response.body!.pipeThrough(new TextDecoderStream()).getReader(),
  );
  expect(text).toContain(
    "event: gone\ndata: versions 0 to 0 of the table are not kept any more: read the table for their matches\nid: 1\n",
  );
  expect((await next).map(([, n]) => n)).toEqual([3]);
});

test("a page that listens goes on after a gone event", async () => {
  const response = await app.request("/api/v1/stream");
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  await reader.read();
  const version = table.snapshot.version + 1;
  // both come before the stream looks again
  await append(table, type, matches(6), 20260103);
  await append(table, type, matches(7), 20260103);
  table.checkpoint();
  rmSync(join(lake, `ztf/matches/_delta_log/${String(version).padStart(20, "0")}.json`));
  const text = await textUntil("event: match", reader);
  expect(text).toContain("event: gone");
  expect(text).toContain(`"alert":"${first + 7n}"`);
});
