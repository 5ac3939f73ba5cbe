import { FinkError } from "../../errors.ts";
import { mjdOfMs } from "../../sky/time.ts";
import { type Visit, visitsOfNight } from "../survey/schedule.ts";
import { type SurveyName, telescopes } from "../survey/telescope.ts";
import type { SimulationOptions } from "./batch.ts";
import { detectionsIn } from "./detect.ts";
import type { World } from "./world.ts";

/** How many of a visit's detections, in the order of rank, become alerts. */
export interface VisitPlan {
  readonly visit: number;
  readonly alerts: number;
}

/**
 * Exactly as many alerts as asked for, if the sky has them: the objects of lowest rank in the whole
 * night stay, the others are left out, as a survey leaves out what is not public.
 */
export function planNight(ranksByVisit: readonly Float64Array[], alerts: number): VisitPlan[] {
  const all = new Float64Array(ranksByVisit.reduce((sum, ranks) => sum + ranks.length, 0));
  let at = 0;
  for (const ranks of ranksByVisit) {
    all.set(ranks, at);
    at += ranks.length;
  }
  all.sort();
  const limit = alerts < all.length ? all[alerts] : Infinity;
  const counts = ranksByVisit.map((ranks) => firstNotBelow(ranks, limit));
  // an object at the limit may have several alerts: some of them make the number full
  let missing = Math.min(alerts, all.length) - counts.reduce((sum, n) => sum + n, 0);
  return counts.map((count, visit) => {
    let more = 0;
    while (more < missing && ranksByVisit[visit][count + more] === limit) more++;
    missing -= more;
    return { visit, alerts: count + more };
  });
}

/** Ranks of what the visit detects, in order. */
export function ranksIn(world: World, visit: Visit): Float64Array<ArrayBuffer> {
  return Float64Array.from(detectionsIn(world, visit), (d) => d.object.rank);
}

function firstNotBelow(sorted: Float64Array, limit: number): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle] < limit) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** More objects than even that night needs, so that clouds leave enough. */
const reserve = 1.5;
/**
 * A night of the season that is poorest in alerts, from which the number of objects follows: short,
 * or without the Galaxy.
 */
const poorNight: Readonly<Record<SurveyName, number>> = { ztf: 61719, lsst: 61719 };
const enoughToCount = 600;

/**
 * How many objects the sky must have, relative to the true one, for that many alerts in any night.
 * It does not depend on the nights asked for, so that objects stay the same from night to night.
 */
export function densityFor(
  { survey, alerts, rates }: Pick<SimulationOptions, "survey" | "alerts" | "rates">,
  worldOf: (density: number) => World,
): number {
  const telescope = telescopes[survey];
  const visits = visitsOfNight(telescope, 0, poorNight[survey]);
  const some = visits.filter((_, i) => i % 6 === 0);
  for (let density = survey === "ztf" ? 0.01 : 0.001; density < 1e7; density *= 8) {
    const world = worldOf(density);
    const found = some.reduce((sum, visit) => sum + ranksIn(world, visit).length, 0);
    if (found >= enoughToCount)
      return (reserve * alerts * density * some.length) / (found * visits.length);
  }
  const given = Object.entries(rates).map(([name, rate]) => `${name}=${rate}`);
  throw new FinkError("usage", `with these rates no class gives alerts: ${given.join(",")}`);
}

/** MJD of the date, 0 h. */
export function nightOfDate(date: string): number {
  const ms = /^\d{4}-\d{2}-\d{2}$/.test(date) ? Date.parse(date) : NaN;
  if (Number.isNaN(ms))
    throw new FinkError("usage", `"${date}" is not a date; give the night as YYYY-MM-DD`);
  return mjdOfMs(ms);
}
