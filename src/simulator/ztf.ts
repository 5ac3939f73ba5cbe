import { constants, gzipSync } from "node:zlib";
import { writeContainer } from "../avro/container.ts";
import { compileEncoder } from "../avro/encoder.ts";
import { jdMinusMjd, nightOfMjd } from "../sky/time.ts";
import { type Cutouts, drawCutouts } from "./cutouts.ts";
import { imageHdu } from "./fits.ts";
import type { AlertContent, Packet } from "./packet.ts";
import type { Random } from "./random.ts";
import { schemaFor } from "./schemas.ts";
import { abFlux, abMagnitude, isDetected, measuredPosition, type Observation, type Source } from "./sources.ts";
import { cos, telescopes } from "./telescope.ts";

/** Where and with what an object is seen: the same for all its observations. */
interface Placement {
  readonly source: Source;
  readonly rcid: number;
  readonly field: number;
  readonly xpos: number;
  readonly ypos: number;
  readonly random: Random;
}

const { exposureSeconds, pixelArcsec, detectors, seeingArcsec } = telescopes.ztf;
const { text } = schemaFor("ztf");
const encode = compileEncoder(text);
const sync = Buffer.from("synthetic night!");
const zeropoint: Readonly<Record<string, number>> = { g: 26.3, r: 26.3, i: 25.7 };
const fid: Readonly<Record<string, number>> = { g: 1, r: 2, i: 3 };
const missing = -999;

/** A ZTF alert as published: an object container file with one record. */
export function ztfPacket({ source, number, inExposure, random }: AlertContent): Packet {
  const place: Placement = {
    source,
    rcid: inExposure % detectors,
    field: 245 + random.integer(600),
    xpos: random.between(40, 3030),
    ypos: random.between(40, 3030),
    random,
  };
  const tblid = 1 + Math.floor(inExposure / detectors);
  const candidate = candidateOf(place, tblid);
  const { candid, pid } = candidate;
  const objectId = objectIdOf(candidate.jdstarthist, number, candidate.nid);
  const cutouts = drawCutouts(source, { side: 63, pixelArcsec, unitsPerNJy: dnPerNJy(source.alert.band), sky: random.between(150, 400) }, random);
  const history = source.history.map((o) => ({ o, seen: visit(place, o) }));
  const packet = {
    schemavsn: "4.02",
    publisher: "Fink simulator",
    objectId,
    candid,
    candidate,
    prv_candidates: history.map(({ o, seen }) => (isDetected(o) ? detection(place, o, seen, 1 + random.integer(900)) : seen)),
    fp_hists: history.map(({ o, seen }) => forcedPhotometry(place, o, seen)),
    cutoutScience: cutout(cutouts, "science", `candid${candid}_pid${pid}_targ_sci.fits.gz`),
    cutoutTemplate: cutout(cutouts, "template", `candid${candid}_ref.fits.gz`),
    cutoutDifference: cutout(cutouts, "difference", `candid${candid}_pid${pid}_targ_scimref.fits.gz`),
  };
  return { bytes: writeContainer({ schema: text, blocks: [[encode(packet)]], sync }), alertId: candid, objectId };
}

/** What is known of an exposure of the object, seen or not. */
function visit({ rcid, field }: Placement, { mjd, band, depth }: Observation) {
  const jd = jdOf(mjd);
  const time = String(Math.floor((mjd % 1) * 1e6)).padStart(6, "0");
  const chip = `c${String(Math.floor(rcid / 4) + 1).padStart(2, "0")}_o_q${(rcid % 4) + 1}`;
  const pdiffimfilename = `ztf_${nightOfMjd(mjd)}${time}_${String(field).padStart(6, "0")}_z${band}_${chip}_scimrefdiffimg.fits`;
  const identity = { jd, fid: fid[band], pid: pidOf(mjd, rcid), nid: Math.floor(jd - firstNightJd), rcid, field, pdiffimfilename };
  const calibration = { magzpsci: zeropoint[band], magzpsciunc: 1e-5, magzpscirms: 0.03, clrcoeff: band === "g" ? -0.05 : 0.09, clrcounc: 2e-5 };
  return { ...identity, ...calibration, diffmaglim: depth, programpi: "Simulated", programid: 1, rbversion: "t17_f5_c3" };
}

type Visit = ReturnType<typeof visit>;

