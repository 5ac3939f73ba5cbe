import type { Match } from "../filters/filter.ts";
import type { KeptFilter } from "../filters/versions.ts";
import type { StructType } from "../lake/schema.ts";
import type { Alert } from "./alerts.ts";

/** Where matches go: a kind of target is one file. */
export interface Target {
  readonly name: string;
  /** Most matches of one `send`. */
  readonly batch: number;
  /** Whether it sends cutouts: those who do not spare the disk most of the reading. */
  readonly images: boolean;
  /** For digests: ms since 1970 at which to send next, when it was last done at that time. */
  due?(lastSentAt: number): number;
  /**
   * Sends matches in order, and returns when all are safe there but those that it gives back: they
   * are refused for good, and become dead letters. It may be called again with the same matches
   * after a crash or an error: each message carries its id, so that who reads can tell. Throws
   * FinkError "delivery" with what is wrong; the same matches come again later, together with newer
   * ones.
   */
  send(messages: readonly Message[], signal: AbortSignal): Promise<readonly Refusal[]>;
  close(): Promise<void>;
}

/** One match with what is sent of the alert. */
export interface Message {
  readonly id: string;
  readonly survey: string;
  readonly match: Match;
  readonly filter: KeptFilter;
  readonly alert: Alert;
  /**
   * The columns of the alert that are to be sent; the same object for all messages with the same
   * columns.
   */
  readonly columns: StructType;
}

export interface Refusal {
  readonly message: Message;
  readonly reason: string;
}

/**
 * The same whenever a match is sent: `ztf/sn_candidates@2/1234567890` and `…/u1` for its first
 * update.
 */
export function messageId(
  survey: string,
  { filter, filter_version, alert, revision }: Match,
): string {
  return `${survey}/${filter}@${filter_version}/${alert}${revision === 0 ? "" : `/u${revision}`}`;
}
