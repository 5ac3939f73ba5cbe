import { cosDegrees, degreesOf, sinDegrees } from "../../sky/angle.ts";
import type { Observation, SkyObject } from "../night/alert.ts";
import { abFlux } from "../photometry.ts";
import { normalOf, type Random, randomStream, uniformOf } from "../random.ts";
import { type Band, telescopes } from "../survey/telescope.ts";
import { artefactExtent, dipoleStrength, templateNoiseShare } from "./cutouts.ts";
import { lsstSourceId, placeOf, visitId } from "./lsst-ids.ts";
import { lsstTable } from "./schema-lsst.ts";
import { fieldsOf } from "./schemas.ts";

const telescope = telescopes.lsst;

/** Ids of what a source was associated with: an object of the sky or one of the solar system. */
export interface Association {
  readonly diaObjectId: bigint;
  readonly ssObjectId: bigint;
}

/**
 * One detection as the survey publishes it: the same in its own alert and in the history of a later
 * one.
 */
export type DiaSource = ReturnType<typeof diaSource>;

export function diaSource(
  object: SkyObject,
  o: Observation,
  { diaObjectId, ssObjectId }: Association,
) {
  const random = randomStream(object.hash, o.visit.key);
  const identity = {
    diaSourceId: lsstSourceId(object, o.visit),
    diaObjectId,
    ssObjectId,
    parentDiaSourceId: 0,
  };
  return {
    ...unflagged,
    ...identity,
    ...inVisit(object, o),
    ...centroid(object, o, random),
    ...fluxes(object, o, random),
    ...shape(object, o, random),
    ...dipole(object, o),
    ...quality(object, o, random),
  };
}

export function diaForcedSource(object: SkyObject, o: Observation, diaObjectId: bigint) {
  const { visit, detector, band, midpointMjdTai, timeProcessedMjdTai } = inVisit(object, o);
  const [scienceFlux, scienceFluxErr] = [
    templateFlux(object, o) + o.flux,
    scienceShare * o.fluxErr,
  ];
  const identity = {
    diaForcedSourceId: lsstSourceId(object, o.visit),
    diaObjectId,
    ra: object.ra,
    dec: object.dec,
    visit,
    detector,
  };
  return {
    ...identity,
    psfFlux: o.flux,
    psfFluxErr: o.fluxErr,
    midpointMjdTai,
    scienceFlux,
    scienceFluxErr,
    band,
    timeProcessedMjdTai,
  };
}

const taiMinusUtcDays = 37 / 86400;

/** TAI at the middle of an exposure that starts at that UTC. */
export function midpointMjdTai(startMjd: number): number {
  return startMjd + telescope.exposureSeconds / 2 / 86400 + taiMinusUtcDays;
}

function inVisit(object: SkyObject, { visit }: Observation) {
  const midpoint = midpointMjdTai(visit.mjd);
  const timeProcessedMjdTai =
    midpoint + (telescope.exposureSeconds / 2 + telescope.secondsToAlert) / 86400;
  return {
    visit: visitId(visit),
    detector: placeOf(object, visit.field).detector,
    band: visit.band,
    midpointMjdTai: midpoint,
    timeProcessedMjdTai,
  };
}

/** Signal-to-noise ratio, and standard deviation of the point-spread function. */
function resolution({ flux, fluxErr, visit }: Observation): {
  readonly snr: number;
  readonly sigmaArcsec: number;
} {
  return { snr: Math.abs(flux) / fluxErr, sigmaArcsec: visit.seeingArcsec / 2.355 };
}

/**
 * Scattered about the true place by √2 σ / SNR (King 1983, PASP 95, 163) and 10 mas of astrometry.
 */
function centroid(object: SkyObject, o: Observation, random: Random) {
  const { snr, sigmaArcsec } = resolution(o);
  const errArcsec = Math.hypot((Math.SQRT2 * sigmaArcsec) / snr, 0.01);
  const [east, north] = [errArcsec * random.normal(), errArcsec * random.normal()];
  const { x, y } = placeOf(object, o.visit.field);
  const [raErr, xErr] = [errArcsec / 3600, errArcsec / telescope.pixelArcsec];
  const position = {
    ra: object.ra + east / 3600 / cosDegrees(object.dec),
    raErr,
    dec: object.dec + north / 3600,
    decErr: raErr,
    ra_dec_Cov: 0,
  };
  return {
    ...position,
    x: x - east / telescope.pixelArcsec,
    xErr,
    y: y + north / telescope.pixelArcsec,
    yErr: xErr,
  };
}

