import {
  AclOperations,
  AclPermissionTypes,
  Admin,
  Consumer,
  ResourcePatternTypes,
  ResourceTypes,
} from "@platformatic/kafka";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { configSchema } from "../../src/config/schema.ts";
import { KafkaTarget, type KafkaTargetOptions } from "../../src/delivery/kafka.ts";
import type { Message } from "../../src/delivery/target.ts";
import { nested, toArrow } from "../../src/science/results.ts";
import { type KafkaBroker, kafkaLib, startKafka } from "./broker.ts";
import { createTopic } from "./topics.ts";

const lib = kafkaLib();
const columns = {
  type: "struct",
  fields: [{ name: "text", type: "string", nullable: true, metadata: {} }],
} as const;

describe.skipIf(lib === null)("a Kafka target with a real broker", { timeout: 60_000 }, () => {
  let broker: KafkaBroker;
  let now = Date.now();
  const opened: KafkaTarget[] = [];
  beforeAll(async () => {
    broker = await startKafka(lib!);
  }, 120_000);
  afterAll(async () => {
    for (const target of opened) await target.close();
    await broker?.destroy();
  });

  function targetOf(
    protection: object = {},
    at: "PLAINTEXT" | "SASL_PLAINTEXT" = "PLAINTEXT",
  ): KafkaTarget {
    const { kafka } = configSchema.parse({ kafka: { brokers: [broker.at[at]], ...protection } });
    const options: KafkaTargetOptions = {
      name: "kafka",
      kafka,
      givenBy: "kafka.brokers",
      format: "json",
      compression: "none",
      partitions: 1,
      retentionDays: 0,
      registration: null,
    };
    const target = new KafkaTarget(options, () => now);
    opened.push(target);
    return target;
  }

  async function read(topic: string, count: number): Promise<string[]> {
    const consumer = new Consumer({
      clientId: "test",
      groupId: `read-${topic}`,
      bootstrapBrokers: [broker.at.PLAINTEXT],
      autocommit: false,
    });
    const stream = await consumer.consume({ topics: [topic], mode: "earliest", maxWaitTime: 500 });
    const found: string[] = [];
    const timer = setTimeout(() => void stream.close(), 10_000);
    for await (const message of stream) {
      found.push((JSON.parse(String(message.value)) as { text: string }).text.slice(0, 10));
      if (found.length >= count) break;
    }
    clearTimeout(timer);
    await consumer.close(true);
    return found;
  }

  it("refuses the one message that the topic does not take, and sends the others once and in order", async () => {
    await createTopic(broker.at.PLAINTEXT, "small", 1, { "max.message.bytes": "20000" });
    await createTopic(broker.at.PLAINTEXT, "other", 1);
    const texts = Array.from({ length: 40 }, (_, i) => `message ${String(i).padStart(2, "0")}`);
    const small = messagesOf(
      "small",
      texts.map((text) =>
        text === "message 17" ? text.padEnd(50_000, ".") : text.padEnd(1000, "."),
      ),
    );
    const target = targetOf();
    const refused = await target.send([...small, ...messagesOf("other", ["one", "two"])]);
    expect(refused.map(({ message, reason }) => [message.id, reason])).toEqual([
      ["small/17", expect.stringContaining("raise its max.message.bytes")],
    ]);
    expect(await read("small", 39)).toEqual(texts.filter((text) => text !== "message 17"));
    expect(await read("other", 2)).toEqual(["one", "two"]);
    expect(await target.send(messagesOf("small", ["after"]))).toEqual([]);
    expect((await read("small", 40)).at(-1)).toBe("after");
  });

  it("refuses what goes to a topic whose name Kafka does not take, and sends the others", async () => {
    const refused = await targetOf().send([
      ...messagesOf("..", ["one", "two"]),
      ...messagesOf("well_named", ["three"]),
    ]);
    expect(refused.map(({ message }) => message.id)).toEqual(["../0", "../1"]);
    expect(refused[0].reason).toContain("topic ..: ");
    expect(await read("well_named", 1)).toEqual(["three"]);
  });

  it("refuses what goes to a topic it may not write, asks the broker for it again after a pause, and sends the others", async () => {
    await createTopic(broker.at.PLAINTEXT, "denied", 1);
    await createTopic(broker.at.PLAINTEXT, "allowed", 1);
    const acl = await denial("denied");
    const sasl = { mechanism: "SCRAM-SHA-256", username: "fink", password: "secret" };
    const target = targetOf({ security: "sasl_plaintext", sasl }, "SASL_PLAINTEXT");
    const both = (text: string) => [
      ...messagesOf("denied", [text]),
      ...messagesOf("allowed", [text]),
    ];
    const refused = await target.send(both("first"));
    expect(refused.map(({ message }) => message.id)).toEqual(["denied/0"]);
    expect(refused[0].reason).toContain('topic denied: user "fink" may not write the topic');
    await acl.remove();
    expect((await target.send(both("second"))).map(({ message }) => message.id)).toEqual([
      "denied/0",
    ]);
    now += 60_000;
    expect(await target.send(both("third"))).toEqual([]);
    expect(await read("allowed", 3)).toEqual(["first", "second", "third"]);
    expect(await read("denied", 1)).toEqual(["third"]);
  });

  it("makes a topic again that was deleted meanwhile, and sends nothing to the others twice", async () => {
    await createTopic(broker.at.PLAINTEXT, "stays", 1);
    const target = targetOf();
    expect(await target.send(messagesOf("deleted", ["one"]))).toEqual([]);
    const admin = new Admin({ clientId: "test", bootstrapBrokers: [broker.at.PLAINTEXT] });
    await admin.deleteTopics({ topics: ["deleted"] });
    await admin.close();
    const both = [...messagesOf("stays", ["two"]), ...messagesOf("deleted", ["two"])];
    for (let i = 0; i < 3; i++) {
      const result = await target.send(both).catch(() => null);
      if (result) break;
    }
    expect(await read("deleted", 1)).toEqual(["two"]);
    expect(await target.send(messagesOf("stays", ["three"]))).toEqual([]);
    expect(await read("stays", 2)).toEqual(["two", "three"]);
  });

  async function denial(topic: string): Promise<{ remove(): Promise<void> }> {
    const acl = {
      resourceType: ResourceTypes.TOPIC,
      resourceName: topic,
      resourcePatternType: ResourcePatternTypes.LITERAL,
      principal: "User:fink",
      host: "*",
      operation: AclOperations.WRITE,
      permissionType: AclPermissionTypes.DENY,
    };
    const act = async (work: (admin: Admin) => Promise<unknown>) => {
      const admin = new Admin({ clientId: "test", bootstrapBrokers: [broker.at.PLAINTEXT] });
      await work(admin);
      await admin.close();
    };
    await act((admin) => admin.createAcls({ creations: [acl] }));
    return { remove: () => act((admin) => admin.deleteAcls({ filters: [acl] })) };
  }
});

function messagesOf(topic: string, texts: readonly string[]): Message[] {
  const data = nested(
    [["text", toArrow({ type: "string" }, { values: [...texts] }, texts.length)]],
    texts.length,
  );
  const filter = {
    name: topic,
    survey: "ztf",
    description: "",
    owner: "",
    deliver: ["kafka"],
    columns: null,
    topic,
    keptAt: 0,
  };
  return texts.map((_, row) => ({
    id: `${topic}/${row}`,
    survey: "ztf",
    match: { object: "one", alert: BigInt(row) } as Message["match"],
    filter,
    alert: { parts: [data, null], rows: [row, -1] },
    columns,
  }));
}
