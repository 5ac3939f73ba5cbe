import { inNoCatalogue, perVisit, steepSnr } from "./artefact.ts";
import type { ArtefactClass } from "./class.ts";

export const cosmicRay: ArtefactClass = {
  kind: "artefact",
  name: "cosmic_ray",
  title: "Cosmic ray",
  about: "A charged particle in the detector: a few pixels, sharper than any star, always positive. What is left after the pipelines took most of them out.",
  papers: ["van Dokkum 2001, PASP 113, 1420", "Mahabal et al. 2019, PASP 131, 038002"],
  ...inNoCatalogue,
  perVisit: ({ survey }) => perVisit[survey] * (survey === "ztf" ? 0.15 : 0.1),
  draw: (_, random) => ({ snr: steepSnr(2, 300, random), shape: "cosmic ray" }),
};
