import { withHistory, ztfPlaces } from "../history.ts";
import type { ScienceModule } from "../module.ts";

const youngestDays = 30;

/**
 * The original fits templates of SALT2 and a Rainbow model to the light curve that Fink's own API
 * has, and reads dust from a map and redshifts from SDSS: none of which is here. What it says
 * without them is said; else null.
 */
export const superluminous: ScienceModule = {
  name: "slsn_score",
  version: "1",
  surveys: ["ztf"],
  about:
    "-1 for what the original does not score: alerts that are no transients, or younger than 30 days. null, not computed, for all others: the original needs SALT2's templates, a map of dust, the photometric redshifts of SDSS and the light curve of Fink's API. As ztf/superluminous of fink-science.",
  needs: ["candidate.jd", "prv_candidates.jd", "candidate.jdstarthist", "is_transient"],
  adds: [
    {
      name: "slsn_score",
      type: "double",
      unit: null,
      description: "-1: not scored; null: not computed",
    },
  ],
  run(alerts) {
    const { offsets, values: jd } = withHistory(alerts, "jd", ztfPlaces);
    const start = alerts.numbers("candidate.jdstarthist");
    const isTransient = alerts.booleans("is_transient");
    const missing = Uint8Array.from(start, (first, i) => {
      const last = jd
        .subarray(offsets[i], offsets[i + 1])
        .reduce((a, b) => Math.max(a, b), -Infinity);
      return Number(isTransient[i] !== 0 && !(last - first < youngestDays));
    });
    return { slsn_score: { values: new Float64Array(alerts.count).fill(-1), missing } };
  },
};
