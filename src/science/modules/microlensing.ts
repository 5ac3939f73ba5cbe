import { withHistory, ztfPlaces } from "../history.ts";
import type { ScienceModule } from "../module.ts";

const fewestInBand = 10;
const mostDetections = 100;

/**
 * The original asks a random forest of LIA, over 47 features of each band, which is published as
 * pickles only. What it says without asking is said; else null.
 */
export const microlensing: ScienceModule = {
  name: "mulens",
  version: "1",
  surveys: ["ztf"],
  about:
    "0 for what the original does not score: alerts with fewer than 10 detections in g or in r, or 100 and more in all. null, not computed, for all others: the original's forest (LIA) is not at hand. As ztf/microlensing of fink-science.",
  needs: ["magpsf", "fid"]
    .flatMap((field) => [`candidate.${field}`, `prv_candidates.${field}`])
    .concat("candidate.ndethist"),
  adds: [
    {
      name: "mulens",
      type: "double",
      unit: null,
      description: "0: not scored; null: not computed",
    },
  ],
  run(alerts) {
    const { offsets, values: magnitude } = withHistory(alerts, "magpsf", ztfPlaces);
    const band = withHistory(alerts, "fid", ztfPlaces).values;
    const missing = Uint8Array.from(alerts.numbers("candidate.ndethist"), (detections, i) => {
      const counts = [0, 0, 0, 0];
      for (let j = offsets[i]; j < offsets[i + 1]; j++)
        if (!Number.isNaN(magnitude[j])) counts[band[j]]++;
      return Number(
        detections < mostDetections && counts[1] >= fewestInBand && counts[2] >= fewestInBand,
      );
    });
    return { mulens: { values: new Float64Array(alerts.count), missing } };
  },
};
