import type { Alerts, ScienceModule } from "../module.ts";
import { scoreRows } from "../models/score.ts";
import { loadedModel, type Model } from "../models/store.ts";

/** In the order in which the forests take them. */
const features = [
  "amplitude, anderson_darling_normal, beyond_1_std, chi2, cusum, kurtosis, linear_fit_slope, linear_fit_slope_sigma, linear_trend_noise, linear_trend_sigma",
  "magnitude_percentage_ratio_20_10, magnitude_percentage_ratio_40_5, maximum_slope, median, median_absolute_deviation, median_buffer_range_percentage_10, skew",
  "stetson_K, percent_amplitude, linear_fit_reduced_chi2, inter_percentile_range_10, linear_trend, standard_deviation, weighted_mean, mean",
].flatMap((line) => line.split(", "));

/** Fink runs the forest named r on g, and the one named g on r; so do we. */
const forests = [
  { model: "anomaly_beta_r", structure: "lc_features_g" },
  { model: "anomaly_beta_g", structure: "lc_features_r" },
];

export const anomalyScore: ScienceModule = {
  name: "anomaly_score",
  version: "1",
  surveys: ["ztf"],
  about:
    "How unusual the light curve is: forests of active anomaly detection over its features (Ishida et al. 2021, arXiv:1909.13260). Of the forests of Fink's column anomaly_score_beta, the only ones that are public: Fink's anomaly_score has others. null where neither band has all features. As ztf/anomaly_detection of fink-science.",
  models: forests.map(({ model }) => model),
  needs: forests.flatMap(({ structure }) => features.map((name) => `${structure}.${name}`)),
  adds: [
    {
      name: "anomaly_score",
      type: "double",
      unit: null,
      description: "lower is more unusual; the lower of the two bands",
    },
  ],
  async run(alerts, context) {
    const [values, missing] = [
      new Float64Array(alerts.count).fill(Infinity),
      new Uint8Array(alerts.count),
    ];
    for (const { model, structure } of forests) {
      const scored = await scoresOfBand(await loadedModel(context, model), alerts, structure);
      for (const [alert, score] of scored) values[alert] = Math.min(values[alert], score);
    }
    values.forEach((score, i) => {
      if (score === Infinity) [values[i], missing[i]] = [0, 1];
    });
    return { anomaly_score: { values, missing } };
  },
};

async function scoresOfBand(
  model: Model,
  alerts: Alerts,
  structure: string,
): Promise<[alert: number, score: number][]> {
  const columns = features.map((name) => alerts.numbers(`${structure}.${name}`));
  const complete = Array.from(columns[0].keys()).filter((i) =>
    columns.every((column) => !Number.isNaN(column[i])),
  );
  const rows = Float32Array.from(complete.flatMap((i) => columns.map((column) => column[i])));
  const scores = await scoreRows(model, rows, [features.length]);
  return complete.map((alert, n) => [alert, scores[n]]);
}
