import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { SchemaStore } from "./registry.ts";
import { parseSchema } from "./schema.ts";

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
    void response
      .writeHead(status, { "content-type": "application/vnd.schemaregistry.v1+json" })
      .end(JSON.stringify(body));

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
  expect(await Promise.all([store.get(701), store.get(701), store.get(701)])).toEqual([
    int,
    int,
    int,
  ]);
  expect(store.peek(701)).toBe(int);
  expect(await store.get(701)).toBe(int);
  expect(requests).toEqual(["/base/schemas/ids/701"]);
});

it("keeps the answer on disk for the next process, and nothing else beside it", async () => {
  const known = places();
  await new SchemaStore(known).get(701);
  expect(await new SchemaStore(known).get(701)).toBe(int);
  expect(requests).toHaveLength(1);
  expect(
    readdirSync(known.cache, { recursive: true }).filter((name) => String(name).includes("701")),
  ).toEqual([expect.stringMatching(/701\.avsc$/)]);
});

it("does not give one registry's schema for another's", async () => {
  const known = places();
  await new SchemaStore(known).get(701);
  answer = json(200, { schema: '"string"' });
  expect(
    await new SchemaStore({ ...known, registry: known.registry.replace("base", "other") }).get(701),
  ).toBe('"string"');
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
    message: expect.stringContaining(
      "schema id 99999 is unknown: no 99999.avsc is in the schemas folder",
    ),
  });
  for (let i = 0; i < 1000; i++)
    await expect(store.get(99999)).rejects.toMatchObject({ code: "schema" });
  expect(requests).toHaveLength(1);
  answer = json(200, { schema: int });
  now = 60_001;
  expect(await store.get(99999)).toBe(int);
});

it("tries again when the registry stumbles", async () => {
  answer = (request, response) =>
    (requests.length < 3 ? json(503, {}) : json(200, { schema: int }))(request, response);
  expect(await new SchemaStore(places()).get(701)).toBe(int);
  expect(requests).toHaveLength(3);
});

it("tries again when the connection breaks, and then says what to check", async () => {
  answer = (request) => request.socket.destroy();
  const store = new SchemaStore(places());
  await expect(store.get(701)).rejects.toMatchObject({
    code: "io",
    message: expect.stringMatching(
      /127\.0\.0\.1:\d+\/base\/ cannot be asked for schema id 701: .+; check schemas\.registry/,
    ),
  });
  expect(requests).toHaveLength(3);
});

it("proves who it is, and says which settings to check when that is refused", async () => {
  answer = (request, response) =>
    (request.headers.authorization === `Basic ${btoa("me:secret")}`
      ? json(200, { schema: int })
      : json(401, {}))(request, response);
  expect(await new SchemaStore({ ...places(), username: "me", password: "secret" }).get(701)).toBe(
    int,
  );
  await expect(new SchemaStore(places()).get(702)).rejects.toThrow(
    "check schemas.username and schemas.password",
  );
  expect(requests).toHaveLength(2);
});

it("says what to do where there is no registry, a wrong URL, or an answer of something else", async () => {
  const known = places();
  await expect(new SchemaStore({ ...known, registry: "" }).get(5)).rejects.toThrow(
    "schema id 5 is unknown: no 5.avsc is in the schemas folder (--schemas DIR), and no registry is set: name one as schemas.registry",
  );
  expect(() => new SchemaStore({ ...known, registry: "localhost" })).toThrow(
    'schemas.registry: "localhost" is not a URL',
  );
  answer = json(200, { hello: 1 });
  await expect(new SchemaStore(known).get(701)).rejects.toThrow(
    "does not answer as a schema registry does",
  );
  answer = json(200, { schema: "x", schemaType: "PROTOBUF" });
  await expect(new SchemaStore(known).get(702)).rejects.toThrow(
    "schema id 702 is of type PROTOBUF, not an Avro schema",
  );
});

