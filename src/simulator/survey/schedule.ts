import { cosDegrees, degreesOf, normalDegrees, sinDegrees } from "../../sky/angle.ts";
import { altitudeOf, siderealDegrees } from "../../sky/sidereal.ts";
import { darkTime, moonPosition } from "../../sky/sun-moon.ts";
import { kept } from "../../kept.ts";
import { uniformOf } from "../random.ts";
import { conditionsOf, type Moon } from "./conditions.ts";
import { fieldsOf, type Patch } from "./fields.ts";
import type { Band, Telescope } from "./telescope.ts";

/** One exposure of one field. */
export interface Visit {
  /** MJD of its night's date, and its number in that night (below 2,000). */
  readonly night: number;
  readonly number: number;
  /** night * 2000 + number: identifies it in its survey. */
  readonly key: number;
  readonly field: Patch;
  /** Start of the exposure, UTC. */
  readonly mjd: number;
  readonly band: Band;
  /**
   * 5 σ for a point source, AB magnitude, with everything that dims it: airmass, moon, seeing,
   * clouds.
   */
  readonly depth: number;
  readonly seeingArcsec: number;
  readonly airmass: number;
  /** Brightness of the sky relative to a dark one at zenith. */
  readonly sky: number;
}

/**
 * All visits of the night, in the order of time. A compact imitation of the surveys' schedulers
 * (Bellm et al. 2019, PASP 131, 068003; Bianco et al. 2022, ApJS 258, 1): a field that is up is
 * visited every so many nights, in pairs of bands half an hour apart; clouds take some; exposures
 * follow one another.
 */
export function visitsOfNight(telescope: Telescope, seed: number, night: number): readonly Visit[] {
  return nightOf(telescope, seed, night).visits;
}

/** The visits to a field from one time to another (MJD UTC; from ≤ start < to), oldest first. */
export function visitsOfField(
  telescope: Telescope,
  seed: number,
  field: Patch,
  from: number,
  to: number,
): readonly Visit[] {
  const known = asked.find(
    (a) =>
      a.telescope === telescope &&
      a.seed === seed &&
      a.field === field &&
      a.from === from &&
      a.to === to,
  );
  if (known) return known.found;
  const found: Visit[] = [];
  const first = Math.max(Math.floor(from) - 1, telescope.firstNight);
  for (let night = first; night <= to; night++) {
    if (!isVisited(telescope, seed, field, night)) continue;
    for (const visit of nightOf(telescope, seed, night).byField.get(field.number) ?? [])
      if (visit.mjd >= from && visit.mjd < to) found.push(visit);
  }
  asked.unshift({ telescope, seed, field, from, to, found });
  asked.length = Math.min(asked.length, 4);
  return found;
}

/** The alerts of a visit ask the same. */
const asked: {
  readonly telescope: Telescope;
  readonly seed: number;
  readonly field: Patch;
  readonly from: number;
  readonly to: number;
  readonly found: readonly Visit[];
}[] = [];

/** How many visits to a field were planned from the first night of the survey to before `night`. */
export function visitsBefore(
  telescope: Telescope,
  seed: number,
  field: Patch,
  night: number,
): number {
  const key = `${telescope.survey} ${seed} ${field.number}`;
  const sums = kept(planned, key, () => [0]);
  const perNight = visitsPerNight(telescope, seed, field);
  while (sums.length <= night - telescope.firstNight) {
    const before = telescope.firstNight + sums.length - 1;
    sums.push(sums[sums.length - 1] + (isVisited(telescope, seed, field, before) ? perNight : 0));
  }
  return sums[Math.max(0, night - telescope.firstNight)];
}

/** Sums by night since the first. */
const planned = new Map<string, number[]>();

interface Night {
  readonly visits: readonly Visit[];
  readonly byField: ReadonlyMap<number, readonly Visit[]>;
}

const nights = new Map<string, Night>();
/** A year of history and some more. */
const keptNights = 420;

function nightOf(telescope: Telescope, seed: number, night: number): Night {
  const key = `${telescope.survey} ${seed} ${night}`;
  return kept(nights, key, () => {
    if (nights.size >= keptNights) nights.delete(nights.keys().next().value as string);
    const visits = schedule(telescope, seed, night);
    return { visits, byField: Map.groupBy(visits, (v) => v.field.number) };
  });
}

interface Wish {
  readonly field: Patch;
  readonly band: Band;
  readonly mjd: number;
}

function schedule(telescope: Telescope, seed: number, night: number): Visit[] {
  const [start, end] = darkTimeOf(telescope, night);
  const moon = moonPosition((start + end) / 2);
  const fields = fieldsOf(telescope).filter((field) => isVisited(telescope, seed, field, night));
  const wishes = fields
    .flatMap((field) => wishesFor(telescope, seed, field, night, moon))
    .sort((a, b) => a.mjd - b.mjd);
  const visits: Visit[] = [];
  const step = telescope.secondsBetweenVisits / 86400;
  let free = start;
  for (const { field, band, mjd: wished } of wishes) {
    const mjd = Math.max(wished, free);
    if (
      mjd > end ||
      altitudeOf(field.ra, field.dec, mjd, telescope.longitude, telescope.latitude) <
        lowestDegrees - 12
    )
      continue;
    free = mjd + step;
    const number = visits.length;
    const key = night * 2000 + number;
    visits.push({
      night,
      number,
      key,
      field,
      mjd,
      band,
      ...conditionsOf(telescope, seed, key, { field, band, mjd, moon }),
    });
  }
  return visits;
}

