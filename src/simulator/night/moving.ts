import { normalDegrees } from "../../sky/angle.ts";
import { colours } from "../classes/asteroid.ts";
import type { Asteroid, MovingClass } from "../classes/class.ts";
import { classes } from "../classes/classes.ts";
import { observatoryAt } from "../cosmos/earth.ts";
import { directionOf, equatorial, type State } from "../cosmos/orbit.ts";
import { randomStream, uniformOf } from "../random.ts";
import { fieldsOf, isIn, type Patch } from "../survey/fields.ts";
import type { Visit } from "../survey/schedule.ts";
import { type Band, bandsOf, type Telescope } from "../survey/telescope.ts";
import type { MovingState } from "./alert.ts";
import { apparentAt, magnitudeAt } from "./apparent.ts";
import {
  brightestV,
  drawAsteroids,
  emptyPopulation,
  heliocentric,
  type Population,
} from "./asteroids.ts";
import { designationOf } from "./designation.ts";

/** An asteroid in the field of a visit, at the middle of its exposure. */
export interface MovingObject {
  /**
   * Among all asteroids of this sky: its number in its class times that of classes, and the number
   * of its class.
   */
  readonly number: number;
  readonly model: MovingClass;
  readonly asteroid: Asteroid;
  readonly designation: string | null;
  /** 0 … 1: an asteroid with a lower rank stays when the sky is thinned. */
  readonly rank: number;
  readonly state: MovingState;
  /** ICRS, degrees. */
  readonly ra: number;
  readonly dec: number;
  /** AB, with rotation. */
  magnitude(band: Band): number;
}

export interface MovingNight {
  /** All asteroids in the visit's field that are brighter than a magnitude below its depth. */
  inVisit(visit: Visit): readonly MovingObject[];
}

const models: readonly MovingClass[] = classes.filter((model) => model.kind === "moving");

type Factor = (className: string) => number;

/** Room for all asteroids; `factor` is on the number of those of a class. */
export function solarSystem(telescope: Telescope, factor: Factor): Population {
  return emptyPopulation(models.map((m) => Math.round(m.count(telescope) * factor(m.name))));
}

/** Draws a part of them. */
export function fillSolarSystem(
  population: Population,
  telescope: Telescope,
  seed: number,
  from = 0,
  to = population.size,
): void {
  drawAsteroids(population, models, telescope, seed, from, to);
}

/**
 * The solar system in the night of that date (MJD). The sky stays the same from night to night.
 * Asteroids, if they are not given, and the last two nights are kept under `factor`: with the same
 * function again it costs nothing.
 */
export function movingInNight(
  telescope: Telescope,
  seed: number,
  night: number,
  factor: Factor,
  given?: Population,
): MovingNight {
  let sky = skies.get(factor);
  if (sky?.telescope !== telescope || sky.seed !== seed) {
    const population = given ?? solarSystem(telescope, factor);
    if (!given) fillSolarSystem(population, telescope, seed);
    skies.set(factor, (sky = { telescope, seed, population, nights: [] }));
  }
  const known = sky.nights.find((n) => n.night === night);
  if (known) return known;
  const made = { night, ...nightOf(sky, night) };
  sky.nights = [made, ...sky.nights.slice(0, 1)];
  return made;
}

interface Sky {
  readonly telescope: Telescope;
  readonly seed: number;
  readonly population: Population;
  nights: readonly (MovingNight & { readonly night: number })[];
}

const skies = new WeakMap<Factor, Sky>();

function nightOf({ telescope, seed, population }: Sky, night: number): MovingNight {
  const { byField, brightest } = inFields(
    telescope,
    population,
    night + telescope.dateShiftDays - telescope.longitude / 360,
  );
  return {
    inVisit(visit) {
      const middle = visit.mjd + telescope.exposureSeconds / 2 / 86400;
      const observer = observatoryAt(telescope, middle);
      const candidates = (byField.get(visit.field.number) ?? []).filter(
        (i) => brightest[i] < visit.depth + 1 + beyondV(visit.band),
      );
      const seen = candidates.map((i) => seenAt(telescope, seed, population, i, observer, middle));
      return seen.filter(
        (o) => isIn(visit.field, o.ra, o.dec) && o.magnitude(visit.band) < visit.depth + 1,
      );
    },
  };
}

