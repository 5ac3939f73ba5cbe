import { join } from "node:path";
import { FinkError } from "../errors.ts";
import { LakeTable } from "../lake/table.ts";
import { surveysWith } from "../lake/tables.ts";
import { readMatches } from "./matches.ts";
import type { DeadLetter, DeliveryStore } from "./store.ts";
import type { Subscriptions } from "./subscriptions.ts";
import { messageId } from "./target.ts";

/**
 * The matches that somebody wants at their targets, whether they were sent before or were too old
 * for it.
 */
export interface ResendRequest {
  /** `name` or `survey/name`. */
  readonly filter: string;
  /** YYYYMMDD */
  readonly nights: readonly string[];
  readonly targets: readonly string[];
}

/**
 * Puts matches of past nights into the queue of dead letters that are sent again, and returns how
 * many. Throws "usage" where there are no such matches.
 */
export async function resendMatches(
  lake: string,
  { filter, nights, targets }: ResendRequest,
  store: DeliveryStore,
  of: Subscriptions,
): Promise<number> {
  let [count, found] = [0, 0];
  for (const survey of surveysWith(lake, "matches")) {
    const name = filter.startsWith(`${survey}/`) ? filter.slice(survey.length + 1) : filter;
    const table = new LakeTable(join(lake, survey, "matches"));
    const files = [...table.snapshot.files.values()].filter(({ partitionValues }) =>
      nights.includes(partitionValues["night"] ?? ""),
    );
    for (const { path, partitionValues } of files) {
      const matches = (await readMatches(join(table.path, path), partitionValues["night"])).filter(
        ({ match }) => match.filter === name,
      );
      found += matches.length;
      const letters: DeadLetter[] = [];
      for (const { match, night } of matches) {
        for (const target of targets) {
          const route = await of.route(survey, match, target);
          if (route === null) continue;
          letters.push({
            target,
            survey,
            id: messageId(survey, match),
            match,
            night,
            at: Date.now(),
            reason: "resend was asked for",
            redrive: true,
          });
        }
      }
      store.ask(letters);
      count += letters.length;
    }
  }
  if (count === 0) {
    const of = `filter ${filter} has ${found > 0 ? `${found} matches` : "no matches"} in ${nights.join(", ")}`;
    const advice =
      found > 0
        ? `, and names none of ${targets.join(", ")}: write its target into the filter (deliver:)`
        : "; see ./fink filter rerun for nights it has not seen";
    throw new FinkError("usage", `${of}${advice}`);
  }
  return count;
}
