import { inNoCatalogue, perVisit, steepSnr } from "./artefact.ts";
import type { ArtefactClass } from "./class.ts";

export const streak: ArtefactClass = {
  kind: "artefact",
  name: "streak",
  title: "Streak",
  about:
    "A satellite or an airplane that crossed the field during the exposure: pieces of a line of constant brightness, or glints of a body that tumbles. More of them are bright than of other artefacts.",
  papers: ["Duev et al. 2019, MNRAS 486, 4158", "Corbett et al. 2020, ApJL 903, L27", "Karpov & Peloton 2022, arXiv:2202.05719"],
  ...inNoCatalogue,
  perVisit: ({ survey }) => perVisit[survey] * (survey === "ztf" ? 0.1 : 0.05),
  draw: (_, random) => ({ snr: steepSnr(1.5, 500, random), shape: "streak" }),
};
