import { compileEncoder } from "../../avro/encoder.ts";
import { writeWire } from "../../avro/wire.ts";
import type { Alert, Observation } from "../night/alert.ts";
import { lsstCutouts } from "./lsst-cutouts.ts";
import { diaObjectIdOf, ssObjectIdOf } from "./lsst-ids.ts";
import { diaObject } from "./lsst-object.ts";
import { mpcOrbit, ssSource } from "./lsst-solar.ts";
import { type Association, diaForcedSource, diaSource } from "./lsst-source.ts";
import { joiner, type Packet } from "./packet.ts";
import { schemaFor } from "./schemas.ts";

export { lsstObjectId, lsstSourceId } from "./lsst-ids.ts";

const { id, text } = schemaFor("lsst");
const join = joiner();
const head = writeWire(id, new Uint8Array());
const encode = compileEncoder(text, (datum) => join(head, datum));

/**
 * An LSST alert as published: Confluent wire format; sources of the solar system have no object of
 * the sky. An id of none is 0, as ap_association writes it.
 */
export function lsstPacket(alert: Alert): Packet {
  const { object, observation } = alert;
  const ssObjectId = ssObjectIdOf(object);
  const association: Association = {
    diaObjectId: ssObjectId === null ? diaObjectIdOf(object) : 0n,
    ssObjectId: ssObjectId ?? 0n,
  };
  const source = diaSource(object, observation, association);
  const packet = {
    diaSourceId: source.diaSourceId,
    diaSource: source,
    ...(object.moving && ssObjectId !== null
      ? {
          ssSource: ssSource(object, object.moving, source),
          MPCORB: mpcOrbit(object.moving, ssObjectId),
        }
      : ofTheSky(alert, source, association)),
    ...lsstCutouts(alert, source.bboxSize),
  };
  return {
    bytes: encode(packet),
    alertId: source.diaSourceId,
    objectId: String(ssObjectId ?? association.diaObjectId),
  };
}

/** The object and its history; null and empty as the survey has them when an object is new. */
function ofTheSky(alert: Alert, source: ReturnType<typeof diaSource>, association: Association) {
  const { object, history } = alert;
  const isOneOff = object.model.kind !== "fixed";
  const earlier = isOneOff
    ? []
    : history.filter((o) => o.isDetected).map((o) => diaSource(object, o, association));
  return {
    prvDiaSources: earlier.length > 0 ? earlier : null,
    prvDiaForcedSources: forcedIn(alert).map((o) =>
      diaForcedSource(object, o, association.diaObjectId),
    ),
    diaObject: diaObject(alert, association.diaObjectId, [...earlier, source]),
  };
}

/**
 * Forced photometry is of each visit after the one that found the object, this one included; a day
 * later of those before it too (LSE-163, section 3.5).
 */
function forcedIn({
  object,
  history,
  observation,
  firstDetection,
  detections,
}: Alert): readonly Observation[] {
  if (detections === 1 || object.model.kind !== "fixed") return [];
  const isPrecovered = observation.visit.mjd > firstDetection + 1;
  return [...history.filter((o) => isPrecovered || o.visit.mjd > firstDetection), observation];
}
