import { expect, test } from "vitest";
import { constellationAt } from "./constellation.ts";

// what astropy 6.1 (get_constellation) gives, which writes Ophiucus

test.each([
  [10.6847, 41.269, "Andromeda"], // M 31
  [0, 90, "Ursa Minor"],
  [37.95, 89.26, "Ursa Minor"], // Polaris
  [0, -90, "Octans"],
  [83.633, 22.0145, "Taurus"], // M 1
  [266.417, -29.008, "Sagittarius"], // Sgr A*
  [201.365, -43.019, "Centaurus"], // Cen A
  [186.65, -63.1, "Crux"],
  [80.894, -69.756, "Dorado"], // LMC
  [359.99, 10, "Pisces"],
  [276, 6, "Serpens"],
  [270.2, -10, "Ophiuchus"],
  [229.64, 2.08, "Serpens"],
  [218.55, 46.1, "Boötes"],
])("%d %d is in %s", (ra, dec, name) => {
  expect(constellationAt(ra, dec)).toBe(name);
});

test("what is no position is in none; every position is in one of 88", () => {
  expect(constellationAt(Number.NaN, 0)).toBeNull();
  const names = new Set<string | null>();
  for (let i = 0; i < 20_000; i++)
    names.add(
      constellationAt((i * 222.4969) % 360, (Math.asin((2 * i + 1) / 20_000 - 1) * 180) / Math.PI),
    );
  expect(names.size).toBe(88);
  expect(names).not.toContain(null);
});
