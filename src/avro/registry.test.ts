import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { SchemaStore } from "./registry.ts";

type Answer = (request: IncomingMessage, response: ServerResponse) => void;
const int = '{"type":"int"}';
let folder = "";
let requests: string[] = [];
let answer: Answer = () => {};
const server = createServer((request, response) => {
  requests.push(request.url ?? "");
  answer(request, response);
});
const json =
  (status: number, body: unknown): Answer =>
  (_, response) =>
    void response.writeHead(status, { "content-type": "application/vnd.schemaregistry.v1+json" }).end(JSON.stringify(body));

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "fink-registry-"));
  requests = [];
  answer = json(200, { schema: int });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
});
afterEach(async () => {
  rmSync(folder, { recursive: true });
  if (!server.listening) return;
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

const places = () => ({
  folder: join(folder, "mine"),
  cache: join(folder, "cache"),
  registry: `http://127.0.0.1:${(server.address() as AddressInfo).port}/base/`,
  username: "",
  password: "",
});

it("asks the registry once for what many want at once, and then nobody", async () => {
  const store = new SchemaStore(places());
  expect(store.peek(701)).toBeUndefined();
  expect(await Promise.all([store.get(701), store.get(701), store.get(701)])).toEqual([int, int, int]);
  expect(store.peek(701)).toBe(int);
  expect(await store.get(701)).toBe(int);
  expect(requests).toEqual(["/base/schemas/ids/701"]);
});

it("keeps the answer on disk for the next process, and nothing else beside it", async () => {
  const known = places();
  await new SchemaStore(known).get(701);
  expect(await new SchemaStore(known).get(701)).toBe(int);
  expect(requests).toHaveLength(1);
  expect(readdirSync(known.cache, { recursive: true }).filter((name) => String(name).includes("701"))).toEqual([expect.stringMatching(/701\.avsc$/)]);
});

it("does not give one registry's schema for another's", async () => {
  const known = places();
  await new SchemaStore(known).get(701);
  answer = json(200, { schema: '"string"' });
  expect(await new SchemaStore({ ...known, registry: known.registry.replace("base", "other") }).get(701)).toBe('"string"');
});

it("takes the user's folder before the registry", async () => {
  mkdirSync(join(folder, "mine"));
  writeFileSync(join(folder, "mine/701.avsc"), '"long"');
  expect(await new SchemaStore(places()).get(701)).toBe('"long"');
  expect(requests).toEqual([]);
});

it("asks once in 60 s for an id nobody knows", async () => {
  answer = json(404, { error_code: 40403, message: "Schema not found" });
  let now = 0;
  const store = new SchemaStore(places(), fetch, () => now);
  await expect(store.get(99999)).rejects.toMatchObject({
    code: "schema",
    message: expect.stringContaining("schema id 99999 is unknown: no 99999.avsc is in the schemas folder"),
  });
  for (let i = 0; i < 1000; i++) await expect(store.get(99999)).rejects.toMatchObject({ code: "schema" });
  expect(requests).toHaveLength(1);
  answer = json(200, { schema: int });
  now = 60_001;
  expect(await store.get(99999)).toBe(int);
});

it("tries again when the registry stumbles", async () => {
  answer = (request, response) => (requests.length < 3 ? json(503, {}) : json(200, { schema: int }))(request, response);
  expect(await new SchemaStore(places()).get(701)).toBe(int);
  expect(requests).toHaveLength(3);
});

it("tries again when the connection breaks, and then says what to check", async () => {
  answer = (request) => request.socket.destroy();
  const store = new SchemaStore(places());
  await expect(store.get(701)).rejects.toMatchObject({
    code: "io",
    message: expect.stringMatching(/127\.0\.0\.1:\d+\/base\/ cannot be asked for schema id 701: .+; check schemas\.registry/),
  });
  expect(requests).toHaveLength(3);
});

it("proves who it is, and says which settings to check when that is refused", async () => {
  answer = (request, response) =>
    (request.headers.authorization === `Basic ${btoa("me:secret")}` ? json(200, { schema: int }) : json(401, {}))(request, response);
  expect(await new SchemaStore({ ...places(), username: "me", password: "secret" }).get(701)).toBe(int);
  await expect(new SchemaStore(places()).get(702)).rejects.toThrow("check schemas.username and schemas.password");
  expect(requests).toHaveLength(2);
});

it("says what to do where there is no registry, a wrong URL, or an answer of something else", async () => {
  const known = places();
  await expect(new SchemaStore({ ...known, registry: "" }).get(5)).rejects.toThrow(
    "schema id 5 is unknown: no 5.avsc is in the schemas folder (--schemas DIR), and no registry is set: name one as schemas.registry",
  );
  expect(() => new SchemaStore({ ...known, registry: "localhost" })).toThrow('schemas.registry: "localhost" is not a URL');
  answer = json(200, { hello: 1 });
  await expect(new SchemaStore(known).get(701)).rejects.toThrow("does not answer as a schema registry does");
  answer = json(200, { schema: "x", schemaType: "PROTOBUF" });
  await expect(new SchemaStore(known).get(702)).rejects.toThrow("schema id 702 is of type PROTOBUF, not an Avro schema");
});
