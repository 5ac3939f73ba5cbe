import { eps2 } from "./symmetric.ts";

export type Limits = readonly [low: number, high: number];

const quarter = Math.PI / 4;
const quarterRest = 3.061616997868383e-17;

/** low + (high − low) (1 + sin x) / 2, as a square that has all its digits next to low. */
export function outside(x: number, [low, high]: Limits): number {
  const sine = Math.sin(x / 2 + quarter + quarterRest);
  return low + (high - low) * (sine * sine);
}

/** The angle of a value; at a limit one just inside. */
export function inside(value: number, [low, high]: Limits): number {
  const sine = (2 * (value - low)) / (high - low) - 1;
  if (sine * sine > 1 - eps2) return (sine < 0 ? -1 : 1) * (Math.PI / 2 - 8 * Math.sqrt(eps2));
  return 2 * (Math.atan2(Math.sqrt(value - low), Math.sqrt(high - value)) - quarter - quarterRest);
}

/** Derivative of the value after the angle. */
export function slopeOutside(x: number, [low, high]: Limits): number {
  return 0.5 * (high - low) * Math.cos(x);
}
