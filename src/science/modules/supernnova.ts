import { lsstPlaces, textsWithHistory, withHistory, ztfPlaces } from "../history.ts";
import type { AddedColumn, Alerts, ScienceModule } from "../module.ts";
import { scoreSequences } from "../models/score.ts";
import { loadedModel, type Model } from "../models/store.ts";
import { candidatesOf, detectionColumns } from "./detections.ts";
import { lightCurveSequence, type SequencePoints, sequenceSpec } from "./light-curve-sequence.ts";
import { snanaFlux } from "./photometry.ts";

const paper = "SuperNNova (arXiv:1901.06384), a recurrent network over the light curve";

const ztfFields = ["jd", "fid", "magpsf", "sigmapsf"];
/** Days since the first detection. */
const oldestDays = 90;

export const snnSniaVsNonia = ztfModule(
  "snn_snia_vs_nonia",
  "probability of a supernova Ia, among supernovae and what else varies",
);
export const snnSnVsAll = ztfModule(
  "snn_sn_vs_all",
  "probability of a supernova, among all that varies",
);

function ztfModule(name: string, description: string): ScienceModule {
  return {
    name,
    version: "1",
    surveys: ["ztf"],
    about: `${paper}. 0 with fewer than 2 points, after ${oldestDays} days, for asteroids, and where SIMBAD knows a star. As ztf/snn of fink-science.`,
    models: [name],
    needs: [...detectionColumns, "candidate.jdstarthist", "roid", "cdsxmatch"],
    adds: [{ name, type: "double", unit: null, description }],
    async run(alerts, context) {
      const [jd, jdstarthist, roid] = ["candidate.jd", "candidate.jdstarthist", "roid"].map(
        (path) => alerts.numbers(path),
      );
      const chosen = candidatesOf(
        alerts,
        2,
        (i) => !(jd[i] - jdstarthist[i] > oldestDays) && roid[i] !== 3,
      );
      return {
        [name]: {
          values: await scored(
            chosen,
            alerts.count,
            await loadedModel(context, name),
            ztfPoints(alerts),
          ),
        },
      };
    },
  };
}

type PointsOf = (alert: number, filters: readonly string[]) => SequencePoints;

/** Detections; upper limits are left out. */
function ztfPoints(alerts: Alerts): PointsOf {
  const [jd, fid, magpsf, sigmapsf] = ztfFields.map((field) =>
    withHistory(alerts, field, ztfPlaces),
  );
  return (alert, filters) => {
    const all = Array.from(
      { length: jd.offsets[alert + 1] - jd.offsets[alert] },
      (_, n) => jd.offsets[alert] + n,
    );
    const measured = all.filter(
      (at) => !Number.isNaN(magpsf.values[at]) && !Number.isNaN(sigmapsf.values[at]),
    );
    const fluxes = measured.map((at) => snanaFlux(magpsf.values[at], sigmapsf.values[at]));
    return {
      times: Float64Array.from(measured, (at) => jd.values[at]),
      fluxes: Float64Array.from(fluxes, ({ value }) => value),
      errors: Float64Array.from(fluxes, ({ error }) => error),
      bands: Int8Array.from(measured, (at) => filters.indexOf(["", "g", "r", "i"][fid.values[at]])),
    };
  };
}

const lsstFields = ["midpointMjdTai", "psfFlux", "psfFluxErr"];
const lsstColumn: AddedColumn = {
  name: "clf.snnSnVsOthers_score",
  type: "float",
  unit: null,
  description: "probability of a supernova, among all that varies",
};

export const snnSnVsOthers: ScienceModule = {
  name: "snn_sn_vs_others",
  version: "1",
  surveys: ["lsst"],
  about: `${paper}, trained on ELAsTiCC. Every alert is scored; y is no band of the network, which calls it Y: as rubin/snn of fink-science.`,
  models: ["snn_elasticc_sn_vs_other"],
  needs: [...lsstFields, "band"].flatMap((field) => [
    `diaSource.${field}`,
    `prvDiaSources.${field}`,
  ]),
  adds: [lsstColumn],
  async run(alerts, context) {
    const all = Array.from({ length: alerts.count }, (_, i) => i);
    const model = await loadedModel(context, "snn_elasticc_sn_vs_other");
    return {
      [lsstColumn.name]: {
        values: Float32Array.from(await scored(all, alerts.count, model, lsstPoints(alerts))),
      },
    };
  },
};

/**
 * From nanojansky (zero point 31.4) to SNANA's flux (27.5), in single precision as the original.
 */
const lsstFactor = Math.fround(10 ** ((27.5 - 31.4) / 2.5));

function lsstPoints(alerts: Alerts): PointsOf {
  const [time, flux, error] = lsstFields.map((field) => withHistory(alerts, field, lsstPlaces));
  const band = textsWithHistory(alerts, "band", lsstPlaces).values;
  const scale = (nJy: number) => Math.fround(Math.fround(nJy) * lsstFactor);
  return (alert, filters) => {
    const [first, end] = [time.offsets[alert], time.offsets[alert + 1]];
    return {
      times: time.values.subarray(first, end),
      fluxes: flux.values.slice(first, end).map(scale),
      errors: error.values.slice(first, end).map(scale),
      bands: Int8Array.from(band.slice(first, end), (name) => filters.indexOf(name ?? "")),
    };
  };
}

/** 0 for alerts that are not chosen. */
async function scored(
  chosen: readonly number[],
  count: number,
  model: Model,
  pointsOf: PointsOf,
): Promise<Float64Array> {
  const spec = sequenceSpec(model.header.parameters);
  const sequences = chosen.map((alert) => lightCurveSequence(pointsOf(alert, spec.filters), spec));
  const usable = chosen.filter((_, n) => sequences[n].length > 0);
  const probabilities = await scoreSequences(
    model,
    sequences.filter(({ length }) => length > 0),
    spec.width,
  );
  const scores = new Float64Array(count);
  usable.forEach((alert, n) => (scores[alert] = probabilities[n][0]));
  return scores;
}
