import type { Orbit } from "../classes/class.ts";
import type { SurveyName } from "../survey/telescope.ts";

export interface SimulationOptions {
  readonly survey: SurveyName;
  /** ZTF: 4.02 or 3.3; LSST: 9.0. */
  readonly schema: string;
  /**
   * Dates of the nights, YYYY-MM-DD: the UTC day for ZTF, that of the evening in Chile for LSST.
   */
  readonly nights: readonly string[];
  /** A night. */
  readonly alerts: number;
  readonly seed: number;
  /** Factors on the rates of classes, by name; 1 where a class is missing. */
  readonly rates: Readonly<Record<string, number>>;
}

/**
 * Alerts of one visit or of a part of one, in the order of publication. All arrays but `bytes` and
 * `objects` have an element per alert.
 */
export interface Batch {
  /** YYYY-MM-DD */
  readonly night: string;
  /** Number of its visit in the night; start of the visit, ms since 1970. */
  readonly visit: number;
  readonly visitAt: number;
  /** Packets back to back; `ends[i]` is where packet i ends. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly ends: Uint32Array<ArrayBuffer>;
  readonly alertIds: BigInt64Array<ArrayBuffer>;
  readonly objectIds: readonly string[];
  /** ms since 1970 at which the survey publishes it. */
  readonly publishedAt: Float64Array<ArrayBuffer>;
  readonly classes: readonly string[];
  readonly truth: readonly AlertTruth[];
  /** Of the objects of these alerts, each once in a batch; later batches may have them again. */
  readonly objects: readonly ObjectTruth[];
}

/** Its packets, one by one. */
export function* packetsOf({ bytes, ends }: Pick<Batch, "bytes" | "ends">): Generator<Uint8Array> {
  for (let i = 0; i < ends.length; i++) yield bytes.subarray(i > 0 ? ends[i - 1] : 0, ends[i]);
}

/** What is true of one alert. */
export interface AlertTruth {
  readonly alertId: bigint;
  readonly objectId: string;
  readonly class: string;
  /** Start of the exposure, UTC. */
  readonly mjd: number;
  readonly band: string;
  /**
   * Difference flux without noise, nJy; its error as measured, nJy; and measured flux over error.
   */
  readonly flux: number;
  readonly fluxErr: number;
  readonly snr: number;
  /** Without the scatter of the measurement, ICRS degrees. */
  readonly ra: number;
  readonly dec: number;
}

/** What is true of one object. null where a class has no such thing. */
export interface ObjectTruth {
  /** As in the packets. A ZTF asteroid or artefact has a new one in each alert. */
  readonly objectId: string;
  readonly class: string;
  readonly ra: number;
  readonly dec: number;
  readonly redshift: number | null;
  readonly distancePc: number | null;
  /** MJD, UTC */
  readonly peakMjd: number | null;
  /**
   * r band, AB, as observed: at peak for events, on average for what lasts; V at the time for
   * asteroids.
   */
  readonly magnitude: number;
  /** Of the star or nucleus on the reference image, r band AB; null without one. */
  readonly referenceMagnitude: number | null;
  readonly extinctionV: number | null;
  readonly parameters: Readonly<Record<string, number>>;
  readonly host: HostTruth | null;
  readonly asteroid: AsteroidTruth | null;
}

export interface HostTruth {
  readonly ra: number;
  readonly dec: number;
  readonly redshift: number;
  /** r band, AB */
  readonly magnitude: number;
  readonly radiusArcsec: number;
}

/** With its osculating elements. */
export interface AsteroidTruth extends Orbit {
  /** Number among all asteroids of this sky; its designation only if the orbit is known. */
  readonly number: number;
  readonly designation: string | null;
  readonly h: number;
  readonly g: number;
}
