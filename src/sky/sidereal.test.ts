import { describe, expect, it } from "vitest";
import { skyPositions } from "../../test/sky-positions.ts";
import { airmassOf, altitudeOf, siderealDegrees } from "./sidereal.ts";

const rows = await skyPositions(
  "ra",
  "dec",
  "mjd_tai",
  "alt_rubin",
  "secz_rubin",
  "alt_palomar",
  "lst_rubin_apparent_deg",
);
const taiMinusUtc = 37 / 86400;

describe("sidereal time", () => {
  it("is that of Meeus' example 12.b: 8h34m57.0896s at Greenwich on 1987-04-10 at 19:21", () => {
    expect(siderealDegrees(46895 + (19 + 21 / 60) / 24, 0)).toBeCloseTo(128.7378734, 6);
  });

  it.skipIf(!rows)("and altitudes at Rubin and Palomar are astropy's to 0.02°", () => {
    for (const row of rows ?? []) {
      const mjd = row.mjd_tai - taiMinusUtc;
      expect(
        Math.abs(((siderealDegrees(mjd, -70.7494) - row.lst_rubin_apparent_deg + 540) % 360) - 180),
      ).toBeLessThan(0.02);
      expect(
        Math.abs(altitudeOf(row.ra, row.dec, mjd, -70.7494, -30.2446) - row.alt_rubin),
      ).toBeLessThan(0.02);
      expect(
        Math.abs(altitudeOf(row.ra, row.dec, mjd, -116.863, 33.356) - row.alt_palomar),
      ).toBeLessThan(0.02);
      if (row.alt_rubin > 20)
        expect(Math.abs(airmassOf(row.alt_rubin) / row.secz_rubin - 1)).toBeLessThan(0.02);
    }
  });
});

describe("airmass", () => {
  it("is 1 at zenith, 2 at 30°, 38 at the horizon, and beyond it nothing is seen", () => {
    expect(airmassOf(90)).toBeCloseTo(1, 3);
    expect(airmassOf(30)).toBeCloseTo(2, 1);
    expect(airmassOf(0)).toBeCloseTo(38.7, 0);
    expect(airmassOf(-1)).toBe(Infinity);
  });
});
