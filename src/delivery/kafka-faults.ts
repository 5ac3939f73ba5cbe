import { findErrorBy } from "@platformatic/kafka";
import { FinkError } from "../errors.ts";

/** The scope of a broker's error: one message or one topic. `isFinal`: a retry does not help. */
export interface KafkaFault {
  readonly about: "message" | "topic";
  readonly isFinal: boolean;
}

const faults: readonly (readonly [string, KafkaFault])[] = [
  ...["MESSAGE_TOO_LARGE", "RECORD_LIST_TOO_LARGE", "INVALID_RECORD", "INVALID_TIMESTAMP"].map(
    (id) => [id, { about: "message", isFinal: true }] as const,
  ),
  ...[
    "TOPIC_AUTHORIZATION_FAILED",
    "INVALID_TOPIC_EXCEPTION",
    "POLICY_VIOLATION",
    "INVALID_PARTITIONS",
    "INVALID_REPLICATION_FACTOR",
    "INVALID_CONFIG",
  ].map((id) => [id, { about: "topic", isFinal: true }] as const),
  ...[
    "UNKNOWN_TOPIC_OR_PARTITION",
    "LEADER_NOT_AVAILABLE",
    "NOT_LEADER_OR_FOLLOWER",
    "NOT_ENOUGH_REPLICAS",
    "NOT_ENOUGH_REPLICAS_AFTER_APPEND",
    "KAFKA_STORAGE_ERROR",
  ].map((id) => [id, { about: "topic", isFinal: false }] as const),
];

/** Looks into the causes too. Null: it is the broker or the connection that fails. */
export function kafkaFault(error: unknown): KafkaFault | null {
  for (let at: unknown = error; at instanceof Error; at = at.cause) {
    // the registry refuses the schema of the topic
    if (at instanceof FinkError && at.code === "schema") return { about: "topic", isFinal: true };
    // Somebody who may not make topics may write those that are there.
    if (
      at instanceof FinkError &&
      at.code === "kafka" &&
      is(at.cause, "CLUSTER_AUTHORIZATION_FAILED")
    )
      return { about: "topic", isFinal: true };
    const found = faults.find(([id]) => is(at, id));
    if (found) return found[1];
  }
  return null;
}

function is(error: unknown, apiId: string): boolean {
  return findErrorBy(error as Error, "apiId", apiId) !== null;
}
