import type { Alerts, ScienceModule, Values } from "../module.ts";
import { type HistorySummary, isPositive, summarizeHistory } from "./transient-history.ts";
import {
  isBrightStar,
  isPointUnderneath,
  isReal,
  isVariableSource,
  type TransientFields,
  transientFields,
} from "./transient-rules.ts";
import { and, atMost, equal, not, or, type Truth } from "./truth.ts";

const flags = {
  faint: "19.8 mag or fainter, or near a faint positive detection of the same night",
  positivesubtraction: "brighter than the reference image",
  real: "real-bogus scores say a real source",
  pointunderneath: "a point source in Pan-STARRS lies underneath",
  brightstar: "a bright star is near",
  variablesource: "behaves as a known variable",
  stationary: "was detected at this position at least half an hour apart",
};

export const transient: ScienceModule = {
  name: "transient",
  version: "1",
  surveys: ["ztf"],
  about:
    "Seven flags and their verdict after the cuts of the ZTF Bright Transient Survey. As extract_transient_features of fink-science.",
  needs: [
    ...[...transientFields, "isdiffpos"].map((name) => `candidate.${name}`),
    ...["jd", "fid", "magpsf", "isdiffpos"].map((name) => `prv_candidates.${name}`),
    "roid",
  ],
  adds: [
    {
      name: "is_transient",
      type: "boolean",
      unit: null,
      description:
        "stationary, real, positive, not faint, no star or variable beneath, no asteroid",
    },
    ...Object.entries(flags).map(([name, description]) => ({
      name: `transient_features.${name}`,
      type: "boolean" as const,
      unit: null,
      description,
    })),
  ],
  run(alerts) {
    const fields = Object.fromEntries(
      transientFields.map((name) => [name, alerts.numbers(`candidate.${name}`)]),
    ) as TransientFields;
    const truths = flagsOf(alerts, fields, summarizeHistory(alerts));
    const roid = alerts.numbers("roid");
    const verdict = new Float64Array(alerts.count);
    for (let i = 0; i < verdict.length; i++) verdict[i] = verdictOf(truths, i, equal(roid[i], 0));
    const named = Object.keys(flags).map((name) => [
      `transient_features.${name}`,
      toValues(truths[name as Flag]),
    ]);
    return {
      is_transient: toValues(verdict),
      ...(Object.fromEntries(named) as Record<string, Values>),
    };
  },
};

type Flag = keyof typeof flags;
type Flags = Readonly<Record<Flag, Float64Array>>;

function flagsOf(alerts: Alerts, fields: TransientFields, history: HistorySummary): Flags {
  const isdiffpos = alerts.texts("candidate.isdiffpos");
  const each = (rule: (i: number) => Truth) =>
    Float64Array.from({ length: alerts.count }, (_, i) => rule(i));
  return {
    faint: each((i) => or(atMost(19.8, fields.magpsf[i]), history.hasFaintTonight[i])),
    positivesubtraction: each((i) =>
      isdiffpos[i] === null ? 0.5 : Number(isPositive(isdiffpos[i])),
    ),
    real: each((i) => isReal(fields, i)),
    pointunderneath: each((i) => isPointUnderneath(fields, i)),
    brightstar: each((i) => isBrightStar(fields, i)),
    variablesource: each((i) => isVariableSource(fields, history, i)),
    stationary: Float64Array.from(history.wasDetectedBefore),
  };
}

function verdictOf(truths: Flags, i: number, isNoAsteroid: Truth): Truth {
  const good = and(
    truths.positivesubtraction[i],
    truths.real[i],
    truths.stationary[i],
    isNoAsteroid,
  );
  return and(
    good,
    not(
      or(
        truths.faint[i],
        truths.pointunderneath[i],
        truths.brightstar[i],
        truths.variablesource[i],
      ),
    ),
  );
}

function toValues(truths: Float64Array): Values {
  return {
    values: Uint8Array.from(truths, (truth) => Number(truth === 1)),
    missing: Uint8Array.from(truths, (truth) => Number(truth === 0.5)),
  };
}
