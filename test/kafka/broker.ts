import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Admin } from "@platformatic/kafka";
import { available } from "../require.ts";
import { type Certificates, makeCertificates } from "./certificates.ts";

export const listeners = ["PLAINTEXT", "SASL_PLAINTEXT", "SSL", "SASL_SSL", "MTLS"] as const;
export type Listener = (typeof listeners)[number];

/**
 * A real broker on this machine. The users `fink` (SCRAM) and `plain` (PLAIN) both have the
 * password `secret`.
 */
export interface KafkaBroker {
  /** `localhost:port` of each listener; the same after a restart. */
  readonly at: Readonly<Record<Listener, string>>;
  readonly certificates: Certificates;
  kill9(): Promise<void>;
  stop(): Promise<void>;
  /** Starts it again on the same data. */
  restart(): Promise<void>;
  /**
   * Kills it and takes the records from `offset` on out of a partition's log, as a machine does
   * that loses power before it wrote them. Then `restart`.
   */
  loseFrom(topic: string, partition: number, offset: number): Promise<void>;
  /** Stops it and removes its data. */
  destroy(): Promise<void>;
}

/**
 * Folder of the broker's jars, or null (and one line that says why) where there are none; in CI
 * they are fetched.
 */
export function kafkaLib(env = process.env): string | null {
  const lib = env.FINK_KAFKA_LIB ?? join(import.meta.dirname, "../../.cache/kafka/lib");
  if (!existsSync(lib) && env.CI === "true")
    execFileSync(join(import.meta.dirname, "install.sh"), { stdio: "inherit" });
  return available(
    "kafka",
    existsSync(lib),
    "tests with a real Kafka: run test/kafka/install.sh (needs Java 17 and mvn) or set FINK_KAFKA_LIB",
  )
    ? lib
    : null;
}

