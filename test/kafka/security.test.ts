import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  AclOperations,
  AclPermissionTypes,
  Admin,
  ResourcePatternTypes,
  ResourceTypes,
} from "@platformatic/kafka";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { probeKafka } from "../../src/sources/kafka-probe.ts";
import { type KafkaBroker, kafkaLib, type Listener, startKafka } from "./broker.ts";
import { kafkaConfig, startReading } from "./reading.ts";
import { createTopic, numbered, produce } from "./topics.ts";

const lib = kafkaLib();
const documentation = readFileSync(
  join(import.meta.dirname, "../../docs/secured-kafka.md"),
  "utf8",
);

interface Mistake {
  readonly what: string;
  readonly listener: Listener;
  readonly keys: () => Record<string, unknown>;
  /** As in the documentation, with `broker:9092` for the broker's address. */
  readonly line: string;
}

describe.skipIf(lib === null)("secured Kafka", { timeout: 60_000 }, () => {
  let broker: KafkaBroker;
  let passwordFile = "";
  beforeAll(async () => {
    broker = await startKafka(lib!);
    passwordFile = join(tmpdir(), `fink-password-${process.pid}`);
    writeFileSync(passwordFile, "secret\n");
    await createTopic(broker.at.PLAINTEXT, "ztf_20260131_programid1", 2);
    await produce(broker.at.PLAINTEXT, "ztf_20260131_programid1", numbered(10, 2));
    await forbidGroup(broker.at.PLAINTEXT, "not-ours");
  }, 120_000);
  afterAll(async () => {
    rmSync(passwordFile, { force: true });
    await broker?.destroy();
  });

  const ca = () => ({ tls: { ca: broker.certificates.brokerCert } });
  const fink = { mechanism: "SCRAM-SHA-512", username: "fink", password: "secret" };
  const configFor = (listener: Listener, keys: Record<string, unknown>) =>
    kafkaConfig({
      brokers: [broker.at[listener]],
      topics: ["ztf_20260131_programid1"],
      group: "secured",
      ...keys,
    });

  const protections: [string, Listener, () => Record<string, unknown>][] = [
    ["plaintext", "PLAINTEXT", () => ({})],
    ["ssl", "SSL", () => ({ security: "ssl", ...ca() })],
    [
      "ssl with our own certificate",
      "MTLS",
      () => ({
        security: "ssl",
        tls: {
          ...ca().tls,
          cert: broker.certificates.clientCert,
          key: broker.certificates.clientKey,
        },
      }),
    ],
    [
      "sasl_plaintext, PLAIN",
      "SASL_PLAINTEXT",
      () => ({
        security: "sasl_plaintext",
        sasl: { mechanism: "PLAIN", username: "plain", password: "secret" },
      }),
    ],
    [
      "sasl_plaintext, SCRAM-SHA-256",
      "SASL_PLAINTEXT",
      () => ({ security: "sasl_plaintext", sasl: { ...fink, mechanism: "SCRAM-SHA-256" } }),
    ],
    [
      "sasl_plaintext, SCRAM-SHA-512",
      "SASL_PLAINTEXT",
      () => ({ security: "sasl_plaintext", sasl: fink }),
    ],
    [
      "sasl_ssl, password from a file",
      "SASL_SSL",
      () => ({ security: "sasl_ssl", ...ca(), sasl: { username: "fink", passwordFile } }),
    ],
  ];

  it.each(protections)("reads with %s", async (_, listener, keys) => {
    const { sink, ended } = startReading(configFor(listener, keys()), { once: true });
    await ended;
    sink.commit();
    expect(sink.committed.length).toBe(10);
  });

  it("tells what is there", async () => {
    const { brokers, topics, problem } = await probeKafka(
      configFor("SASL_PLAINTEXT", { security: "sasl_plaintext", sasl: fink, topics: ["ztf_*"] }),
    );
    expect(problem).toBeNull();
    expect(brokers).toEqual([broker.at.SASL_PLAINTEXT]);
    expect(topics).toEqual([
      {
        topic: "ztf_20260131_programid1",
        partitions: [
          { partition: 0, end: 5n },
          { partition: 1, end: 5n },
        ],
      },
    ]);
  });

  const mistakes: Mistake[] = [
    {
      what: "nobody listens",
      listener: "PLAINTEXT",
      keys: () => ({ brokers: ["localhost:1"] }),
      line: "`localhost:1 cannot be reached: is the broker running, and kafka.brokers right?`",
    },
    {
      what: "no such host",
      listener: "PLAINTEXT",
      keys: () => ({ brokers: ["no-such-host.invalid:9092"] }),
      line: "`no-such-host.invalid:9092: no such host: mend kafka.brokers`",
    },
    {
      what: "TLS where there is none",
      listener: "PLAINTEXT",
      keys: () => ({ security: "ssl", ...ca() }),
      line: "`broker:9092 does not speak TLS: set kafka.security to plaintext or use the broker's TLS port`",
    },
    {
      what: "TLS with password where there is none",
      listener: "SASL_PLAINTEXT",
      keys: () => ({ security: "sasl_ssl", ...ca(), sasl: fink }),
      line: "`broker:9092 does not speak TLS: set kafka.security to sasl_plaintext or use the broker's TLS port`",
    },
    {
      what: "no TLS where it is wanted",
      listener: "SSL",
      keys: () => ({}),
      line: "`broker:9092 speaks TLS: set kafka.security to ssl`",
    },
    {
      what: "a password without TLS where it is wanted",
      listener: "SASL_SSL",
      keys: () => ({ security: "sasl_plaintext", sasl: fink }),
      line: "`broker:9092 speaks TLS: set kafka.security to sasl_ssl`",
    },
    {
      what: "no authority",
      listener: "SSL",
      keys: () => ({ security: "ssl" }),
      line: "`the certificate of broker:9092 is not trusted: set kafka.tls.ca to the PEM file of the authority that signed it`",
    },
    {
      what: "another authority",
      listener: "SSL",
      keys: () => ({ security: "ssl", tls: { ca: broker.certificates.clientCert } }),
      line: "`the certificate of broker:9092 is not trusted: ca.pem (kafka.tls.ca) is not its authority`",
    },
    {
      what: "another name of the host",
      listener: "SSL",
      keys: () => ({
        security: "ssl",
        ...ca(),
        brokers: [broker.at.SSL.replace("localhost", "127.0.0.1")],
      }),
      line: "`the certificate of broker:9092 is for DNS:localhost: write that name into kafka.brokers`",
    },
    {
      what: "no certificate of ours",
      listener: "MTLS",
      keys: () => ({ security: "ssl", ...ca() }),
      line: "`broker:9092 closes the connection: it wants a password (kafka.security sasl_ssl) or a certificate of ours (kafka.tls.cert and key)`",
    },
    {
      what: "a wrong password",
      listener: "SASL_PLAINTEXT",
      keys: () => ({ security: "sasl_plaintext", sasl: { ...fink, password: "guess" } }),
      line: '`broker:9092 refuses user "fink" (SCRAM-SHA-512): mend kafka.sasl.username and kafka.sasl.password or passwordFile`',
    },
    {
      what: "a wrong user",
      listener: "SASL_SSL",
      keys: () => ({ security: "sasl_ssl", ...ca(), sasl: { ...fink, username: "nobody" } }),
      line: '`broker:9092 refuses user "nobody" (SCRAM-SHA-512): mend kafka.sasl.username and kafka.sasl.password or passwordFile`',
    },
    {
      what: "a mechanism the broker has not",
      listener: "SASL_SSL",
      keys: () => ({
        security: "sasl_ssl",
        ...ca(),
        sasl: { mechanism: "PLAIN", username: "plain", password: "secret" },
      }),
      line: "`broker:9092 does not offer PLAIN: set kafka.sasl.mechanism to SCRAM-SHA-512`",
    },
    {
      what: "a password where none is wanted",
      listener: "PLAINTEXT",
      keys: () => ({ security: "sasl_plaintext", sasl: fink }),
      line: "`broker:9092 wants no password: set kafka.security to plaintext`",
    },
    {
      what: "no password where one is wanted",
      listener: "SASL_PLAINTEXT",
      keys: () => ({}),
      line: "`broker:9092 closes the connection: it wants a password (kafka.security sasl_plaintext)`",
    },
    {
      what: "a topic that is not there",
      listener: "PLAINTEXT",
      keys: () => ({ topics: ["ztf_20260131_program1"] }),
      line: "`topic ztf_20260131_program1 does not exist; did you mean ztf_20260131_programid1?`",
    },
    {
      what: "a group that is not ours",
      listener: "SASL_PLAINTEXT",
      keys: () => ({ security: "sasl_plaintext", sasl: fink, group: "not-ours" }),
      line: '`user "fink" may not use consumer group "not-ours": set kafka.group to one the broker\'s owner allows`',
    },
  ];

  it.each(mistakes)(
    "says what is wrong within seconds: $what",
    async ({ listener, keys, line }) => {
      const kafka = configFor(listener, keys());
      const begun = performance.now();
      const { problem } = await probeKafka(kafka);
      expect(performance.now() - begun).toBeLessThan(6000);
      const general = (problem?.message ?? "")
        .replaceAll(kafka.brokers[0], "broker:9092")
        .replaceAll(kafka.tls.ca || "ca.pem", "ca.pem");
      const own =
        kafka.brokers[0] === broker.at[listener] || listener === "SSL" ? general : problem?.message;
      expect(`\`${own}\``).toBe(line);
      expect(documentation).toContain(line);
    },
  );

  it("a wrong password ends a service at its start", async () => {
    const { ended } = startReading(
      configFor("SASL_PLAINTEXT", {
        security: "sasl_plaintext",
        sasl: { ...fink, password: "guess" },
      }),
    );
    await expect(ended).rejects.toThrow('refuses user "fink"');
  });

  it("a file of the configuration that cannot be read is named", async () => {
    await expect(
      probeKafka(configFor("SSL", { security: "ssl", tls: { ca: "/nowhere/ca.pem" } })),
    ).rejects.toThrow("kafka.tls.ca: /nowhere/ca.pem cannot be read");
  });
});

/** Denies the group to the user `fink`. */
async function forbidGroup(broker: string, group: string): Promise<void> {
  const admin = new Admin({ clientId: "test", bootstrapBrokers: [broker] });
  const target = {
    resourceType: ResourceTypes.GROUP,
    resourceName: group,
    resourcePatternType: ResourcePatternTypes.LITERAL,
  };
  const denial = {
    principal: "User:fink",
    host: "*",
    operation: AclOperations.ALL,
    permissionType: AclPermissionTypes.DENY,
  };
  await admin.createAcls({ creations: [{ ...target, ...denial }] });
  await admin.close();
}
