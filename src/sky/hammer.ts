import { cosDegrees, degreesOf, normalDegrees, sinDegrees } from "./angle.ts";

/**
 * Hammer's equal-area projection of the whole sky (Hammer 1892; Snyder 1987, p. 182), centred on a
 * longitude, longitude increasing to the left as seen from the Earth. x is in −2 … 2, y in −1 … 1,
 * up is north.
 */
export function hammer(
  longitude: number,
  latitude: number,
  centre = 0,
): readonly [x: number, y: number] {
  const l = normalDegrees(longitude - centre + 180) - 180;
  const scale = 1 / Math.sqrt(1 + cosDegrees(latitude) * cosDegrees(l / 2));
  return [-2 * scale * cosDegrees(latitude) * sinDegrees(l / 2), scale * sinDegrees(latitude)];
}

/** The place on the sky, or null outside of the map. */
export function inverseHammer(
  x: number,
  y: number,
  centre = 0,
): readonly [longitude: number, latitude: number] | null {
  if ((x / 2) ** 2 + y ** 2 > 1) return null;
  const z = Math.sqrt(1 - x ** 2 / 8 - y ** 2 / 2);
  const longitude = 2 * degreesOf(Math.atan2((-z * x) / Math.SQRT2, 2 * z ** 2 - 1));
  return [
    normalDegrees(longitude + centre),
    degreesOf(Math.asin(Math.min(1, Math.max(-1, Math.SQRT2 * y * z)))),
  ];
}