const scienceShare = Math.sqrt(1 - templateNoiseShare ** 2);
const apertureRadiusPixels = 12;

/** The template is the same in all visits, and so is its error. */
function templateFluxErr(band: Band): number {
  return (templateNoiseShare * abFlux(telescope.bands[band]?.depth ?? 0)) / 5;
}

function templateFlux(
  { hash }: SkyObject,
  { visit: { band }, referenceFlux }: Observation,
): number {
  return referenceFlux + templateFluxErr(band) * normalOf(hash, 0xb1, band.charCodeAt(0));
}

function fluxes(object: SkyObject, o: Observation, random: Random) {
  const { snr, sigmaArcsec } = resolution(o);
  const template = templateFlux(object, o);
  // noise of the 144 π pixels of the aperture against the 4 π σ² of a point source; 0.72 of that in
  // the survey's first alerts
  const apFluxErr =
    o.fluxErr *
    Math.max(1, (0.72 * apertureRadiusPixels * telescope.pixelArcsec) / (2 * sigmaArcsec));
  const psf = {
    isNegative: o.flux < 0,
    snr,
    psfFlux: o.flux,
    psfFluxErr: o.fluxErr,
    psfNdata: 41 * 41,
  };
  const aperture = {
    apFlux: o.flux + Math.sqrt(apFluxErr ** 2 - o.fluxErr ** 2) * random.normal(),
    apFluxErr,
  };
  const science = { scienceFlux: template + o.flux, scienceFluxErr: scienceShare * o.fluxErr };
  return {
    ...psf,
    ...aperture,
    ...science,
    templateFlux: template,
    templateFluxErr: templateFluxErr(o.visit.band),
  };
}

/**
 * Second moments (arcsec²) scatter widely when faint, and fail for many. What they fail for has no
 * trail and no extendedness either.
 */
function shape(object: SkyObject, o: Observation, random: Random) {
  const { snr, sigmaArcsec } = resolution(o);
  const [elongation, psf] = [0.1 * uniformOf(o.visit.key, 0xb2), sigmaArcsec ** 2];
  const ofPsf = {
    ixxPSF: psf * (1 + elongation),
    iyyPSF: psf * (1 - elongation),
    ixyPSF: psf * (elongation - 0.05),
  };
  const scatter = 8 / snr;
  const [ixx, iyy, ixy] = [
    ofPsf.ixxPSF * Math.exp(scatter * random.normal()),
    ofPsf.iyyPSF * Math.exp(scatter * random.normal()),
    random.between(-0.5, 0.5),
  ];
  const extendedness = 1 - random.uniform() ** (25 / snr);
  const trail = trailOf(object, o, random);
  if (random.uniform() < 2.5 / snr && object.shape !== "streak") return { ...ofPsf, ...noShape };
  return { ...ofPsf, ixx, iyy, ixy: ixy * scatter * Math.min(ixx, iyy), extendedness, ...trail };
}

const noTrail = {
  trailFlux: null,
  trailRa: null,
  trailDec: null,
  trailLength: null,
  trailAngle: null,
};
const noShape = {
  ixx: null,
  iyy: null,
  ixy: null,
  extendedness: null,
  ...noTrail,
  shape_flag: true,
};

/**
 * Every source is fitted as a trail: that of the asteroid's motion or the streak, or one of noise.
 */
