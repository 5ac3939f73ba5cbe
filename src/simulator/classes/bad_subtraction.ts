import { inNoCatalogue, perVisit, steepSnr } from "./artefact.ts";
import type { ArtefactClass } from "./class.ts";

export const badSubtraction: ArtefactClass = {
  kind: "artefact",
  name: "bad_subtraction",
  title: "Bad subtraction",
  about:
    "Rings and holes about bright stars and cores of galaxies, where the point-spread functions of the two images were not matched, and noise that passed the limit. Mostly faint, two in five negative.",
  papers: ["Mahabal et al. 2019, PASP 131, 038002", "Duev et al. 2019, MNRAS 489, 3582"],
  ...inNoCatalogue,
  perVisit: ({ survey }) => perVisit[survey] * (survey === "ztf" ? 0.4 : 0.5),
  draw: (_, random) => ({ snr: (random.uniform() < 0.6 ? 1 : -1) * steepSnr(4, 200, random), shape: "bad subtraction" }),
};
