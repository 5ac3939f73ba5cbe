import { withHistory, ztfPlaces } from "../history.ts";
import type { Alerts, ScienceModule } from "../module.ts";

export const nalerthist: ScienceModule = {
  name: "nalerthist",
  version: "1",
  surveys: ["ztf"],
  about: "How many detections the alert carries. As nalerthist of fink-science.",
  needs: ["candidate.magpsf", "prv_candidates.magpsf"],
  adds: [{ name: "nalerthist", type: "int", unit: null, description: "detections in the history, this one included; upper limits do not count" }],
  run: (alerts) => ({ nalerthist: { values: countDetections(alerts) } }),
};

export function countDetections(alerts: Alerts): Int32Array {
  const { offsets, values } = withHistory(alerts, "magpsf", ztfPlaces);
  const counts = new Int32Array(alerts.count);
  for (let i = 0; i < counts.length; i++) {
    for (let j = offsets[i]; j < offsets[i + 1]; j++) if (!Number.isNaN(values[j])) counts[i]++;
  }
  return counts;
}
