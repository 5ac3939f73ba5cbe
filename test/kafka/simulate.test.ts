import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Admin } from "@platformatic/kafka";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Outcome, project, run } from "../cli/run.ts";
import { type KafkaBroker, kafkaLib, startKafka } from "./broker.ts";
import type { MemorySink } from "./memory-sink.ts";
import { kafkaConfig, startReading, until } from "./reading.ts";

const lib = kafkaLib();
const fakes = join(project, "test/cli/simulate-with-fakes.ts");

describe.skipIf(lib === null)("alerts published to a real Kafka", { timeout: 120_000 }, () => {
  let broker: KafkaBroker;
  let address = "";
  const folder = mkdtempSync(join(tmpdir(), "fink-publish-"));
  beforeAll(async () => {
    broker = await startKafka(lib!);
    address = broker.at.PLAINTEXT;
  }, 120_000);
  afterAll(async () => {
    await broker?.destroy();
    rmSync(folder, { recursive: true });
  });

  const simulate = (args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Outcome> =>
    run(process.execPath, [fakes, "simulate", ...args], env);
  const read = async (topics: string, count: number): Promise<MemorySink> => {
    const reading = startReading(
      kafkaConfig({ brokers: [address], topics: [topics], group: `reads-${topics}` }),
    );
    await until(`${count} messages`, () => reading.sink.committed.length >= count);
    await reading.stop();
    return reading.sink;
  };

  it("arrive once each, in a topic a night that is made with its partitions, those of an object in order", async () => {
    const before = Date.now();
    const { code, stdout } = await simulate([
      "--nights",
      "2",
      "--alerts",
      "2000",
      "--to",
      `kafka://${address}/ztf_{date}_once`,
      "--partitions",
      "4",
      "--json",
    ]);
    expect({ code, ...(JSON.parse(stdout) as object) }).toMatchObject({
      code: 0,
      alerts: 4000,
      delivered: 4000,
      to: ["ztf_20260914_once", "ztf_20260915_once"],
    });
    const { committed, holes } = await read("ztf_*_once", 4000);
    expect({ count: committed.length, holes }).toEqual({ count: 4000, holes: [] });
    for (const topic of ["ztf_20260914_once", "ztf_20260915_once"]) {
      const own = committed.filter((put) => put.topic === topic);
      expect(new Set(own.map(({ partition }) => partition))).toEqual(new Set([0, 1, 2, 3]));
      // a packet is filled with a byte that its number gives
      const byByte = (texts: string[]): Map<string, number> =>
        texts.reduce(
          (counts, text) => counts.set(text, (counts.get(text) ?? 0) + 1),
          new Map<string, number>(),
        );
      const made = Array.from({ length: 2000 }, (_, number) =>
        Buffer.alloc(1000, (number * 31 + 1) & 255).toString(),
      );
      expect(byByte(own.map(({ text }) => text))).toEqual(byByte(made));
    }
    expect(
      committed.every(({ publishedAt }) => publishedAt >= before && publishedAt <= Date.now()),
    ).toBe(true);
  });

  it("go into a topic that is there, with packets of all sizes up to what it takes", async () => {
    const admin = new Admin({ clientId: "test", bootstrapBrokers: [address] });
    await admin.createTopics({
      topics: ["there"],
      partitions: 1,
      replicas: 1,
      configs: [{ name: "max.message.bytes", value: "1000012" }],
    });
    await admin.close();
    const large = await simulate(["--alerts", "20", "--to", `kafka://${address}/there`], {
      FAKE_PACKET_BYTES: "950000",
    });
    expect(large).toMatchObject({ code: 0 });
    const tooLarge = await simulate(["--alerts", "20", "--to", `kafka://${address}/there`], {
      FAKE_PACKET_BYTES: "1200000",
    });
    expect(tooLarge).toEqual({
      code: 1,
      stdout: "",
      stderr:
        "fink: a packet is larger than the topic takes: raise its max.message.bytes; 0 packets were delivered before\n",
    });
  });

  it("with password and TLS as the configuration says", async () => {
    const env = (password: string) => ({
      FINK_KAFKA_SECURITY: "sasl_ssl",
      FINK_KAFKA_SASL_USERNAME: "fink",
      FINK_KAFKA_SASL_PASSWORD: password,
      FINK_KAFKA_TLS_CA: broker.certificates.brokerCert,
    });
    const args = ["--alerts", "20", "--to", `kafka://${broker.at.SASL_SSL}/secured`];
    expect(await simulate(args, env("secret"))).toMatchObject({ code: 0 });
    const { code, stderr } = await simulate(args, env("wrong"));
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: expect.stringMatching(/^fink: localhost:\d+ refuses user "fink" .*\n$/),
    });
  });

  it("replayed from files keep their bytes, their order and, where asked for, their times", async () => {
    const alerts = join(folder, "alerts");
    expect(
      await run(process.execPath, [
        join(project, "src/cli/main.ts"),
        "simulate",
        "--alerts",
        "40",
        "--to",
        alerts,
      ]),
    ).toMatchObject({ code: 0 });
    const args = [
      "replay",
      alerts,
      "--to",
      `kafka://${address}/{survey}_{date}_again`,
      "--speed",
      "fast",
      "--keep-times",
      "--partitions",
      "1",
    ];
    expect(await run(process.execPath, [join(project, "src/cli/main.ts"), ...args])).toMatchObject({
      code: 0,
    });
    const night = readdirSync(alerts)[0].replace("ztf_", "");
    const { committed } = await read(`ztf_${night}_again`, 40);
    const bytes = readdirSync(join(alerts, `ztf_${night}`)).map((name) =>
      readFileSync(join(alerts, `ztf_${night}`, name)).toString(),
    );
    expect(new Set(committed.map(({ text }) => text))).toEqual(new Set(bytes));
    const times = committed.map(({ publishedAt }) => publishedAt);
    expect(times).toEqual(times.toSorted((a, b) => a - b));
    expect(new Date(times[0]).getUTCFullYear()).toBe(2026);
  });

  it("that the broker does not take any more: one line with how many were delivered", async () => {
    const child = spawn(process.execPath, [
      fakes,
      "simulate",
      "--alerts",
      "100000",
      "--rate",
      "2000",
      "--to",
      `kafka://${address}/dying`,
      "--truth",
      "t",
    ]);
    let stderr = "";
    child.stderr.on("data", (data) => (stderr += data));
    const ended = new Promise((resolve) => child.once("exit", resolve));
    const admin = new Admin({ clientId: "test", bootstrapBrokers: [address] });
    await until("the topic", async () => (await admin.listTopics()).includes("dying"));
    await admin.close();
    await new Promise((resolve) => setTimeout(resolve, 1000));
    await broker.kill9();
    expect(await ended).toBe(1);
    const delivered = Number(/; (\d+) packets were delivered before\n$/.exec(stderr)?.[1]);
    expect(stderr).toMatch(
      /^truth of \d+ alerts discarded\nfink: localhost:\d+ cannot be reached: is the broker running, and --to right\?; \d+ packets were delivered before\n$/,
    );
    expect(delivered).toBeGreaterThan(0);
    await broker.restart();
    expect((await read("dying", delivered)).committed.length).toBeGreaterThanOrEqual(delivered);
  });
});
