import type { ArtefactShape, Asteroid, ClassModel, Source } from "../classes/class.ts";
import type { Visit } from "../survey/schedule.ts";

/** Something that can be seen in a difference image. */
export interface SkyObject {
  readonly model: ClassModel;
  /**
   * Number of the field it is in, its number there (below 1,000,000) and the era that number
   * belongs to: together they are its identity. What lasts: era 0, serial below 500,000. Events:
   * era = number of 32 days since MJD 0, serial 500,000 to 749,999. One-offs (asteroids in a visit,
   * artefacts): era = `visit.key`, serial from 750,000.
   */
  readonly field: number;
  readonly serial: number;
  readonly era: number;
  /** 32 mixed bits of that identity and the seed: starts every random stream of this object. */
  readonly hash: number;
  /** 0 … 1: an object with a lower rank stays when the sky is thinned. */
  readonly rank: number;
  /** True position, ICRS degrees: for asteroids that at the middle of the visit of the alert. */
  readonly ra: number;
  readonly dec: number;
  readonly source: Source;
  /** Solar-system bodies only. */
  readonly moving: MovingState | null;
  /** Artefacts only. */
  readonly shape: ArtefactShape | null;
}

/** An asteroid at the middle of a visit. Vectors: J2000 ecliptic, au and au/day. */
export interface MovingState {
  readonly asteroid: Asteroid;
  /**
   * Number among all asteroids; `designation` (unpacked, such as "2014 RU77") only if its orbit is
   * known.
   */
  readonly number: number;
  readonly designation: string | null;
  readonly heliocentric: readonly number[];
  readonly heliocentricVelocity: readonly number[];
  readonly topocentric: readonly number[];
  readonly topocentricVelocity: readonly number[];
  readonly heliocentricDist: number;
  readonly topocentricDist: number;
  /** Sun – asteroid – observer, degrees. */
  readonly phaseAngle: number;
  /** V magnitude without rotation. */
  readonly predictedV: number;
  /** Motion on the sky, degrees a day. */
  readonly raRateCosDec: number;
  readonly decRate: number;
}

/** What one visit measured at the place of an object. */
export interface Observation {
  readonly visit: Visit;
  /** Difference flux, nJy: as measured, its error, and as it truly is. `snr` = flux / error. */
  readonly flux: number;
  readonly fluxErr: number;
  readonly trueFlux: number;
  /**
   * What the reference image has at this place within a point source's reach: star and galaxy, nJy.
   */
  readonly referenceFlux: number;
  /** |snr| ≥ 5 */
  readonly isDetected: boolean;
}

export interface Alert {
  readonly object: SkyObject;
  readonly observation: Observation;
  /** The visits to its place before this one that the survey looks back on, oldest first. */
  readonly history: readonly Observation[];
  /**
   * MJD (UTC, start of exposure) of the first detection ever; how many detections and how many
   * visits to its place since the survey began, this one included.
   */
  readonly firstDetection: number;
  readonly detections: number;
  readonly coverage: number;
}
