import type { Match } from "../filters/filter.ts";

/** Where matches go: a kind of target is one file. */
export interface Target {
  readonly name: string;
  /**
   * Sends matches of one step, in order, and returns when all are safe there. It may be called again with the same matches after a crash: each message carries
   * its id (`messageId`), so that who reads can tell.
   * Throws FinkError "delivery" with what is wrong; the same matches come again later.
   */
  send(messages: readonly Message[], signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

/** One match with what is sent of the alert. */
export interface Message {
  readonly id: string;
  readonly survey: string;
  readonly match: Match;
}

/** The same whenever a match is sent: `ztf/sn_candidates@2/1234567890` and `…/u1` for its first update. */
export function messageId(survey: string, { filter, filter_version, alert, revision }: Match): string {
  return `${survey}/${filter}@${filter_version}/${alert}${revision === 0 ? "" : `/u${revision}`}`;
}
