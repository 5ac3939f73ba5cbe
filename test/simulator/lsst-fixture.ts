import type { ArtefactShape, ClassModel, Galaxy } from "../../src/simulator/classes/class.ts";
import type {
  Alert,
  MovingState,
  Observation,
  SkyObject,
} from "../../src/simulator/night/alert.ts";
import { abFlux } from "../../src/simulator/photometry.ts";
import { hashOf, normalOf, uniformOf } from "../../src/simulator/random.ts";
import { fieldsOf } from "../../src/simulator/survey/fields.ts";
import type { Visit } from "../../src/simulator/survey/schedule.ts";
import { bandsOf, telescopes } from "../../src/simulator/survey/telescope.ts";

// Alerts made by hand for the tests of this folder: a star in the outskirts of a galaxy, in field
// 900 of LSST, visited each night twice.

const field = fieldsOf(telescopes.lsst)[900];
const bands = bandsOf(telescopes.lsst);
const firstNight = 61200;

export const galaxy: Galaxy = {
  flux: () => 20_000,
  radiusArcsec: 1.5,
  axisRatio: 0.5,
  angle: 30,
  eastArcsec: 0.6,
  northArcsec: 0.4,
  redshift: 0.1,
  sersic: 1,
};

export function visitOf(index: number): Visit {
  const [night, number] = [firstNight + Math.floor(index / 2), 100 + (index % 2) * 40];
  const when = { night, number, key: night * 2000 + number, mjd: night + 1.1 + number * 4e-4 };
  return {
    ...when,
    field,
    band: bands[index % bands.length],
    depth: 24.2,
    seeingArcsec: 0.7 + 0.4 * uniformOf(index),
    airmass: 1.2,
    sky: 1,
  };
}

export function objectOf(
  serial: number,
  more: Partial<SkyObject> & { readonly kind?: ClassModel["kind"] } = {},
): SkyObject {
  const { kind = "fixed", ...rest } = more;
  const position = {
    ra: field.raMin + (field.raMax - field.raMin) * uniformOf(serial, 1),
    dec: field.decMin + (field.decMax - field.decMin) * uniformOf(serial, 2),
  };
  const truth = {
    redshift: null,
    distancePc: null,
    peakMjd: null,
    magnitude: 22,
    extinctionV: 0,
    parameters: {},
  };
  const source = { ...position, flux: () => 0, referenceFlux: () => 3000, galaxy, truth };
  const identity = {
    model: { kind } as ClassModel,
    field: field.number,
    serial,
    era: 0,
    hash: hashOf(serial, 9),
    rank: 0.5,
  };
  return { ...identity, ...position, source, moving: null, shape: null, ...rest };
}

export function artefactOf(serial: number, shape: ArtefactShape): SkyObject {
  const object = objectOf(serial, { kind: "artefact", shape });
  return { ...object, source: { ...object.source, galaxy: null, referenceFlux: () => 0 } };
}

export function observationOf(object: SkyObject, visit: Visit, trueFlux: number): Observation {
  const fluxErr = abFlux(visit.depth) / 5;
  const flux = trueFlux + fluxErr * normalOf(object.hash, visit.key);
  return {
    visit,
    flux,
    fluxErr,
    trueFlux,
    referenceFlux: object.source.referenceFlux(visit.band),
    isDetected: Math.abs(flux) >= 5 * fluxErr,
  };
}

/**
 * The alert of visit `index`: every third visit before it finds the object too bright to be missed,
 * the others do not find it.
 */
export function alertOf(object: SkyObject, index = 30, flux = 4000): Alert {
  const history = Array.from({ length: index }, (_, i) =>
    observationOf(object, visitOf(i), i % 3 === 0 ? flux : 0),
  );
  const observation = observationOf(object, visitOf(index), flux);
  const detections = history.filter((o) => o.isDetected);
  const firstDetection = (detections[0] ?? observation).visit.mjd;
  return {
    object,
    observation,
    history,
    firstDetection,
    detections: detections.length + 1,
    coverage: index + 1,
  };
}

/** A main-belt asteroid at opposition. */
export const moving: MovingState = {
  asteroid: {
    orbit: {
      a: 2.6,
      e: 0.1,
      inclination: 8,
      node: 80,
      perihelion: 150,
      meanAnomaly: 350,
      epoch: 61200,
    },
    h: 17,
    g: 0.15,
    colour: { u: 1.6, g: 0.3, r: -0.2, i: -0.4, z: -0.4, y: -0.4 },
    rotation: { amplitude: 0.2, periodHours: 7, phase: 0.1 },
    isKnown: true,
  },
  number: 77,
  designation: "2014 RU77",
  heliocentric: [2.5, 0.1, 0.3],
  heliocentricVelocity: [0, 0.01, 0.001],
  topocentric: [1.5, 0.1, 0.3],
  topocentricVelocity: [0, -0.006, 0.001],
  heliocentricDist: Math.hypot(2.5, 0.1, 0.3),
  topocentricDist: Math.hypot(1.5, 0.1, 0.3),
  phaseAngle: 2,
  predictedV: 21.5,
  raRateCosDec: -0.2,
  decRate: 0.05,
};
