import { compileEncoder } from "../avro/encoder.ts";
import { writeWire } from "../avro/wire.ts";
import { nightOfMjd } from "../sky/time.ts";
import { drawCutouts } from "./cutouts.ts";
import { type Card, imageHdu } from "./fits.ts";
import type { AlertContent, Packet } from "./packet.ts";
import type { Random } from "./random.ts";
import { schemaFor } from "./schemas.ts";
import { abMagnitude, isDetected, measuredPosition, type Observation, type Source } from "./sources.ts";
import { eclipticPosition, telescopes } from "./telescope.ts";

const telescope = telescopes.lsst;
const { id, text } = schemaFor("lsst");
const encode = compileEncoder(text);

/** What all observations of an object share. */
interface Placement {
  readonly source: Source;
  readonly number: number;
  readonly detector: number;
  /** Ids of the objects it belongs to: of the sky, or of the solar system. */
  readonly diaObjectId: bigint | null;
  readonly ssObjectId: bigint;
  readonly random: Random;
}

/** An LSST alert as published: Confluent wire format, sources of the solar system without an object of the sky. */
export function lsstPacket({ source, number, inExposure, random }: AlertContent): Packet {
  const detector = inExposure % telescope.detectors;
  const detections = [...source.history.filter(isDetected), source.alert];
  const diaSourceId = idOf(source.alert.mjd, { detector, number });
  const moving = source.kind === "asteroid";
  const designation = designationOf(number);
  const place: Placement = {
    source,
    number,
    detector,
    diaObjectId: moving ? null : idOf(detections[0].mjd, { detector, number }),
    ssObjectId: moving ? packedDesignation(designation) : 0n,
    random,
  };
  const packet = {
    diaSourceId,
    diaSource: diaSource(place, source.alert),
    prvDiaSources: moving ? null : detections.slice(0, -1).map((o) => diaSource(place, o)),
    prvDiaForcedSources: moving ? null : source.history.map((o) => diaForcedSource(place, o)),
    diaObject: moving ? null : diaObject(place, detections),
    ...(moving && solarSystem(place, diaSourceId, designation)),
    ...cutouts(source, random),
  };
  return { bytes: writeWire(id, encode(packet)), alertId: diaSourceId, objectId: String(place.diaObjectId ?? place.ssObjectId) };
}

/** All flags of a detection, down. */
const unflagged: Readonly<Record<string, boolean>> = Object.fromEntries(
  [...text.matchAll(/"(\w+)","type":\["null","boolean"\]/g)].map(([, name]) => [name, false]),
);

function diaSource(place: Placement, o: Observation) {
  const { source, random, diaObjectId, ssObjectId } = place;
  const snr = Math.abs(o.flux) / o.fluxErr;
  const sigmaArcsec = o.seeingArcsec / 2.355;
  const [errDegrees, errPixels] = [sigmaArcsec / snr / 3600, sigmaArcsec / snr / telescope.pixelArcsec];
  const artefact = source.kind === "artefact";
  const moment = (share: number): number => sigmaArcsec ** 2 * (share + 0.03 * random.normal());
  const identity = { diaSourceId: idOf(o.mjd, place), diaObjectId, ssObjectId, parentDiaSourceId: 0 };
  const centroid = {
    x: random.between(20, 4050),
    xErr: errPixels,
    y: random.between(20, 3980),
    yErr: errPixels,
    raErr: errDegrees,
    decErr: errDegrees,
    ra_dec_Cov: 0,
  };
  const aperture = { apFlux: o.flux + 1.5 * o.fluxErr * random.normal(), apFluxErr: 1.8 * o.fluxErr };
  const fit = { isNegative: o.flux < 0, snr, psfLnL: NaN, psfChi2: psfSide ** 2 + 58 * random.normal(), psfNdata: psfSide ** 2 }; // NaN as the survey sends it
  const template = { templateFlux: o.templateFlux, templateFluxErr: 0.3 * o.fluxErr };
  const shape = { ixx: moment(1), iyy: moment(1), ixy: moment(0), ixxPSF: sigmaArcsec ** 2, iyyPSF: sigmaArcsec ** 2, ixyPSF: 0 };
  const quality = {
    extendedness: source.galaxy ? random.between(0.5, 1) : random.between(0, 0.5),
    reliability: artefact ? random.between(0, 0.4) : random.between(0.5, 1),
    pixelFlags: artefact,
    pixelFlags_cr: artefact,
    bboxSize: cutoutSide,
  };
  const position = measuredPosition(source, o, random);
  return { ...unflagged, ...identity, ...measurement(place, o), ...position, ...centroid, ...aperture, ...fit, ...template, ...shape, ...quality };
}

