import { abMagnitude } from "../photometry.ts";
import { type Random, randomStream } from "../random.ts";
import type { Observation, SkyObject } from "../night/alert.ts";
import { type Band, telescopes } from "../survey/telescope.ts";
import {
  type CameraPlace,
  candidOf,
  channelColumns,
  channelRows,
  offsetBy,
} from "./ztf-identity.ts";
import { imageOf } from "./ztf-image.ts";
import { type Reference, referenceError, referenceMagnitude } from "./ztf-reference.ts";

const { pixelArcsec } = telescopes.ztf;
const missing = -999;

/** An object and what all its observations share. */
export interface Target {
  readonly object: SkyObject;
  readonly place: CameraPlace;
  readonly reference: Reference;
}

/**
 * What the pipeline measured of a detection, by the names of the packet; candidate and later
 * histories have the same numbers. What does not follow from the observation scatters as in the
 * real alerts of 2023 to 2025, and becomes better with the signal.
 */
export function detectionOf(
  { object, place, reference }: Target,
  { visit, flux, fluxErr }: Observation,
) {
  const image = imageOf(visit, place.rcid);
  const random = randomStream(object.hash, visit.key);
  const scorr = Math.abs(flux) / fluxErr;
  // centroid of a Gaussian: σ / SNR on each axis (King 1983, PASP 95, 163)
  const scatter = visit.seeingArcsec / 2.355 / scorr;
  const [east, north] = [scatter * random.normal(), scatter * random.normal()];
  return {
    ...image,
    candid: candidOf(image.pid, object.serial),
    isdiffpos: flux > 0 ? "t" : "f",
    tblid: object.serial,
    scorr,
    ...positionOf(object, place, east, north),
    ...brightnessOf(flux, scorr, visit.depth, random),
    ...nearest(reference, visit.band, east, north),
    ...shapeOf(object, image.sciinpseeing, random),
    ...qualityOf(object, scorr, random),
    ...scoresOf(object, scorr, random),
    ...knownBody(object, Math.hypot(east, north)),
  };
}

export type Detection = ReturnType<typeof detectionOf>;

function positionOf(object: SkyObject, place: CameraPlace, east: number, north: number) {
  const { ra, dec } = offsetBy(object, east, north);
  const [xpos, ypos] = [place.xpos - east / pixelArcsec, place.ypos + north / pixelArcsec];
  return {
    ra,
    dec,
    xpos,
    ypos,
    mindtoedge: Math.max(0, Math.min(xpos, ypos, channelColumns - xpos, channelRows - ypos)),
  };
}

function brightnessOf(flux: number, snr: number, depth: number, random: Random) {
  const magpsf = abMagnitude(flux);
  const sigmapsf = 2.5 / Math.LN10 / snr;
  const magdiff = sigmapsf * (0.25 + random.normal());
  const magap = magpsf + magdiff;
  const sigmagap = sigmapsf * Math.exp(0.3 * random.normal());
  const magapbig = magap - 0.2 * sigmagap * (1 + random.normal());
  return {
    magpsf,
    sigmapsf,
    magap,
    sigmagap,
    magdiff,
    magfromlim: depth - magap,
    magapbig,
    sigmagapbig: 1.25 * sigmagap,
    sky: 0.05 + 0.6 * random.normal(),
  };
}

function nearest(reference: Reference, band: Band, east: number, north: number) {
  const { ranr, decnr, chinr, sharpnr } = reference;
  const magnr = referenceMagnitude(reference, band);
  const distnr = Math.hypot(reference.east - east, reference.north - north) / pixelArcsec;
  return { distnr, ranr, decnr, magnr, sigmagnr: referenceError(magnr), chinr, sharpnr };
}

/** Width and extent, pixels: those of the point-spread function, but for artefacts. */
function shapeOf({ shape }: SkyObject, seeing: number, random: Random) {
  const narrow = shape === "cosmic ray" ? 0.6 : 1;
  const fwhm = Math.max(1.1, narrow * seeing * Math.exp(0.25 * random.normal()));
  const aimage = 0.75 * (fwhm / 2.2) ** 0.4 * Math.exp(0.12 * random.normal());
  const stretched = shape === null ? 0.11 : shape === "streak" ? 1.2 : 0.25;
  const elong = 1 + stretched * Math.exp(0.5 * random.normal());
  const bimage = aimage / elong;
  return {
    fwhm,
    aimage,
    bimage,
    aimagerat: aimage / fwhm,
    bimagerat: bimage / fwhm,
    elong,
    seeratio: Math.min(2, (1.1 * seeing) / fwhm),
  };
}

/** How much it looks like a point source. */
function qualityOf({ shape }: SkyObject, snr: number, random: Random) {
  const isReal = shape === null;
  const nneg = Math.min(
    13,
    Math.max(0, Math.round(11 * Math.exp(-snr / 9) + (isReal ? 0 : 4) + 1.8 * random.normal())),
  );
  const sumrat = Math.max(0.3, 1 - 0.0012 * nneg * nneg * Math.exp(0.5 * random.normal()));
  const unlikeStar =
    (isReal ? 0.021 : 0.15) * (8 / Math.min(snr, 30)) ** 0.8 * Math.exp(1.1 * random.normal());
  // flat field and kernel errors show in what is bright
  const chipsf = (isReal ? 1 : 3) * Math.min(snr / 5, 20) ** 1.6 * Math.exp(0.55 * random.normal());
  return {
    nneg,
    sumrat,
    classtar: Math.max(0, 1 - unlikeStar),
    chipsf,
    nbad: !isReal && random.uniform() < 0.15 ? 1 : 0,
  };
}

/**
 * Scores of random forest and neural network (Duev et al. 2019, MNRAS 489, 3582): they overlap,
 * agree mostly, and are surer of what is bright.
 */
function scoresOf({ shape }: SkyObject, snr: number, random: Random): { rb: number; drb: number } {
  const [common, own, doubt] = [random.normal(), random.normal(), -Math.log(1 - random.uniform())];
  const brightness = Math.min(1.05, Math.log(snr / 5));
  if (shape !== null)
    return {
      rb: logistic(-1.2 + 0.5 * brightness + 0.9 * common),
      drb: logistic(-4 + brightness + 2 * common + 1.5 * own),
    };
  return {
    rb: logistic(0.9 + 1.1 * brightness + 0.75 * common),
    drb: logistic(10.5 + 1.5 * brightness + common + own - 4 * doubt),
  };
}

function logistic(x: number): number {
  return 1 / (1 + Math.exp(-x));
}

/** The Minor Planet Center predicts the places of asteroids with known orbits. */
function knownBody({ moving }: SkyObject, offsetArcsec: number) {
  if (!moving || moving.designation === null)
    return { ssdistnr: missing, ssmagnr: missing, ssnamenr: "null" };
  return {
    ssdistnr: Math.round(offsetArcsec),
    ssmagnr: Math.round(10 * moving.predictedV) / 10,
    ssnamenr: moving.designation,
  };
}
