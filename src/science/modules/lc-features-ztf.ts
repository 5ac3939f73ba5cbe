import { textsWithHistory, withHistory, ztfPlaces } from "../history.ts";
import type { Alerts, ScienceModule } from "../module.ts";
import { type Curve, emptyCurve } from "./curve.ts";
import { FeatureTable, featureColumns } from "./curve-features.ts";
import { apparentMagnitude, isSourceBehind } from "./photometry.ts";

const fields = ["jd", "fid", "magpsf", "sigmapsf", "distnr", "magnr", "sigmagnr"];

export const lcFeaturesZtf: ScienceModule = {
  name: "lc_features_ztf",
  version: "1",
  surveys: ["ztf"],
  about:
    "26 features of the light curve in g and in r (arXiv:2012.01419). Of apparent magnitudes where a source lies beneath. As ad_features of fink-science.",
  needs: [...fields, "isdiffpos"].flatMap((name) => [
    `candidate.${name}`,
    `prv_candidates.${name}`,
  ]),
  adds: [...featureColumns("lc_features_g", "mag"), ...featureColumns("lc_features_r", "mag")],
  run(alerts) {
    const history = historyOf(alerts);
    const [green, red] = [new FeatureTable(alerts.count), new FeatureTable(alerts.count)];
    for (let i = 0; i < alerts.count; i++) {
      const [first, end] = [history.offsets[i], history.offsets[i + 1]];
      const points = magnitudes(history, first, end);
      for (const [fid, table] of [
        [1, green],
        [2, red],
      ] as const) {
        // a band with upper limits only has features, all NaN; one that was never looked at has
        // none
        if (history.fid.subarray(first, end).includes(fid)) table.compute(i, curveOf(points, fid));
      }
    }
    return { ...green.columns("lc_features_g"), ...red.columns("lc_features_r") };
  },
};

type History = ReturnType<typeof historyOf>;

function historyOf(alerts: Alerts) {
  const of = (field: string) => withHistory(alerts, field, ztfPlaces).values;
  return {
    offsets: withHistory(alerts, "jd", ztfPlaces).offsets,
    jd: of("jd"),
    fid: of("fid"),
    magpsf: of("magpsf"),
    sigmapsf: of("sigmapsf"),
    distnr: of("distnr"),
    magnr: of("magnr"),
    sigmagnr: of("sigmagnr"),
    isdiffpos: textsWithHistory(alerts, "isdiffpos", ztfPlaces).values,
  };
}

/**
 * In order of time. Where one measurement lies on a reference source, all are taken as apparent
 * magnitudes.
 */
interface Points {
  readonly times: Float64Array;
  readonly fids: Float64Array;
  readonly mags: Float64Array;
  readonly errors: Float64Array;
  /** Indices of the valid points, in order of time. */
  readonly order: number[];
}

function magnitudes(h: History, first: number, end: number): Points {
  const mags = h.magpsf.slice(first, end);
  const errors = h.sigmapsf.slice(first, end);
  const times = h.jd.subarray(first, end);
  const isMeasured = (i: number) => !Number.isNaN(mags[i]) && !Number.isNaN(errors[i]);
  const measured = Array.from(mags.keys()).filter(isMeasured);
  if (measured.some((i) => isSourceBehind(h.distnr[first + i]))) {
    for (const i of measured) {
      const at = first + i;
      const { magpsf, sigmapsf, magnr, sigmagnr, isdiffpos } = h;
      const sum = {
        magpsf: magpsf[at],
        sigmapsf: sigmapsf[at],
        magnr: magnr[at],
        sigmagnr: sigmagnr[at],
        isdiffpos: isdiffpos[at],
      };
      ({ value: mags[i], error: errors[i] } = apparentMagnitude(sum));
    }
  }
  const order = measured.filter(isMeasured).sort((a, b) => times[a] - times[b]);
  return { times, fids: h.fid.subarray(first, end), mags, errors, order };
}

/** The points of one band, without those of a time already there. */
function curveOf({ times, fids, mags, errors, order }: Points, fid: number): Curve {
  const curve = emptyCurve(order.length);
  for (const i of order) {
    if (fids[i] !== fid || (curve.count > 0 && curve.times[curve.count - 1] === times[i])) continue;
    curve.times[curve.count] = times[i];
    curve.values[curve.count] = mags[i];
    curve.weights[curve.count++] = 1 / (errors[i] * errors[i]);
  }
  return curve;
}
