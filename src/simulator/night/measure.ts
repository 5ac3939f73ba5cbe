import type { Galaxy } from "../classes/class.ts";
import { abFlux } from "../photometry.ts";
import { normalOf } from "../random.ts";
import type { Visit } from "../survey/schedule.ts";
import type { Band, Telescope } from "../survey/telescope.ts";
import type { Observation, SkyObject } from "./alert.ts";

const detectionSnr = 5;

/** What a visit measures at the place of an object: the same numbers whenever it is asked. */
export function observe(telescope: Telescope, object: SkyObject, visit: Visit): Observation {
  const { source, hash } = object;
  const trueFlux = source.flux(visit.mjd, visit.band);
  const referenceFlux =
    source.referenceFlux(visit.band) +
    (source.galaxy ? lightWithin(source.galaxy, visit.band, visit.seeingArcsec) : 0);
  const fluxErr = errorOf(
    telescope,
    visit,
    trueFlux,
    referenceFlux,
    excessOf(telescope, hash, visit),
  );
  const flux = trueFlux + fluxErr * normalOf(hash, visit.key);
  return {
    visit,
    flux,
    fluxErr,
    trueFlux,
    referenceFlux,
    isDetected: Math.abs(flux) >= detectionSnr * fluxErr,
  };
}

/** Could it be detected? Spares the noise of what is far too faint. */
export function isHopeless(object: SkyObject, visit: Visit): boolean {
  return Math.abs(object.source.flux(visit.mjd, visit.band)) < 0.3 * abFlux(visit.depth);
}

/**
 * Standard deviation of a difference flux, nJy: sky and readout (in the depth), photons of source
 * and reference, calibration, and what the subtraction leaves.
 */
function errorOf(
  telescope: Telescope,
  { depth, band }: Visit,
  trueFlux: number,
  referenceFlux: number,
  excess: number,
): number {
  const sky = abFlux(depth) / detectionSnr;
  const photons = Math.max(0, referenceFlux + trueFlux) / (telescope.electronsPerNJy[band] ?? 1);
  return Math.sqrt(
    excess * excess * (sky * sky + photons) +
      (telescope.calibrationError * trueFlux) ** 2 +
      (telescope.subtractionError * referenceFlux) ** 2,
  );
}

function excessOf(
  { fitExcess: { median, spread } }: Telescope,
  hash: number,
  visit: Visit,
): number {
  return spread === 0
    ? median
    : Math.max(1, median * Math.exp(spread * normalOf(hash, visit.key, 2)));
}

/**
 * Light of a galaxy within a point source's reach at the source, nJy: the surface brightness of an
 * exponential disc, smeared by the seeing, over 2.27 FWHM² (King 1983, PASP 95, 163).
 */
function lightWithin(galaxy: Galaxy, band: Band, seeingArcsec: number): number {
  const radius = Math.hypot(galaxy.radiusArcsec, seeingArcsec / 2.355);
  const distance = Math.hypot(galaxy.eastArcsec, galaxy.northArcsec);
  const centre = (1.678 * 1.678) / (2 * Math.PI * radius * radius * Math.sqrt(galaxy.axisRatio));
  return (
    galaxy.flux(band) *
    Math.min(1, 2.27 * seeingArcsec ** 2 * centre * Math.exp((-1.678 * distance) / radius))
  );
}
