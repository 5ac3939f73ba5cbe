import { createHmac } from "node:crypto";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { type AddressInfo, createServer as createSocketServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { configSchema } from "../../src/config/schema.ts";
import { type TargetConfig, targetSchema } from "../../src/config/targets.ts";
import { AlertReader } from "../../src/delivery/alerts.ts";
import { TargetFollower } from "../../src/delivery/follow.ts";
import { openTarget } from "../../src/delivery/open.ts";
import { tellOwners } from "../../src/delivery/owners.ts";
import { DeliveryStore } from "../../src/delivery/store.ts";
import { messageId, type Target } from "../../src/delivery/target.ts";
import type { Match } from "../../src/filters/filter.ts";
import { filtersFolder } from "../../src/filters/versions.ts";
import { run } from "../cli/run.ts";
import { addMatches, alertsIn, fink, makeLake, query, type RawAlert, surveys } from "./lake.ts";
import { python } from "./python.ts";

interface Posted {
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}

let folder = "";
let lake = "";
let alerts: readonly RawAlert[] = [];
let store: DeliveryStore;
let server: Server;
let posted: Posted[] = [];
/** What the server does with a request; by default it takes it. */
let answer: (posted: Posted, response: ServerResponse) => void = (_, response) => response.end();
let filterCount = 0;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "fink-targets-"));
  lake = await makeLake(folder, "ztf", 60, 20);
  alerts = await alertsIn(lake, "ztf");
  store = DeliveryStore.open(lake);
  server = createServer((request, response) => {
    let body = "";
    request.on("data", (data) => (body += data));
    request.on("end", () => {
      posted.push({ headers: request.headers, body });
      answer(posted.at(-1)!, response);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
}, 180_000);
afterAll(() => {
  server?.closeAllConnections();
  server?.close();
  store?.close();
  rmSync(folder, { recursive: true, force: true });
});

interface Run {
  readonly target: Target;
  readonly follower: TargetFollower;
  /** What the matches' ids are. */
  readonly ids: readonly string[];
  readonly filter: string;
}

/** A target of its own, with `count` matches of a filter of its own. */
async function start(
  options: object,
  { count = 10, columns = null as readonly string[] | null } = {},
): Promise<Run> {
  const name = `target${++filterCount}`;
  const filter = `filter${filterCount}`;
  posted = [];
  answer = (_, response) => response.end();
  const config = configSchema.parse({ delivery: { targets: { [name]: options } } });
  const target = openTarget(name, config.delivery.targets[name] as TargetConfig, config);
  const chosen = alerts.slice(0, count);
  await addMatches(lake, "ztf", filter, chosen);
  const own = {
    name: filter,
    survey: "ztf",
    description: "",
    deliver: [name],
    columns,
    topic: filter,
    owner: "",
    keptAt: 0,
  };
  const route = async (match: Match) =>
    match.filter === filter ? { filter: own, namedAt: 0 } : null;
  const reader = new AlertReader(lake, surveys.named("ztf"), target.images);
  const follower = new TargetFollower({
    lake,
    survey: "ztf",
    target,
    store,
    reader,
    route,
    newTargetHours: 1,
  });
  return {
    target,
    follower,
    filter,
    ids: chosen.map(({ id }) =>
      messageId("ztf", { filter, filter_version: 1, alert: id, revision: 0 } as never),
    ),
  };
}

const signal = new AbortController().signal;
/** Steps until there is nothing to do; failures are tried again at once. */
async function drain({ follower }: Run, steps = 60): Promise<number> {
  let failures = 0;
  for (let i = 0; i < steps; i++) {
    const sent = await follower.step(signal).catch(() => "failed");
    if (sent === null) return failures;
    if (sent === "failed") failures++;
  }
  return failures;
}
const webhook = (more: object = {}) => ({
  kind: "webhook",
  url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`,
  allowPrivate: true,
  timeoutSeconds: 10,
  ...more,
});
const idsPosted = () => posted.map(({ headers }) => String(headers["webhook-id"]));
const jsonOf = ({ body }: Posted) => JSON.parse(body) as { data: Record<string, unknown> };

describe("a webhook", { timeout: 30_000 }, () => {
  it("gets each match once, signed as Standard Webhooks has it, with the alert's numbers and texts", async () => {
    const secret = Buffer.from("a key for this test").toString("base64");
    const started = await start(webhook({ secret: `whsec_${secret}` }));
    await drain(started);
    expect(idsPosted().toSorted()).toEqual(started.ids.toSorted());
    for (const { headers, body } of posted) {
      const signed = `${String(headers["webhook-id"])}.${String(headers["webhook-timestamp"])}.${body}`;
      expect(headers["webhook-signature"]).toBe(
        `v1,${createHmac("sha256", Buffer.from(secret, "base64")).update(signed).digest("base64")}`,
      );
    }
    const { data } = jsonOf(posted[0]);
    const [row] = await query(
      lake,
      `SELECT candidate.magpsf, roid FROM ztf.alerts WHERE candid = ${String(data["alert"])}`,
    );
    expect(data).toMatchObject({
      filter: started.filter,
      alert_columns: { candidate: { magpsf: row["magpsf"] }, roid: row["roid"] },
    });
    expect(Object.keys(data["alert_columns"] as object)).not.toContain("cutoutScience");
  });

  it.each([
    ["answers with 500", (response: ServerResponse) => response.writeHead(500).end()],
    ["hangs", () => {}],
    ["closes the connection", (response: ServerResponse) => response.destroy()],
  ])("that %s for a while has each match at last, under the same id", async (_, fail) => {
    const started = await start(webhook({ attempts: 1000, timeoutSeconds: 0.3 }));
    let turn = 0;
    answer = (_posted, response) => (turn++ < 15 ? fail(response) : response.end());
    expect(await drain(started)).toBeGreaterThan(0);
    expect(new Set(idsPosted())).toEqual(new Set(started.ids));
    expect(store.dead({ target: started.target.name })).toEqual([]);
    expect(store.log({ target: started.target.name, failed: true, limit: 1 })).toMatchObject([
      { error: expect.stringContaining("matches wait") as string },
    ]);
  });

  it("that never takes one of them has it as a dead letter, while the others got through; driven again it goes under the same id", async () => {
    const started = await start(webhook({ attempts: 3 }));
    let mends = false;
    answer = ({ headers }, response) =>
      response.writeHead(headers["webhook-id"] === started.ids[4] && !mends ? 503 : 200).end();
    await drain(started);
    const [letter, ...more] = store.dead({ target: started.target.name });
    expect({ id: letter.id, reason: letter.reason, more }).toEqual({
      id: started.ids[4],
      reason: "answers with status 503 (3 attempts)",
      more: [],
    });
    mends = true;
    posted = [];
    expect(
      JSON.parse(
        await fink(lake, ["deliveries", "redrive", "--target", started.target.name, "--json"]),
      ),
    ).toEqual({ redriven: 1 });
    await drain(started);
    expect(idsPosted()).toEqual([started.ids[4]]);
    expect(store.dead({ target: started.target.name })).toEqual([]);
  });

  it("that refuses a message gets it once", async () => {
    const started = await start(webhook(), { count: 1 });
    answer = (_, response) => response.writeHead(422).end();
    await drain(started);
    expect({
      posted: posted.length,
      dead: store.dead({ target: started.target.name }).map(({ reason }) => reason),
    }).toEqual({
      posted: 1,
      dead: ["answers with status 422 (1 attempts)"],
    });
  });

  it("that is dead holds up nobody, and is tried with one match at a time", async () => {
    const started = await start(webhook());
    answer = (_, response) => response.destroy();
    for (const before = Date.now(); started.follower.failures < 6 && Date.now() < before + 5000;)
      await drain(started, 1);
    posted = [];
    await drain(started, 1);
    expect({ posted: posted.length, failures: started.follower.failures }).toEqual({
      posted: 1,
      failures: 7,
    });
    const other = await start(webhook());
    await drain(other);
    expect(idsPosted().toSorted()).toEqual(other.ids.toSorted());
  });

  it.each([
    [
      "slack",
      { template: "slack", text: "<{filter}> {candidate.fid}" },
      /^\{"text":"&lt;filter\d+&gt; [123]"\}$/,
    ],
    [
      "telegram",
      { template: "telegram", chat: "@fink", text: "{object} {nothing}" },
      /^\{"chat_id":"@fink","text":"object \d \{nothing\}"\}$/,
    ],
    ["ntfy", { template: "ntfy" }, /^filter\d+: object \d at RA 10.5, Dec -3.25, MJD 61000.5$/],
  ])("of %s gets a text", async (_, options, expected) => {
    await drain(await start(webhook(options), { count: 1 }));
    expect(posted.map(({ body }) => body)).toEqual([expect.stringMatching(expected)]);
  });

  it("on a private address is refused unless that is allowed", async () => {
    await expect(start(webhook({ allowPrivate: false }))).rejects.toThrow(
      "127.0.0.1 is 127.0.0.1, not an address of the public Internet",
    );
    const { port } = server.address() as AddressInfo;
    const started = await start(
      webhook({ allowPrivate: false, url: `http://localhost:${port}/` }),
      { count: 1 },
    );
    await expect(started.follower.step(signal)).rejects.toThrow(
      "cannot be reached: localhost is 127.0.0.1",
    );
    expect(posted).toEqual([]);
  });
});

