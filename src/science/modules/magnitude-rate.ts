import { withHistory, ztfPlaces } from "../history.ts";
import type { AddedColumn, Alerts, ScienceModule, Values } from "../module.ts";
import { type Brightness, ratioOf, type RatioStatistics } from "./flux-ratio.ts";

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
 * The original draws 10 000 fluxes per measurement and, against negative ones, adds the size of the
 * smallest one of the whole batch to all: also where none is negative, so that each rate depends on
 * chance and on the faintest alert of the batch. Here the same distribution, of positive fluxes
 * only, is integrated: an alert has one result. test/science/reference.test.ts shows that nothing
 * but that addition differs.
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
    ...columns.map(([name, unit, description]): AddedColumn => ({
      name,
      type: "double",
      unit,
      description,
    })),
    {
      name: "from_upper",
      type: "boolean",
      unit: null,
      description: "the measurement before is an upper limit",
    },
  ],
  run(alerts) {
    const rates: Record<string, Float64Array> = Object.fromEntries(
      columns.map(([name]) => [name, new Float64Array(alerts.count).fill(Number.NaN)]),
    );
    const fromUpper = fillRates(alerts, rates);
    const nullable = (values: Float64Array): Values => ({
      values,
      missing: Uint8Array.from(values, (value) => Number(Number.isNaN(value))),
    });
    return {
      ...Object.fromEntries(columns.map(([name]) => [name, nullable(rates[name])])),
      from_upper: { values: fromUpper },
    };
  },
};

function fillRates(alerts: Alerts, rates: Readonly<Record<string, Float64Array>>): Uint8Array {
  const jdstarthist = alerts.numbers("candidate.jdstarthist");
  const [firsts, pairs] = [firstDetections(alerts), ratePairs(alerts)];
  rates.jd_first_real_det.set(firsts);
  rates.jdstarthist_dt.set(firsts.map((first, i) => first - jdstarthist[i]));
  return Uint8Array.from(pairs, (pair, i) => {
    if (!pair) return 0;
    rates.delta_time[i] = pair.days;
    if (pair.earlier) setRates(rates, i, ratioOf(pair.now, pair.earlier), pair.days);
    return Number(pair.earlier?.error === null);
  });
}

/**
 * An alert and the measurement or upper limit before it in its band; `earlier` null: neither is
 * known of it.
 */
export interface RatePair {
  readonly now: { readonly mag: number; readonly error: number };
  readonly earlier: Brightness | null;
  readonly days: number;
}

export function ratePairs(alerts: Alerts): (RatePair | null)[] {
  const [mag, error, jd] = ["magpsf", "sigmapsf", "jd"].map((field) =>
    alerts.numbers(`candidate.${field}`),
  );
  const [before, beforeMag, beforeError, limit] = ["jd", "magpsf", "sigmapsf", "diffmaglim"].map(
    (field) => alerts.lists(`prv_candidates.${field}`).values,
  );
  return Array.from(lastInBand(alerts), (last, i) => {
    if (last < 0) return null;
    const measured = Number.isFinite(beforeMag[last])
      ? { mag: beforeMag[last], error: beforeError[last] }
      : null;
    const limited = Number.isFinite(limit[last]) ? { mag: limit[last], error: null } : null;
    return {
      now: { mag: mag[i], error: error[i] },
      earlier: measured ?? limited,
      days: jd[i] - before[last],
    };
  });
}

function setRates(
  rates: Readonly<Record<string, Float64Array>>,
  i: number,
  { mean, deviation, low, high }: RatioStatistics,
  days: number,
): void {
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

/**
 * Index of the last earlier measurement in the alert's band; -1: none, or one in the i band came
 * after it.
 */
function lastInBand(alerts: Alerts): Int32Array {
  const { offsets, values: fid } = alerts.lists("prv_candidates.fid");
  return Int32Array.from(alerts.numbers("candidate.fid"), (own, i) => {
    for (let j = offsets[i + 1] - 1; j >= offsets[i] && !(fid[j] > 2); j--)
      if (fid[j] === own) return j;
    return -1;
  });
}
