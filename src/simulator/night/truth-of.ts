import type { Packet } from "../packets/packet.ts";
import { abMagnitude } from "../photometry.ts";
import { cosDegrees } from "../../sky/angle.ts";
import type { Galaxy } from "../classes/class.ts";
import type { Alert, MovingState, SkyObject } from "./alert.ts";
import type { AlertTruth, AsteroidTruth, HostTruth, ObjectTruth } from "./batch.ts";

export function alertTruth(
  { object, observation }: Alert,
  { alertId, objectId }: Packet,
): AlertTruth {
  const { visit, trueFlux, fluxErr, flux } = observation;
  const { ra, dec, model } = object;
  return {
    alertId,
    objectId,
    class: model.name,
    mjd: visit.mjd,
    band: visit.band,
    flux: trueFlux,
    fluxErr,
    snr: flux / fluxErr,
    ra,
    dec,
  };
}

export function objectTruth({ object }: Alert, objectId: string): ObjectTruth {
  const { source, model, ra, dec, moving } = object;
  const { redshift, distancePc, peakMjd, magnitude, extinctionV, parameters } = source.truth;
  const reference = source.referenceFlux("r");
  const referenceMagnitude = reference > 0 ? abMagnitude(reference) : null;
  const host = source.galaxy && hostOf(object, source.galaxy);
  const what = {
    objectId,
    class: model.name,
    ra,
    dec,
    redshift,
    distancePc,
    peakMjd,
    magnitude,
    referenceMagnitude,
    extinctionV,
    parameters,
  };
  return { ...what, host, asteroid: moving && asteroidOf(moving) };
}

function hostOf(
  { ra, dec }: SkyObject,
  { eastArcsec, northArcsec, redshift, radiusArcsec, flux }: Galaxy,
): HostTruth {
  const position = { ra: ra + eastArcsec / 3600 / cosDegrees(dec), dec: dec + northArcsec / 3600 };
  return { ...position, redshift, magnitude: abMagnitude(flux("r")), radiusArcsec };
}

function asteroidOf({
  number,
  designation,
  asteroid: { h, g, orbit },
}: MovingState): AsteroidTruth {
  return { number, designation, h, g, ...orbit };
}