describe("files", { timeout: 30_000 }, () => {
  const client = python();
  it.skipIf(client === null).each(["avro", "parquet"])(
    "of %s have the matches with the lake's values",
    async (format) => {
      const into = join(folder, format);
      const started = await start(
        { kind: "files", folder: into, format },
        {
          count: 30,
          columns: ["candid", "candidate.magpsf", "prv_candidates.jd", "cutoutScience", "roid"],
        },
      );
      await drain(started);
      const { stdout, stderr } = await run(client!, [
        join(import.meta.dirname, "read_files.py"),
        join(into, started.filter),
      ]);
      const rows = stdout
        .split("\n")
        .filter((line) => line !== "")
        .map((line) => JSON.parse(line) as unknown);
      expect(stderr).toBe("");
      const ids = alerts.slice(0, 30).map(({ id }) => id);
      const expected = await query(
        lake,
        `SELECT candid, candidate.magpsf AS mag, list_transform(prv_candidates, p -> p.jd) AS jds, octet_length(cutoutScience.stampData) AS bytes, roid
       FROM ztf.alerts WHERE candid IN (${ids.join(", ")}) ORDER BY candid`,
      );
      expect(rows).toEqual(
        expected.map(({ bytes, jds, ...row }) => ({
          ...row,
          bytes: Number(bytes),
          jds: jds ?? null,
        })),
      );
    },
  );

  it("of VOEvent are one for each match, and well-formed", async () => {
    const into = join(folder, "voevent");
    const started = await start({ kind: "files", folder: into, format: "voevent" });
    await drain(started);
    const files = readdirSync(join(into, started.filter));
    expect(files.length).toBe(10);
    const text = readFileSync(join(into, started.filter, files[0]), "utf8");
    expect(text).toContain("<ISOTime>2025-11-21T12:00:00.000</ISOTime>");
    expect(text).toMatch(/<Param name="magpsf" value="[\d.]+" dataType="float"\/>/);
    if (client === null) return;
    expect(
      await run(client, [
        "-c",
        `import xml.dom.minidom; xml.dom.minidom.parse(${JSON.stringify(join(into, started.filter, files[0]))})`,
      ]),
    ).toMatchObject({
      code: 0,
    });
  });
});