/** A registry of schemas by their paths. */
const registryOf =
  (
    entries: Record<string, { schema: unknown; references?: unknown; schemaType?: unknown }>,
  ): Answer =>
  (request, response) => {
    const entry = entries[(request.url ?? "").replace("/base/", "")];
    if (!entry) return json(404, { error_code: 40403 })(request, response);
    json(200, {
      ...entry,
      schema: typeof entry.schema === "string" ? entry.schema : JSON.stringify(entry.schema),
    })(request, response);
  };
const place = {
  type: "record",
  name: "Pos",
  namespace: "sv",
  fields: [
    { name: "ra", type: "double" },
    { name: "err", type: ["null", "Err"] },
  ],
};
const error = { type: "fixed", name: "Err", size: 2, namespace: "sv" };
const packet = {
  type: "record",
  name: "alert",
  namespace: "sv",
  fields: [
    { name: "pos", type: { type: "array", items: "Pos" } },
    { name: "again", type: ["null", "sv.Pos"] },
    { name: "plain", type: "Plain" },
    { name: "namespace", type: "string" },
  ],
};
const referring = {
  "schemas/ids/1": {
    schema: packet,
    references: [
      { name: "sv.Pos", subject: "pos/value", version: 3 },
      { name: "Plain", subject: "plain", version: 1 },
    ],
  },
  "subjects/pos%2Fvalue/versions/3": {
    schema: place,
    references: [{ name: "sv.Err", subject: "err", version: 1 }],
  },
  "subjects/err/versions/1": { schema: error },
  "subjects/plain/versions/1": { schema: { type: "enum", name: "Plain", symbols: ["a"] } },
};

// They were rejected: `type "sv.Pos" does not exist`.
it("fetches the schemas that a schema refers to, and keeps one that stands alone", async () => {
  answer = registryOf(referring);
  const known = places();
  const text = await new SchemaStore(known).get(1);
  const errType = { kind: "fixed", name: "sv.Err", size: 2 };
  const posType = {
    kind: "record",
    name: "sv.Pos",
    fields: [
      { name: "ra", type: { kind: "double" } },
      { name: "err", type: { kind: "union", branches: [{ kind: "null" }, errType] } },
    ],
  };
  expect(parseSchema(text)).toMatchObject({
    name: "sv.alert",
    fields: [
      { name: "pos", type: { kind: "array", items: posType } },
      { name: "again", type: { kind: "union", branches: [{ kind: "null" }, posType] } },
      { name: "plain", type: { kind: "enum", name: "Plain" } },
      { name: "namespace", type: { kind: "string" } },
    ],
  });
  const asked = requests.length;
  expect(await new SchemaStore(known).get(1)).toBe(text);
  expect(requests).toHaveLength(asked);
});

it("says which schema is missing that another refers to, and that a ring of them cannot be used", async () => {
  const { "subjects/err/versions/1": _, ...broken } = referring;
  answer = registryOf(broken);
  await expect(new SchemaStore(places()).get(1)).rejects.toThrow(
    "schema id 1 refers to subjects/err/versions/1, which the registry",
  );
  answer = registryOf({
    "schemas/ids/2": {
      schema: { type: "record", name: "r", fields: [{ name: "a", type: "A" }] },
      references: [{ name: "A", subject: "a", version: 1 }],
    },
    "subjects/a/versions/1": {
      schema: { type: "record", name: "A", fields: [{ name: "b", type: "B" }] },
      references: [{ name: "B", subject: "b", version: 1 }],
    },
    "subjects/b/versions/1": {
      schema: { type: "record", name: "B", fields: [{ name: "a", type: "A" }] },
      references: [{ name: "A", subject: "a", version: 1 }],
    },
  });
  const text = await new SchemaStore(places()).get(2);
  expect(() => parseSchema(text)).toThrow("A contains itself");
});

it("takes a schema whose type is null for Avro, as registries mean it", async () => {
  answer = registryOf({ "schemas/ids/3": { schema: int, schemaType: null } });
  expect(await new SchemaStore(places()).get(3)).toBe(int);
});
