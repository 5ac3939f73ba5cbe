import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Admin, Producer } from "@platformatic/kafka";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type Account, accountOf } from "../../src/account/account.ts";
import { surveysOf } from "../../src/archive/setup.ts";
import { configSchema } from "../../src/config/schema.ts";
import { LakeTable } from "../../src/lake/table.ts";
import { damagedPacket, packet } from "../archive/alerts.ts";
import { type FinkProcess, startFink } from "../archive/process.ts";
import { type KafkaBroker, kafkaLib, startKafka } from "./broker.ts";
import { until } from "./reading.ts";
import { createTopic, produce } from "./topics.ts";

const lib = kafkaLib();

describe.skipIf(lib === null)(
  "a Kafka log that is no longer the one we read",
  { timeout: 120_000 },
  () => {
    let broker: KafkaBroker;
    let address = "";
    let lake = "";
    const folder = mkdtempSync(join(tmpdir(), "fink-log-changes-"));
    beforeAll(async () => {
      broker = await startKafka(lib!);
      address = broker.at.PLAINTEXT;
    }, 120_000);
    afterAll(async () => {
      await broker?.destroy();
      rmSync(folder, { recursive: true, force: true });
    });
    beforeEach(() => void (lake = mkdtempSync(join(folder, "lake-"))));

    const start = (topic: string, ...more: string[]): FinkProcess =>
      startFink(["start", "archive", ...more], {
        FINK_LAKE: lake,
        FINK_KAFKA_BROKERS: address,
        FINK_KAFKA_TOPICS: topic,
        FINK_KAFKA_GROUP: `group-of-${topic}`,
        FINK_KAFKA_DISCOVER_SECONDS: "1",
        FINK_ARCHIVE_TRIGGER_SECONDS: "0.2",
        FINK_ARCHIVE_WORKERS: "1",
      });
    const archiveOnce = async (topic: string): Promise<string> => {
      const { code, output } = await start(topic, "--once").ended;
      expect(code, output).toBe(0);
      return output;
    };
    /** Alerts `from` to `to` - 1, ten in a record batch; every tenth is damaged. */
    const publish = (topic: string, from: number, to: number) =>
      produce(
        address,
        topic,
        Array.from({ length: to - from }, (_, i) => ({
          partition: 0,
          value: (from + i) % 10 === 7 ? damagedPacket(from + i) : packet(from + i),
        })),
        { perSend: 10 },
      );
    const rowsOf = (kind: "raw" | "rejected"): number => {
      const { files } = new LakeTable(join(lake, "sky", kind)).snapshot;
      return [...files.values()].reduce(
        (sum, { stats }) => sum + (JSON.parse(stats!) as { numRecords: number }).numRecords,
        0,
      );
    };
    const account = (): Promise<Account> => accountOf(lake, surveysOf(configSchema.parse({})));
    const remake = async (topic: string): Promise<void> => {
      const admin = new Admin({ clientId: "test", bootstrapBrokers: [address] });
      await admin.deleteTopics({ topics: [topic] });
      await until("it to be gone", async () => !(await admin.listTopics()).includes(topic));
      await admin.close();
      await createTopic(address, topic, 1);
    };

    // It read the whole partition again: 80 alerts were there twice.
    it("a broker that lost its last seconds: what comes after the loss is read, nothing twice, and the account says so", async () => {
      await createTopic(address, "sky_lost", 1);
      await publish("sky_lost", 0, 100);
      await archiveOnce("sky_lost");
      await broker.loseFrom("sky_lost", 0, 80);
      await broker.restart();
      await publish("sky_lost", 100, 110);
      const output = await archiveOnce("sky_lost");
      expect([rowsOf("raw"), rowsOf("rejected")]).toEqual([99, 11]);
      expect(output).toContain(
        "sky_lost partition 0: the broker lost the messages from offset 80 on, which are archived up to 99; reading on from 80",
      );
      const found = await account();
      expect(found).toMatchObject({
        balanced: true,
        surveys: [
          {
            topics: [{ source: "sky_lost", received: 110, archived: 99, rejected: 11, missing: 0 }],
          },
        ],
      });
      expect(found.surveys[0].topics[0].notes).toEqual([
        "sky_lost partition 0: the broker lost offsets 80 to 99 after they were archived, and numbered later messages from 80 again",
      ]);
      await archiveOnce("sky_lost");
      expect([rowsOf("raw"), rowsOf("rejected")]).toEqual([99, 11]);
    });

    // The first 50 messages after the loss had the offsets of lost ones, and were taken for these.
    it("a log that is longer than before the loss by the time we come back", async () => {
      await createTopic(address, "sky_grown", 1);
      await publish("sky_grown", 0, 50);
      await archiveOnce("sky_grown");
      await broker.loseFrom("sky_grown", 0, 40);
      await broker.restart();
      await publish("sky_grown", 50, 110);
      await archiveOnce("sky_grown");
      expect(rowsOf("raw") + rowsOf("rejected")).toBe(110);
      expect(await account()).toMatchObject({
        balanced: true,
        surveys: [{ topics: [{ received: 110, missing: 0 }] }],
      });
    });

    it("a topic deleted and made again, even when it is longer than before", async () => {
      await createTopic(address, "sky_again", 1);
      await publish("sky_again", 0, 20);
      await archiveOnce("sky_again");
      await remake("sky_again");
      await publish("sky_again", 100, 150);
      const output = await archiveOnce("sky_again");
      expect(output).toContain(
        "sky_again partition 0: the topic was deleted and made again; reading it from offset 0",
      );
      expect([rowsOf("raw"), rowsOf("rejected")]).toEqual([63, 7]);
      const found = await account();
      expect(found).toMatchObject({
        balanced: true,
        surveys: [{ topics: [{ received: 70, archived: 63, rejected: 7 }] }],
      });
      expect(found.surveys[0].topics[0].notes).toEqual([
        "sky_again partition 0: the topic was deleted and made again when it was archived up to offset 19; it is read from offset 0 since",
      ]);
      await archiveOnce("sky_again");
      expect(rowsOf("raw")).toBe(63);
    });

    it("a topic made again while it is read", async () => {
      await createTopic(address, "sky_live", 1);
      await publish("sky_live", 0, 20);
      const archive = start("sky_live");
      await until("the first", () => rowsOf("raw") + rowsOf("rejected") === 20);
      await remake("sky_live");
      await publish("sky_live", 100, 150);
      await until("the second", () => rowsOf("raw") + rowsOf("rejected") === 70, 40_000);
      await archive.kill("SIGTERM");
      expect(await account()).toMatchObject({
        balanced: true,
        surveys: [{ topics: [{ received: 70, missing: 0 }] }],
      });
    });

    it("messages that the broker deleted before they were read are named, and not counted as received", async () => {
      await createTopic(address, "sky_late", 1);
      await publish("sky_late", 0, 20);
      await archiveOnce("sky_late");
      await publish("sky_late", 20, 60);
      const admin = new Admin({ clientId: "test", bootstrapBrokers: [address] });
      await admin.deleteRecords({
        topics: [{ name: "sky_late", partitions: [{ partition: 0, offset: 30n }] }],
      });
      await admin.close();
      await archiveOnce("sky_late");
      const found = await account();
      expect(found).toMatchObject({
        balanced: true,
        surveys: [{ topics: [{ received: 50, missing: 0 }] }],
      });
      expect(found.surveys[0].topics[0].notes).toEqual([
        "sky_late partition 0: offsets 20 to 29 were deleted at the broker before Fink read them (10 messages at most)",
      ]);
    });

    // The account did not add up, every day.
    it("aborted transactions and their markers are no messages to the account", async () => {
      await createTopic(address, "sky_tx", 1);
      const producer = new Producer({
        clientId: "test",
        bootstrapBrokers: [address],
        idempotent: true,
        transactionalId: "sky_tx",
        retries: 10,
      });
      for (const [numbers, end] of [
        [[1, 2, 3], "commit"],
        [[4, 5, 6, 7], "abort"],
        [[8, 9, 10], "commit"],
      ] as const) {
        const transaction = await producer.beginTransaction();
        for (const n of numbers)
          await transaction.send({
            messages: [{ topic: "sky_tx", partition: 0, value: packet(n) }],
          });
        await transaction[end]();
      }
      await producer.close();
      await archiveOnce("sky_tx");
      expect(await account()).toMatchObject({
        balanced: true,
        surveys: [{ topics: [{ received: 6, archived: 6, missing: 0, gaps: [] }] }],
      });
      const raw = new LakeTable(join(lake, "sky/raw"));
      raw.commit({ operation: "by hand", remove: [...raw.snapshot.files.keys()] });
      expect(await account()).toMatchObject({
        balanced: false,
        surveys: [{ topics: [{ received: 6, archived: 0, missing: 6 }] }],
      });
    });
  },
);
