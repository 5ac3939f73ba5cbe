import type { ScienceModule } from "../module.ts";
import { countDetections } from "./detections.ts";

export const nalerthist: ScienceModule = {
  name: "nalerthist",
  version: "1",
  surveys: ["ztf"],
  about: "How many detections the alert carries. As nalerthist of fink-science.",
  needs: ["candidate.magpsf", "prv_candidates.magpsf"],
  adds: [
    {
      name: "nalerthist",
      type: "int",
      unit: null,
      description: "detections in the history, this one included; upper limits do not count",
    },
  ],
  run: (alerts) => ({ nalerthist: { values: countDetections(alerts) } }),
};
