import type { Alerts, ScienceModule } from "../module.ts";

export const rubinLabels: ScienceModule = {
  name: "rubin_labels",
  version: "1",
  surveys: ["lsst"],
  about:
    "Solar-system object, first alert of its object, date of its first detection. As fink_broker/rubin/science.py.",
  needs: [
    "ssSource.ssObjectId",
    "diaObject.nDiaSources",
    "diaSource.midpointMjdTai",
    "prvDiaSources.midpointMjdTai",
  ],
  adds: [
    {
      name: "pred.is_sso",
      type: "boolean",
      unit: null,
      description: "the source is that of a known solar-system object",
    },
    {
      name: "pred.is_first",
      type: "boolean",
      unit: null,
      description: "first source of its object; null without a diaObject",
    },
    {
      name: "misc.firstDiaSourceMjdTaiFink",
      type: "double",
      unit: "d",
      description: "MJD (TAI) of the first source in the alert's history",
    },
  ],
  run(alerts) {
    return {
      "pred.is_sso": { values: alerts.isNone("ssSource.ssObjectId").map((none) => 1 - none) },
      "pred.is_first": equals(alerts.numbers("diaObject.nDiaSources"), 1),
      "misc.firstDiaSourceMjdTaiFink": { values: firstMjdTai(alerts) },
    };
  },
};

export const rubinMainLabels: ScienceModule = {
  name: "rubin_main_labels",
  version: "1",
  surveys: ["lsst"],
  about:
    "The labels that Fink shows first: the class of CATS and the type of SIMBAD. As fink_broker/rubin/science.py.",
  needs: ["clf.cats_class", "xm.simbad_otype"],
  adds: [
    {
      name: "pred.main_label_classifier",
      type: "int",
      unit: null,
      description:
        "clf.cats_class: 11 SN-like, 12 fast, 13 long, 21 periodic, 22 not periodic, -1 none",
    },
    {
      name: "pred.main_label_crossmatch",
      type: "string",
      unit: null,
      description: "xm.simbad_otype",
    },
  ],
  run(alerts) {
    const classes = alerts.numbers("clf.cats_class");
    return {
      "pred.main_label_classifier": {
        values: Int32Array.from(classes),
        missing: Uint8Array.from(classes, (label) => Number(Number.isNaN(label))),
      },
      "pred.main_label_crossmatch": { values: [...alerts.texts("xm.simbad_otype")] },
    };
  },
};

export const rubinCataloged: ScienceModule = {
  name: "rubin_cataloged",
  version: "1",
  surveys: ["lsst"],
  about: "Whether SIMBAD or Gaia DR3 know the source. As fink_broker/rubin/science.py.",
  needs: ["xm.simbad_otype", "xm.gaiadr3_DR3Name"],
  adds: [
    {
      name: "pred.is_cataloged",
      type: "boolean",
      unit: null,
      description: "in SIMBAD or Gaia DR3; no answer counts as no",
    },
  ],
  run(alerts) {
    const simbad = alerts.texts("xm.simbad_otype");
    const gaia = alerts.texts("xm.gaiadr3_DR3Name");
    return {
      "pred.is_cataloged": {
        values: Uint8Array.from(simbad, (otype, i) => Number(isAnswer(otype) || isAnswer(gaia[i]))),
      },
    };
  },
};

function isAnswer(text: string | null): boolean {
  return text !== null && text !== "Fail";
}

function equals(numbers: Float64Array, wanted: number) {
  return {
    values: Uint8Array.from(numbers, (number) => Number(number === wanted)),
    missing: Uint8Array.from(numbers, (number) => Number(Number.isNaN(number))),
  };
}

/** The earliest of the history, as Fink's: the alert itself only where there is none. */
function firstMjdTai(alerts: Alerts): Float64Array {
  const { offsets, values } = alerts.lists("prvDiaSources.midpointMjdTai");
  const own = alerts.numbers("diaSource.midpointMjdTai");
  return own.map((mjdTai, i) =>
    offsets[i] === offsets[i + 1]
      ? mjdTai
      : values.subarray(offsets[i], offsets[i + 1]).reduce((a, b) => (b < a ? b : a)),
  );
}
