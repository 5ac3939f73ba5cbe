import { withHistory, ztfPlaces } from "../history.ts";
import type { Alerts } from "../module.ts";
import { mayHostSupernova } from "./host-types.ts";
import { type Measurement, snanaFlux } from "./photometry.ts";

const fields = ["jd", "fid", "magpsf", "sigmapsf"];
/** What the detections of ZTF's alerts are read from. */
export const detectionColumns = fields.flatMap((field) => [
  `candidate.${field}`,
  `prv_candidates.${field}`,
]);

/** In the history, the alert itself included; upper limits are none. */
export function countDetections(alerts: Alerts): Int32Array {
  const { offsets, values } = withHistory(alerts, "magpsf", ztfPlaces);
  const counts = new Int32Array(alerts.count);
  for (let i = 0; i < counts.length; i++) {
    for (let j = offsets[i]; j < offsets[i + 1]; j++) if (!Number.isNaN(values[j])) counts[i]++;
  }
  return counts;
}

/** The alerts with so many detections or more where SIMBAD knows no star, that are wanted. */
export function candidatesOf(
  alerts: Alerts,
  fewest: number,
  isWanted: (alert: number) => boolean,
): number[] {
  const detections = countDetections(alerts);
  const cdsxmatch = alerts.texts("cdsxmatch");
  return Array.from(detections.keys()).filter(
    (i) => detections[i] >= fewest && mayHostSupernova(cdsxmatch[i]) && isWanted(i),
  );
}

/** A detection in SNANA's flux. */
export interface FluxPoint extends Measurement {
  readonly jd: number;
}

/** Detections of one alert, in g and in r. */
export function detectionsByBand(alerts: Alerts, alert: number): FluxPoint[][] {
  const [jd, fid, magpsf, sigmapsf] = fields.map((field) => withHistory(alerts, field, ztfPlaces));
  const all = Array.from(
    { length: jd.offsets[alert + 1] - jd.offsets[alert] },
    (_, n) => jd.offsets[alert] + n,
  );
  return [1, 2].map((band) => {
    const own = all.filter((at) => fid.values[at] === band && !Number.isNaN(magpsf.values[at]));
    return own.map((at) => ({
      ...snanaFlux(magpsf.values[at], sigmapsf.values[at]),
      jd: jd.values[at],
    }));
  });
}
