import type { AddedColumn, Alerts, ScienceModule, Values } from "../module.ts";
import {
  apparentFlux,
  apparentMagnitude,
  type Difference,
  magnitudeOfNanojansky,
  type Measurement,
  snanaFlux,
  toJansky,
} from "./photometry.ts";

const ztfFields = ["magpsf", "sigmapsf", "magnr", "sigmagnr"];

export const photometryZtf: ScienceModule = {
  name: "photometry_ztf",
  version: "1",
  surveys: ["ztf"],
  about:
    "Magnitude and flux of the source together with what the reference image has there, and the flux of the difference. As fink_utils.photometry.",
  needs: [...ztfFields, "isdiffpos"].map((name) => `candidate.${name}`),
  adds: [
    ...pair(
      "dc_mag",
      "mag",
      "magnitude of difference and reference together; NaN where their sum is negative, or without a reference",
    ),
    ...pair("apparent_flux", "Jy", "flux of difference and reference together"),
    ...pair("fluxcal", null, "flux of the difference, zero point 27.5 (SNANA)"),
  ],
  run(alerts) {
    const [magpsf, sigmapsf, magnr, sigmagnr] = ztfFields.map((name) =>
      alerts.numbers(`candidate.${name}`),
    );
    const isdiffpos = alerts.texts("candidate.isdiffpos");
    const at = (i: number): Difference => ({
      magpsf: magpsf[i],
      sigmapsf: sigmapsf[i],
      magnr: magnr[i],
      sigmagnr: sigmagnr[i],
      isdiffpos: isdiffpos[i],
    });
    return {
      ...measured(alerts, "dc_mag", (i) => apparentMagnitude(at(i))),
      ...measured(alerts, "apparent_flux", (i) => toJansky(apparentFlux(at(i)))),
      ...measured(alerts, "fluxcal", (i) => snanaFlux(magpsf[i], sigmapsf[i])),
    };
  },
};

export const photometryLsst: ScienceModule = {
  name: "photometry_lsst",
  version: "1",
  surveys: ["lsst"],
  about: "AB magnitude of the difference flux. As flux_to_apparent_mag of fink-filters.",
  needs: ["diaSource.psfFlux"],
  adds: [
    {
      name: "photometry.apparent_mag",
      type: "double",
      unit: "mag",
      description: "AB magnitude of psfFlux; NaN for a negative flux",
    },
  ],
  run: (alerts) => ({
    "photometry.apparent_mag": {
      values: alerts.numbers("diaSource.psfFlux").map(magnitudeOfNanojansky),
    },
  }),
};

function pair(name: string, unit: string | null, description: string): AddedColumn[] {
  return [
    { name: `photometry.${name}`, type: "double", unit, description },
    { name: `photometry.${name}_err`, type: "double", unit, description: `error of ${name}` },
  ];
}

function measured(
  { count }: Alerts,
  name: string,
  measure: (i: number) => Measurement,
): Record<string, Values> {
  const [values, errors] = [new Float64Array(count), new Float64Array(count)];
  for (let i = 0; i < count; i++) ({ value: values[i], error: errors[i] } = measure(i));
  return { [`photometry.${name}`]: { values }, [`photometry.${name}_err`]: { values: errors } };
}
