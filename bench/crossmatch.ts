import {
  catalogueOrder,
  nearestWithin,
  type Positions,
  type Sources,
} from "../src/science/catalogue/match.ts";
import { nestedPixel } from "../src/sky/healpix.ts";

/**
 * A catalogue all over the sky, and alerts within an arcsecond of some of its sources: seconds for
 * the nearest within 1.5″, and alerts that have one.
 */
export function benchCrossmatch(
  sourceCount: number,
  alertCount: number,
): { seconds: number; matched: number } {
  const sources = sourcesOverTheSky(sourceCount);
  const alerts = alertsNear(sources, alertCount);
  nearestWithin(sources, alertsNear(sources, 1000), 1.5); // compiles
  const start = performance.now();
  const { rows } = nearestWithin(sources, alerts, 1.5);
  return {
    seconds: (performance.now() - start) / 1000,
    matched: rows.reduce((count, row) => count + (row < 0 ? 0 : 1), 0),
  };
}

/** Points of a golden spiral: as even as stars are not, and without a random number. */
function sourcesOverTheSky(count: number): Sources {
  const position = (i: number): [number, number] => [
    (i * 137.50776405) % 360,
    (Math.asin(1 - (2 * i + 1) / count) * 180) / Math.PI,
  ];
  // a pixel and the source's number in one double: 12 · 4¹² · 2²⁴ is less than 2⁵³
  const keys = Float64Array.from(
    { length: count },
    (_, i) => nestedPixel(catalogueOrder, ...position(i)) * 2 ** 24 + i,
  ).sort();
  const [ra, dec] = [new Float64Array(count), new Float64Array(count)];
  keys.forEach((key, row) => ([ra[row], dec[row]] = position(key % 2 ** 24)));
  return {
    ra,
    dec,
    pixel: Int32Array.from(keys, (key) => Math.floor(key / 2 ** 24)),
    motion: null,
  };
}

function alertsNear(sources: Sources, count: number): Positions {
  const rows = Array.from({ length: count }, (_, i) =>
    Math.floor((i * 0.61803398875 * sources.ra.length) % sources.ra.length),
  );
  return {
    ra: Float64Array.from(rows, (row) => sources.ra[row]),
    dec: Float64Array.from(
      rows,
      (row) => sources.dec[row] + (sources.dec[row] < 0 ? 1 : -1) / 3600,
    ),
  };
}
