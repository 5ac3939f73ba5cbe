import { withHistory, ztfPlaces } from "../history.ts";
import type { AddedColumn, Alerts, ScienceModule, Values } from "../module.ts";
import { ratioOf, type RatioStatistics } from "./flux-ratio.ts";

const columns = [
  ["jd_first_real_det", "d", "Julian date of the first detection in the history"],
  ["jdstarthist_dt", "d", "jd_first_real_det minus jdstarthist"],
  ["mag_rate", "mag/d", "mean rate of change since the measurement before, in the same band"],
  ["sigma_rate", "mag/d", "standard deviation of the rate"],
  ["lower_rate", "mag/d", "5th percentile of the rate"],
  ["upper_rate", "mag/d", "95th percentile of the rate"],
  ["delta_time", "d", "time since the measurement before"],
] as const;

/**
 * The original draws 10 000 fluxes per measurement and adds to all of a batch the batch's smallest one, so that its result depends on chance and on the other
 * alerts. Here the same distribution, of positive fluxes only, is integrated: an alert has one result.
 */
export const magnitudeRate: ScienceModule = {
  name: "magnitude_rate",
  version: "1",
  surveys: ["ztf"],
  about:
    "How fast the alert brightens or fades, from the last measurement or upper limit in its band. As fast_transient_rate of fink-science, without its random numbers.",
  needs: [
    ...["jd", "fid", "magpsf", "sigmapsf", "jdstarthist"].map((name) => `candidate.${name}`),
    ...["jd", "fid", "magpsf", "sigmapsf", "diffmaglim"].map((name) => `prv_candidates.${name}`),
  ],
  adds: [
    ...columns.map(([name, unit, description]): AddedColumn => ({ name, type: "double", unit, description })),
    { name: "from_upper", type: "boolean", unit: null, description: "the measurement before is an upper limit" },
  ],
  run(alerts) {
    const rates: Record<string, Float64Array> = Object.fromEntries(columns.map(([name]) => [name, new Float64Array(alerts.count).fill(Number.NaN)]));
    const fromUpper = fillRates(alerts, rates);
    const nullable = (values: Float64Array): Values => ({ values, missing: Uint8Array.from(values, (value) => Number(Number.isNaN(value))) });
    return { ...Object.fromEntries(columns.map(([name]) => [name, nullable(rates[name])])), from_upper: { values: fromUpper } };
  },
};

function fillRates(alerts: Alerts, rates: Readonly<Record<string, Float64Array>>): Uint8Array {
  const [mag, error, jd] = ["magpsf", "sigmapsf", "jd"].map((field) => alerts.numbers(`candidate.${field}`));
  const jdstarthist = alerts.numbers("candidate.jdstarthist");
  const before = alerts.lists("prv_candidates.jd").values;
  const beforeMag = alerts.lists("prv_candidates.magpsf").values;
  const beforeError = alerts.lists("prv_candidates.sigmapsf").values;
  const limit = alerts.lists("prv_candidates.diffmaglim").values;
  const [firsts, lasts] = [firstDetections(alerts), lastInBand(alerts)];
  const fromUpper = new Uint8Array(alerts.count);
  for (let i = 0; i < alerts.count; i++) {
    rates.jd_first_real_det[i] = firsts[i];
    rates.jdstarthist_dt[i] = firsts[i] - jdstarthist[i];
    const last = lasts[i];
    if (last < 0) continue;
    const days = (rates.delta_time[i] = jd[i] - before[last]);
    const isMeasured = Number.isFinite(beforeMag[last]);
    if (!isMeasured && !Number.isFinite(limit[last])) continue;
    fromUpper[i] = Number(!isMeasured);
    const earlier = isMeasured ? { mag: beforeMag[last], error: beforeError[last] } : { mag: limit[last], error: null };
    setRates(rates, i, ratioOf({ mag: mag[i], error: error[i] }, earlier), days);
  }
  return fromUpper;
}

function setRates(rates: Readonly<Record<string, Float64Array>>, i: number, { mean, deviation, low, high }: RatioStatistics, days: number): void {
  const magnitudesPerDay = -2.5 / days;
  rates.mag_rate[i] = mean * magnitudesPerDay;
  rates.sigma_rate[i] = deviation * Math.abs(magnitudesPerDay);
  rates.lower_rate[i] = Math.min(low * magnitudesPerDay, high * magnitudesPerDay);
  rates.upper_rate[i] = Math.max(low * magnitudesPerDay, high * magnitudesPerDay);
}

function firstDetections(alerts: Alerts): Float64Array {
  const { offsets, values: mag } = withHistory(alerts, "magpsf", ztfPlaces);
  const jd = withHistory(alerts, "jd", ztfPlaces).values;
  return Float64Array.from({ length: alerts.count }, (_, i) => {
    for (let j = offsets[i]; j < offsets[i + 1]; j++) if (!Number.isNaN(mag[j])) return jd[j];
    return Number.NaN;
  });
}

/** Index of the last earlier measurement in the alert's band; -1: none, or one in the i band came after it. */
function lastInBand(alerts: Alerts): Int32Array {
  const { offsets, values: fid } = alerts.lists("prv_candidates.fid");
  return Int32Array.from(alerts.numbers("candidate.fid"), (own, i) => {
    for (let j = offsets[i + 1] - 1; j >= offsets[i] && !(fid[j] > 2); j--) if (fid[j] === own) return j;
    return -1;
  });
}
