import { lsstPlaces, textsWithHistory, withHistory } from "../history.ts";
import type { ScienceModule } from "../module.ts";
import { type Curve, emptyCurve } from "./curve.ts";
import { FeatureTable, featureColumns } from "./curve-features.ts";

const bands = ["u", "g", "r", "i", "z", "y"];

export const lcFeaturesLsst: ScienceModule = {
  name: "lc_features_lsst",
  version: "1",
  surveys: ["lsst"],
  about:
    "26 features of the light curve of difference fluxes, in each band (arXiv:2012.01419). As rubin/ad_features of fink-science.",
  needs: ["midpointMjdTai", "psfFlux", "psfFluxErr", "band"].flatMap((name) => [
    `diaSource.${name}`,
    `prvDiaSources.${name}`,
  ]),
  adds: bands.flatMap((band) => featureColumns(`lc_features.${band}`, "nJy")),
  run(alerts) {
    const { offsets, values: mjdTai } = withHistory(alerts, "midpointMjdTai", lsstPlaces);
    const flux = withHistory(alerts, "psfFlux", lsstPlaces).values;
    const fluxError = withHistory(alerts, "psfFluxErr", lsstPlaces).values;
    const band = textsWithHistory(alerts, "band", lsstPlaces).values;
    const tables = bands.map(() => new FeatureTable(alerts.count));
    for (let i = 0; i < alerts.count; i++) {
      const order = pointsInTime(mjdTai, flux, fluxError, offsets[i], offsets[i + 1]);
      bands.forEach((name, b) => {
        const points = order.filter((at) => band[at] === name);
        if (points.length > 0) tables[b].compute(i, curveOf(points, mjdTai, flux, fluxError));
      });
    }
    return Object.assign({}, ...tables.map((table, b) => table.columns(`lc_features.${bands[b]}`)));
  },
};

/** Indices of the complete points in order of time, one per time whatever its band. */
function pointsInTime(
  mjdTai: Float64Array,
  flux: Float64Array,
  fluxError: Float64Array,
  first: number,
  end: number,
): number[] {
  const points: number[] = [];
  for (let at = first; at < end; at++)
    if (!Number.isNaN(mjdTai[at] + fluxError[at]) && !Number.isNaN(flux[at])) points.push(at);
  points.sort((a, b) => mjdTai[a] - mjdTai[b]);
  return points.filter((at, n) => n === 0 || mjdTai[at] !== mjdTai[points[n - 1]]);
}

function curveOf(
  points: readonly number[],
  mjdTai: Float64Array,
  flux: Float64Array,
  fluxError: Float64Array,
): Curve {
  const curve = emptyCurve(points.length);
  for (const at of points) {
    curve.times[curve.count] = mjdTai[at];
    curve.values[curve.count] = flux[at];
    curve.weights[curve.count++] = 1 / (fluxError[at] * fluxError[at]);
  }
  return curve;
}
