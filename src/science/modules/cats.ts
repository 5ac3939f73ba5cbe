import { lsstPlaces, textsWithHistory, withHistory } from "../history.ts";
import type { Alerts, ScienceModule, Values } from "../module.ts";
import { scoreRows } from "../models/score.ts";
import { loadedModel } from "../models/store.ts";

const rows = 395;
const padding = [-999, -999, -999, 0];
const bands = ["u", "g", "r", "i", "z", "y"];
/** Classes of Fink's taxonomy, in the order of the network's outputs. */
const classes = [
  { code: 11, what: "like a supernova" },
  { code: 12, what: "fast" },
  { code: 13, what: "long" },
  { code: 21, what: "periodic" },
  { code: 22, what: "varies without a period, as active galaxies do" },
];

export const cats: ScienceModule = {
  name: "cats",
  version: "1",
  surveys: ["lsst"],
  about:
    "CATS, the CBPF Alert Transient Search: a network of convolutions and LSTM over the light curve (Fraga et al. 2024, arXiv:2404.08798), 68 alerts a second. Of alerts with two points or more. As rubin/cats of fink-science.",
  models: ["cats"],
  needs: ["midpointMjdTai", "psfFlux", "psfFluxErr", "band"].flatMap((field) => [
    `diaSource.${field}`,
    `prvDiaSources.${field}`,
  ]),
  adds: [
    {
      name: "clf.cats_class",
      type: "int",
      unit: null,
      description: `most probable class: ${classes.map(({ code, what }) => `${code} ${what}`).join(", ")}; -1: not scored`,
    },
    {
      name: "clf.cats_score",
      type: "float",
      unit: null,
      description: "its probability; 0: not scored, NaN: all fluxes or errors are equal",
    },
    ...classes.map(({ code, what }) => ({
      name: `clf.cats_${code}`,
      type: "float" as const,
      unit: null,
      description: `probability of class ${code}: ${what}`,
    })),
  ],
  async run(alerts, context) {
    const model = await loadedModel(context, "cats");
    const { offsets } = withHistory(alerts, "psfFlux", lsstPlaces);
    const chosen = Array.from({ length: alerts.count }, (_, i) => i).filter(
      (i) => offsets[i + 1] - offsets[i] > 1,
    );
    const probabilities = await scoreRows(
      model,
      lightCurves(alerts, chosen),
      [rows, padding.length],
      32,
    );
    return columnsOf(chosen, probabilities, alerts.count);
  },
};

function lightCurves(alerts: Alerts, chosen: readonly number[]): Float32Array {
  const [time, flux, error] = ["midpointMjdTai", "psfFlux", "psfFluxErr"].map((field) =>
    withHistory(alerts, field, lsstPlaces),
  );
  const band = textsWithHistory(alerts, "band", lsstPlaces).values;
  const all = new Float32Array(chosen.length * rows * padding.length);
  for (let at = 0; at < all.length; at++) all[at] = padding[at % padding.length];
  chosen.forEach((alert, n) => {
    const [first, end] = [time.offsets[alert], time.offsets[alert + 1]];
    const [fluxes, errors] = [flux, error].map(({ values }) =>
      stretched(Float32Array.from(values.subarray(first, end))),
    );
    const skipped = Math.max(0, end - first - rows); // the last points count
    for (let i = skipped; i < end - first; i++)
      all.set(
        [
          time.values[first + i] - time.values[first],
          fluxes[i],
          errors[i],
          1 + bands.indexOf(band[first + i] ?? ""),
        ],
        (n * rows + i - skipped) * padding.length,
      );
  });
  return all;
}

/** From 0 to 1, in single precision; NaN where all are equal. */
function stretched(values: Float32Array): Float32Array {
  const lowest = values.reduce((a, b) => Math.min(a, b));
  const range = Math.fround(values.reduce((a, b) => Math.max(a, b)) - lowest);
  return values.map((value) => Math.fround(value - lowest) / range);
}

function columnsOf(
  chosen: readonly number[],
  probabilities: Float32Array,
  count: number,
): Record<string, Values> {
  const winner = new Int32Array(count).fill(-1);
  const score = new Float32Array(count);
  const each = classes.map(() => new Float32Array(count));
  chosen.forEach((alert, n) => {
    const of = probabilities.subarray(n * classes.length, (n + 1) * classes.length);
    each.forEach((values, k) => (values[alert] = of[k]));
    score[alert] = of.reduce((a, b) => Math.max(a, b));
    // of NaN the first: Spark takes it for larger than any number
    winner[alert] = classes[Math.max(0, of.indexOf(score[alert]))].code;
  });
  const columns = classes.map(({ code }, k) => [`clf.cats_${code}`, { values: each[k] }] as const);
  return {
    "clf.cats_class": { values: winner },
    "clf.cats_score": { values: score },
    ...Object.fromEntries(columns),
  };
}
