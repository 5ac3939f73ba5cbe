import type { FilterFunction } from "../../src/filters/filter.ts";
import { hostlessNeeds, isHostless, isUncatalogued } from "../../src/filters/hostless.ts";

export const newHostless: FilterFunction = {
  description: "Seen for the first time, in no catalogue and without a host galaxy by ELEPHANT.",
  origin: "fink-filters, ztf/livestream/filter_new_hostless; Pessi et al. 2024, A&A 691, A181",
  where: `candidate.ndethist = 1 AND ${isUncatalogued}`,
  needs: hostlessNeeds,
  select(alerts) {
    const hasNoHost = isHostless(alerts);
    return Uint8Array.from({ length: alerts.count }, (_, i) => Number(hasNoHost(i)));
  },
};