describe("a mail digest", { timeout: 30_000 }, () => {
  it("comes when it is due, with all matches since the last one", async () => {
    const mails: string[] = [];
    const smtp = createSocketServer((socket) => {
      let text = "";
      let inData = false;
      socket.write("220 test\r\n");
      socket.setEncoding("utf8").on("data", (data: string) => {
        text += data;
        if (inData && !text.endsWith("\r\n.\r\n")) return;
        if (inData) mails.push(text);
        const quit = text.startsWith("QUIT");
        const wasData = inData;
        inData = !inData && text.startsWith("DATA");
        text = "";
        socket.write(
          inData
            ? "354 go on\r\n"
            : quit
              ? "221 bye\r\n"
              : wasData
                ? "250 taken\r\n"
                : "250 ok\r\n",
        );
      });
      socket.on("error", () => {});
    });
    await new Promise<void>((resolve) => smtp.listen(0, "127.0.0.1", resolve));
    const { port } = smtp.address() as AddressInfo;
    const options = {
      kind: "email",
      to: ["a@example.org"],
      from: "fink@example.org",
      smtp: `smtp://127.0.0.1:${port}?ignoreTLS=true`,
      everyMinutes: 0.005,
    };
    const started = await start(options, { count: 12 });
    expect(await started.follower.step(signal)).toBeNull();
    await new Promise((resolve) => setTimeout(resolve, 400));
    expect(await drain(started)).toBe(0);
    smtp.close();
    expect(mails.length).toBe(1);
    expect(mails[0]).toContain(`Subject: Fink: 12 alerts of ${started.filter}`);
    for (const { id } of alerts.slice(0, 12)) expect(mails[0]).toContain(String(id));
  });
});

describe("the owner of a filter that was switched off", () => {
  it("is told once, by the target that the filter names; what cannot be told is in the log", async () => {
    const options = targetSchema.parse({ ...webhook(), secret: "whsec_YWJj" });
    posted = [];
    answer = (_, response) => response.end();
    const messages = ["hook", "nobody", "a@example.org"].map((owner, at) =>
      JSON.stringify({
        at,
        survey: "ztf",
        filter: "slow",
        version: 2,
        owner,
        text: "The filter slow is off.",
      }),
    );
    mkdirSync(filtersFolder(lake), { recursive: true });
    writeFileSync(join(filtersFolder(lake), "messages.jsonl"), `${messages.join("\n")}\n{"half`);
    for (let i = 0; i < 2; i++) await tellOwners(lake, new Map([["hook", options]]), store, signal);
    expect(posted.map(({ body }) => JSON.parse(body) as unknown)).toMatchObject([
      { type: "filter.off", data: { filter: "slow", version: 2, text: "The filter slow is off." } },
    ]);
    expect(store.log({ limit: 3 }).map(({ target, error }) => [target, error])).toEqual([
      ["a@example.org", "there is no target of kind email whose mail server could be used"],
      ["nobody", "nobody is neither an e-mail address nor a target"],
      ["hook", ""],
    ]);
  });
});
