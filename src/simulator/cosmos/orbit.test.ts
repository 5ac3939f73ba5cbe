import { describe, expect, it } from "vitest";
import { separation } from "../../sky/angle.ts";
import type { Asteroid, Orbit } from "../classes/class.ts";
import { apparentAt } from "../night/apparent.ts";
import { telescopes } from "../survey/telescope.ts";
import { earthAt, observatoryAt } from "./earth.ts";
import { eccentricAnomaly, equatorial, lengthOf, minus, stateAt, type Vector } from "./orbit.ts";

const orbitOf = ([a, e, inclination, node, perihelion, meanAnomaly]: readonly number[]): Orbit => ({
  a,
  e,
  inclination,
  node,
  perihelion,
  meanAnomaly,
  epoch: 61000,
});

/**
 * Elements, MJD (UTC), observatory; astrometric place (ICRS) and distance. Computed with numpy's
 * two bodies (Kepler's equation by bisection, true anomaly, light time until it stands still) and
 * astropy 6.1's Earth (ERFA's epv00), Sun and get_gcrs_posvel of the site.
 */
const expected = [
  {
    elements: [2.767, 0.0789, 10.588, 80.25, 73.3, 231.54],
    mjd: 58300.31,
    site: "ztf",
    ra: 156.160585,
    dec: 19.4503941,
    distance: 3.0500758,
  },
  {
    elements: [2.31, 0.21, 5.4, 200.1, 310.7, 12.5],
    mjd: 61200.25,
    site: "lsst",
    ra: 231.0620779,
    dec: -11.9389047,
    distance: 1.2782111,
  },
  {
    elements: [3.15, 0.13, 17.2, 310, 20.5, 145],
    mjd: 61703.44,
    site: "ztf",
    ra: 214.7268951,
    dec: -27.8281608,
    distance: 4.149536,
  },
  {
    elements: [5.22, 0.06, 8.1, 99, 250, 300],
    mjd: 63000.1,
    site: "lsst",
    ra: 93.9430796,
    dec: 23.6100036,
    distance: 6.0418533,
  },
  {
    elements: [1.458, 0.2228, 10.83, 304.3, 178.9, 110.78],
    mjd: 60500.2,
    site: "ztf",
    ra: 336.5783019,
    dec: -7.4569071,
    distance: 0.933696,
  },
  {
    elements: [0.92, 0.91, 25, 45, 120, 80],
    mjd: 62345.6,
    site: "lsst",
    ra: 32.7649951,
    dec: -22.372935,
    distance: 1.1867328,
  },
] as const;

describe("an asteroid's astrometric place", () => {
  it.each(expected)(
    "is astropy's to 0.1″: $elements at $mjd",
    ({ elements, mjd, site, ra, dec, distance }) => {
      const asteroid = { orbit: orbitOf(elements), h: 15, g: 0.15 } as Asteroid;
      const place = apparentAt(asteroid, observatoryAt(telescopes[site], mjd), mjd);
      expect(3600 * separation(place.ra, place.dec, ra, dec)).toBeLessThan(0.1);
      expect(place.topocentricDist).toBeCloseTo(distance, 5);
    },
  );
});

describe("orbits", () => {
  const orbit = orbitOf([2.4, 0.35, 12, 100, 200, 300]);

  it("solve Kepler's equation from circles to near-parabolas", () => {
    for (const e of [0, 0.1, 0.5, 0.9, 0.99]) {
      for (let m = -9; m < 9; m += 0.01) {
        const eccentric = eccentricAnomaly(m, e);
        expect(Math.abs(Math.sin((eccentric - e * Math.sin(eccentric) - m) / 2))).toBeLessThan(
          1e-14,
        );
      }
    }
  });

  it("close after a period, are nearest at perihelion, and have velocities that are the change of places", () => {
    const period = 365.2568984 * 2.4 ** 1.5;
    const atPerihelion = 61000 + (60 / 360) * period;
    expect(lengthOf(stateAt(orbit, atPerihelion).position)).toBeCloseTo(2.4 * 0.65, 8);
    expect(
      lengthOf(minus(stateAt(orbit, 61000).position, stateAt(orbit, 61000 + period).position)),
    ).toBeLessThan(1e-7);
    const change = minus(stateAt(orbit, 61234.5).position, stateAt(orbit, 61233.5).position);
    expect(lengthOf(minus(change, stateAt(orbit, 61234).velocity))).toBeLessThan(1e-6);
  });
});

describe("the Earth", () => {
  it("is where ERFA's epv00 has it, to 4e-7 au", () => {
    const epv00: readonly (readonly [mjd: number, place: Vector])[] = [
      [58194.25, [-0.9929873, 0.05819312, 0.02523327]],
      [59500.5, [0.93705805, 0.31421961, 0.13621144]],
      [60800.75, [-0.711513, -0.6559634, -0.28434574]],
      [61600.1, [0.36569047, -0.87021108, -0.37721636]],
      [63000.9, [-0.60166905, -0.74508211, -0.32296986]],
      [64700.3, [-0.2886987, 0.86246639, 0.3738443]],
    ];
    for (const [mjd, place] of epv00)
      expect(lengthOf(minus(equatorial(earthAt(mjd).position), place))).toBeLessThan(4e-7);
  });

  it("and an observatory on it move as their velocities say", () => {
    const [before, now, after] = [61000.499, 61000.5, 61000.501].map((mjd) =>
      observatoryAt(telescopes.lsst, mjd),
    );
    const change = minus(after.position, before.position).map(
      (d) => d / 0.002,
    ) as unknown as Vector;
    expect(lengthOf(minus(change, now.velocity))).toBeLessThan(1e-8);
    expect(lengthOf(now.velocity)).toBeCloseTo(0.0172, 3);
  });
});
