import { cosDegrees, degreesOf, normalDegrees, sinDegrees } from "./angle.ts";

/**
 * Galactic longitude and latitude of an ICRS position, degrees (Hipparcos catalogue, ESA SP-1200,
 * vol. 1, eq. 1.5.11).
 */
export function galacticOf(ra: number, dec: number): readonly [l: number, b: number] {
  return rotated(galactic, ra, dec);
}

/** Barycentric mean ecliptic longitude and latitude (J2000) of an ICRS position, degrees. */
export function eclipticOf(
  ra: number,
  dec: number,
): readonly [longitude: number, latitude: number] {
  return rotated(ecliptic, ra, dec);
}

/** From galactic longitude and latitude to ICRS, degrees. */
export function icrsOfGalactic(l: number, b: number): readonly [ra: number, dec: number] {
  return rotated(transposed(galactic), l, b);
}

/** From ecliptic longitude and latitude (J2000) to ICRS, degrees. */
export function icrsOfEcliptic(
  longitude: number,
  latitude: number,
): readonly [ra: number, dec: number] {
  return rotated(transposed(ecliptic), longitude, latitude);
}

/**
 * Right ascension and declination of the mean equinox B1875 of an ICRS position, degrees
 * (precession of IAU 2006).
 */
export function b1875Of(ra: number, dec: number): readonly [ra: number, dec: number] {
  return rotated(b1875, ra, dec);
}

/** Mean obliquity of the ecliptic at J2000, degrees (IAU 2006). */
export const obliquityDegrees = 84381.406 / 3600;

type Matrix = readonly [readonly number[], readonly number[], readonly number[]];

const galactic: Matrix = [
  [-0.0548755604162154, -0.873437090234885, -0.4838350155487132],
  [0.4941094278755837, -0.4448296299600112, 0.746982244497219],
  [-0.8676661490190047, -0.1980763734312015, 0.4559837761750669],
];

const ecliptic: Matrix = [
  [1, 0, 0],
  [0, cosDegrees(obliquityDegrees), sinDegrees(obliquityDegrees)],
  [0, -sinDegrees(obliquityDegrees), cosDegrees(obliquityDegrees)],
];

const b1875: Matrix = [
  [9.99535928e-1, 2.79352359e-2, 1.21470635e-2],
  [-2.79352349e-2, 9.99609721e-1, -1.69792795e-4],
  [-1.21470659e-2, -1.69617072e-4, 9.99926207e-1],
];

function rotated(
  [a, b, c]: Matrix,
  longitude: number,
  latitude: number,
): readonly [longitude: number, latitude: number] {
  const x = cosDegrees(latitude) * cosDegrees(longitude);
  const y = cosDegrees(latitude) * sinDegrees(longitude);
  const z = sinDegrees(latitude);
  const [u, v, w] = [a, b, c].map((row) => row[0] * x + row[1] * y + row[2] * z);
  return [normalDegrees(degreesOf(Math.atan2(v, u))), degreesOf(Math.atan2(w, Math.hypot(u, v)))];
}

function transposed([a, b, c]: Matrix): Matrix {
  return [0, 1, 2].map((i) => [a[i], b[i], c[i]]) as unknown as Matrix;
}
