import { FinkError } from "../errors.ts";

/** Today's names for the services and commands of Fink on Spark; `*` stands for start or stop. */
const todays: Readonly<Record<string, string>> = {
  stream2raw: "`./fink * archive`",
  raw2science: "`./fink * science`",
  classify: "`./fink * science`",
  distribution: "`./fink * filter` and `./fink * delivery`",
  distribute: "`./fink * filter` and `./fink * delivery`",
  distribution_test: "`./fink deliveries`",
  dashboard: "`./fink * ui`",
  stats: "`./fink * aggregation`",
  merge: "`./fink * compaction`",
  merge_and_clean: "`./fink * compaction`",
  science_archival: "`./fink * compaction`: pages and API read the lake",
  index_archival: "`./fink * compaction`: pages and API read the lake",
  object_archival: "`./fink * compaction`: pages and API read the lake",
  simulator: "`./fink simulate`",
  fetch_schema:
    "`./fink check`: schemas come with the alerts, or from `schemas.folder` or `schemas.registry`",
  monitor: "`./fink status`",
  monitoring: "`./fink status`",
  checkstream: "`./fink check`",
  init: "`./fink check`: nothing has to be made before the first start",
  show: "`./fink status`",
};

/** Throws FinkError "usage" with today's command where the word is one of the older Fink. */
export function refuseOlderVerb(word: string | undefined, mode: "start" | "stop" = "start"): void {
  if (word === undefined || !Object.hasOwn(todays, word)) return;
  throw new FinkError("usage", `${word} is now ${todays[word].replaceAll("*", mode)}`);
}
