import type { Random } from "../random.ts";
import type { SurveyName } from "../survey/telescope.ts";
import type { ArtefactClass, ArtefactShape } from "./class.ts";

/** False detections in a visit, all kinds together: about a quarter of all alerts. */
const perVisit: Readonly<Record<SurveyName, number>> = { ztf: 125, lsst: 900 };

interface Kind extends Pick<ArtefactClass, "name" | "title" | "about" | "papers"> {
  readonly shape: ArtefactShape;
  /** Of all false detections. */
  readonly share: Readonly<Record<SurveyName, number>>;
  snr(random: Random): number;
}

const kinds: readonly Kind[] = [
  {
    name: "dipole",
    title: "Dipole",
    about:
      "A star that moved, or was refracted, between reference and science image: a bright and a dark half side by side. Either of them is the one that is detected.",
    papers: ["Masci et al. 2019, PASP 131, 018003", "Duev et al. 2019, MNRAS 489, 3582"],
    shape: "dipole",
    share: { ztf: 0.35, lsst: 0.35 },
    snr: (random) => mostlyPositive(random) * steepSnr(3, 100, random),
  },
  {
    name: "cosmic_ray",
    title: "Cosmic ray",
    about:
      "A charged particle in the detector: a few pixels, sharper than any star, always positive. What is left after the pipelines took most of them out.",
    papers: ["van Dokkum 2001, PASP 113, 1420", "Mahabal et al. 2019, PASP 131, 038002"],
    shape: "cosmic ray",
    share: { ztf: 0.15, lsst: 0.1 },
    snr: (random) => steepSnr(2, 300, random),
  },
  {
    name: "streak",
    title: "Streak",
    about:
      "A satellite or an airplane that crossed the field during the exposure: pieces of a line of constant brightness, or glints of a body that tumbles. More of them are bright than of other artefacts.",
    papers: [
      "Duev et al. 2019, MNRAS 486, 4158",
      "Corbett et al. 2020, ApJL 903, L27",
      "Karpov & Peloton 2022, arXiv:2202.05719",
    ],
    shape: "streak",
    share: { ztf: 0.1, lsst: 0.05 },
    snr: (random) => steepSnr(1.5, 500, random),
  },
  {
    name: "bad_subtraction",
    title: "Bad subtraction",
    about:
      "Rings and holes about bright stars and cores of galaxies, where the point-spread functions of the two images were not matched, and noise that passed the limit. Mostly faint, two in five negative.",
    papers: ["Mahabal et al. 2019, PASP 131, 038002", "Duev et al. 2019, MNRAS 489, 3582"],
    shape: "bad subtraction",
    share: { ztf: 0.4, lsst: 0.5 },
    snr: (random) => mostlyPositive(random) * steepSnr(4, 200, random),
  },
];

/** What the telescope makes; no catalogue of the sky knows it. */
export const artefacts: readonly ArtefactClass[] = kinds.map(
  ({ shape, share, snr, ...description }) => ({
    kind: "artefact",
    ...description,
    perVisit: ({ survey }) => perVisit[survey] * share[survey],
    draw: (_, random) => ({ snr: snr(random), shape }),
  }),
);

function mostlyPositive(random: Random): 1 | -1 {
  return random.uniform() < 0.6 ? 1 : -1;
}

/** Signal-to-noise ratio from the limit of 5 on, at most `most`; N(> snr) falls as snr^-slope. */
function steepSnr(slope: number, most: number, random: Random): number {
  return Math.min(most, 5 * (1 - random.uniform()) ** (-1 / slope));
}
