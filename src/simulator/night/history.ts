import { uniformOf } from "../random.ts";
import { fieldsOf, type Patch } from "../survey/fields.ts";
import { type Visit, visitsBefore, visitsOfField } from "../survey/schedule.ts";
import { bandsOf, type SurveyName } from "../survey/telescope.ts";
import type { Alert, Observation, SkyObject } from "./alert.ts";
import type { Detection } from "./detect.ts";
import { observe } from "./measure.ts";
import { lifeOf } from "./population.ts";
import type { World } from "./world.ts";

/**
 * How far an alert looks back (ZTF: Masci et al. 2019, PASP 131, 018003, section 6; LSST: DPDD,
 * LSE-163, section 3.5).
 */
const lookBackDays: Readonly<Record<SurveyName, number>> = { ztf: 30, lsst: 365 };

/** A detection with what the survey remembers of its place. */
export function alertOf(world: World, { object, observation }: Detection): Alert {
  const { telescope, seed } = world;
  const { visit } = observation;
  const field = fieldsOf(telescope)[object.field];
  const from = visit.mjd - lookBackDays[telescope.survey];
  const history = observations(world, object, field, from, visit.mjd);
  const isOneOff = object.model.kind !== "fixed";
  const earlier = isOneOff
    ? { count: 0, first: null }
    : detectionsBefore(world, object, field, Math.max(from, telescope.firstNight));
  const detected = history.filter((o) => o.isDetected);
  const firstDetection = earlier.first ?? detected[0]?.visit.mjd ?? visit.mjd;
  const inNight = visitsOfField(telescope, seed, field, visit.night, visit.mjd).length + 1;
  const coverage = visitsBefore(telescope, seed, field, visit.night) + inNight;
  return {
    object,
    observation,
    history,
    firstDetection,
    detections: earlier.count + detected.length + 1,
    coverage: Math.max(coverage, history.length + 1),
  };
}

function observations(
  world: World,
  object: SkyObject,
  field: Patch,
  from: number,
  to: number,
): Observation[] {
  return visitsOfField(world.telescope, world.seed, field, from, to).map((visit) =>
    observe(world.telescope, object, visit),
  );
}

/**
 * Detections before the history begins: counted one by one for events; for what lasts, estimated
 * from how often it is bright enough.
 */
function detectionsBefore(
  world: World,
  object: SkyObject,
  field: Patch,
  to: number,
): { count: number; first: number | null } {
  const life = lifeOf(object);
  if (life) {
    const detected =
      life[0] < to
        ? observations(world, object, field, life[0], to).filter((o) => o.isDetected)
        : [];
    return { count: detected.length, first: detected[0]?.visit.mjd ?? null };
  }
  const { firstNight } = world.telescope;
  if (to <= firstNight) return { count: 0, first: null };
  const duty = dutyOf(world, object, field);
  const count = Math.floor(duty * visitsBefore(world.telescope, world.seed, field, Math.floor(to)));
  return {
    count,
    first:
      count > 0 ? Math.min(to, firstNight + (2 / duty) * (0.5 + uniformOf(object.hash, 2))) : null,
  };
}

const sampled = 12;

/** Share of visits that detect it, from a dozen imagined ones of average depth. */
function dutyOf({ telescope }: World, object: SkyObject, field: Patch): number {
  const bands = bandsOf(telescope);
  let detected = 0;
  for (let i = 0; i < sampled; i++) {
    const band = bands[i % bands.length];
    const mjd = telescope.firstNight + 37.3 * i;
    const depth = (telescope.bands[band]?.depth ?? 0) - 0.3;
    const visit: Visit = {
      night: 0,
      number: i,
      key: i,
      field,
      mjd,
      band,
      depth,
      seeingArcsec: telescope.seeingArcsec,
      airmass: 1.2,
      sky: 1,
    };
    if (observe(telescope, object, visit).isDetected) detected++;
  }
  return detected / sampled;
}
