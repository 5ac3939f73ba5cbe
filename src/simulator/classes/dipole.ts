import { inNoCatalogue, perVisit, steepSnr } from "./artefact.ts";
import type { ArtefactClass } from "./class.ts";

export const dipole: ArtefactClass = {
  kind: "artefact",
  name: "dipole",
  title: "Dipole",
  about:
    "A star that moved, or was refracted, between reference and science image: a bright and a dark half side by side. Either of them is the one that is detected.",
  papers: ["Masci et al. 2019, PASP 131, 018003", "Duev et al. 2019, MNRAS 489, 3582"],
  ...inNoCatalogue,
  perVisit: ({ survey }) => perVisit[survey] * 0.35,
  draw: (_, random) => ({ snr: (random.uniform() < 0.6 ? 1 : -1) * steepSnr(3, 100, random), shape: "dipole" }),
};
