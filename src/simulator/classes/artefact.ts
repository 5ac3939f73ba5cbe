import type { Random } from "../random.ts";
import type { SurveyName } from "../survey/telescope.ts";

/** False detections in a visit, all kinds together: about a quarter of all alerts. */
export const perVisit: Readonly<Record<SurveyName, number>> = { ztf: 125, lsst: 900 };

/** Signal-to-noise ratio from the limit of 5 on, at most `most`; N(> snr) falls as snr^-slope. */
export function steepSnr(slope: number, most: number, random: Random): number {
  return Math.min(most, 5 * (1 - random.uniform()) ** (-1 / slope));
}

/** No catalogue of the sky knows them. */
export const inNoCatalogue = { simbadType: null, tnsType: null, vsxType: null } as const;
