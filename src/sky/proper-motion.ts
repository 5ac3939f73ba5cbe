import { cosDegrees, degreesOf, normalDegrees, sinDegrees } from "./angle.ts";

const degreesPerMas = 1 / 3_600_000;

/**
 * Where a star is after some years, degrees; proper motion in mas/year, in RA with cos(dec) in it
 * as in Gaia. It moves straight, without a radial velocity.
 */
export function moved(
  ra: number,
  dec: number,
  pmRaMas: number,
  pmDecMas: number,
  years: number,
): readonly [ra: number, dec: number] {
  const perYear = (Math.PI / 180) * degreesPerMas;
  const [east, north] = [pmRaMas * perYear * years, pmDecMas * perYear * years];
  const [sinRa, cosRa, sinDec, cosDec] = [
    sinDegrees(ra),
    cosDegrees(ra),
    sinDegrees(dec),
    cosDegrees(dec),
  ];
  const x = cosDec * cosRa - east * sinRa - north * sinDec * cosRa;
  const y = cosDec * sinRa + east * cosRa - north * sinDec * sinRa;
  const z = sinDec + north * cosDec;
  return [normalDegrees(degreesOf(Math.atan2(y, x))), degreesOf(Math.atan2(z, Math.hypot(x, y)))];
}
