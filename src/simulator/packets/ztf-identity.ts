import { cosDegrees } from "../../sky/angle.ts";
import { jdMinusMjd, nightOfMjd } from "../../sky/time.ts";
import type { SkyObject } from "../night/alert.ts";
import type { Patch } from "../survey/fields.ts";

/** Where an object falls in the camera: readout channel, and pixel on it. */
export interface CameraPlace {
  readonly rcid: number;
  readonly xpos: number;
  readonly ypos: number;
}

/** Pixels of a readout channel (Dekany et al. 2020, PASP 132, 038001). */
export const [channelColumns, channelRows] = [3072, 3080];
const channelsAcross = 8;

/** The camera covers the field: 8 × 8 channels, four to a CCD, x to the west and y to the north. */
export function cameraPlace(
  { ra, dec }: { readonly ra: number; readonly dec: number },
  field: Patch,
): CameraPlace {
  const across = inside((channelsAcross * (field.raMax - ra)) / (field.raMax - field.raMin));
  const up = inside((channelsAcross * (dec - field.decMin)) / (field.decMax - field.decMin));
  const [column, row] = [Math.floor(across), Math.floor(up)];
  const ccd = 4 * (row >> 1) + (column >> 1);
  return {
    rcid: 4 * ccd + 2 * (row & 1) + (column & 1),
    xpos: (across - column) * channelColumns,
    ypos: (up - row) * channelRows,
  };
}

/** What moved out of the field since it was counted there is at its edge. */
function inside(channels: number): number {
  return Math.min(Math.max(channels, 0), channelsAcross - 1e-6);
}

/** Julian date with the seven decimals that ZTF gives. */
export function jdOf(mjd: number): number {
  return Math.round((mjd + jdMinusMjd) * 1e7) / 1e7;
}

/** 2017-01-01 */
const firstNightJd = 2457754.5;

/** Nights since 2017-01-01. */
export function nightIdOf(jd: number): number {
  return Math.floor(jd - firstNightJd);
}

/** Of an image: night, fraction of the day in 1e-5, readout channel, and 15: a science image. */
export function imageIdOf(jd: number, rcid: number): number {
  const days = jd - firstNightJd;
  return Math.floor(days) * 1e9 + Math.floor((days % 1) * 1e5) * 1e4 + rcid * 100 + 15;
}

/** Of the alert that the object of that serial gives in that image. */
export function candidOf(imageId: number, serial: number): bigint {
  return BigInt(imageId) * 1_000_000n + BigInt(serial);
}

/** Serials from here on are of what is seen once; eras are then keys of visits. */
const [firstOneOff, visitsPerNight, eraDays] = [750_000, 2000, 32];
/**
 * Fields are numbered below 1,300, so that names of one-offs begin after those of the rest; 366
 * days · 1,050 visits · 17,000 one-offs then fit below 26^7.
 */
const [oneOffNames, visitsNamed, oneOffsNamed] = [1.3e9, 1050, 17_000];

/**
 * As in the packets: ZTF, a year, seven letters. Stable over the nights, and another for each
 * object.
 */
export function ztfObjectId({ field, serial, era, hash }: SkyObject): string {
  if (serial < firstOneOff)
    return objectIdOf(
      era === 0 ? 17 + (hash & 1) : yearOf(era * eraDays),
      field * 1_000_000 + serial,
    );
  const night = Math.floor(era / visitsPerNight);
  const year = yearOf(night);
  const dayOfYear = night - mjdOfYear(year);
  return objectIdOf(
    year,
    oneOffNames +
      (dayOfYear * visitsNamed + (era % visitsPerNight)) * oneOffsNamed +
      serial -
      firstOneOff,
  );
}

const letterCodes = 26 ** 7;

function objectIdOf(year: number, code: number): string {
  // a permutation, for 26 and the factor have no common divisor; exact below 2^53
  let rest = (code * 1_000_003) % letterCodes;
  let letters = "";
  for (let i = 0; i < 7; i++, rest = Math.floor(rest / 26))
    letters = String.fromCharCode(97 + (rest % 26)) + letters;
  return `ZTF${String(year % 100).padStart(2, "0")}${letters}`;
}

function yearOf(mjd: number): number {
  return Math.floor((nightOfMjd(mjd) ?? 0) / 10_000);
}

function mjdOfYear(year: number): number {
  return Date.UTC(year, 0, 1) / 86_400_000 + 40587;
}

/**
 * Right ascension and declination so many arcsec to the east and north, with the seven decimals
 * that ZTF gives.
 */
export function offsetBy(
  { ra, dec }: { readonly ra: number; readonly dec: number },
  east: number,
  north: number,
): { ra: number; dec: number } {
  const right = ra + east / 3600 / cosDegrees(dec);
  return {
    ra: Math.round(((right + 360) % 360) * 1e7) / 1e7,
    dec: Math.round((dec + north / 3600) * 1e7) / 1e7,
  };
}
