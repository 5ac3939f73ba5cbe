import type { Alerts, ScienceModule } from "../module.ts";
import { hostTypes } from "./host-types.ts";

const scores = [
  "snn_snia_vs_nonia",
  "snn_sn_vs_all",
  "rf_snia_vs_nonia",
  "rf_kn_vs_nonkn",
] as const;
const fields = ["ndethist", "drb", "classtar", "jd", "jdstarthist"] as const;

/** What the class is made of; NaN is null. */
export type ClassInputs = Readonly<
  Record<(typeof scores)[number] | (typeof fields)[number] | "roid" | "mulens", number>
> & {
  readonly cdsxmatch: string | null;
  readonly tracklet: string | null;
};

export const finkClass: ScienceModule = {
  name: "fink_class",
  version: "1",
  surveys: ["ztf"],
  about:
    "Class of the alert: SIMBAD's type, else the one of Fink's candidates that it is, Ambiguous or Unknown. As extract_fink_classification of fink-filters; microlensing and tracklets, which are not computed, say nothing.",
  needs: [...fields.map((field) => `candidate.${field}`), ...scores, "roid", "cdsxmatch"],
  adds: [
    {
      name: "finkclass",
      type: "string",
      unit: null,
      description:
        "class of the alert; without SIMBAD's answer and the scores, as if they said nothing",
    },
    {
      name: "tracklet",
      type: "string",
      unit: null,
      description:
        "null: not computed; Fink's stream has none either, they are made at the end of a night",
    },
  ],
  run(alerts) {
    return {
      finkclass: { values: classesOf(alerts) },
      tracklet: { values: Array.from({ length: alerts.count }, () => null) },
    };
  },
};

function classesOf(alerts: Alerts): string[] {
  const numbers = [...scores, "roid"].map((name) => [name, alerts.numbers(name)] as const);
  const own = fields.map((name) => [name, alerts.numbers(`candidate.${name}`)] as const);
  return alerts.texts("cdsxmatch").map((cdsxmatch, i) => {
    const values = Object.fromEntries(
      [...numbers, ...own].map(([name, column]) => [name, column[i]]),
    );
    return classOf({
      ...(values as unknown as ClassInputs),
      mulens: Number.NaN,
      cdsxmatch,
      tracklet: null,
    });
  });
}

/**
 * Later lines win over former ones; two of four that contradict each other are ambiguous; what
 * SIMBAD knows wins over all.
 */
export function classOf(of: ClassInputs): string {
  const { cdsxmatch, roid } = of;
  if (cdsxmatch !== null && !/^(Unknown$|Transient$|Fail|Galaxy)/.test(cdsxmatch)) return cdsxmatch;
  const isGood = of.drb > 0.5 && of.classtar > 0.4 && hostTypes.has(cdsxmatch ?? "");
  const isSn = isGood && (of.snn_snia_vs_nonia > 0.5 || of.snn_sn_vs_all > 0.5);
  const age = of.jd - of.jdstarthist;
  const contradicting = [
    of.mulens > 0,
    isSn && age <= 90 && of.ndethist > 1 && roid !== 3,
    roid === 2,
    roid === 3,
  ];
  if (contradicting.filter(Boolean).length > 1) return "Ambiguous";
  if (roid === 3) return "Solar System MPC";
  if (of.tracklet?.startsWith("TRCK_")) return "Tracklet";
  if (roid === 2) return "Solar System candidate";
  if (isGood && of.rf_kn_vs_nonkn > 0.5 && age < 5 && of.ndethist < 20 && roid !== 3)
    return "Kilonova candidate";
  if (isSn && of.ndethist <= 20 && of.rf_snia_vs_nonia > 0.5) return "Early SN Ia candidate";
  if (contradicting[1]) return "SN candidate";
  return contradicting[0] ? "Microlensing candidate" : "Unknown";
}
