import { describe, expect, it } from "vitest";
import { separation } from "./angle.ts";
import { msOfMjd } from "./time.ts";
import { darkTime, moonPosition, sunPosition } from "./sun-moon.ts";

/**
 * MJD (UTC); ICRS of the Sun and of the Moon from the centre of the Earth: astropy 6.1, without
 * aberration, which the Almanac's Sun has (0.006°).
 */
const almanac = [
  [58194.3, 356.692, -1.433, 355.253, -5.619],
  [59000.9, 69.004, 22.034, 185.664, 3.25],
  [60123.45, 96.744, 23.291, 208.587, -11.637],
  [61095.2, 337.045, -9.596, 57.676, 25.476],
  [62500.7, 279.641, -23.14, 215.436, -18.127],
];

describe("Sun and Moon", () => {
  it.each(almanac)(
    "are where astropy has them at %d, to 0.015° and 0.3°",
    (mjd, sunRa, sunDec, moonRa, moonDec) => {
      const [sun, moon] = [sunPosition(mjd), moonPosition(mjd)];
      expect(separation(sun.ra, sun.dec, sunRa, sunDec)).toBeLessThan(0.015);
      expect(separation(moon.ra, moon.dec, moonRa, moonDec)).toBeLessThan(0.3);
    },
  );

  it("the Moon was full on 2026-03-03 and new on 2026-03-19", () => {
    expect(moonPosition(61102.48).illuminated).toBeGreaterThan(0.998);
    expect(moonPosition(61118.06).illuminated).toBeLessThan(0.002);
    expect(moonPosition(61110.4).illuminated).toBeCloseTo(0.5, 1);
  });
});

describe("the dark time", () => {
  const clock = (mjd = NaN): string =>
    new Date(Math.round(msOfMjd(mjd) / 60_000) * 60_000).toISOString().slice(0, 16);

  it("of Palomar and Cerro Pachón is that of an almanac, whichever hour of the night one asks for", () => {
    const [palomar, pachon] = [
      darkTime(-116.863, 33.356, 60000.33),
      darkTime(-70.7494, -30.2446, 60000.2),
    ];
    expect([clock(palomar?.start), clock(palomar?.end)]).toEqual([
      "2023-02-25T03:03",
      "2023-02-25T12:58",
    ]);
    expect([clock(pachon?.start), clock(pachon?.end)]).toEqual([
      "2023-02-25T00:45",
      "2023-02-25T09:08",
    ]);
    expect(clock(darkTime(-116.863, 33.356, 60000.1)?.start)).toBe(clock(palomar?.start));
    expect(clock(darkTime(-116.863, 33.356, 60000.6)?.end)).toBe(clock(palomar?.end));
  });

  it("is null in a northern summer, and the whole day in a polar winter", () => {
    expect(darkTime(0, 60, 60480)).toBeNull();
    const polar = darkTime(0, 89, 60300);
    expect((polar?.end ?? 0) - (polar?.start ?? 0)).toBeCloseTo(1, 3);
  });
});
