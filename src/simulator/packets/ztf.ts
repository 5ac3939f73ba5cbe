import { writeContainer } from "../../avro/container.ts";
import { compileEncoder, type Encoder } from "../../avro/encoder.ts";
import { encodeLong } from "../../avro/varint.ts";
import { kept } from "../../kept.ts";
import type { Alert, Observation } from "../night/alert.ts";
import { randomStream, uniformOf } from "../random.ts";
import { telescopes } from "../survey/telescope.ts";
import { drawCutouts } from "./cutouts.ts";
import { joiner, type Packet } from "./packet.ts";
import type { ZtfSchema } from "./schema-ztf.ts";
import { schemaFor } from "./schemas.ts";
import { type Detection, detectionOf, type Target } from "./ztf-detection.ts";
import { imageGzip } from "./ztf-gzip.ts";
import { cameraPlace, jdOf, ztfObjectId } from "./ztf-identity.ts";
import { imageOf } from "./ztf-image.ts";
import { neighboursOf } from "./ztf-neighbours.ts";
import { referenceError, referenceMagnitude, referenceOf } from "./ztf-reference.ts";

export type { ZtfSchema };

/** A ZTF alert as published: an object container file with one record. */
export function ztfPacket(alert: Alert, version: ZtfSchema = "4.02"): Packet {
  const { object, observation, history } = alert;
  const target: Target = {
    object,
    place: cameraPlace(object, observation.visit.field),
    reference: referenceOf(object),
  };
  const detection = detectionOf(target, observation);
  const objectId = ztfObjectId(object);
  const record = {
    schemavsn: version,
    publisher: "Fink simulator",
    objectId,
    candid: detection.candid,
    candidate: candidateOf(alert, target, detection),
    prv_candidates:
      history.length === 0
        ? null
        : history.map((o) =>
            o.isDetected ? detectionOf(target, o) : imageOf(o.visit, target.place.rcid),
          ),
    // 3.3 has no such field
    fp_hists:
      history.length === 0 || version === "3.3"
        ? null
        : history.map((o) => forcedPhotometry(target, o)),
    ...cutoutsOf(alert, detection),
  };
  return { bytes: encoderFor(version)(record), alertId: detection.candid, objectId };
}

function candidateOf(
  { observation, firstDetection, detections, coverage }: Alert,
  target: Target,
  detection: Detection,
) {
  const dsnrms = 1.5 * detection.scorr;
  const ssnrms = 1.85 * dsnrms;
  return {
    ...detection,
    ndethist: detections,
    ncovhist: coverage,
    jdstarthist: jdOf(firstDetection),
    jdendhist: detection.jd,
    tooflag: 0,
    // the reference images were taken in the first months of the survey
    jdstartref: 2458150.5 + detection.fid,
    jdendref: 2458340.5 + detection.rcid,
    nframesref: 15 + (detection.field % 5),
    dsnrms,
    ssnrms,
    dsdiff: dsnrms - ssnrms,
    drbversion: "d6_m7",
    ...neighboursOf(
      target,
      detection.distnr * telescopes.ztf.pixelArcsec,
      observation.visit.field.b,
    ),
  };
}

/** Some fits fail, as in real packets, and say so. */
const failureRate = 1 / 30;
const failed = [
  "forcediffimflux",
  "forcediffimfluxunc",
  "distnr",
  "ranr",
  "decnr",
  "magnr",
  "sigmagnr",
  "chinr",
  "sharpnr",
];
const failedFit = { ...Object.fromEntries(failed.map((name) => [name, -99999])), procstatus: "61" };

/**
 * The fit at the object's place in one visit: fluxes in DN, to be taken with the zero point of the
 * image.
 */
function forcedPhotometry(
  { object, place, reference }: Target,
  { visit, flux, fluxErr }: Observation,
) {
  const image = imageOf(visit, place.rcid);
  if (uniformOf(object.hash, visit.key, 61) < failureRate) return { ...image, ...failedFit };
  const { east, north, ranr, decnr, chinr, sharpnr } = reference;
  const magnr = referenceMagnitude(reference, visit.band);
  const nearest = {
    distnr: Math.hypot(east, north),
    ranr,
    decnr,
    magnr,
    sigmagnr: referenceError(magnr),
    chinr,
    sharpnr,
  };
  return {
    ...image,
    forcediffimflux: flux * image.dnPerNJy,
    forcediffimfluxunc: fluxErr * image.dnPerNJy,
    procstatus: "0",
    ...nearest,
  };
}

const cutoutSide = 63;
const compress = imageGzip(cutoutSide);
/** Where the compressed images of one packet wait for being copied into it. */
const stamps = Array.from({ length: 3 }, () => new Uint8Array(8 * cutoutSide ** 2));

/**
 * The difference is that of the sign in which the source is positive: reference minus science where
 * it became fainter.
 */
function cutoutsOf(alert: Alert, { candid, pid, isdiffpos, dnPerNJy, scibckgnd }: Detection) {
  const { object, observation } = alert;
  const camera = {
    side: cutoutSide,
    pixelArcsec: telescopes.ztf.pixelArcsec,
    unitsPerNJy: dnPerNJy,
    sky: scibckgnd,
  };
  const { science, template, difference } = drawCutouts(
    alert,
    camera,
    randomStream(object.hash, observation.visit.key, 3),
  );
  const isPositive = isdiffpos === "t";
  if (!isPositive) for (let i = 0; i < difference.length; i++) difference[i] = -difference[i];
  const name = `candid${candid}_pid${pid}_targ`;
  return {
    cutoutScience: { fileName: `${name}_sci.fits.gz`, stampData: compress(science, stamps[0]) },
    cutoutTemplate: {
      fileName: `candid${candid}_ref.fits.gz`,
      stampData: compress(template, stamps[1]),
    },
    cutoutDifference: {
      fileName: `${name}_${isPositive ? "scimref" : "refmsci"}.fits.gz`,
      stampData: compress(difference, stamps[2]),
    },
  };
}

const sync = Buffer.from("synthetic night!");
const join = joiner();
const encoders = new Map<ZtfSchema, Encoder>();

/** Encodes a record as a container of its own. */
function encoderFor(version: ZtfSchema): Encoder {
  return kept(encoders, version, () => {
    const { text } = schemaFor("ztf", version);
    const head = writeContainer({ schema: text, blocks: [], sync });
    return compileEncoder(text, (datum) =>
      join(head, encodeLong(1), encodeLong(datum.length), datum, sync),
    );
  });
}
