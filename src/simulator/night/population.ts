import type { FixedClass } from "../classes/class.ts";
import { hashOf, poisson, randomStream, uniformOf } from "../random.ts";
import type { Patch } from "../survey/fields.ts";
import type { SkyObject } from "./alert.ts";
import { keyOf, type World } from "./world.ts";

/** Events are drawn for so many days at once. */
const eraDays = 32;
/**
 * Serial numbers of events: eras take turns in these ranges, so that a number is free again after
 * 31 eras, 2.7 years.
 */
const [firstEventSerial, erasInTurn, eventsPerEra] = [500_000, 31, 8_000];
export const firstOneOffSerial = 750_000;
export const serialLimit = 1_000_000;

/** The objects of a field that can shine at that time: what lasts, and the events going on. */
export function* objectsIn(world: World, field: Patch, mjd: number): Generator<SkyObject> {
  yield* kept(world, `${field.number}`, () => lasting(world, field));
  const [earliest, latest] = longestEvent(world);
  const last = Math.floor((mjd - earliest) / eraDays);
  for (let era = Math.floor((mjd - latest) / eraDays); era <= last; era++) {
    for (const object of kept(world, `${field.number} ${era}`, () => eventsOf(world, field, era))) {
      const life = lifeOf(object);
      if (!life || (life[0] <= mjd && mjd <= life[1])) yield object;
    }
  }
}

/** When the light of an event begins and ends; null for what lasts. */
export function lifeOf({
  model,
  source,
  era,
}: SkyObject): readonly [from: number, to: number] | null {
  if (model.kind !== "fixed" || !model.lastsDays || era === 0) return null;
  const epoch = source.truth.peakMjd ?? era * eraDays;
  return [epoch + model.lastsDays[0], epoch + model.lastsDays[1]];
}

const caches = new WeakMap<
  World,
  { readonly objects: Map<string, readonly SkyObject[]>; size: number }
>();
/**
 * What a small sky needs. More of them in memory cost the garbage collector more than drawing them
 * again.
 */
const keptObjects = 30_000;

/** The objects, from memory if they are there, put there if there is room. */
function* kept(world: World, key: string, draw: () => Drawing): Generator<SkyObject> {
  let cache = caches.get(world);
  if (!cache) caches.set(world, (cache = { objects: new Map(), size: 0 }));
  const known = cache.objects.get(key);
  if (known) return yield* known;
  const { count, objects } = draw();
  if (cache.size + count + 1 > keptObjects) return yield* objects;
  const all = [...objects];
  cache.objects.set(key, all);
  cache.size += count + 1;
  yield* all;
}

interface Drawing {
  readonly count: number;
  readonly objects: Iterable<SkyObject>;
}

function lasting(world: World, field: Patch): Drawing {
  return drawing(world, field, {
    isEvent: false,
    era: 0,
    days: 1,
    first: 0,
    limit: firstEventSerial,
  });
}

function eventsOf(world: World, field: Patch, era: number): Drawing {
  return drawing(world, field, {
    isEvent: true,
    era,
    days: eraDays,
    first: firstEventSerial + (era % erasInTurn) * eventsPerEra,
    limit: eventsPerEra,
  });
}

interface Kind {
  readonly isEvent: boolean;
  readonly era: number;
  readonly days: number;
  readonly first: number;
  readonly limit: number;
}

/**
 * Numbers first, then one object after the other: a class keeps its serial numbers whatever is done
 * with the objects.
 */
function drawing(world: World, field: Patch, { isEvent, era, days, first, limit }: Kind): Drawing {
  const models = fixedClasses(world, isEvent);
  const expected = models.map(
    (model) => model.density(field, world.telescope) * days * world.density(model),
  );
  // fields towards the bulge of a sky many times as dense as the true one: stars stand too close to
  // be told apart
  const resolved = Math.min(1, (0.95 * limit) / sum(expected));
  const counts = models.map((model, i) =>
    countOf(world, model, field, era, expected[i] * resolved),
  );
  const count = Math.min(limit, sum(counts));
  function* objects(): Generator<SkyObject> {
    let serial = first;
    for (const [i, model] of models.entries()) {
      for (let n = counts[i]; n > 0 && serial < first + limit; n--, serial++) {
        const epoch = isEvent
          ? (era + uniformOf(world.seed, field.number, serial, era, 3)) * eraDays
          : 0;
        yield objectOf(world, model, field, { era, serial, epoch });
      }
    }
  }
  return { count, objects: objects() };
}

function sum(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0);
}

function countOf(
  world: World,
  model: FixedClass,
  field: Patch,
  era: number,
  expected: number,
): number {
  return expected > 0
    ? poisson(expected, randomStream(world.seed, field.number, keyOf(model), era))
    : 0;
}

function objectOf(
  world: World,
  model: FixedClass,
  field: Patch,
  { era, serial, epoch }: { era: number; serial: number; epoch: number },
): SkyObject {
  const hash = hashOf(world.seed, field.number, serial, era);
  const source = model.draw(
    field,
    world.telescope,
    epoch,
    randomStream(world.seed, field.number, serial, era),
  );
  const rank = uniformOf(hash, 1);
  return {
    model,
    field: field.number,
    serial,
    era,
    hash,
    rank,
    ra: source.ra,
    dec: source.dec,
    source,
    moving: null,
    shape: null,
  };
}

function fixedClasses(world: World, areEvents: boolean): FixedClass[] {
  return world.classes.filter(
    (m) => m.kind === "fixed" && (m.lastsDays !== null) === areEvents,
  ) as FixedClass[];
}

function longestEvent(world: World): readonly [from: number, to: number] {
  const spans = fixedClasses(world, true).map((m) => m.lastsDays ?? [0, 0]);
  return [Math.min(0, ...spans.map(([from]) => from)), Math.max(0, ...spans.map(([, to]) => to))];
}
