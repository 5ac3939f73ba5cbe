import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { LakeTable } from "../../src/lake/table.ts";
import { type KafkaBroker, kafkaLib, startKafka } from "../kafka/broker.ts";
import { createTopic, produce } from "../kafka/topics.ts";
import { alert, isDamaged } from "./alerts.ts";
import { lakeContent } from "./lake-content.ts";
import { startFink } from "./process.ts";

const count = 240;
const numbers = Array.from({ length: count }, (_, i) => i);
const lib = kafkaLib();

// Batches of 20: each is a data file or two, and at most three batches share a log entry. Where a batch has rejected
// messages its first log entry is that of `rejected`, so that "after log-entry" also falls between the two commits.
const small = { FINK_ARCHIVE_BATCH_ALERTS: "20", FINK_ARCHIVE_WORKERS: "1" };
const killPoints = ["before", "after"].flatMap((when) =>
  ["data-file", "log-entry", "source-told"].flatMap((step) => [1, 2, 4].map((occurrence) => `${when}:${step}:${occurrence}`)),
);

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "fink-kill-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("killed at a durable step and started again, the archive has each alert of a folder once", { timeout: 120_000 }, () => {
  let alertFolder = "";
  beforeAll(() => {
    alertFolder = join(folder, "alerts");
    mkdirSync(alertFolder);
    for (const number of numbers) writeFileSync(join(alertFolder, `${String(number).padStart(6, "0")}.avro`), alert(number));
  });

  it.each(killPoints)("%s", async (killPoint) => {
    const lake = join(folder, killPoint.replaceAll(":", "-"));
    const command = ["ingest", alertFolder, "--survey", "sky", "--json"];
    const killed = await startFink(command, { ...small, FINK_LAKE: lake, FINK_CRASH_AT: killPoint }).ended;
    expect(killed).toMatchObject({ signal: "SIGKILL" });
    const { code, output } = await startFink(command, { ...small, FINK_LAKE: lake }).ended;
    expect(code, output).toBe(0);
    const content = await lakeContent(lake);
    const damaged = numbers.filter(isDamaged);
    expect(sorted(content.numbers.values())).toEqual(numbers.filter((n) => !isDamaged(n)));
    expect(content.wrong).toEqual([]);
    expect(sorted([...content.bytes.values()].map(String))).toEqual(sorted(damaged.map((n) => String(alert(n)))));
    expect(content.rejected.length).toBe(damaged.length);
  });
});

describe.skipIf(lib === null)("… and each message of a topic", { timeout: 120_000 }, () => {
  let broker: KafkaBroker;
  beforeAll(async () => {
    broker = await startKafka(lib!);
  }, 120_000);
  afterAll(() => broker?.destroy());

  it.each(killPoints)("%s", async (killPoint) => {
    const name = killPoint.replaceAll(":", "-");
    const lake = join(folder, `kafka-${name}`);
    const topic = `sky_${name}`;
    await createTopic(broker.at.PLAINTEXT, topic, 2);
    await produce(broker.at.PLAINTEXT, topic, numbers.map((number) => ({ partition: number % 2, value: alert(number) })));
    const settings = { ...small, FINK_LAKE: lake, FINK_KAFKA_BROKERS: broker.at.PLAINTEXT, FINK_KAFKA_TOPICS: topic };
    const command = ["start", "archive", "--once"];
    const killed = await startFink(command, { ...settings, FINK_KAFKA_GROUP: `${name}-1`, FINK_CRASH_AT: killPoint }).ended;
    expect(killed).toMatchObject({ signal: "SIGKILL" });
    // another group: Kafka would keep the partitions of the killed member for the 10 s of its session
    const { code, output } = await startFink(command, { ...settings, FINK_KAFKA_GROUP: `${name}-2` }).ended;
    expect(code, output).toBe(0);
    const content = await lakeContent(lake);
    const keys = (wanted: (number: number) => boolean) => sorted(numbers.filter(wanted).map((n) => `${topic}/${n % 2}/${Math.floor(n / 2)}`));
    expect(sorted(content.raw)).toEqual(keys((n) => !isDamaged(n)));
    expect(sorted(content.rejected)).toEqual(keys(isDamaged));
    expect(content.wrong).toEqual([]);
  });
});

function sorted<T extends string | number>(values: Iterable<T>): T[] {
  return [...values].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
}
