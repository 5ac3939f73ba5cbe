import type { Random } from "./random.ts";
import type { Source } from "./sources.ts";

/** What a packet is made from. */
export interface AlertContent {
  readonly source: Source;
  /** Number of the alert within the night, from 0. */
  readonly number: number;
  /** … and within its exposure. */
  readonly inExposure: number;
  readonly random: Random;
}

export interface Packet {
  /** The message as the survey publishes it. */
  readonly bytes: Uint8Array;
  readonly alertId: bigint;
  readonly objectId: string;
}
