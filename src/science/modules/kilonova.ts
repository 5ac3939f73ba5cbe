import { z } from "zod";
import type { AddedColumn, ScienceModule, Values } from "../module.ts";
import { scoreRows } from "../models/score.ts";
import { loadedModel } from "../models/store.ts";
import { candidatesOf, detectionColumns, detectionsByBand, type FluxPoint } from "./detections.ts";
import { rint } from "./rounding.ts";
import { fitTemplates } from "./template-fit.ts";

const featureNames = ["g", "r"].flatMap((band) =>
  ["coeff1", "coeff2", "coeff3", "residuo", "maxflux"].map((name) => `${name}_${band}`),
);
const descriptions = [
  "of the mean template",
  "of the second template",
  "of the third template",
  "root mean square residual, in errors",
  "brightest flux, zero point 27.5",
];

const featureColumns: AddedColumn[] = featureNames.map((name, i) => ({
  name: `features_kn.${name}`,
  type: "double",
  unit: null,
  description: `${i % 5 < 3 ? "coefficient " : ""}${descriptions[i % 5]}; 0: this band is not fitted`,
}));

export const kilonova: ScienceModule = {
  name: "rf_kn_vs_nonkn",
  version: "1",
  surveys: ["ztf"],
  about:
    "Kilonova or not: a random forest over the fit of three templates to each band (Biswas et al. 2023, arXiv:2210.17433). 0 with one point, more than 20 detections, after 20 days, where SIMBAD knows a star, and where a band has no fit; features only of alerts that pass. As ztf/kilonova of fink-science.",
  models: ["kndetect_partial"],
  needs: [...detectionColumns, "candidate.jdstarthist", "candidate.ndethist", "cdsxmatch"],
  adds: [
    {
      name: "rf_kn_vs_nonkn",
      type: "double",
      unit: null,
      description: "probability of a kilonova",
    },
    ...featureColumns,
  ],
  async run(alerts, context) {
    const model = await loadedModel(context, "kndetect_partial");
    const templates = templatesSchema
      .parse(model.header.parameters["pcs"])
      .map((template) => Float64Array.from(template));
    const [jd, jdstarthist, ndethist] = ["jd", "jdstarthist", "ndethist"].map((field) =>
      alerts.numbers(`candidate.${field}`),
    );
    const chosen = candidatesOf(
      alerts,
      2,
      (i) => !(ndethist[i] > 20) && jd[i] - jdstarthist[i] < 20,
    );
    const features = chosen.map((alert) =>
      detectionsByBand(alerts, alert).flatMap((points) => bandFeatures(points, templates)),
    );
    const fitted = chosen.flatMap((alert, n) =>
      features[n][0] !== 0 && features[n][5] !== 0 ? [{ alert, row: features[n] }] : [],
    );
    const probabilities = await scoreRows(
      model,
      Float32Array.from(fitted.flatMap(({ row }) => row)),
      [10],
    );
    const scores = new Float64Array(alerts.count);
    fitted.forEach(({ alert }, n) => (scores[alert] = probabilities[n]));
    return { rf_kn_vs_nonkn: { values: scores }, ...columnsOf(chosen, features, alerts.count) };
  },
};

const templatesSchema = z.tuple([z.array(z.number()), z.array(z.number()), z.array(z.number())]);

const templateStepDays = 0.25;
const faintestPeak = 200;

/** The brightest point stands in the middle of the templates. */
function bandFeatures(points: readonly FluxPoint[], templates: readonly Float64Array[]): number[] {
  const peak = points.reduce<FluxPoint | null>(
    (best, point) => (best === null || point.value > best.value ? point : best),
    null,
  );
  const middle = (templates[0].length - 1) / 2;
  const near = points.filter(({ jd }) => Math.abs(jd - peak!.jd) < middle * templateStepDays);
  if (peak === null || !(peak.value > faintestPeak) || near.length < 2) return [0, 0, 0, 0, 0];
  const places = near.map(({ jd }) => rint((jd - peak.jd) / templateStepDays + middle));
  const [first, second, third] = templates.map((template) =>
    Float64Array.from(places, (place) => template[place]),
  );
  const values = Float64Array.from(near, ({ value }) => value / peak.value);
  const weights = Float64Array.from(near, ({ error }) => 1 / (error / peak.value) ** 2);
  const c = fitTemplates({
    rows: [first, second, third],
    values,
    weights,
    penalty: (peak.value / peak.error) ** 2,
  });
  const squares = values.reduce(
    (sum, value, i) =>
      sum + weights[i] * (c[0] * first[i] + c[1] * second[i] + c[2] * third[i] - value) ** 2,
    0,
  );
  return [...c, Math.sqrt(squares / near.length), peak.value];
}

function columnsOf(
  chosen: readonly number[],
  features: readonly number[][],
  count: number,
): Record<string, Values> {
  const missing = new Uint8Array(count).fill(1);
  for (const alert of chosen) missing[alert] = 0;
  return Object.fromEntries(
    featureColumns.map(({ name }, k) => {
      const values = new Float64Array(count);
      chosen.forEach((alert, n) => (values[alert] = features[n][k]));
      return [name, { values, missing }];
    }),
  );
}
