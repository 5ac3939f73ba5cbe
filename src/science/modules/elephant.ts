import type { Alerts, ScienceModule } from "../module.ts";
import { isMoving } from "./motion.ts";
import { hostStatistic, randomNumbers } from "./power-spectrum.ts";
import { sigmaClip } from "./sigma-clip.ts";
import { cropped, readStamp, type Stamp } from "./stamp.ts";

const about =
  "Transients without a host (ELEPHANT, arXiv:2404.18165): where clipping finds a source in one of science and template image only, how far each is from noise.";
const adds = (structure: string) =>
  ["science", "template"].map((image) => {
    return {
      name: `${structure}kstest_${image}`,
      type: "double" as const,
      unit: null,
      description: `0: the ${image} image is noise; null: no candidate`,
    };
  });

export const elephantZtf: ScienceModule = {
  name: "elephant_ztf",
  version: "2",
  surveys: ["ztf"],
  about: `${about} For alerts up to 19.5 mag, 45 days after the first and with three detections. As hostless_detection of fink-science, with is_transient in place of its class and score cuts.`,
  needs: [
    ...["magpsf", "jd", "jdstarthist", "candid"].map((name) => `candidate.${name}`),
    "cutoutScience.stampData",
    "cutoutTemplate.stampData",
    "nalerthist",
    "is_transient",
  ],
  adds: adds("elephant_"),
  run(alerts, { seed }) {
    const [mag, jd, jdstarthist] = ["magpsf", "jd", "jdstarthist"].map((name) =>
      alerts.numbers(`candidate.${name}`),
    );
    const detections = alerts.numbers("nalerthist");
    const isTransient = alerts.booleans("is_transient");
    // a candidate takes 35 ms: the cheap cuts come first; Fink runs this once a night
    const isWanted = (i: number) =>
      isTransient[i] === 1 &&
      mag[i] <= 19.5 &&
      Math.abs(jd[i] - jdstarthist[i]) <= 45 &&
      detections[i] >= 3;
    const ids = alerts.longs("candidate.candid");
    return statistics(alerts, "elephant_", ".stampData", isWanted, (science, template, i) =>
      ztfStatistics(science, template, randomFor(seed, ids[i])),
    );
  },
};

export const elephantLsst: ScienceModule = {
  name: "elephant_lsst",
  version: "3",
  surveys: ["lsst"],
  about: `${about} For young, fixed, positive sources over a faint template that no catalogue knows. As rubin/hostless_detection of fink-science.`,
  needs: [
    ...[
      "diaSourceId",
      "psfFlux",
      "templateFlux",
      "templateFluxErr",
      "midpointMjdTai",
      "ra",
      "dec",
    ].map((name) => `diaSource.${name}`),
    ...["ra", "dec", "midpointMjdTai"].map((name) => `prvDiaSources.${name}`),
    ...[
      "simbad_otype",
      "gaiadr3_DR3Name",
      "mangrove_2MASS_name",
      "mangrove_HyperLEDA_name",
      "spicy_class",
      "legacydr8_zphot",
    ].map((name) => `xm.${name}`),
    "cutoutScience",
    "cutoutTemplate",
    "ssSource.ssObjectId",
    "diaObject.nDiaSources",
    "misc.firstDiaSourceMjdTaiFink",
  ],
  adds: adds("clf.elephant_"),
  run(alerts, { seed }) {
    const ids = alerts.longs("diaSource.diaSourceId");
    return statistics(alerts, "clf.elephant_", "", lsstCut(alerts), (science, template, i) =>
      lsstStatistics(science, template, randomFor(seed, ids[i])),
    );
  },
};

type Pair = readonly [science: number, template: number];

/** Agrees with process_candidate_fink; null: no candidate. */
export function ztfStatistics(science: Stamp, template: Stamp, random: () => number): Pair | null {
  const masks = ztfCandidate(science, template);
  return (
    masks && [ztfStatistic(science, masks[0], random), ztfStatistic(template, masks[1], random)]
  );
}

/** What is clipped of both images of a candidate; null: it is none. */
export function ztfCandidate(science: Stamp, template: Stamp): readonly Uint8Array[] | null {
  if (science.size !== 63 || template.size !== 63) return null;
  const masks = [science, template].map(({ pixels }) => sigmaClip(pixels, null));
  const isCandidate =
    isOneSided(masks) ||
    isOneSided([science, template].map((stamp, n) => croppedClip(stamp, masks[n], 7)));
  return isCandidate ? masks : null;
}