function trailOf(object: SkyObject, o: Observation, random: Random) {
  const { snr, sigmaArcsec } = resolution(o);
  const days = telescope.exposureSeconds / 86400;
  let [east, north] = [
    (object.moving?.raRateCosDec ?? 0) * days * 3600,
    (object.moving?.decRate ?? 0) * days * 3600,
  ];
  if (object.shape === "streak") {
    const { lengthArcsec, bearing } = artefactExtent(object, o.visit.seeingArcsec);
    [east, north] = [lengthArcsec * sinDegrees(bearing), lengthArcsec * cosDegrees(bearing)];
  }
  const scatter = sigmaArcsec * (0.1 + 20 / snr);
  [east, north] = [east + scatter * random.normal(), north + scatter * random.normal()];
  const trailAngle = degreesOf(Math.atan2(east, north));
  return {
    trailFlux: o.flux * (1 + random.normal() / snr),
    trailRa: object.ra,
    trailDec: object.dec,
    trailLength: Math.hypot(east, north),
    trailAngle,
  };
}

const noDipole = {
  isDipole: false,
  dipoleFitAttempted: false,
  dipoleMeanFlux: null,
  dipoleMeanFluxErr: null,
  dipoleFluxDiff: null,
  dipoleFluxDiffErr: null,
  dipoleLength: null,
  dipoleAngle: null,
  dipoleChi2: null,
  dipoleNdata: 0,
};

function dipole(
  object: SkyObject,
  o: Observation,
): { [Field in keyof typeof noDipole]: (typeof noDipole)[Field] | number | boolean } {
  if (object.shape !== "dipole") return noDipole;
  const { lengthArcsec, bearing } = artefactExtent(object, o.visit.seeingArcsec);
  const lobes = {
    dipoleMeanFlux: dipoleStrength(object) * Math.abs(o.flux),
    dipoleFluxDiff: o.flux,
    dipoleLength: lengthArcsec,
  };
  const errors = {
    dipoleMeanFluxErr: o.fluxErr,
    dipoleFluxDiffErr: o.fluxErr,
    dipoleChi2: 41 * 41 * 1.1,
    dipoleNdata: 41 * 41,
  };
  return {
    isDipole: true,
    dipoleFitAttempted: true,
    ...lobes,
    ...errors,
    dipoleAngle: o.flux < 0 ? opposite(bearing) : bearing,
  };
}

function opposite(bearing: number): number {
  return bearing > 0 ? bearing - 180 : bearing + 180;
}

/**
 * Size, fit and score; what the pixels of an artefact are flagged for. Medians and spread as in the
 * survey's first alerts.
 */
function quality(object: SkyObject, o: Observation, random: Random) {
  const { snr, sigmaArcsec } = resolution(o);
  const isArtefact = object.shape !== null;
  const logit = isArtefact
    ? -2 + 1.2 * random.normal()
    : -0.7 + 0.5 * random.normal() + 1.2 * Math.log10(snr / 6);
  const misfit = isArtefact ? 0.002 * snr * snr : 0;
  const [isCosmicRay, isStreak] = [object.shape === "cosmic ray", object.shape === "streak"];
  return {
    bboxSize: Math.min(
      100,
      Math.round(
        footprint(snr, sigmaArcsec / telescope.pixelArcsec) *
          (0.75 - 0.5 * Math.log(1 - random.uniform())),
      ),
    ),
    psfChi2: 41 * 41 * (1 + 0.02 * random.normal() - 0.1 * Math.log(1 - random.uniform()) + misfit),
    reliability: 1 / (1 + Math.exp(-logit)),
    pixelFlags_cr: isCosmicRay,
    pixelFlags_crCenter: isCosmicRay,
    pixelFlags_interpolated: isCosmicRay,
    pixelFlags_interpolatedCenter: isCosmicRay,
    pixelFlags_streak: isStreak,
    pixelFlags_streakCenter: isStreak,
    glint_trail: isStreak && random.uniform() < 0.2,
    pixelFlags_suspect: object.shape === "bad subtraction",
  };
}

/**
 * Side in pixels of the box about a point source: where it exceeds 5 sigma in the smoothed image,
 * grown by 2.4 σ as the survey does.
 */
function footprint(snr: number, sigma: number): number {
  return 1 + 6.2 * sigma + 4 * sigma * Math.sqrt(Math.max(0, Math.log(snr / 5)));
}

/** All flags of a detection, down: what the schema has of type boolean. */
const unflagged = Object.fromEntries(
  fieldsOf(lsstTable, "diaSource", "boolean?").map((name) => [name, false]),
);
