import { withHistory, ztfPlaces } from "../history.ts";
import type { Alerts, ScienceModule } from "../module.ts";
import { countDetections } from "./detections.ts";

export const roid: ScienceModule = {
  name: "roid",
  version: "1",
  surveys: ["ztf"],
  about:
    "Asteroid label: 3 known (Minor Planet Center), 2 candidate, 1 first detection of the object, 0 none. As roid_catcher of fink-science.",
  needs: ["sgscore1", "distpsnr1", "ssdistnr", "ndethist", "jd", "magpsf"]
    .map((name) => `candidate.${name}`)
    .concat("prv_candidates.jd", "prv_candidates.magpsf"),
  adds: [
    {
      name: "roid",
      type: "int",
      unit: null,
      description: "asteroid: 3 known (MPC), 2 candidate, 1 first detection, 0 no",
    },
  ],
  run: (alerts) => ({ roid: { values: labelAsteroids(alerts) } }),
};

const minDaysApart = 30 / (24 * 60);
/** Compared in single precision, as numpy does with a float32 column. */
const starGalaxyLimit = Math.fround(0.76);

export function labelAsteroids(alerts: Alerts): Int32Array {
  const detections = countDetections(alerts);
  const { offsets, values: jd } = withHistory(alerts, "jd", ztfPlaces);
  const ndethist = alerts.numbers("candidate.ndethist");
  const sgscore1 = alerts.numbers("candidate.sgscore1");
  const starDistance = alerts.numbers("candidate.distpsnr1");
  const asteroidDistance = alerts.numbers("candidate.ssdistnr");
  const labels = new Int32Array(alerts.count);
  for (let i = 0; i < labels.length; i++) {
    const last = offsets[i + 1] - 1;
    const isApart = last > offsets[i] && jd[last] - jd[last - 1] > minDaysApart;
    if (isKnown(asteroidDistance[i], starDistance[i], ndethist[i], detections[i])) labels[i] = 3;
    else if (starDistance[i] > 0 && starDistance[i] < 5) labels[i] = 0;
    else if (ndethist[i] === 2 && detections[i] === 1) labels[i] = 0;
    else if (detections[i] === 2 && isApart) labels[i] = 0;
    else if (sgscore1[i] < starGalaxyLimit && ndethist[i] <= 2) labels[i] = 2;
    else if (ndethist[i] === 1) labels[i] = 1;
  }
  return labels;
}

function isKnown(
  asteroidDistance: number,
  starDistance: number,
  ndethist: number,
  detections: number,
): boolean {
  const isNear =
    asteroidDistance >= 0 && asteroidDistance < 5 && Math.abs(starDistance) > asteroidDistance;
  return isNear && ndethist <= 5 && detections <= 5;
}
