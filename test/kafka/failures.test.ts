import { spawn } from "node:child_process";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Admin, Consumer } from "@platformatic/kafka";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type KafkaBroker, kafkaLib, startKafka } from "./broker.ts";
import { MemorySink } from "./memory-sink.ts";
import { expectedKeys, kafkaConfig, keysOf, type Reading, startReading, until } from "./reading.ts";
import { createTopic, numbered, produce } from "./topics.ts";

const lib = kafkaLib();
const partitionsOf = async (reading: Reading) => (await reading.source.lag()).length;

describe.skipIf(lib === null)(
  "nothing is lost when Kafka or an archive fails",
  { timeout: 120_000 },
  () => {
    let broker: KafkaBroker;
    let address = "";
    beforeAll(async () => {
      broker = await startKafka(lib!);
      address = broker.at.PLAINTEXT;
    }, 120_000);
    afterAll(() => broker?.destroy());

    const config = (topic: string, more: Record<string, unknown> = {}) =>
      kafkaConfig({ brokers: [address], topics: [topic], group: `group-of-${topic}`, ...more });

    it("two archives of one group share the partitions; when one leaves, the other takes over", async () => {
      await createTopic(address, "shared", 8);
      await produce(address, "shared", numbered(800, 8));
      const sink = new MemorySink();
      const first = startReading(config("shared"), { sink });
      const second = startReading(config("shared"), { sink });
      await until(
        "four partitions each",
        async () => (await partitionsOf(first)) === 4 && (await partitionsOf(second)) === 4,
      );
      await produce(address, "shared", numbered(800, 8, 800));
      await until("1,600 messages", () => sink.committed.length === 1600);
      await second.stop();
      await until("eight partitions", async () => (await partitionsOf(first)) === 8);
      await produce(address, "shared", numbered(800, 8, 1600));
      await until("2,400 messages", () => sink.committed.length === 2400);
      await first.stop();
      expect(keysOf(sink).sort()).toEqual(expectedKeys("shared", 2400, 8).sort());
      expect(sink.holes).toEqual([]);
    });

    // Each got half of the partitions of the topics of one of them: half of one's alerts went into
    // the other's tables, the other's were read by nobody.
    it("two archives of one group with different topics read their own, all of them", async () => {
      await createTopic(address, "own_a", 4);
      await createTopic(address, "own_b", 4);
      const [a, b] = ["own_a", "own_b"].map((topic) =>
        startReading(kafkaConfig({ brokers: [address], topics: [topic], group: "group-of-both" })),
      );
      await until(
        "four partitions each",
        async () => (await partitionsOf(a)) === 4 && (await partitionsOf(b)) === 4,
      );
      for (const topic of ["own_a", "own_b"]) await produce(address, topic, numbered(400, 4));
      await until(
        "400 messages each",
        () => a.sink.committed.length === 400 && b.sink.committed.length === 400,
      );
      await Promise.all([a.stop(), b.stop()]);
      expect(keysOf(a.sink).sort()).toEqual(expectedKeys("own_a", 400, 4).sort());
      expect(keysOf(b.sink).sort()).toEqual(expectedKeys("own_b", 400, 4).sort());
    });

    it("leaves partitions alone that another program of the group gives it of other topics, and says so", async () => {
      await createTopic(address, "mine_a", 2);
      await createTopic(address, "theirs_b", 2);
      for (const topic of ["mine_a", "theirs_b"]) await produce(address, topic, numbered(20, 2));
      const leader = new Consumer({
        clientId: "other",
        groupId: "group-of-others",
        bootstrapBrokers: [address],
        autocommit: false,
      });
      leader.topics.trackAll("theirs_b");
      await leader.joinGroup({});
      const reading = startReading(
        kafkaConfig({ brokers: [address], topics: ["mine_a"], group: "group-of-others" }),
      );
      await until("it says so", () => reading.states.length > 0);
      expect(reading.states[0]).toBe(
        'consumer group "group-of-others" gave us theirs_b, which kafka.topics does not name, so we may miss partitions of ours: another program shares the group; set kafka.group to a name of its own',
      );
      expect(await partitionsOf(reading)).toBe(0);
      await leader.close(true);
      await until("our own", () => reading.sink.committed.length === 20);
      await reading.stop();
      expect(keysOf(reading.sink).sort()).toEqual(expectedKeys("mine_a", 20, 2).sort());
    });

    it("takes over the partitions of an archive that was killed", async () => {
      await createTopic(address, "killed", 8);
      const member = spawn(process.execPath, [
        join(import.meta.dirname, "member.ts"),
        address,
        "killed",
        "group-of-killed",
      ]);
      const end = () => member.kill("SIGKILL");
      process.once("exit", end);
      let printed = "";
      member.stdout.on("data", (text) => (printed = String(text).trim().split("\n").at(-1) ?? ""));
      await until("the other to have all", () => printed === "8");
      const reading = startReading(config("killed"));
      await until(
        "half of them each",
        async () => printed === "4" && (await partitionsOf(reading)) === 4,
      );
      await produce(address, "killed", numbered(800, 8));
      await until("our half", () => reading.sink.committed.length === 400);
      end();
      await until("everything", () => reading.sink.committed.length === 800, 30_000);
      await reading.stop();
      expect(keysOf(reading.sink).sort()).toEqual(expectedKeys("killed", 800, 8).sort());
    });

    it("waits while the broker is dead, says so once, and goes on", async () => {
      await createTopic(address, "dead", 8);
      // 80 MB: ten answers of the broker, so that it dies in the middle
      await produce(address, "dead", numbered(4000, 8, 0, 20_000), { perSend: 200 });
      const reading = startReading(config("dead"), { sink: new MemorySink(50) });
      await until("some", () => reading.sink.committed.length > 500);
      await broker.kill9();
      await until("it says so", () => reading.states.length > 0);
      expect(reading.sink.committed.length).toBeLessThan(4000);
      await sleep(3000);
      await broker.restart();
      await produce(address, "dead", numbered(800, 8, 4000));
      await until("4,800 messages", () => reading.sink.committed.length === 4800, 60_000);
      await until("all well again", () => reading.states.at(-1) === "");
      await reading.stop();
      expect(reading.states.length).toBeLessThanOrEqual(4);
      expect(reading.states[0]).toBe(
        `${address} cannot be reached: is the broker running, and kafka.brokers right?`,
      );
      expect(keysOf(reading.sink).sort()).toEqual(expectedKeys("dead", 4800, 8).sort());
      expect(reading.sink.holes).toEqual([]);
      expect(reading.source.gaps).toEqual([]);
    });

    it("waits for a broker that is not there yet, but not with once", async () => {
      await createTopic(address, "late", 1);
      await produce(address, "late", numbered(10, 1));
      await broker.stop();
      const reading = startReading(config("late"));
      await until("it says so", () => reading.states.length === 1);
      await expect(startReading(config("late"), { once: true }).ended).rejects.toThrow(
        `${address} cannot be reached`,
      );
      await broker.restart();
      await until("ten messages", () => reading.sink.committed.length === 10);
      await reading.stop();
      expect(reading.states.at(-1)).toBe("");
    });

    it("stays in the group while the sink is full for longer than the session", async () => {
      await createTopic(address, "slow", 2);
      await produce(address, "slow", numbered(1000, 2));
      const reading = startReading(config("slow"), { sink: new MemorySink(100) });
      await until("some", () => reading.sink.committed.length > 100);
      reading.committing = false;
      const admin = new Admin({ clientId: "test", bootstrapBrokers: [address] });
      const members = async () => [
        ...((await admin.describeGroups({ groups: ["group-of-slow"] }))
          .get("group-of-slow")
          ?.members.keys() ?? []),
      ];
      const before = await members();
      await sleep(13_000);
      expect(await members()).toEqual(before);
      await admin.close();
      reading.committing = true;
      await until("1,000 messages", () => reading.sink.committed.length === 1000);
      await reading.stop();
      expect(reading.sink.duplicates).toBe(0);
      expect(reading.states).toEqual([]);
    });
  },
);
