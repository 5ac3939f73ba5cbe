import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Consumer } from "@platformatic/kafka";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { idHeader } from "../../src/delivery/kafka.ts";
import { uniformOf } from "../../src/simulator/random.ts";
import { type FinkProcess, startFink } from "../archive/process.ts";
import { type KafkaBroker, kafkaLib, startKafka } from "../kafka/broker.ts";
import { until } from "../kafka/reading.ts";
import { addMatches, alertsIn, fink, makeLake, type RawAlert, keepFilter } from "./lake.ts";

const lib = kafkaLib();
const kills = 6;

describe.skipIf(lib === null)("delivery that is killed at random", { timeout: 180_000 }, () => {
  let broker: KafkaBroker;
  let lake = "";
  let alerts: readonly RawAlert[] = [];
  let server: Server;
  const folder = mkdtempSync(join(tmpdir(), "fink-crash-"));
  const posted: string[] = [];
  let requests = 0;
  beforeAll(async () => {
    const started = startKafka(lib!);
    lake = await makeLake(folder, "ztf", 200, 50);
    alerts = await alertsIn(lake, "ztf");
    broker = await started;
    server = createServer((request, response) => {
      request.resume().on("end", () => {
        const turn = requests++ % 40;
        if (turn === 10) return response.writeHead(500).end();
        if (turn === 20) return; // hangs
        if (turn === 30) return response.destroy();
        posted.push(String(request.headers["webhook-id"]));
        response.end();
      });
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  }, 180_000);
  afterAll(async () => {
    server?.closeAllConnections();
    server?.close();
    await broker?.destroy();
    rmSync(folder, { recursive: true, force: true });
  });

  const settings = () => ({
    FINK_LAKE: lake,
    FINK_LOG_LEVEL: "silent",
    FINK_KAFKA_BROKERS: broker.at.PLAINTEXT,
    FINK_DELIVERY_TARGETS: JSON.stringify({
      hook: {
        kind: "webhook",
        url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
        allowPrivate: true,
        timeoutSeconds: 0.5,
        attempts: 100,
      },
      dead: { kind: "webhook", url: "http://127.0.0.1:1", allowPrivate: true },
      disk: { kind: "files", folder: join(folder, "out") },
    }),
  });

  it("each match is at each target at least once, and what is there twice has one id; a broker that is killed and a dead target change nothing", async () => {
    await keepFilter(lake, "ztf", "all", { deliver: "kafka, hook, disk, dead", columns: "candid" });
    const expected: string[] = [];
    let process: FinkProcess | null = null;
    let next = 0;
    for (let kill = 0; kill <= kills; kill++) {
      process = startFink(["start", "delivery"], settings());
      if (kill === 2) await broker.kill9();
      const chosen = alerts.slice(next, (next += Math.ceil(alerts.length / (kills + 1))));
      for (let at = 0; at < chosen.length; at += 5) {
        await addMatches(lake, "ztf", "all", chosen.slice(at, at + 5));
        await sleep(150);
      }
      expected.push(...chosen.map(({ id }) => `ztf/all@1/${id}`));
      if (kill === 2) await broker.restart();
      await sleep(1500 * uniformOf(kill));
      if (kill < kills) await process.kill();
    }
    const totals = async () =>
      JSON.parse(await fink(lake, ["deliveries", "--json"])) as {
        targets: { target: string; sent: number }[];
        dead: unknown[];
      };
    await until(
      "all are sent",
      async () =>
        new Set(posted).size === expected.length &&
        (await totals()).targets.filter(({ sent }) => sent >= expected.length).length === 3,
      60_000,
    );
    await process!.kill("SIGTERM");
    expect(next).toBeGreaterThanOrEqual(alerts.length);
    expect(new Set(posted)).toEqual(new Set(expected));
    expect((await totals()).dead).toEqual([]);
    expect(new Set(await readIds(broker.at.PLAINTEXT, "fink_all_ztf", expected.length))).toEqual(
      new Set(expected),
    );
  });
});

/** Ids of all messages of the topic, of which there are at least `count`. */
async function readIds(address: string, topic: string, count: number): Promise<string[]> {
  const consumer = new Consumer({
    clientId: "test",
    groupId: `ids-${topic}`,
    bootstrapBrokers: [address],
    autocommit: false,
  });
  const stream = await consumer.consume({ topics: [topic], mode: "earliest", maxWaitTime: 500 });
  const ids: string[] = [];
  const timer = setTimeout(() => void stream.close(), 10_000);
  for await (const message of stream) {
    ids.push(
      String(
        message.headers.get(Buffer.from(idHeader)) ??
          [...message.headers].find(([name]) => String(name) === idHeader)?.[1],
      ),
    );
    if (new Set(ids).size >= count) break;
  }
  clearTimeout(timer);
  await consumer.close(true);
  return ids;
}