function seenAt(
  telescope: Telescope,
  seed: number,
  { kinds, serials }: Population,
  i: number,
  observer: State,
  mjd: number,
): MovingObject {
  const [k, serial] = [kinds[i], serials[i]];
  const asteroid = models[k].draw(telescope, randomStream(seed, k, serial));
  const number = models.length * serial + k;
  const designation = asteroid.isKnown ? designationOf(number) : null;
  const apparent = apparentAt(asteroid, observer, mjd);
  const { ra, dec, ...geometry } = apparent;
  return {
    number,
    model: models[k],
    asteroid,
    designation,
    rank: uniformOf(seed, k, serial),
    state: { asteroid, number, designation, ...geometry },
    ra,
    dec,
    magnitude: (band) => magnitudeAt(asteroid, apparent, mjd, band),
  };
}

interface Candidates {
  /**
   * Places in the population, by number of the field that they are in at the beginning, middle or
   * end of the night.
   */
  readonly byField: ReadonlyMap<number, readonly number[]>;
  /** V magnitude at midnight, at the maximum of the light curve, by place in the population. */
  readonly brightest: Float32Array;
}

/** The asteroids that may be seen in each field in that night. */
function inFields(telescope: Telescope, population: Population, midnight: number): Candidates {
  const [middle, ...ends] = [midnight, midnight - 0.25, midnight + 0.25].map((mjd) => ({
    mjd,
    observer: observatoryAt(telescope, mjd).position,
  }));
  const fieldAt = fieldFinder(telescope);
  const limit = Math.max(
    ...bandsOf(telescope).map(
      (band) => (telescope.bands[band]?.depth ?? 0) + goodSeeing + 1 + beyondV(band),
    ),
  );
  const brightest = new Float32Array(population.size);
  const byField = new Map<number, number[]>();
  const place: [number, number, number] = [0, 0, 0];
  for (let i = 0; i < population.size; i++) {
    brightest[i] = brightestV(population, i, middle.mjd, middle.observer, place);
    if (brightest[i] > limit) continue;
    let [before, other] = [-1, -1];
    for (const at of [middle, ...ends]) {
      if (at !== middle) heliocentric(population, i, at.mjd, place);
      const { ra, dec } = directionOf(
        equatorial([
          place[0] - at.observer[0],
          place[1] - at.observer[1],
          place[2] - at.observer[2],
        ]),
      );
      const field = fieldAt(ra, dec)?.number ?? -1;
      if (field < 0 || field === before || field === other) continue;
      [before, other] = [field, before];
      const there = byField.get(field);
      if (there) there.push(i);
      else byField.set(field, [i]);
    }
  }
  return { byField, brightest };
}

/** Magnitudes that a visit may be deeper than the median. */
const goodSeeing = 0.5;

/**
 * By how much V may be fainter than the magnitude in a band: in the reddest colours, 0.1 mag for
 * their scatter and 0.1 for half a night.
 */
function beyondV(band: Band): number {
  return 0.2 - Math.min(...Object.values(colours).map((c) => c[band]));
}

/**
 * Which field a position is in; undefined outside of the survey. Its fields are rows of equal
 * declination, cut into equal parts.
 */
function fieldFinder(telescope: Telescope): (ra: number, dec: number) => Patch | undefined {
  const rows = Object.values(
    Object.groupBy(fieldsOf(telescope), (f) => f.decMin.toFixed(6)),
  ) as Patch[][];
  rows.sort((a, b) => a[0].decMin - b[0].decMin);
  const south = rows[0][0].decMin;
  const height = rows[0][0].decMax - south;
  return (ra, dec) => {
    const row = rows[Math.floor((dec - south) / height)];
    return row?.[Math.floor((normalDegrees(ra) / 360) * row.length)];
  };
}
