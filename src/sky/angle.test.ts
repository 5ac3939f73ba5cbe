import { describe, expect, it } from "vitest";
import { skyPositions } from "../../test/sky-positions.ts";
import { normalDegrees, separation } from "./angle.ts";

const rows = await skyPositions(
  "ra",
  "dec",
  "sep_to_next_deg",
  "near_ra",
  "near_dec",
  "near_sep_arcsec",
);

describe("separation", () => {
  it("is right at the poles, at RA 0 and of a milliarcsecond", () => {
    expect(separation(10, 90, 200, 90)).toBeCloseTo(0, 12);
    expect(separation(0, 90, 77, -90)).toBeCloseTo(180, 12);
    expect(separation(359.5, 0, 0.5, 0)).toBeCloseTo(1, 12);
    expect(separation(20, 0, 20, 0.001 / 3600) * 3600).toBeCloseTo(0.001, 12);
  });

  it.skipIf(!rows)("is astropy's, for the reference's positions and for near pairs", () => {
    rows?.forEach((row, i) => {
      const next = rows[(i + 1) % rows.length];
      expect(
        Math.abs(separation(row.ra, row.dec, next.ra, next.dec) - row.sep_to_next_deg),
      ).toBeLessThan(1e-9);
      expect(
        Math.abs(
          separation(row.ra, row.dec, row.near_ra, row.near_dec) * 3600 - row.near_sep_arcsec,
        ),
      ).toBeLessThan(1e-5);
    });
  });
});

describe("normalDegrees", () => {
  it("is in 0 ≤ … < 360", () => {
    expect([-90, 0, 360, 725, -725].map(normalDegrees)).toEqual([270, 0, 0, 5, 355]);
    expect(normalDegrees(-1e-20)).toBeLessThan(360);
  });
});