function diaForcedSource(place: Placement, o: Observation) {
  const { ra, dec } = place.source;
  return { diaForcedSourceId: idOf(o.mjd, place), diaObjectId: place.diaObjectId, ra, dec, ...measurement(place, o) };
}

/** What detections and forced photometry have in common. */
function measurement({ detector }: Placement, { mjd, band, flux, fluxErr, templateFlux }: Observation) {
  const fluxes = { psfFlux: flux, psfFluxErr: fluxErr, scienceFlux: templateFlux + flux, scienceFluxErr: fluxErr };
  const times = { midpointMjdTai: midpointMjdTai(mjd), timeProcessedMjdTai: processedMjdTai(mjd), timeWithdrawnMjdTai: null };
  return { visit: visitOf(mjd), detector, band, ...fluxes, ...times };
}

/** The object as its detections, oldest first, describe it. */
function diaObject({ source, diaObjectId }: Placement, detections: readonly Observation[]) {
  const bands = Object.keys(telescope.bands).map((band) =>
    bandSummary(
      band,
      detections.filter((o) => o.band === band),
    ),
  );
  const position = { ra: source.ra, raErr: 2e-5, dec: source.dec, decErr: 2e-5, ra_dec_Cov: 0 };
  return {
    diaObjectId,
    ...position,
    ...(Object.assign({}, ...bands) as Record<string, number>),
    validityStartMjdTai: processedMjdTai(source.lastMjd),
    firstDiaSourceMjdTai: midpointMjdTai(detections[0].mjd),
    lastDiaSourceMjdTai: midpointMjdTai(source.lastMjd),
    nDiaSources: detections.length,
  };
}

/** Weighted mean and spread of one band's fluxes. */
function bandSummary(band: string, seen: readonly Observation[]) {
  if (seen.length === 0) return { [`${band}_psfFluxNdata`]: 0 };
  const weights = seen.map((o) => o.fluxErr ** -2);
  const weight = weights.reduce((a, b) => a + b);
  const mean = seen.reduce((sum, o, i) => sum + weights[i] * o.flux, 0) / weight;
  const squares = seen.reduce((sum, o) => sum + (o.flux - mean) ** 2, 0);
  const slopes = seen.slice(1).map((o, i) => Math.abs((o.flux - seen[i].flux) / (o.mjd - seen[i].mjd)));
  return {
    [`${band}_psfFluxMean`]: mean,
    [`${band}_psfFluxMeanErr`]: weight ** -0.5,
    [`${band}_psfFluxSigma`]: seen.length > 1 ? Math.sqrt(squares / (seen.length - 1)) : NaN,
    [`${band}_psfFluxNdata`]: seen.length,
    [`${band}_scienceFluxMean`]: mean + seen[0].templateFlux,
    [`${band}_scienceFluxMeanErr`]: weight ** -0.5,
    [`${band}_psfFluxMin`]: Math.min(...seen.map((o) => o.flux)),
    [`${band}_psfFluxMax`]: Math.max(...seen.map((o) => o.flux)),
    [`${band}_psfFluxMaxSlope`]: slopes.length > 0 ? Math.max(...slopes) : NaN,
    [`${band}_psfFluxErrMean`]: seen.reduce((sum, o) => sum + o.fluxErr, 0) / seen.length,
  };
}

/** A main-belt asteroid near opposition: absolute magnitude from distances and 0.04 mag per degree of phase. */
function solarSystem({ source, ssObjectId, random }: Placement, diaSourceId: bigint, mpcDesignation: string) {
  const heliocentricDist = random.between(2.1, 3.3);
  const topocentricDist = heliocentricDist - random.between(0.8, 1);
  const phaseAngle = random.between(1, 20);
  const predictedVMagnitude = abMagnitude(source.alert.flux);
  const mpcH = predictedVMagnitude - 5 * Math.log10(heliocentricDist * topocentricDist) - 0.04 * phaseAngle;
  const [eclipticLambda, eclipticBeta] = eclipticPosition(source.ra, source.dec);
  const residuals = { residualRa: 1e-5 * random.normal(), residualDec: 1e-5 * random.normal() };
  const e = random.between(0, 0.3);
  const orbit = { M: random.between(0, 360), peri: random.between(0, 360), node: random.between(0, 360), incl: Math.abs(eclipticBeta) + 1, e };
  return {
    ssSource: { ssObjectId, diaSourceId, eclipticLambda, eclipticBeta, phaseAngle, heliocentricDist, topocentricDist, predictedVMagnitude, ...residuals },
    MPCORB: { mpcDesignation, ssObjectId, mpcH, epoch: 61000, ...orbit, a: heliocentricDist, q: heliocentricDist * (1 - e) },
  };
}

