import type { Config } from "../config/schema.ts";
import type { Logger } from "../log.ts";
import type { ServiceStatus } from "./status.ts";

export type ServiceName = ServiceStatus["service"];

/** What a service may say of itself; the rest the supervisor knows. */
export type StatusChange = Partial<
  Pick<ServiceStatus, "state" | "message" | "note" | "troubles" | "url" | "archive" | "stage">
>;

export interface ServiceContext {
  readonly config: Config;
  /** Absolute path of the lake. */
  readonly lake: string;
  /** Aborted when the service shall finish what it has in hand and return. */
  readonly signal: AbortSignal;
  /** Work through what is there, then return. */
  readonly once: boolean;
  /**
   * Written once a second, a new state at once. A service says `{ state: "running" }` as soon as it
   * does its work.
   */
  status(change: StatusChange): void;
  readonly log: Logger;
}

/** One box of the data flow. Returns after a clean stop; throws when it cannot go on. */
export interface Service {
  readonly name: ServiceName;
  /** True: a lake has one of it, whatever --name it is given. */
  readonly isSole?: boolean;
  run(context: ServiceContext): Promise<void>;
}
