import { expect, it } from "vitest";
import { separation } from "./angle.ts";
import { moved } from "./proper-motion.ts";

it("Barnard's star (Gaia DR3) from 2016 back to 2000 is where astropy 6 puts it", () => {
  // SkyCoord(…, distance=1 kpc, obstime=J2016).apply_space_motion(J2000)
  const [ra, dec] = moved(269.44850252543836, 4.739420051112412, -801.551, 10362.394, -16);
  expect(3.6e6 * separation(ra, dec, 269.45207695865986, 4.693364968208639)).toBeLessThan(1);
});

it("near a pole a star crosses it", () => {
  const [ra, dec] = moved(40, 89.9999, 0, 1000, 1);
  expect(dec).toBeCloseTo(90 - (1 / 3600 - 0.0001), 10);
  expect(ra).toBeCloseTo(220, 6);
});
