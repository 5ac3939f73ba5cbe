import { packedDesignation } from "../../sky/designation.ts";
import { nightOfMjd } from "../../sky/time.ts";
import type { SkyObject } from "../night/alert.ts";
import type { Patch } from "../survey/fields.ts";
import type { Visit } from "../survey/schedule.ts";

/** Where an object is on the focal plane: pixels of that detector. */
export interface Place {
  readonly detector: number;
  readonly x: number;
  readonly y: number;
}

/** As in a packet's objectId: diaObjectId, or ssObjectId of a known asteroid. */
export function lsstObjectId(object: SkyObject): string {
  return String(ssObjectIdOf(object) ?? diaObjectIdOf(object));
}

/**
 * diaSourceId, diaForcedSourceId: nights since 2010 (14 bits), visit (11), detector (8), era (8: 22
 * years) and number of the object (20).
 */
export function lsstSourceId(object: SkyObject, { night, number, field }: Visit): bigint {
  const image = ((night - mjdOf2010) * 2 ** 11 + number) * 2 ** 8 + placeOf(object, field).detector;
  return (BigInt(image) << 28n) | BigInt((object.era % 256) * 2 ** 20 + object.serial);
}

const mjdOf2010 = 55197;

/** A leading 1, field (13 bits), era (28) and number of the object (20). */
export function diaObjectIdOf({ field, era, serial }: SkyObject): bigint {
  return (BigInt((2 ** 13 + field) * 2 ** 28 + era) << 20n) | BigInt(serial);
}

/**
 * The letters of the packed designation as the bytes of a number; null but for asteroids with a
 * known orbit.
 */
export function ssObjectIdOf({ moving }: SkyObject): bigint | null {
  if (!moving?.designation) return null;
  return BigInt(`0x${Buffer.from(packedDesignation(moving.designation)).toString("hex")}`);
}

/** YYYYMMDD of the evening, then five digits. */
export function visitId({ night, number }: Visit): number {
  if (night !== lastNight) [lastNight, lastDate] = [night, nightOfMjd(night) ?? 0];
  return lastDate * 100_000 + number;
}

let [lastNight, lastDate] = [0, 0];

const [columns, rows] = [14, 14];
const detectors = 189;

/**
 * The field as 14 × 14 sensors of 4072 × 4000 pixels; the camera has seven less, so the last of
 * them bear the numbers of the first.
 */
export function placeOf({ ra, dec }: SkyObject, field: Patch): Place {
  const right =
    columns * Math.min(0.999999, Math.max(0, (ra - field.raMin) / (field.raMax - field.raMin)));
  const up =
    rows * Math.min(0.999999, Math.max(0, (dec - field.decMin) / (field.decMax - field.decMin)));
  return {
    detector: (Math.floor(up) * columns + Math.floor(right)) % detectors,
    x: 4072 * (right % 1),
    y: 4000 * (up % 1),
  };
}
