import { sinDegrees } from "../../sky/angle.ts";
import type { Band } from "../survey/telescope.ts";

/**
 * A_band / A_V for R_V = 3.1 (Schlafly & Finkbeiner 2011, ApJ 737, 103, table 6: SDSS u … z, LSST
 * y, relative to Landolt V).
 */
const perV: Readonly<Record<Band, number>> = {
  u: 1.55,
  g: 1.21,
  r: 0.83,
  i: 0.62,
  z: 0.46,
  y: 0.39,
};

/**
 * V magnitudes a kiloparsec in the plane near the Sun, and the dust's scale height in kpc (Parenago
 * 1940; Sharov 1963).
 */
const [perKpc, scaleHeightKpc] = [0.7, 0.1];

/**
 * V-band extinction to that distance (kpc; Infinity for what lies outside of the Galaxy) at
 * galactic latitude b, degrees: an exponential disc of dust, at most 8 mag.
 */
export function extinctionV(b: number, distanceKpc: number): number {
  const sine = Math.max(Math.abs(sinDegrees(b)), 1e-3);
  const column = (scaleHeightKpc / sine) * (1 - Math.exp((-distanceKpc * sine) / scaleHeightKpc));
  return Math.min(8, perKpc * column);
}

/** What is left of a flux behind that V-band extinction: 0 … 1. */
export function transmission(extinction: number, band: Band): number {
  return 10 ** (-0.4 * extinction * perV[band]);
}
