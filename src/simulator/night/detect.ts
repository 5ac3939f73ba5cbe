import { kept } from "../../kept.ts";
import type { ArtefactClass, Source } from "../classes/class.ts";
import { abFlux } from "../photometry.ts";
import { hashOf, poisson, randomStream, uniformOf } from "../random.ts";
import { positionIn } from "../survey/fields.ts";
import type { Visit } from "../survey/schedule.ts";
import type { Observation, SkyObject } from "./alert.ts";
import { isHopeless, observe } from "./measure.ts";
import { type MovingObject, movingInNight } from "./moving.ts";
import { firstOneOffSerial, objectsIn, serialLimit } from "./population.ts";
import { keyOf, type World } from "./world.ts";

export interface Detection {
  readonly object: SkyObject;
  readonly observation: Observation;
}

/**
 * Everything that a visit detects, in the order of rank: the first ones stay when the sky is
 * thinned.
 */
export function detectionsIn(world: World, visit: Visit): readonly Detection[] {
  if (last?.world === world && last.visit.key === visit.key) return last.detections;
  const detections: Detection[] = [];
  const look = (object: SkyObject): void => {
    if (isHopeless(object, visit)) return;
    const observation = observe(world.telescope, object, visit);
    if (observation.isDetected) detections.push({ object, observation });
  };
  for (const object of objectsIn(world, visit.field, visit.mjd)) look(object);
  for (const object of oneOffs(world, visit)) look(object);
  detections.sort((a, b) => a.object.rank - b.object.rank);
  last = { world, visit, detections };
  return detections;
}

/** The last visit: one with many alerts is made in parts. */
let last:
  | { readonly world: World; readonly visit: Visit; readonly detections: readonly Detection[] }
  | undefined;

/** What is in this place in this visit only: asteroids, artefacts. */
function* oneOffs(world: World, visit: Visit): Generator<SkyObject> {
  let serial = firstOneOffSerial;
  const moving = movingInNight(
    world.telescope,
    world.seed,
    visit.night,
    movingDensities(world),
    world.asteroids,
  );
  for (const body of moving.inVisit(visit)) yield movingObject(world, visit, body, serial++);
  for (const model of world.classes) {
    if (model.kind !== "artefact") continue;
    const random = randomStream(world.seed, visit.key, keyOf(model));
    for (
      let n = poisson(model.perVisit(world.telescope) * world.density(model), random);
      n > 0 && serial < serialLimit;
      n--
    ) {
      yield artefact(world, model, visit, serial++);
    }
  }
}

const densities = new WeakMap<World, (className: string) => number>();

/** One function per world: the asteroids of a world are kept under it. */
function movingDensities(world: World): (className: string) => number {
  return kept(densities, world, () => {
    const byName = new Map(world.classes.map((model) => [model.name, world.density(model)]));
    return (name) => byName.get(name) ?? 0;
  });
}

function movingObject(world: World, visit: Visit, body: MovingObject, serial: number): SkyObject {
  const { ra, dec, state, rank, model } = body;
  const identity = {
    model,
    field: visit.field.number,
    serial,
    era: visit.key,
    hash: hashOf(world.seed, serial, visit.key),
    rank,
  };
  const source = flashIn(
    visit,
    { ra, dec },
    abFlux(body.magnitude(visit.band)),
    state.predictedV,
    {},
  );
  return { ...identity, ra, dec, source, moving: state, shape: null };
}

function artefact(world: World, model: ArtefactClass, visit: Visit, serial: number): SkyObject {
  const hash = hashOf(world.seed, serial, visit.key);
  const random = randomStream(hash);
  const { ra, dec } = positionIn(visit.field, random);
  const { snr, shape } = model.draw(world.telescope, random);
  const source = flashIn(
    visit,
    { ra, dec },
    (snr * abFlux(visit.depth)) / 5,
    visit.depth - 2.5 * Math.log10(Math.abs(snr) / 5),
    { snr },
  );
  return {
    model,
    field: visit.field.number,
    serial,
    era: visit.key,
    hash,
    rank: uniformOf(hash, 1),
    ra,
    dec,
    source,
    moving: null,
    shape,
  };
}

/** Light that is there in this visit only. */
function flashIn(
  visit: Visit,
  at: Pick<Source, "ra" | "dec">,
  flux: number,
  magnitude: number,
  parameters: Readonly<Record<string, number>>,
): Source {
  const truth = {
    redshift: null,
    distancePc: null,
    peakMjd: null,
    magnitude,
    extinctionV: 0,
    parameters,
  };
  return {
    ...at,
    flux: (mjd) => (mjd === visit.mjd ? flux : 0),
    referenceFlux: () => 0,
    galaxy: null,
    truth,
  };
}
