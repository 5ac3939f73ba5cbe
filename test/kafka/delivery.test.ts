import { Admin, Producer } from "@platformatic/kafka";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type KafkaBroker, kafkaLib, startKafka } from "./broker.ts";
import { MemorySink } from "./memory-sink.ts";
import { expectedKeys, kafkaConfig, keysOf, startReading, until } from "./reading.ts";
import { createTopic, numbered, produce } from "./topics.ts";

const lib = kafkaLib();

describe.skipIf(lib === null)(
  "what a real Kafka broker holds reaches the sink",
  { timeout: 60_000 },
  () => {
    let broker: KafkaBroker;
    let address = "";
    beforeAll(async () => {
      broker = await startKafka(lib!);
      address = broker.at.PLAINTEXT;
    }, 120_000);
    afterAll(() => broker?.destroy());

    const config = (topics: string[], more: Record<string, unknown> = {}) =>
      kafkaConfig({
        brokers: [address],
        topics,
        group: `group-of-${topics[0].replaceAll("*", "all")}`,
        ...more,
      });

    it("delivers 5,000 messages of 8 partitions once each, in order, with text and time", async () => {
      await createTopic(address, "exact", 8);
      const before = Date.now();
      await produce(address, "exact", numbered(5000, 8));
      const { sink, source, ended } = startReading(config(["exact"]), { once: true });
      await ended;
      sink.commit();
      expect(keysOf(sink).sort()).toEqual(expectedKeys("exact", 5000, 8).sort());
      expect(sink.holes).toEqual([]);
      expect(sink.duplicates).toBe(0);
      expect(source.gaps).toEqual([]);
      for (const { partition, offset, text, publishedAt } of sink.committed) {
        expect(text).toBe(`message ${Number(offset) * 8 + partition}`);
        expect(publishedAt).toBeGreaterThanOrEqual(before);
      }
    });

    it.each(["gzip", "snappy", "lz4", "zstd"] as const)("reads %s", async (compression) => {
      await createTopic(address, compression, 2);
      await produce(address, compression, numbered(300, 2), { compression });
      const { sink, ended } = startReading(config([compression]), { once: true });
      await ended;
      sink.commit();
      expect(keysOf(sink).sort()).toEqual(expectedKeys(compression, 300, 2).sort());
    });

    it("goes on from the sink's positions, whatever the group, and tells Kafka where it is", async () => {
      await createTopic(address, "again", 4);
      await produce(address, "again", numbered(400, 4));
      const first = startReading(config(["again"]));
      await until("400 messages", () => first.sink.committed.length === 400);
      await until("lag 0", async () => (await first.source.lag()).every(({ lag }) => lag === 0));
      const admin = new Admin({ clientId: "test", bootstrapBrokers: [address] });
      await until("Kafka to know", async () => {
        const [group] = await admin.listConsumerGroupOffsets({ groups: ["group-of-again"] });
        return (
          group.topics[0]?.partitions.every(({ committedOffset }) => committedOffset === 100n) ??
          false
        );
      });
      await admin.close();
      await first.stop();
      await produce(address, "again", numbered(40, 4, 400));
      const second = startReading(config(["again"], { group: "another" }), {
        sink: first.sink,
        once: true,
      });
      await second.ended;
      first.sink.commit();
      expect(keysOf(first.sink).sort()).toEqual(expectedKeys("again", 440, 4).sort());
      expect(first.sink.duplicates).toBe(0);
    });

    it("reads again what was dropped uncommitted", async () => {
      await createTopic(address, "rewound", 4);
      await produce(address, "rewound", numbered(2000, 4));
      const reading = startReading(config(["rewound"]), { sink: new MemorySink(100) });
      for (let i = 0; i < 5; i++) {
        await until("some more", () => reading.sink.committed.length > 200 * i);
        reading.committing = false;
        await until("something dropped", () => {
          const dropped = reading.sink.drop();
          reading.source.rewind(dropped);
          return dropped.size > 0;
        });
        reading.committing = true;
      }
      await until("2,000 messages", () => reading.sink.committed.length === 2000);
      await reading.stop();
      expect(keysOf(reading.sink).sort()).toEqual(expectedKeys("rewound", 2000, 4).sort());
      expect(reading.sink.holes).toEqual([]);
    });

    it("takes up a new night's topic while it reads the last one", async () => {
      await createTopic(address, "night_1_p", 2);
      await produce(address, "night_1_p", numbered(100, 2));
      const reading = startReading(config(["night_*_p"]));
      await until("the first night", () => reading.sink.committed.length === 100);
      await createTopic(address, "night_2_p", 2);
      await createTopic(address, "other", 1);
      await produce(address, "night_2_p", numbered(100, 2));
      await produce(address, "night_1_p", numbered(100, 2, 100));
      await until("both nights", () => reading.sink.committed.length === 300);
      await reading.stop();
      expect(keysOf(reading.sink).sort()).toEqual(
        [...expectedKeys("night_1_p", 200, 2), ...expectedKeys("night_2_p", 100, 2)].sort(),
      );
      expect(reading.sink.holes).toEqual([]);
      expect(reading.sink.duplicates).toBe(0);
    });

    it("goes on with the other topics when one is deleted", async () => {
      await createTopic(address, "old_1", 2);
      await createTopic(address, "old_2", 2);
      await produce(address, "old_2", numbered(20, 2));
      const reading = startReading(config(["old_*"]));
      await until("the first messages", () => reading.sink.committed.length === 20);
      const admin = new Admin({ clientId: "test", bootstrapBrokers: [address] });
      await admin.deleteTopics({ topics: ["old_1"] });
      await admin.close();
      await produce(address, "old_2", numbered(20, 2, 20));
      await until("the rest", () => reading.sink.committed.length === 40);
      await until("only what is left", async () =>
        (await reading.source.lag()).every(({ source }) => source === "old_2"),
      );
      await reading.stop();
      expect(reading.sink.holes).toEqual([]);
    });

    it("waits for the first topic and says so once", async () => {
      const reading = startReading(config(["early_*", "typo"]));
      await until("it says so", () => reading.states.length > 0);
      expect(reading.states).toEqual(["no topic matches early_* yet; topic typo does not exist"]);
      await createTopic(address, "early_1", 1);
      await produce(address, "early_1", numbered(3, 1));
      await until("the messages", () => reading.sink.committed.length === 3);
      await reading.stop();
    });

    it("begins at the latest, or at a time; a topic that appears later is read from its start", async () => {
      await createTopic(address, "when_1", 1);
      const noon = Date.parse("2026-01-31T12:00:00Z");
      await produce(
        address,
        "when_1",
        numbered(10, 1).map((message, i) => ({ ...message, timestamp: noon + i * 1000 })),
      );
      const timed = startReading(config(["when_1"], { start: "2026-01-31T12:00:07Z" }), {
        once: true,
      });
      await timed.ended;
      timed.sink.commit();
      expect(timed.sink.committed.map(({ offset }) => offset)).toEqual([7n, 8n, 9n]);
      expect(timed.sink.committed[0].publishedAt).toBe(noon + 7000);

      const latest = startReading(config(["when_*"], { start: "latest" }));
      await until("to be at the end", async () => (await latest.source.lag())[0]?.lag === 0);
      await produce(address, "when_1", numbered(1, 1, 10));
      await createTopic(address, "when_2", 1);
      await produce(address, "when_2", numbered(2, 1));
      await until("three messages", () => latest.sink.committed.length === 3);
      await latest.stop();
      expect(keysOf(latest.sink).sort()).toEqual(["when_1/0/10", "when_2/0/0", "when_2/0/1"]);
    });

    it("reports messages the broker deleted before they were read, and goes on", async () => {
      await createTopic(address, "gone", 1);
      await produce(address, "gone", numbered(100, 1));
      const admin = new Admin({ clientId: "test", bootstrapBrokers: [address] });
      await admin.deleteRecords({
        topics: [{ name: "gone", partitions: [{ partition: 0, offset: 60n }] }],
      });
      await admin.close();
      const sink = new MemorySink();
      sink.positions.set("kafka:gone:0", 10n);
      const reading = startReading(config(["gone"]), { sink, once: true });
      await reading.ended;
      sink.commit();
      expect(reading.source.gaps).toEqual([
        { kind: "deleted", topic: "gone", partition: 0, from: 10n, to: 60n },
      ]);
      expect(reading.errors).toEqual([
        expect.stringContaining("gone partition 0: offsets 10 to 59 were deleted"),
      ]);
      expect(sink.committed.length).toBe(40);
    });

    it("leaves out aborted transactions and markers, and keeps empty messages", async () => {
      await createTopic(address, "tx", 1);
      const producer = new Producer({
        clientId: "test",
        bootstrapBrokers: [address],
        idempotent: true,
        transactionalId: "tx",
        retries: 10,
      });
      for (const [text, end] of [
        ["a", "commit"],
        ["b", "abort"],
        ["c", "abort"],
        ["d", "commit"],
      ] as const) {
        const transaction = await producer.beginTransaction();
        await transaction.send({
          messages: [{ topic: "tx", partition: 0, value: Buffer.from(text) }],
        });
        await transaction[end]();
      }
      await producer.close();
      await produce(address, "tx", [{ partition: 0, value: null }]);
      const { sink, ended } = startReading(config(["tx"]), { once: true });
      await ended;
      sink.commit();
      expect(sink.committed.map(({ text }) => text)).toEqual(["a", "d", ""]);
    });

    it("with once, a topic that does not exist is an error that names the nearest", async () => {
      await createTopic(address, "ztf_20260131_programid1", 1);
      const { ended } = startReading(config(["ztf_20260131_program1"]), { once: true });
      await expect(ended).rejects.toThrow(
        "topic ztf_20260131_program1 does not exist; did you mean ztf_20260131_programid1?",
      );
    });
  },
);
