import { lsstPlaces, textsWithHistory, withHistory } from "../history.ts";
import type { Alerts, ScienceModule } from "../module.ts";
import { scoreRows } from "../models/score.ts";
import { loadedModel } from "../models/store.ts";
import { fitRainbow } from "./rainbow.ts";
import { rint } from "./rounding.ts";

/** Effective wavelengths, Å. */
const wavelengths: Readonly<Record<string, number>> = {
  u: 3671,
  g: 4827,
  r: 6223,
  i: 7546,
  z: 8691,
  y: 9712,
};
const bands = Object.keys(wavelengths);
const meanWavelength = bands.reduce((sum, band) => sum + wavelengths[band], 0) / bands.length;
const fewestPoints = 7;

export const earlyIaLsst: ScienceModule = {
  name: "early_snia",
  version: "3",
  surveys: ["lsst"],
  about:
    "Early supernova Ia or not: a random forest over a Rainbow fit (Russeil et al. 2024, arXiv:2310.02916) of light curves that rise in three bands or more. -1: no fit. The fit takes the original's steps (MIGRAD, in float32 where it does); where the last digit decides, the two may end apart, as the original from itself (docs/models.md). As rubin/random_forest_snia of fink-science.",
  models: ["rf_snia_rainbow_rubin"],
  needs: ["midpointMjdTai", "psfFlux", "psfFluxErr", "band"].flatMap((field) => [
    `diaSource.${field}`,
    `prvDiaSources.${field}`,
  ]),
  adds: [
    {
      name: "clf.earlySNIa_score",
      type: "float",
      unit: null,
      description:
        "probability of a supernova Ia, early; -1: fewer than 7 points, two of them at one time, too few bands that rise, or no fit",
    },
  ],
  async run(alerts, context) {
    const model = await loadedModel(context, "rf_snia_rainbow_rubin");
    const fitted = Array.from({ length: alerts.count }, (_, alert) => ({
      alert,
      row: features(alerts, alert),
    })).filter(({ row }) => row !== null);
    const probabilities = await scoreRows(
      model,
      Float32Array.from(fitted.flatMap(({ row }) => row ?? [])),
      [8],
    );
    const values = new Float32Array(alerts.count).fill(-1);
    fitted.forEach(({ alert }, n) => (values[alert] = probabilities[n]));
    return { "clf.earlySNIa_score": { values } };
  },
};

function features(alerts: Alerts, alert: number): number[] | null {
  const [time, flux, error] = ["midpointMjdTai", "psfFlux", "psfFluxErr"].map((field) =>
    withHistory(alerts, field, lsstPlaces),
  );
  const band = textsWithHistory(alerts, "band", lsstPlaces).values;
  const all = Array.from(
    { length: time.offsets[alert + 1] - time.offsets[alert] },
    (_, n) => time.offsets[alert] + n,
  );
  const points = all
    .filter((at) => !Number.isNaN(flux.values[at]))
    .sort((a, b) => time.values[a] - time.values[b]);
  // the original's fit refuses two points of one time
  if (
    points.length < fewestPoints ||
    new Set(points.map((at) => time.values[at])).size < points.length
  )
    return null;
  const enough = Math.max(2, Math.min(3, new Set(all.map((at) => band[at])).size));
  const rising = bands.filter((name) =>
    isRising(
      points.filter((at) => band[at] === name),
      time.values,
      flux.values,
    ),
  );
  if (rising.length <= enough) return null;
  const brightest = points.reduce((most, at) => Math.max(most, flux.values[at]), -Infinity);
  const fit = fitRainbow(
    points.map((at) => ({
      time: time.values[at],
      wavelengthAngstrom: wavelengths[band[at] ?? ""],
      flux: Math.fround(flux.values[at] / brightest),
      error: Math.fround(error.values[at] / brightest),
    })),
    meanWavelength,
  );
  if (fit === null) return null;
  return [
    all.length,
    fit.amplitude,
    fit.riseTime,
    fit.temperature,
    fit.temperatureAmplitude,
    fit.colourTime,
    fit.reducedChi2,
    brightest,
  ];
}

/** The means of its days never fall. */
function isRising(points: readonly number[], times: Float64Array, fluxes: Float64Array): boolean {
  const days = Map.groupBy(
    points.filter((at) => fluxes[at] >= -10),
    (at) => rint(times[at]),
  );
  const means = [...days.values()].map(
    (of) => of.reduce((sum, at) => sum + fluxes[at], 0) / of.length,
  );
  return means.length > 0 && means.every((mean, n) => n === 0 || mean >= means[n - 1]);
}
