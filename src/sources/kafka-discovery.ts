import { Admin } from "@platformatic/kafka";
import { clientOptions, type KafkaConfig } from "./kafka-connection.ts";
import { pause } from "./kafka-reader.ts";
import { listTopics, matchingTopics, missingTopics } from "./kafka-topics.ts";

export interface DiscoveryHooks {
  /** At first, and whenever the topics that match, or their numbers of partitions, have changed. */
  found(topics: readonly string[]): void;
  /**
   * What the configuration names and the broker has not; once per change, empty when nothing is
   * missing.
   */
  missing(message: string): void;
  trouble(about: string, error: unknown): void;
  /** True when somebody met a topic that is gone: look at once. */
  lookNow(): boolean;
}

/** Looks for topics now and every `discoverSeconds` until aborted. */
export async function discoverTopics(
  kafka: KafkaConfig,
  hooks: DiscoveryHooks,
  signal: AbortSignal,
): Promise<void> {
  const admin = new Admin(clientOptions(kafka));
  let known: Look | null = null;
  try {
    while (!signal.aborted) {
      const look: Look | null = await lookAround(admin, kafka, hooks, signal, known);
      if (look && look.missing !== (known?.missing ?? "")) hooks.missing(look.missing);
      if (look && look.shape !== known?.shape) hooks.found(look.topics);
      known = look ?? known;
      const until = Date.now() + (look ? kafka.discoverSeconds * 1000 : 1000);
      do await pause(Math.min(500, Math.max(1, until - Date.now())), signal);
      while (!signal.aborted && Date.now() < until && !hooks.lookNow());
    }
  } finally {
    await admin.close().catch(() => {});
  }
}

interface Look {
  readonly topics: readonly string[];
  /**
   * Topics with their numbers of partitions: a change means that the group has to share them out
   * anew.
   */
  readonly shape: string;
  readonly missing: string;
}

async function lookAround(
  admin: Admin,
  kafka: KafkaConfig,
  hooks: DiscoveryHooks,
  signal: AbortSignal,
  known: Look | null,
): Promise<Look | null> {
  try {
    const first = await look(admin, kafka);
    hooks.trouble("topics", null);
    if (!known?.topics.some((topic) => !first.topics.includes(topic))) return first;
    // A broker that just started may show fewer topics than it has: a topic is gone when it is
    // missing twice.
    await pause(2000, signal);
    return await look(admin, kafka);
  } catch (error) {
    hooks.trouble("topics", error);
    return null;
  }
}

async function look(admin: Admin, kafka: KafkaConfig): Promise<Look> {
  const existing = await listTopics(admin);
  const topics = matchingTopics(kafka.topics, existing);
  const metadata = await admin.metadata({ topics: [...topics], forceUpdate: true });
  const shape = topics
    .map((topic) => `${topic}:${metadata.topics.get(topic)?.partitionsCount ?? 0}`)
    .join(" ");
  return { topics, shape, missing: missingTopics(kafka.topics, existing) };
}
