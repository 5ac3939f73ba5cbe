import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { expectBalance } from "../account/balance.ts";
import { type KafkaBroker, kafkaLib, startKafka } from "../kafka/broker.ts";
import { createTopic, produce } from "../kafka/topics.ts";
import { damagedPacket, packet } from "./alerts.ts";
import { lakeContent } from "./lake-content.ts";
import { startFink } from "./process.ts";

const lib = kafkaLib();
const numbers = Array.from({ length: 240 }, (_, number) => number);

/**
 * Some in each batch, so that every commit is one of `rejected` and one of `raw`: "after log-entry
 * 1" is between the two.
 */
const isDamaged = (number: number): boolean => number % 7 === 3;
const message = (number: number): Buffer =>
  isDamaged(number) ? damagedPacket(number) : packet(number);

const settings = { FINK_ARCHIVE_BATCH_ALERTS: "20", FINK_ARCHIVE_WORKERS: "1" };
const killPoints = ["before", "after"].flatMap((when) =>
  ["data-file", "log-entry", "source-told"].flatMap((step) =>
    [1, 2, 5].map((occurrence) => `${when}:${step}:${occurrence}`),
  ),
);

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "fink-kill-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe.skipIf(lib === null)(
  "killed at a durable step and started again, the archive has each message once",
  { timeout: 120_000 },
  () => {
    let broker: KafkaBroker;
    beforeAll(async () => {
      broker = await startKafka(lib!);
    }, 120_000);
    afterAll(() => broker?.destroy());

    it.each(killPoints)("%s, from Kafka", async (killPoint) => {
      const topic = `sky_${killPoint.replaceAll(":", "-")}`;
      const lake = join(folder, topic);
      const address = broker.at.PLAINTEXT;
      await createTopic(address, topic, 2);
      await produce(
        address,
        topic,
        numbers.map((number) => ({ partition: number % 2, value: message(number) })),
      );
      const archive = (more: Record<string, string>) =>
        startFink(["start", "archive", "--once"], {
          ...settings,
          FINK_LAKE: lake,
          FINK_KAFKA_BROKERS: address,
          FINK_KAFKA_TOPICS: topic,
          ...more,
        }).ended;
      expect(
        await archive({ FINK_CRASH_AT: killPoint, FINK_KAFKA_GROUP: `${topic}-1` }),
      ).toMatchObject({ signal: "SIGKILL" });
      // in another group: Kafka keeps the partitions of a killed member for the 10 s of its session
      expect(await archive({ FINK_KAFKA_GROUP: `${topic}-2` })).toMatchObject({ code: 0 });
      await expectAll(lake, (number) => `${topic}/${number % 2}/${Math.floor(number / 2)}`);
    });
  },
);

describe(
  "killed at a durable step and started again, ingest has each alert once",
  { timeout: 120_000 },
  () => {
    const nameOf = (number: number) =>
      join(
        folder,
        "alerts",
        `${String(number - (number % 7)).padStart(3, "0")}${isDamaged(number) ? "-damaged" : ""}.avro`,
      );
    beforeAll(() => {
      mkdirSync(join(folder, "alerts"));
      const whole = numbers.filter((number) => !isDamaged(number));
      for (const [name, members] of Map.groupBy(whole, nameOf))
        writeFileSync(name, packet(...members));
      for (const number of numbers.filter(isDamaged))
        writeFileSync(nameOf(number), damagedPacket(number));
    });

    it.each(killPoints.filter((killPoint) => killPoint.endsWith("2")))(
      "%s, from files of six alerts",
      async (killPoint) => {
        const lake = join(folder, `files-${killPoint.replaceAll(":", "-")}`);
        const ingest = (more: Record<string, string>) =>
          startFink(["ingest", join(folder, "alerts")], {
            ...settings,
            FINK_ARCHIVE_BATCH_ALERTS: "4",
            FINK_LAKE: lake,
            ...more,
          }).ended;
        expect(await ingest({ FINK_CRASH_AT: killPoint })).toMatchObject({ signal: "SIGKILL" });
        expect(await ingest({})).toMatchObject({ code: 0 });
        await expectAll(
          lake,
          (number) =>
            `${nameOf(number)}/0/${isDamaged(number) ? 0 : (number % 7) - Number(number % 7 > 3)}`,
        );
      },
    );
  },
);

async function expectAll(lake: string, keyOf: (number: number) => string): Promise<void> {
  const { raw, rejected, numbers: found, wrong, bytes } = await lakeContent(lake);
  const damaged = numbers.filter(isDamaged);
  expect(raw.toSorted()).toEqual(
    numbers
      .filter((n) => !isDamaged(n))
      .map(keyOf)
      .toSorted(),
  );
  expect(rejected.toSorted()).toEqual(damaged.map(keyOf).toSorted());
  expect(wrong).toEqual([]);
  expect([...found].filter(([key, number]) => key !== keyOf(number))).toEqual([]);
  expect(damaged.filter((n) => !bytes.get(keyOf(n))?.equals(damagedPacket(n)))).toEqual([]);
  await expectBalance(lake);
}
