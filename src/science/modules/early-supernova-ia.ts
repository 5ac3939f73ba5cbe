import type { Alerts, ScienceModule } from "../module.ts";
import { scoreRows } from "../models/score.ts";
import { loadedModel } from "../models/store.ts";
import { candidatesOf, detectionColumns, detectionsByBand, type FluxPoint } from "./detections.ts";
import { leastSquares } from "./least-squares.ts";
import { rint } from "./rounding.ts";

export const earlySupernovaIa: ScienceModule = {
  name: "rf_snia_vs_nonia",
  version: "1",
  surveys: ["ztf"],
  about:
    "Early supernova Ia or not: a random forest over the fit of a sigmoid to each band that rises (Leoni et al. 2022, arXiv:2111.11438). 0 with fewer than 4 points, more than 20 detections, where SIMBAD knows a star, and where a band does not rise. As ztf/random_forest_snia of fink-science.",
  models: ["rf_snia_sigmoid"],
  needs: [...detectionColumns, "candidate.ndethist", "cdsxmatch"],
  adds: [
    {
      name: "rf_snia_vs_nonia",
      type: "double",
      unit: null,
      description: "probability of a supernova Ia, early",
    },
  ],
  async run(alerts, context) {
    const model = await loadedModel(context, "rf_snia_sigmoid");
    const ndethist = alerts.numbers("candidate.ndethist");
    const rising = candidatesOf(alerts, fewestPoints, (i) => !(ndethist[i] > 20)).flatMap(
      (alert) => {
        const row = risingFeatures(alerts, alert);
        return row[0] !== 0 && row[6] !== 0 ? [{ alert, row }] : [];
      },
    );
    const probabilities = await scoreRows(
      model,
      Float32Array.from(rising.flatMap(({ row }) => row)),
      [12],
    );
    const values = new Float64Array(alerts.count);
    rising.forEach(({ alert }, n) => (values[alert] = probabilities[n]));
    return { rf_snia_vs_nonia: { values } };
  },
};

const fewestPoints = 4;

/** a, b, c, signal to noise, mean square residual and number of days: of g, then of r. */
export function risingFeatures(alerts: Alerts, alert: number): number[] {
  return detectionsByBand(alerts, alert).flatMap((points) => bandFeatures(daily(points)));
}

/** Means of each day, in order of time. */
function daily(points: readonly FluxPoint[]): FluxPoint[] {
  const days = Map.groupBy(points, ({ jd }) => rint(jd));
  const meanOf = (of: readonly FluxPoint[], part: keyof FluxPoint) => {
    const values = of.map((point) => point[part]).filter((value) => !Number.isNaN(value));
    return values.reduce((sum, value) => sum + value, 0) / values.length;
  };
  const means = [...days.values()].map((of) => ({
    jd: rint(meanOf(of, "jd")),
    value: meanOf(of, "value"),
    error: meanOf(of, "error"),
  }));
  return means.filter(({ value }) => value > -10).sort((a, b) => a.jd - b.jd);
}

const notRising = [0, 0, 0, 0.1, 1e8, 0];

function bandFeatures(days: readonly FluxPoint[]): number[] {
  if (days.length < fewestPoints || !isRising(days)) return notRising;
  const times = days.map(({ jd }) => jd - days[0].jd);
  const fluxes = days.map(({ value }) => value);
  const fit = leastSquares(
    ([a, b, c]) =>
      Float64Array.from(times, (t, i) => Math.abs(fluxes[i] - c / (1 + Math.exp(-a * (t - b))))),
    startOf(times, fluxes),
  );
  if (fit === null) return notRising;
  const [a, b, c] = fit;
  const model = times.map((t) => rint((c / (1 + Math.exp(-a * (t - b)))) * 1e4) / 1e4 || 1e-5);
  const [flux, fitted] = [fluxes, model].map((values) =>
    values.reduce((sum, value) => sum + value, 0),
  );
  const residual =
    times.reduce((sum, _, i) => sum + (fluxes[i] / flux - model[i] / fitted) ** 2, 0) /
    times.length;
  const signalToNoise =
    days.reduce((sum, { value, error }) => sum + value / error, 0) / days.length;
  return [a, b, c, signalToNoise, residual, days.length];
}

/** The exponentially weighted mean, a new day counting a quarter, never falls. */
function isRising(days: readonly FluxPoint[]): boolean {
  let [sum, weight, before] = [0, 0, -Infinity];
  for (const { value } of days) {
    [sum, weight] = [0.75 * sum + value, 0.75 * weight + 1];
    if (sum / weight - before < 0) return false;
    before = sum / weight;
  }
  return true;
}

function startOf(
  times: readonly number[],
  fluxes: readonly number[],
): [a: number, b: number, c: number] {
  const [highest, lowest] = [
    fluxes.indexOf(Math.max(...fluxes)),
    fluxes.indexOf(Math.min(...fluxes)),
  ];
  // by number, not by flux: as the original has it
  const a = times[highest] > 0 ? (highest - lowest) / (times[highest] - times[lowest]) : 1;
  const c = fluxes[highest];
  const ratio = c / fluxes[0];
  return [a, fluxes[0] > 0 && ratio !== 1 ? Math.log(ratio - 1) / a : 1, c];
}
