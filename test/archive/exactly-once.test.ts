import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Admin, ListOffsetTimestamps, Producer } from "@platformatic/kafka";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { randomStream } from "../../src/simulator/random.ts";
import { expectBalance } from "../account/balance.ts";
import { type KafkaBroker, kafkaLib, startKafka } from "../kafka/broker.ts";
import { createTopic } from "../kafka/topics.ts";
import { hasPython } from "../lake/readers.ts";
import { damagedPacket, packet } from "./alerts.ts";
import { contentInPython, type LakeContent, lakeContent, operations } from "./lake-content.ts";
import { type FinkProcess, startFink } from "./process.ts";

const lib = kafkaLib();
const topic = "sky_night";
const partitions = 8;
const numbers = Array.from({ length: 20_000 }, (_, number) => number);
const perSecond = 400;
const kills = 20;

describe.skipIf(lib === null)("two archives of one group", () => {
  let broker: KafkaBroker;
  let address = "";
  let lake = "";
  let content: LakeContent;
  beforeAll(async () => {
    lake = mkdtempSync(join(tmpdir(), "fink-lake-"));
    broker = await startKafka(lib!);
    address = broker.at.PLAINTEXT;
  }, 120_000);
  afterAll(async () => {
    await broker?.destroy();
    rmSync(lake, { recursive: true, force: true });
  });

  it(
    "are killed 20 times and the broker twice while 20,000 messages arrive and the lake is compacted",
    { timeout: 300_000 },
    async () => {
      await createTopic(address, topic, partitions);
      const produced = produceSteadily(address);
      const start = startArchives(address, lake);
      const archives = ["a1", "a2"].map((name) => ({ name, process: start(name) }));
      const random = randomStream(20_000);
      let compaction: FinkProcess["ended"] | null = null;
      for (let kill = 1; kill <= kills; kill++) {
        await sleep(random.between(200, 3500));
        if (kill === 6 || kill === 15) await broker.kill9();
        const archive = random.pick(archives);
        await archive.process.kill();
        if (kill % 4 > 0) await evictAll(address);
        archive.process = start(archive.name);
        if (kill === 6 || kill === 15) await broker.restart();
        if (kill === 11)
          compaction = startFink(["start", "compaction", "--once"], { FINK_LAKE: lake }).ended;
      }
      await produced;
      expect(await compaction).toMatchObject({ code: 0 });
      expect(operations(join(lake, "sky", "raw"))).toContain("compact");
      await Promise.all(archives.map(({ process }) => process.kill("SIGTERM")));
      expect(await start("a1", "--once").ended).toMatchObject({ code: 0 });
      expect(await endOffsets(address)).toEqual(
        Array.from({ length: partitions }, () => BigInt(numbers.length / partitions)),
      );
      content = await lakeContent(lake);
    },
  );

  it("have each message once: as alert or, where it is damaged, in rejected", () => {
    expect(content.raw.toSorted()).toEqual(
      numbers
        .filter((n) => !isDamaged(n))
        .map(keyOf)
        .toSorted(),
    );
    expect(content.rejected.toSorted()).toEqual(numbers.filter(isDamaged).map(keyOf).toSorted());
  });

  it("have it with its values and bytes", () => {
    expect(content.wrong).toEqual([]);
    expect([...content.numbers].filter(([key, number]) => key !== keyOf(number))).toEqual([]);
    expect(
      numbers.filter((n) => isDamaged(n) && !content.bytes.get(keyOf(n))?.equals(damagedPacket(n))),
    ).toEqual([]);
  });

  it("balance in the account", () => expectBalance(lake));

  it.skipIf(!hasPython).each(["deltalake", "polars"] as const)(
    "have it for %s, which knows nothing of Fink",
    { timeout: 60_000 },
    async (reader) => {
      expect(await contentInPython(reader, lake)).toEqual(
        [...content.raw, ...content.rejected].sort(),
      );
    },
  );
});

/** One in a hundred, on every partition. */
function isDamaged(number: number): boolean {
  return number % 101 === 37;
}

/** Alert `number` goes to one partition after the other, in order. */
function keyOf(number: number): string {
  return `${topic}/${number % partitions}/${Math.floor(number / partitions)}`;
}

function startArchives(address: string, lake: string) {
  const settings = {
    FINK_LAKE: lake,
    FINK_KAFKA_BROKERS: address,
    FINK_KAFKA_TOPICS: topic,
    FINK_ARCHIVE_TRIGGER_SECONDS: "0.3",
  };
  return (name: string, ...more: string[]) =>
    startFink(["start", "archive", "--name", name, ...more], settings);
}

async function produceSteadily(address: string): Promise<void> {
  const producer = new Producer({
    clientId: "telescope",
    bootstrapBrokers: [address],
    idempotent: true,
    retries: 1000,
    retryDelay: 200,
  });
  const perSend = 100;
  for (let from = 0; from < numbers.length; from += perSend) {
    const messages = numbers.slice(from, from + perSend).map((n) => ({
      topic,
      partition: n % partitions,
      value: isDamaged(n) ? damagedPacket(n) : packet(n),
    }));
    await Promise.all([producer.send({ messages, acks: -1 }), sleep((perSend / perSecond) * 1000)]);
  }
  await producer.close();
}

/**
 * Lets the group share its partitions out at once: a killed member keeps its own for the 10 s of
 * its session, and the archives would do little but wait. One that lives notices within 3 s and
 * reads on until then: two archives have the same partitions.
 */
async function evictAll(address: string): Promise<void> {
  const admin = new Admin({ clientId: "test", bootstrapBrokers: [address], retries: 0 });
  // the broker may be down
  await admin.removeMembersFromConsumerGroup({ groupId: "fink-archive" }).catch(() => {});
  await admin.close();
}

async function endOffsets(address: string): Promise<bigint[]> {
  const admin = new Admin({ clientId: "test", bootstrapBrokers: [address] });
  const asked = Array.from({ length: partitions }, (_, partitionIndex) => ({
    partitionIndex,
    timestamp: ListOffsetTimestamps.LATEST,
  }));
  const [listed] = await admin.listOffsets({ topics: [{ name: topic, partitions: asked }] });
  await admin.close();
  return listed.partitions.map(({ offset }) => offset);
}
