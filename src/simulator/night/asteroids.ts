import { radiansOf } from "../../sky/angle.ts";
import { epoch } from "../classes/asteroid.ts";
import type { Asteroid, MovingClass } from "../classes/class.ts";
import { eccentricAnomaly, meanMotion, planeOf, ttMinusUtc } from "../cosmos/orbit.ts";
import { randomStream } from "../random.ts";
import type { Telescope } from "../survey/telescope.ts";
import { phaseDimming } from "./apparent.ts";

/**
 * What finds the asteroids of a field quickly: 49 bytes for each. Their orbits to 1″, their
 * brightness at the maximum of its light curve.
 */
export interface Population {
  /** How many there are of each class: the first are the same however many there are. */
  readonly counts: readonly number[];
  readonly size: number;
  /** Which class, and its number there. */
  readonly kinds: Uint8Array;
  readonly serials: Uint32Array;
  /**
   * Half axes of the ellipse in ecliptic axes, au: three numbers towards perihelion, three across.
   */
  readonly axes: Float32Array;
  readonly eccentricity: Float32Array;
  /** Radians a day; radians at `epoch`. */
  readonly motion: Float32Array;
  readonly meanAnomaly: Float32Array;
  readonly brightestH: Float32Array;
  readonly g: Float32Array;
}

/** Room for a population, in memory that threads share. */
export function emptyPopulation(counts: readonly number[]): Population {
  const size = counts.reduce((a, b) => a + b, 0);
  const floats = (perAsteroid = 1): Float32Array =>
    new Float32Array(new SharedArrayBuffer(4 * perAsteroid * size));
  return {
    counts,
    size,
    kinds: new Uint8Array(new SharedArrayBuffer(size)),
    serials: new Uint32Array(new SharedArrayBuffer(4 * size)),
    axes: floats(6),
    eccentricity: floats(),
    motion: floats(),
    meanAnomaly: floats(),
    brightestH: floats(),
    g: floats(),
  };
}

/** Draws the asteroids of the places from … to before … */
export function drawAsteroids(
  population: Population,
  models: readonly MovingClass[],
  telescope: Telescope,
  seed: number,
  from: number,
  to: number,
): void {
  let [k, firstOfClass] = [0, 0];
  for (let i = from; i < to; i++) {
    while (i >= firstOfClass + population.counts[k]) firstOfClass += population.counts[k++];
    const serial = i - firstOfClass;
    enter(population, i, k, serial, models[k].draw(telescope, randomStream(seed, k, serial)));
  }
}

/** V magnitude at the maximum of its light curve; leaves its heliocentric place in `place`. */
export function brightestV(
  population: Population,
  i: number,
  mjd: number,
  observer: readonly number[],
  place: [number, number, number],
): number {
  heliocentric(population, i, mjd, place);
  const [x, y, z] = [place[0] - observer[0], place[1] - observer[1], place[2] - observer[2]];
  const r = Math.sqrt(place[0] ** 2 + place[1] ** 2 + place[2] ** 2);
  const delta = Math.sqrt(x * x + y * y + z * z);
  const cosine = (place[0] * x + place[1] * y + place[2] * z) / (r * delta);
  const phaseAngle = (Math.acos(Math.min(1, cosine)) * 180) / Math.PI;
  return (
    population.brightestH[i] + 5 * Math.log10(r * delta) + phaseDimming(phaseAngle, population.g[i])
  );
}

/** Puts the place in ecliptic axes, au, at MJD (UTC) into `place`. */
export function heliocentric(
  { axes, eccentricity, motion, meanAnomaly }: Population,
  i: number,
  mjd: number,
  place: [number, number, number],
): void {
  const e = eccentricity[i];
  const eccentric = eccentricAnomaly(meanAnomaly[i] + motion[i] * (mjd + ttMinusUtc - epoch), e);
  const [u, v, first] = [Math.cos(eccentric) - e, Math.sin(eccentric), 6 * i];
  for (let axis = 0; axis < 3; axis++)
    place[axis] = axes[first + axis] * u + axes[first + 3 + axis] * v;
}

function enter(
  population: Population,
  i: number,
  k: number,
  serial: number,
  { orbit, h, g, rotation }: Asteroid,
): void {
  const { toPerihelion, across } = planeOf(orbit);
  population.kinds[i] = k;
  population.serials[i] = serial;
  population.axes.set(toPerihelion, 6 * i);
  population.axes.set(across, 6 * i + 3);
  population.eccentricity[i] = orbit.e;
  const motion = meanMotion(orbit.a);
  population.motion[i] = motion;
  population.meanAnomaly[i] = radiansOf(orbit.meanAnomaly) + motion * (epoch - orbit.epoch);
  population.brightestH[i] = h - rotation.amplitude / 2;
  population.g[i] = g;
}