/** How far one image of a candidate is from noise. */
export function ztfStatistic(stamp: Stamp, mask: Uint8Array, random: () => number): number {
  return hostStatistic(stamp, mask, 7, random);
}

/** Agrees with process_candidate_fink_rubin. */
export function lsstStatistics(
  wideScience: Stamp,
  wideTemplate: Stamp,
  random: () => number,
): Pair | null {
  const [science, template] = [cropped(wideScience, 15), cropped(wideTemplate, 15)];
  if (science === null || template === null) return null;
  const masks = [science, template].map(({ pixels }) => sigmaClip(pixels, null));
  if (countOf(masks[1]) > 20) return null;
  const isCandidate =
    isOneSided(masks) ||
    isOneSided([science, template].map((stamp) => sigmaClip(cropped(stamp, 7)!.pixels, null)));
  return isCandidate
    ? [hostStatistic(science, masks[0], 15, random), hostStatistic(template, masks[1], 15, random)]
    : null;
}

/** Outliers, as of a source, in one image and none in the other. */
function isOneSided([science, template]: readonly Uint8Array[]): boolean {
  const [inScience, inTemplate] = [countOf(science), countOf(template)];
  return (inScience > 5 && inTemplate < 3) || (inTemplate > 5 && inScience < 3);
}

function croppedClip(stamp: Stamp, mask: Uint8Array, radius: number): Uint8Array {
  const middle = cropped({ size: stamp.size, pixels: Float64Array.from(mask) }, radius)!;
  return sigmaClip(cropped(stamp, radius)!.pixels, Uint8Array.from(middle.pixels));
}

function countOf(mask: Uint8Array): number {
  return mask.reduce((sum, bit) => sum + bit, 0);
}

function statistics(
  alerts: Alerts,
  prefix: string,
  suffix: string,
  isWanted: (i: number) => boolean,
  compute: (...of: [Stamp, Stamp, number]) => Pair | null,
) {
  const [science, template] = [new Float64Array(alerts.count), new Float64Array(alerts.count)];
  const missing = new Uint8Array(alerts.count).fill(1);
  for (let i = 0; i < alerts.count; i++) {
    if (!isWanted(i)) continue;
    const stamps = ["cutoutScience", "cutoutTemplate"]
      .map((name) => alerts.bytes(`${name}${suffix}`, i))
      .map((bytes) => bytes && readStamp(bytes));
    if (!stamps[0] || !stamps[1]) continue;
    const pair = compute(stamps[0], stamps[1], i);
    if (pair === null) continue;
    [science[i], template[i]] = pair;
    missing[i] = 0;
  }
  return {
    [`${prefix}kstest_science`]: { values: science, missing },
    [`${prefix}kstest_template`]: { values: template, missing },
  };
}

function lsstCut(alerts: Alerts): (i: number) => boolean {
  const [flux, templateFlux, templateError, mjdTai] = [
    "psfFlux",
    "templateFlux",
    "templateFluxErr",
    "midpointMjdTai",
  ].map((n) => alerts.numbers(`diaSource.${n}`));
  const [hasNoAsteroid, hasNoPhotoZ] = [
    alerts.isNone("ssSource.ssObjectId"),
    alerts.isNone("xm.legacydr8_zphot"),
  ];
  const [sources, firstMjdTai] = [
    alerts.numbers("diaObject.nDiaSources"),
    alerts.numbers("misc.firstDiaSourceMjdTaiFink"),
  ];
  const names = [
    "simbad_otype",
    "gaiadr3_DR3Name",
    "mangrove_2MASS_name",
    "mangrove_HyperLEDA_name",
    "spicy_class",
  ].map((name) => alerts.texts(`xm.${name}`));
  return (i) =>
    sources[i] >= 3 &&
    mjdTai[i] - firstMjdTai[i] < 30 &&
    flux[i] > 0 &&
    templateFlux[i] > 300 &&
    templateFlux[i] < 2000 &&
    templateFlux[i] / templateError[i] > 5 &&
    hasNoAsteroid[i] === 1 &&
    hasNoPhotoZ[i] === 1 &&
    names.every((texts) => isUnknown(texts[i])) &&
    !isMoving(alerts, i);
}

function isUnknown(name: string | null): boolean {
  return name === null || name === "Unknown" || name.startsWith("Fail");
}

function randomFor(seed: number, id: bigint): () => number {
  return randomNumbers(seed ^ Number(BigInt.asIntN(32, id ^ (id >> 32n))));
}
