const radiansPerDegree = Math.PI / 180;

export const sinDegrees = (degrees: number): number => Math.sin(degrees * radiansPerDegree);
export const cosDegrees = (degrees: number): number => Math.cos(degrees * radiansPerDegree);
export const degreesOf = (radians: number): number => radians / radiansPerDegree;
export const radiansOf = (degrees: number): number => degrees * radiansPerDegree;

/** The angle in 0 ≤ … < 360. */
export function normalDegrees(degrees: number): number {
  const rest = degrees % 360;
  return rest < 0 ? (rest + 360) % 360 : rest; // a tiny negative one would become 360
}

/**
 * Great-circle distance in degrees; safe at the poles, at RA 0/360 and for tiny distances
 * (Vincenty's formula). All in degrees.
 */
export function separation(ra1: number, dec1: number, ra2: number, dec2: number): number {
  const [s1, c1, s2, c2] = [sinDegrees(dec1), cosDegrees(dec1), sinDegrees(dec2), cosDegrees(dec2)];
  const [s, c] = [sinDegrees(ra2 - ra1), cosDegrees(ra2 - ra1)];
  return degreesOf(Math.atan2(Math.hypot(c2 * s, c1 * s2 - s1 * c2 * c), s1 * s2 + c1 * c2 * c));
}
