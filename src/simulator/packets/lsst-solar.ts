import { cosDegrees, sinDegrees } from "../../sky/angle.ts";
import { eclipticOf, galacticOf, obliquityDegrees } from "../../sky/frames.ts";
import type { MovingState, SkyObject } from "../night/alert.ts";
import { packedDesignation } from "../../sky/designation.ts";
import type { DiaSource } from "./lsst-source.ts";

/**
 * What the ephemeris of a known asteroid says of this source. Vectors: ICRS, as schema 10.0 says of
 * the same fields and 9.0 does not.
 */
export function ssSource(
  object: SkyObject,
  moving: MovingState,
  { ssObjectId, diaSourceId, ra, dec }: DiaSource,
) {
  const [eclipticLambda, eclipticBeta] = eclipticOf(ra, dec);
  const [galacticL, galacticB] = galacticOf(ra, dec);
  const { phaseAngle, heliocentricDist, topocentricDist, predictedV: predictedVMagnitude } = moving;
  return {
    ssObjectId,
    diaSourceId,
    eclipticLambda,
    eclipticBeta,
    galacticL,
    galacticB,
    phaseAngle,
    heliocentricDist,
    topocentricDist,
    predictedVMagnitude,
    residualRa: ra - object.ra,
    residualDec: dec - object.dec,
    ...coordinates("heliocentric", moving.heliocentric),
    ...coordinates("heliocentricV", moving.heliocentricVelocity),
    ...coordinates("topocentric", moving.topocentric),
    ...coordinates("topocentricV", moving.topocentricVelocity),
  };
}

function coordinates(name: string, [x, y, z]: readonly number[]): Record<string, number> {
  const [c, s] = [cosDegrees(obliquityDegrees), sinDegrees(obliquityDegrees)];
  return { [`${name}X`]: x, [`${name}Y`]: y * c - z * s, [`${name}Z`]: y * s + z * c };
}

/** Motion a day at 1 au, degrees: Gauss's constant. */
const degreesPerDay = 0.9856076686;

/** Its orbit as the Minor Planet Center has it. */
export function mpcOrbit({ asteroid: { orbit, h }, designation }: MovingState, ssObjectId: bigint) {
  const { a, e, inclination, node, perihelion, meanAnomaly, epoch } = orbit;
  const sincePerihelion =
    (meanAnomaly > 180 ? meanAnomaly - 360 : meanAnomaly) / (degreesPerDay / a ** 1.5);
  const elements = {
    epoch,
    M: meanAnomaly,
    peri: perihelion,
    node,
    incl: inclination,
    e,
    a,
    q: a * (1 - e),
    t_p: epoch - sincePerihelion,
  };
  return { mpcDesignation: packedDesignation(designation ?? ""), ssObjectId, mpcH: h, ...elements };
}