/** The visit and what was measured on it. */
function detection(place: Placement, o: Observation, seen: Visit, tblid: number) {
  const { source, random, xpos, ypos } = place;
  const real = source.kind !== "artefact";
  const snr = Math.abs(o.flux) / o.fluxErr;
  const sigma = 2.5 / Math.LN10 / snr; // of a magnitude
  const magpsf = abMagnitude(o.flux);
  const magap = magpsf + 0.05 * random.normal();
  const fwhm = o.seeingArcsec / pixelArcsec;
  const aimage = fwhm * random.between(0.28, 0.36);
  const bimage = aimage * random.between(0.8, 1);
  const identity = { candid: candidOf(seen.pid, tblid), tblid, xpos, ypos, mindtoedge: Math.min(xpos, ypos, 3072 - xpos, 3080 - ypos) };
  const brightness = { magpsf, sigmapsf: sigma, magap, sigmagap: 1.2 * sigma, magapbig: magap - 0.02, sigmagapbig: 1.8 * sigma };
  const contrast = { isdiffpos: o.flux > 0 ? "t" : "f", magdiff: magap - magpsf, magfromlim: o.depth - magap, scorr: snr, sky: 0.1 * random.normal() };
  const shape = { fwhm, aimage, bimage, aimagerat: aimage / fwhm, bimagerat: bimage / fwhm, elong: aimage / bimage };
  const quality = {
    seeratio: o.seeingArcsec / seeingArcsec,
    chipsf: real ? random.between(0.5, 3) : random.between(5, 50),
    classtar: real ? random.between(0.8, 1) : random.between(0, 0.6),
    sumrat: real ? random.between(0.8, 1) : random.between(0.2, 0.7),
    nneg: real ? random.integer(4) : 5 + random.integer(10),
    nbad: real ? 0 : random.integer(3),
    rb: real ? random.between(0.55, 1) : random.between(0, 0.5),
  };
  return { ...seen, ...identity, ...measuredPosition(source, o, random), ...brightness, ...contrast, ...shape, ...quality, ...reference(source, o) };
}

/** The nearest source of the reference image. */
function reference(source: Source, o: Observation) {
  const { east, north } = offsetArcsec(source);
  return {
    distnr: Math.hypot(east, north) / pixelArcsec,
    ranr: source.ra + east / 3600 / cos(source.dec),
    decnr: source.dec + north / 3600,
    magnr: o.templateFlux > 0 ? abMagnitude(o.templateFlux) : 21.5,
    sigmagnr: 0.05,
    chinr: 1,
    sharpnr: source.galaxy ? 0.3 : 0,
  };
}

/** From the alert to what lies nearest on the reference image; sources in an empty place have it 8" away. */
function offsetArcsec({ galaxy, starFlux }: Source): { east: number; north: number } {
  if (starFlux > 0) return { east: 0.1, north: 0.1 };
  return galaxy ? { east: galaxy.eastArcsec, north: galaxy.northArcsec } : { east: 6, north: 5.3 };
}

function candidateOf(place: Placement, tblid: number) {
  const { source, random, rcid, field } = place;
  const seen = detection(place, source.alert, visit(place, source.alert), tblid);
  const yearsKnown = (source.lastMjd - source.firstMjd) / 365.25;
  const known = {
    ndethist: source.history.filter(isDetected).length + 1 + Math.floor(25 * yearsKnown),
    ncovhist: source.history.length + 1 + Math.floor(250 * Math.max(yearsKnown, 1)),
    jdstarthist: jdOf(source.firstMjd),
    jdendhist: seen.jd,
  };
  const image = { exptime: exposureSeconds, tooflag: 0, rfid: rfidOf(field, seen.fid, rcid), jdstartref: 2458150.5, jdendref: 2458400.5, nframesref: 20 };
  const calibration = { nmatches: 400 + random.integer(800), zpclrcov: -1e-5, zpmed: seen.magzpsci, clrmed: 0.65, clrrms: 0.3 };
  const ratios = { dsnrms: seen.scorr, ssnrms: 1.3 * seen.scorr, dsdiff: -0.3 * seen.scorr };
  const score = { drb: seen.rb > 0.5 ? random.between(0.7, 1) : random.between(0, 0.3), drbversion: "d6_m7" };
  return { ...seen, ...known, ...image, ...calibration, ...ratios, ...score, ...solarSystem(source, seen.magpsf, random), ...neighbours(place) };
}

function solarSystem({ kind }: Source, magpsf: number, random: Random) {
  if (kind !== "asteroid") return { ssdistnr: missing, ssmagnr: missing, ssnamenr: "null" };
  return { ssdistnr: random.between(0, 2), ssmagnr: magpsf + 0.2 * random.normal(), ssnamenr: String(1 + random.integer(800_000)) };
}

