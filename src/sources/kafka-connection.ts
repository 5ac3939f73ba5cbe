import { readFileSync } from "node:fs";
import { type BaseOptions, Consumer } from "@platformatic/kafka";
import type { Config } from "../config/schema.ts";
import { secretOf } from "../config/secrets.ts";
import { FinkError, messageOf } from "../errors.ts";
import { assignSubscribed } from "./kafka-assigner.ts";

export type KafkaConfig = Config["kafka"];

/**
 * Options of every Kafka client we make. No retries inside the client: the loops around it retry,
 * and say what is wrong meanwhile.
 */
export function clientOptions(kafka: KafkaConfig): BaseOptions {
  const { security, tls } = kafka;
  return {
    clientId: "fink",
    bootstrapBrokers: kafka.brokers,
    retries: 0,
    connectTimeout: 5000,
    ...(security.endsWith("ssl") && {
      tls: {
        ca: pem("kafka.tls.ca", tls.ca),
        cert: pem("kafka.tls.cert", tls.cert),
        key: pem("kafka.tls.key", tls.key),
      },
    }),
    ...(security.startsWith("sasl") && {
      sasl: {
        mechanism: kafka.sasl.mechanism,
        username: kafka.sasl.username,
        password: secretOf(kafka.sasl, "kafka.sasl"),
      },
    }),
  };
}

/** A consumer that takes no decision by itself: no commits, no offsets of its own. */
export function newConsumer(kafka: KafkaConfig): Consumer {
  return new Consumer({
    ...clientOptions(kafka),
    groupId: kafka.group,
    partitionAssigner: assignSubscribed,
    autocommit: false,
    sessionTimeout: 10_000,
    rebalanceTimeout: 10_000,
    heartbeatInterval: 3000,
  });
}

function pem(key: string, path: string): Buffer | undefined {
  if (path === "") return undefined;
  try {
    return readFileSync(path);
  } catch (error) {
    throw new FinkError(
      "config",
      `${key}: ${path} cannot be read (${messageOf(error)}); name a PEM file`,
      error,
    );
  }
}