/** Fields are observed above this altitude; a visit that had to wait may be a little lower. */
const lowestDegrees = 38;
const pairDays = 0.5 / 24;

/** When and in which bands a field would best be seen: any time while it is up, by chance. */
function wishesFor(
  telescope: Telescope,
  seed: number,
  field: Patch,
  night: number,
  moon: Moon,
): Wish[] {
  const [start, end] = darkTimeOf(telescope, night);
  const halfUp = hourAngleLimit(telescope, field) / 360.9856;
  const transit =
    start +
    normalDegrees(field.ra - siderealDegrees(start, telescope.longitude) + 180) / 360.9856 -
    180 / 360.9856;
  // the transit may also be the next or last one
  const nearest = [transit - 0.9973, transit, transit + 0.9973].sort(
    (a, b) => Math.abs(a - (start + end) / 2) - Math.abs(b - (start + end) / 2),
  )[0];
  const from = Math.max(start, nearest - halfUp);
  const to = Math.max(from, Math.min(end, nearest + halfUp) - pairDays);
  const count = visitsPerNight(telescope, seed, field);
  const begin = from + (to - from) * uniformOf(seed, night, field.number, 3) * (2 / count);
  const bands = bandsFor(telescope, seed, field, night, moon);
  return Array.from({ length: count }, (_, i) => ({
    field,
    band: bands[i % bands.length],
    mjd: begin + i * pairDays,
  }));
}

/**
 * ZTF: g and r, every fourth time i. LSST: two neighbouring bands, bluer ones when the moon is
 * away, or twice the same.
 */
function bandsFor(
  { survey }: Telescope,
  seed: number,
  field: Patch,
  night: number,
  moon: Moon,
): readonly Band[] {
  const chance = uniformOf(seed, night, field.number, 4);
  if (survey === "ztf") return chance < 0.16 ? ["i", "r"] : chance < 0.58 ? ["g", "r"] : ["r", "g"];
  const dark: readonly (readonly Band[])[] = [
    ["u", "g"],
    ["g", "r"],
    ["r", "i"],
    ["i", "z"],
    ["z", "y"],
    ["r", "r"],
  ];
  const bright: readonly (readonly Band[])[] = [
    ["r", "i"],
    ["i", "z"],
    ["z", "y"],
    ["y", "y"],
  ];
  const pairs = moon.illuminated < 0.4 ? dark : bright;
  return pairs[Math.floor(chance * pairs.length)];
}

/** One ZTF field in six and one of fifty of LSST (its deep fields) is visited each night. */
function isDense({ survey }: Telescope, seed: number, field: Patch): boolean {
  return uniformOf(seed, field.number, 1) < (survey === "ztf" ? 0.16 : 0.02);
}

function visitsPerNight(telescope: Telescope, seed: number, field: Patch): number {
  return telescope.survey === "lsst" && isDense(telescope, seed, field) ? 4 : 2;
}

/** LSST leaves the dusty plane mostly alone. */
function nightsBetween(telescope: Telescope, seed: number, field: Patch): number {
  if (isDense(telescope, seed, field)) return 1;
  if (telescope.survey === "ztf") return 2;
  return Math.abs(field.b) < 12 ? 12 : 3;
}

function isVisited(telescope: Telescope, seed: number, field: Patch, night: number): boolean {
  const everyNights = nightsBetween(telescope, seed, field);
  if ((night + Math.floor(1000 * uniformOf(seed, field.number, 2))) % everyNights !== 0)
    return false;
  const clear = 0.55 + 0.35 * uniformOf(seed, night, 5);
  return uniformOf(seed, night, field.number, 6) < clear && isUp(telescope, field, night);
}

/** Is it above the limit for at least an hour of that night? */
function isUp(telescope: Telescope, field: Patch, night: number): boolean {
  const limit = hourAngleLimit(telescope, field);
  if (limit < 15) return false;
  const [start, end] = darkTimeOf(telescope, night);
  const offMeridian = Math.abs(
    normalDegrees(siderealDegrees((start + end) / 2, telescope.longitude) - field.ra + 180) - 180,
  );
  return offMeridian < limit + (end - start) * 180 - 15;
}

/**
 * Hour angle at which it reaches the lowest altitude, degrees; 180 where it never sets below, 0
 * where it never rises above.
 */
function hourAngleLimit({ latitude }: Telescope, { dec }: Patch): number {
  const cosine =
    (sinDegrees(lowestDegrees) - sinDegrees(latitude) * sinDegrees(dec)) /
    (cosDegrees(latitude) * cosDegrees(dec));
  return cosine < -1 ? 180 : cosine > 1 ? 0 : degreesOf(Math.acos(cosine));
}

const darkTimes = new Map<number, readonly [number, number]>();

/** Between the astronomical twilights of the night with this date. */
function darkTimeOf(telescope: Telescope, night: number): readonly [start: number, end: number] {
  const midnight = night + telescope.dateShiftDays - telescope.longitude / 360;
  return kept(darkTimes, midnight, () => {
    const { start, end } = darkTime(telescope.longitude, telescope.latitude, midnight) ?? {
      start: midnight,
      end: midnight,
    };
    return [start, end];
  });
}
