import type { FilterFunction } from "../../src/filters/filter.ts";
import { withHistory, ztfPlaces } from "../../src/science/history.ts";

export const ysoSpicyCandidates: FilterFunction = {
  description:
    "Young stellar objects of the SPICY catalogue whose r-band magnitude follows a line (R² above 0.6, five detections or more) of more than 0.025 mag/day.",
  origin:
    "fink-filters, ztf/livestream/filter_yso_spicy_candidates; Kuhn et al. 2021, ApJS 254, 33",
  where:
    "spicy_class <> 'Unknown' AND abs(lc_features_r.linear_fit_slope) > 0.025 AND NOT isnan(lc_features_r.linear_fit_slope)",
  needs: ["jd", "fid", "magpsf"].flatMap((field) => [
    `candidate.${field}`,
    `prv_candidates.${field}`,
  ]),
  select(alerts) {
    const [{ offsets, values: jd }, { values: fid }, { values: magpsf }] = [
      "jd",
      "fid",
      "magpsf",
    ].map((field) => withHistory(alerts, field, ztfPlaces));
    return Uint8Array.from({ length: alerts.count }, (_, i) => {
      const history = Array.from(
        { length: offsets[i + 1] - offsets[i] },
        (__, k) => offsets[i] + k,
      );
      const red = history.filter((j) => fid[j] === 2 && !Number.isNaN(magpsf[j]));
      return Number(red.length >= 5 && rSquared(red, jd, magpsf) > 0.6);
    });
  },
};

/** How much of the spread of y a line explains; NaN of a single x or y. */
function rSquared(points: readonly number[], x: Float64Array, y: Float64Array): number {
  const mean = (values: Float64Array) =>
    points.reduce((sum, j) => sum + values[j], 0) / points.length;
  const [meanX, meanY] = [mean(x), mean(y)];
  let [xx, xy, yy] = [0, 0, 0];
  for (const j of points) {
    const [dx, dy] = [x[j] - meanX, y[j] - meanY];
    [xx, xy, yy] = [xx + dx * dx, xy + dx * dy, yy + dy * dy];
  }
  return xy ** 2 / (xx * yy);
}