const cutoutSide = 30;
const psfSide = 41;

/** Each cutout is a FITS file of three images: pixels in nJy, their variance, and the point-spread function. */
function cutouts(source: Source, random: Random) {
  const camera = { side: cutoutSide, pixelArcsec: telescope.pixelArcsec, unitsPerNJy: 1, sky: 0 };
  const { science, template, difference, noise } = drawCutouts(source, camera, random);
  const header = worldCoordinates(source);
  const psf = imageHdu(pointSpread(source.alert.seeingArcsec / 2.355 / telescope.pixelArcsec), [["EXTNAME", "PSFIMAGE"]]);
  const fits = (pixels: Float32Array, variance: number): Buffer => {
    const uncertainty = imageHdu(new Float32Array(pixels.length).fill(variance), [
      ["UTYPE", "VarianceUncertainty"],
      ["EXTNAME", "UNCERT"],
    ]);
    return Buffer.concat([imageHdu(pixels, header), uncertainty, psf]);
  };
  return {
    cutoutScience: fits(science, noise ** 2),
    cutoutTemplate: fits(template, (0.3 * noise) ** 2),
    cutoutDifference: fits(difference, 1.09 * noise ** 2),
  };
}

function worldCoordinates({ ra, dec }: Source): Card[] {
  const scale = telescope.pixelArcsec / 3600;
  return [
    ["EXTEND", true],
    ["BUNIT", "nJy"],
    ["WCSAXES", 2],
    ["CTYPE1", "RA---TAN"],
    ["CTYPE2", "DEC--TAN"],
    ["CRPIX1", (cutoutSide + 1) / 2],
    ["CRPIX2", (cutoutSide + 1) / 2],
    ["CDELT1", -scale],
    ["CDELT2", scale],
    ["CRVAL1", ra],
    ["CRVAL2", dec],
  ];
}

function pointSpread(sigma: number): Float64Array {
  const profile = Array.from({ length: psfSide }, (_, i) => Math.exp(-0.5 * ((i - (psfSide - 1) / 2) / sigma) ** 2));
  const total = profile.reduce((a, b) => a + b) ** 2;
  return Float64Array.from({ length: psfSide * psfSide }, (_, i) => (profile[i % psfSide] * profile[Math.floor(i / psfSide)]) / total);
}

const taiMinusUtcDays = 37 / 86400;

function midpointMjdTai(startMjd: number): number {
  return startMjd + telescope.exposureSeconds / 2 / 86400 + taiMinusUtcDays;
}

function processedMjdTai(startMjd: number): number {
  return midpointMjdTai(startMjd) + telescope.secondsToAlert / 86400;
}

/** Exposure number within the night, from noon to noon. */
function sequenceOf(mjd: number): number {
  return Math.floor((((mjd - 0.5) % 1) * 86400) / telescope.secondsBetweenExposures);
}

/** YYYYMMDD of the evening, then five digits. */
function visitOf(mjd: number): number {
  return (nightOfMjd(mjd, -12) ?? 0) * 100_000 + sequenceOf(mjd);
}

/** Nights since 2010, exposure, detector and number of the source in one 64-bit id, as the Rubin pipelines pack them. */
function idOf(mjd: number, { detector, number }: Pick<Placement, "detector" | "number">): bigint {
  const exposure = Math.floor(mjd - 0.5 - 55197) * 2 ** 15 + sequenceOf(mjd);
  return (BigInt(exposure) * 250n + BigInt(detector)) * 2n ** 24n + BigInt(number);
}

/** A packed provisional designation such as K14R77U: year, half-month, number and letter; distinct below a million. */
function designationOf(number: number): string {
  const letters = "ABCDEFGHJKLMNOPQRSTUVWXY";
  const [letter, halfMonth] = [letters[number % 24], letters[Math.floor(number / 48_000) % 24]];
  return `K${10 + (Math.floor(number / 2400) % 20)}${halfMonth}${String(Math.floor(number / 24) % 100).padStart(2, "0")}${letter}`;
}

/** The seven letters of a packed designation as the bytes of a number. */
function packedDesignation(designation: string): bigint {
  return BigInt(`0x${Buffer.from(designation).toString("hex")}`);
}
