import { withHistory, ztfPlaces } from "../history.ts";
import type { Alerts, ScienceModule } from "../module.ts";
import { scoreRows } from "../models/score.ts";
import { loadedModel } from "../models/store.ts";
import { mayHostSupernova } from "./host-types.ts";
import { leastSquares } from "./least-squares.ts";
import { snanaFlux } from "./photometry.ts";
import { rint } from "./rounding.ts";

const fields = ["jd", "fid", "magpsf", "sigmapsf"];

export const earlySupernovaIa: ScienceModule = {
  name: "rf_snia_vs_nonia",
  version: "1",
  surveys: ["ztf"],
  about:
    "Early supernova Ia or not: a random forest over the fit of a sigmoid to each band that rises (Leoni et al. 2022, arXiv:2111.11438). 0 with fewer than 4 points, more than 20 detections, where SIMBAD knows a star, and where a band does not rise. As ztf/random_forest_snia of fink-science.",
  models: ["rf_snia_sigmoid"],
  needs: [...fields.flatMap((field) => [`candidate.${field}`, `prv_candidates.${field}`]), "candidate.ndethist", "cdsxmatch"],
  adds: [{ name: "rf_snia_vs_nonia", type: "double", unit: null, description: "probability of a supernova Ia, early" }],
  async run(alerts, context) {
    const model = await loadedModel(context, "rf_snia_sigmoid");
    const rising = candidates(alerts).flatMap((alert) => {
      const row = risingFeatures(alerts, alert);
      return row[0] !== 0 && row[6] !== 0 ? [{ alert, row }] : [];
    });
    const probabilities = await scoreRows(model, Float32Array.from(rising.flatMap(({ row }) => row)), [12]);
    const values = new Float64Array(alerts.count);
    rising.forEach(({ alert }, n) => (values[alert] = probabilities[n]));
    return { rf_snia_vs_nonia: { values } };
  },
};

const fewestPoints = 4;

function candidates(alerts: Alerts): number[] {
  const { offsets, values: magpsf } = withHistory(alerts, "magpsf", ztfPlaces);
  const ndethist = alerts.numbers("candidate.ndethist");
  const cdsxmatch = alerts.texts("cdsxmatch");
  return Array.from(ndethist.keys()).filter((i) => {
    const points = magpsf.subarray(offsets[i], offsets[i + 1]).reduce((count, mag) => count + Number(!Number.isNaN(mag)), 0);
    return points >= fewestPoints && !(ndethist[i] > 20) && mayHostSupernova(cdsxmatch[i]);
  });
}

/** a, b, c, signal to noise, mean square residual and number of days: of g, then of r. */
export function risingFeatures(alerts: Alerts, alert: number): number[] {
  const [jd, fid, magpsf, sigmapsf] = fields.map((field) => withHistory(alerts, field, ztfPlaces));
  const all = Array.from({ length: jd.offsets[alert + 1] - jd.offsets[alert] }, (_, n) => jd.offsets[alert] + n);
  return [1, 2].flatMap((band) => {
    const points = all.filter((at) => fid.values[at] === band && !Number.isNaN(magpsf.values[at]));
    return bandFeatures(daily(points.map((at) => ({ ...snanaFlux(magpsf.values[at], sigmapsf.values[at]), jd: jd.values[at] }))));
  });
}

interface Point {
  readonly jd: number;
  readonly value: number;
  readonly error: number;
}

/** Means of each day, in order of time. */
function daily(points: readonly Point[]): Point[] {
  const days = Map.groupBy(points, ({ jd }) => rint(jd));
  const meanOf = (of: readonly Point[], part: keyof Point) => {
    const values = of.map((point) => point[part]).filter((value) => !Number.isNaN(value));
    return values.reduce((sum, value) => sum + value, 0) / values.length;
  };
  const means = [...days.values()].map((of) => ({ jd: rint(meanOf(of, "jd")), value: meanOf(of, "value"), error: meanOf(of, "error") }));
  return means.filter(({ value }) => value > -10).sort((a, b) => a.jd - b.jd);
}

const notRising = [0, 0, 0, 0.1, 1e8, 0];

function bandFeatures(days: readonly Point[]): number[] {
  if (days.length < fewestPoints || !isRising(days)) return notRising;
  const times = days.map(({ jd }) => jd - days[0].jd);
  const fluxes = days.map(({ value }) => value);
  const fit = leastSquares(([a, b, c]) => Float64Array.from(times, (t, i) => Math.abs(fluxes[i] - c / (1 + Math.exp(-a * (t - b))))), startOf(times, fluxes));
  if (fit === null) return notRising;
  const [a, b, c] = fit;
  const model = times.map((t) => rint((c / (1 + Math.exp(-a * (t - b)))) * 1e4) / 1e4 || 1e-5);
  const [flux, fitted] = [fluxes, model].map((values) => values.reduce((sum, value) => sum + value, 0));
  const residual = times.reduce((sum, _, i) => sum + (fluxes[i] / flux - model[i] / fitted) ** 2, 0) / times.length;
  const signalToNoise = days.reduce((sum, { value, error }) => sum + value / error, 0) / days.length;
  return [a, b, c, signalToNoise, residual, days.length];
}

/** The exponentially weighted mean, a new day counting a quarter, never falls. */
function isRising(days: readonly Point[]): boolean {
  let [sum, weight, before] = [0, 0, -Infinity];
  for (const { value } of days) {
    [sum, weight] = [0.75 * sum + value, 0.75 * weight + 1];
    if (sum / weight - before < 0) return false;
    before = sum / weight;
  }
  return true;
}

function startOf(times: readonly number[], fluxes: readonly number[]): [a: number, b: number, c: number] {
  const [highest, lowest] = [fluxes.indexOf(Math.max(...fluxes)), fluxes.indexOf(Math.min(...fluxes))];
  const a = times[highest] > 0 ? (highest - lowest) / (times[highest] - times[lowest]) : 1; // by number, not by flux: as the original has it
  const c = fluxes[highest];
  const ratio = c / fluxes[0];
  return [a, fluxes[0] > 0 && ratio !== 1 ? Math.log(ratio - 1) / a : 1, c];
}
