import type { Consumer, ConsumerGroupJoinPayload, GroupAssignment } from "@platformatic/kafka";
import { FinkError } from "../errors.ts";
import { type KafkaConfig, newConsumer } from "./kafka-connection.ts";
import { explainKafka, isMistake } from "./kafka-errors.ts";
import { atMost, backoffMs, pause } from "./kafka-reader.ts";

/** What the group tells its owner. */
export interface GroupHooks {
  assigned(assignments: readonly GroupAssignment[]): void;
  trouble(about: string, error: unknown): void;
}

export interface GroupOffset {
  readonly topic: string;
  readonly partition: number;
  readonly offset: bigint;
}

/**
 * Our membership in the consumer group. The client sends heartbeats on timers of its own and joins
 * again when a rebalance asks for it.
 */
export class KafkaGroup {
  readonly #kafka: KafkaConfig;
  readonly #hooks: GroupHooks;
  readonly #consumer: Consumer;
  #topics: readonly string[] = [];
  /** We have to join: the topics changed, or the client gave up joining again by itself. */
  #due = false;
  #member = false;
  #everMember = false;

  constructor(kafka: KafkaConfig, hooks: GroupHooks) {
    this.#kafka = kafka;
    this.#hooks = hooks;
    this.#consumer = newConsumer(kafka);
    this.#consumer.on("consumer:group:join", ({ assignments }: ConsumerGroupJoinPayload) =>
      this.#joined(assignments ?? []),
    );
    this.#consumer.on("consumer:heartbeat:error", ({ error }) => hooks.trouble("group", error));
    this.#consumer.on("consumer:heartbeat:end", () => hooks.trouble("group", null));
    this.#consumer.on("consumer:heartbeat:stalled", () => this.#lost());
    this.#consumer.on("error", (error) => {
      hooks.trouble("group", error);
      this.#lost();
    });
  }

  /** The topics to share with the other members from now on. */
  subscribe(topics: readonly string[]): void {
    this.#topics = topics;
    this.#due = true;
  }

  /**
   * Keeps us a member until aborted. Rejects when the very first join is refused because of a wrong
   * setting.
   */
  async run(signal: AbortSignal): Promise<void> {
    for (let failures = 0; !signal.aborted;) {
      const clientIsJoining = this.#member && !this.#consumer.isActive();
      if (!this.#due || clientIsJoining) {
        await pause(100, signal);
        continue;
      }
      try {
        await this.#join();
        failures = 0;
      } catch (error) {
        this.#refuseMistake(error);
        this.#hooks.trouble("group", error);
        this.#lost();
        await pause(backoffMs(failures++), signal);
      }
    }
  }

  /** Advice for lag monitors; rejects when the group does not take it. */
  async commit(offsets: readonly GroupOffset[]): Promise<void> {
    if (!this.#consumer.isActive() || offsets.length === 0) return;
    await this.#consumer.commit({
      offsets: offsets.map((offset) => ({ ...offset, leaderEpoch: -1 })),
    });
  }

  /** Leaves, so that the others need not wait for our session to time out. */
  async close(): Promise<void> {
    await atMost(3000, this.#consumer.close(true));
  }

  async #join(): Promise<void> {
    this.#due = false;
    this.#consumer.topics.clear();
    this.#consumer.topics.trackAll(...this.#topics);
    if (this.#topics.length === 0) return this.#hooks.assigned([]);
    await this.#consumer.joinGroup({});
    this.#hooks.trouble("group", null);
  }

  #joined(assignments: readonly GroupAssignment[]): void {
    this.#member = true;
    this.#everMember = true;
    this.#hooks.assigned(assignments);
  }

  #lost(): void {
    this.#member = false;
    this.#due = true;
  }

  #refuseMistake(error: unknown): void {
    const problem = explainKafka(error, this.#kafka);
    if (!this.#everMember && isMistake(problem))
      throw new FinkError("kafka", problem.message, error);
  }
}
