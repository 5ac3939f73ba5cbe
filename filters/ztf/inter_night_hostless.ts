import type { FilterFunction } from "../../src/filters/filter.ts";
import { hostlessNeeds, isHostless, isUncatalogued } from "../../src/filters/hostless.ts";
import { withHistory, ztfPlaces } from "../../src/science/history.ts";

export const interNightHostless: FilterFunction = {
  description:
    "Seen twice within 12 hours and again more than 12 hours later, in no catalogue and without a host galaxy by ELEPHANT.",
  origin:
    "fink-filters, ztf/livestream/filter_inter_night_hostless; Pessi et al. 2024, A&A 691, A181",
  where: `candidate.ndethist = 3 AND ${isUncatalogued}`,
  needs: [...hostlessNeeds, "candidate.jd", "prv_candidates.jd"],
  select(alerts) {
    const hasNoHost = isHostless(alerts);
    const { offsets, values: jd } = withHistory(alerts, "jd", ztfPlaces);
    return Uint8Array.from({ length: alerts.count }, (_, i) => {
      const [first, last] = [offsets[i], offsets[i + 1] - 1];
      return Number(
        last > first + 1 &&
          jd[last] - jd[last - 1] > 0.5 &&
          jd[last - 1] - jd[last - 2] < 0.5 &&
          hasNoHost(i),
      );
    });
  },
};