/** The nearest sources of Gaia and three of Pan-STARRS1, the first of which is what the reference image shows. */
function neighbours({ source, random }: Placement): Record<string, number | bigint> {
  const { east, north } = offsetArcsec(source);
  const faint = { neargaia: source.starFlux > 0 ? 0.2 : random.between(5, 60), maggaia: random.between(16, 20.5) };
  const bright = { neargaiabright: random.between(30, 90), maggaiabright: random.between(10, 14) };
  const fields: Record<string, number | bigint> = { ...faint, ...bright, nmtchps: 3 + random.integer(8) };
  for (const [n, distance] of [Math.hypot(east, north), random.between(10, 15), random.between(15, 25)].entries()) {
    const red = n === 0 && source.alert.templateFlux > 0 ? abMagnitude(source.alert.templateFlux) : random.between(17, 22);
    fields[`objectidps${n + 1}`] = BigInt(Math.floor((source.dec + 90) * 120)) * 10n ** 13n + BigInt(Math.floor(source.ra * 1e9) * 10 + n);
    fields[`sgmag${n + 1}`] = red + random.between(0.1, 1);
    fields[`srmag${n + 1}`] = red;
    fields[`simag${n + 1}`] = red - random.between(0, 0.5);
    fields[`szmag${n + 1}`] = random.uniform() < 0.1 ? missing : red - random.between(0.1, 0.7);
    fields[`sgscore${n + 1}`] = n === 0 && source.galaxy ? random.between(0, 0.3) : random.between(0.5, 1);
    fields[`distpsnr${n + 1}`] = distance;
  }
  return fields;
}

function forcedPhotometry(place: Placement, o: Observation, seen: Visit) {
  const [forcediffimflux, forcediffimfluxunc] = [o.flux * dnPerNJy(o.band), o.fluxErr * dnPerNJy(o.band)];
  const image = { sciinpseeing: o.seeingArcsec / pixelArcsec, scibckgnd: 200, scisigpix: forcediffimfluxunc / 4, exptime: exposureSeconds };
  const rfid = rfidOf(place.field, seen.fid, place.rcid);
  return { ...seen, ...reference(place.source, o), ...image, rfid, forcediffimflux, forcediffimfluxunc, procstatus: "0", adpctdif1: 0.1, adpctdif2: 0.11 };
}

function cutout(cutouts: Cutouts, image: "science" | "template" | "difference", fileName: string) {
  const fits = imageHdu(cutouts[image], [["BUNIT", "DN"]]);
  // run lengths only: noise has no longer matches, and it is the fastest strategy at the size of the others
  return { fileName, stampData: gzipSync(fits, { level: 1, strategy: constants.Z_RLE }) };
}

/** 2017-01-01, from which `nid` counts. */
const firstNightJd = 2457754.5;

function dnPerNJy(band: string): number {
  return 1 / abFlux(zeropoint[band]);
}

/** With the seven decimals that ZTF gives. */
function jdOf(mjd: number): number {
  return Math.round((mjd + jdMinusMjd) * 1e7) / 1e7;
}

/** Night, fraction of the day in 1e-5, quadrant, and the 15 of a science exposure. */
function pidOf(mjd: number, rcid: number): number {
  const jd = jdOf(mjd) - firstNightJd;
  return Math.floor(jd) * 1e9 + Math.floor((jd % 1) * 1e5) * 1e4 + rcid * 100 + 15;
}

function candidOf(pid: number, tblid: number): bigint {
  return BigInt(pid) * 1_000_000n + BigInt(15_000 + tblid);
}

function rfidOf(field: number, fid: number, rcid: number): number {
  return field * 1_000_000 + 120_000 + fid * 100 + rcid;
}

/** ZTF, year of the first detection, seven letters: distinct for each number of a night. */
function objectIdOf(jdstarthist: number, number: number, night: number): string {
  const year = String(nightOfMjd(jdstarthist - jdMinusMjd)).slice(2, 4);
  let letters = "";
  let rest = (number * 104_729 + night * 15_485_863) % 26 ** 7; // multiplier and 26 have no common factor
  for (let i = 0; i < 7; i++, rest = Math.floor(rest / 26)) letters = String.fromCharCode(97 + (rest % 26)) + letters;
  return `ZTF${year}${letters}`;
}