export async function startKafka(lib: string): Promise<KafkaBroker> {
  const folder = mkdtempSync(join(tmpdir(), "fink-kafka-"));
  const certificates = makeCertificates(folder);
  const ports = await freePorts(listeners.length + 1);
  const properties = join(folder, "server.properties");
  writeFileSync(properties, serverProperties(folder, certificates, ports));
  format(lib, properties);
  const at = Object.fromEntries(
    listeners.map((name, i) => [name, `localhost:${ports[i]}`]),
  ) as Record<Listener, string>;
  let broker = await boot(lib, properties, folder, at.PLAINTEXT);
  const end = (signal: NodeJS.Signals) => ended(broker, signal);
  return {
    at,
    certificates,
    kill9: () => end("SIGKILL"),
    stop: () => end("SIGTERM"),
    restart: async () => {
      broker = await boot(lib, properties, folder, at.PLAINTEXT);
    },
    loseFrom: async (topic, partition, offset) => {
      await end("SIGKILL");
      cutLog(join(folder, "data", `${topic}-${partition}`), offset);
    },
    destroy: async () => {
      await end("SIGKILL");
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function serverProperties(folder: string, certificates: Certificates, ports: number[]): string {
  const scram = "org.apache.kafka.common.security.scram.ScramLoginModule required;";
  const plain =
    'org.apache.kafka.common.security.plain.PlainLoginModule required user_plain="secret";';
  const addresses = listeners.map((name, i) => `${name}://localhost:${ports[i]}`).join(",");
  const controller = `localhost:${ports[listeners.length]}`;
  const protocols = listeners.map((name) => `${name}:${name === "MTLS" ? "SSL" : name}`).join(",");
  const jaas = ["sasl_plaintext", "sasl_ssl"].flatMap((listener) => [
    `listener.name.${listener}.scram-sha-256.sasl.jaas.config=${scram}`,
    `listener.name.${listener}.scram-sha-512.sasl.jaas.config=${scram}`,
    `listener.name.${listener}.plain.sasl.jaas.config=${plain}`,
  ]);
  return [
    "process.roles=broker,controller",
    "node.id=1",
    `controller.quorum.voters=1@${controller}`,
    "controller.listener.names=CONTROLLER",
    `listeners=${addresses},CONTROLLER://${controller}`,
    `advertised.listeners=${addresses}`,
    `listener.security.protocol.map=${protocols},CONTROLLER:PLAINTEXT`,
    "inter.broker.listener.name=PLAINTEXT",
    // SASL_SSL offers SCRAM-SHA-512 only, so that another mechanism is a mistake there
    "sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-256,SCRAM-SHA-512",
    "listener.name.sasl_ssl.sasl.enabled.mechanisms=SCRAM-SHA-512",
    ...jaas,
    "ssl.keystore.type=PKCS12",
    `ssl.keystore.location=${certificates.brokerKeystore}`,
    "ssl.keystore.password=secret",
    "ssl.truststore.type=PEM",
    `ssl.truststore.location=${certificates.clientCert}`,
    "listener.name.mtls.ssl.client.auth=required",
    "authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer",
    "super.users=User:ANONYMOUS",
    "allow.everyone.if.no.acl.found=true",
    "offsets.topic.replication.factor=1",
    "offsets.topic.num.partitions=4",
    "transaction.state.log.replication.factor=1",
    "transaction.state.log.min.isr=1",
    "share.coordinator.state.topic.replication.factor=1",
    "share.coordinator.state.topic.min.isr=1",
    "group.initial.rebalance.delay.ms=0",
    "broker.session.timeout.ms=2000",
    "broker.heartbeat.interval.ms=500",
    "group.min.session.timeout.ms=2000",
    "auto.create.topics.enable=false",
    "message.max.bytes=4194304",
    "log.retention.check.interval.ms=1000",
    `log.dirs=${join(folder, "data")}`,
  ].join("\n");
}

/**
 * Record batches begin with their first offset (8 bytes) and their length after these 12 bytes (4
 * bytes).
 */
function cutLog(folder: string, offset: number): void {
  for (const name of readdirSync(folder)) if (name.endsWith("index")) rmSync(join(folder, name));
  const log = join(folder, "00000000000000000000.log");
  const bytes = readFileSync(log);
  let at = 0;
  while (at + 12 <= bytes.length && bytes.readBigInt64BE(at) < BigInt(offset))
    at += 12 + bytes.readInt32BE(at + 8);
  truncateSync(log, at);
}

function format(lib: string, properties: string): void {
  const users = ["SCRAM-SHA-256", "SCRAM-SHA-512"].flatMap((mechanism) => [
    "--add-scram",
    `${mechanism}=[name=fink,password=secret]`,
  ]);
  const id = "ZmluazEyMzQ1Njc4OTAxMg";
  java(lib, ["kafka.tools.StorageTool", "format", "-t", id, "-c", properties, ...users]);
}

function java(lib: string, args: string[]): void {
  execFileSync("java", ["-cp", join(lib, "*"), ...args], { stdio: "pipe" });
}

async function boot(
  lib: string,
  properties: string,
  folder: string,
  address: string,
): Promise<ChildProcess> {
  mkdirSync(folder, { recursive: true });
  const log = openSync(join(folder, "broker.log"), "a");
  const args = [
    "-Xmx512m",
    "-XX:TieredStopAtLevel=1",
    "-cp",
    join(lib, "*"),
    "kafka.Kafka",
    properties,
  ];
  const child = spawn("java", args, { stdio: ["ignore", log, log] });
  const atExit = () => child.kill("SIGKILL");
  process.on("exit", atExit);
  child.once("exit", () => process.off("exit", atExit));
  for (
    const deadline = Date.now() + 90_000;
    Date.now() < deadline && child.exitCode === null;
    await sleep(200)
  ) {
    if (await answers(address)) return child;
  }
  child.kill("SIGKILL");
  throw new Error(
    `the broker did not start:\n${readFileSync(join(folder, "broker.log"), "utf8").slice(-3000)}`,
  );
}

async function answers(address: string): Promise<boolean> {
  const admin = new Admin({
    clientId: "ready",
    bootstrapBrokers: [address],
    retries: 0,
    connectTimeout: 1000,
  });
  try {
    return (await admin.metadata({ topics: [] })).brokers.size > 0;
  } catch {
    return false;
  } finally {
    await admin.close();
  }
}

async function ended(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = new Promise((resolve) => child.once("exit", resolve));
  child.kill(signal);
  await exited;
}

async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, () => {
      const server = createServer();
      return new Promise<typeof server>((resolve) =>
        server.listen(0, "127.0.0.1", () => resolve(server)),
      );
    }),
  );
  return Promise.all(
    servers.map((server) => {
      const address = server.address();
      const port = typeof address === "object" && address ? address.port : 0;
      return new Promise<number>((resolve) => server.close(() => resolve(port)));
    }),
  );
}
