import { expect, test } from "vitest";
import { icrsOfGalactic } from "../../sky/frames.ts";
import { separation } from "../../sky/angle.ts";
import { fieldsOf, type Patch } from "../survey/fields.ts";
import { telescopes } from "../survey/telescope.ts";
import { type Component, type LineOfSight, linesOfSight, relativeDensity } from "./milky-way.ts";

/** One line of sight, a degree wide. */
function towards(l: number, b: number): LineOfSight {
  const [ra, dec] = icrsOfGalactic(l, b);
  const patch: Patch = {
    number: 0,
    raMin: ra - 0.5,
    raMax: ra + 0.5,
    decMin: dec - 0.5,
    decMax: dec + 0.5,
    ra,
    dec,
    l,
    b,
    areaSquareDegrees: 1,
  };
  return linesOfSight(patch)[0];
}

test("every component but the bulge is 1 at the Sun", () => {
  for (const component of ["young disc", "thin disc", "thick disc", "halo"] as const) {
    expect(relativeDensity(component, towards(90, 0), 1e-6)).toBeCloseTo(1, 3);
  }
  expect(relativeDensity("bulge", towards(90, 0), 1e-6)).toBeLessThan(1e-3);
});

test("discs thin out away from the plane and from the centre, the higher the slower", () => {
  const at = (component: Component, l: number, b: number, kpc: number): number =>
    relativeDensity(component, towards(l, b), kpc);
  expect(at("thin disc", 0, 90, 0.3)).toBeCloseTo(Math.exp(-1), 2);
  expect(at("thick disc", 0, 90, 0.9)).toBeCloseTo(Math.exp(-1), 2);
  expect(at("young disc", 0, 90, 1)).toBeLessThan(at("thin disc", 0, 90, 1));
  expect(at("thin disc", 0, 0, 2.6)).toBeCloseTo(Math.E, 1);
  expect(at("thin disc", 180, 0, 2.6)).toBeCloseTo(1 / Math.E, 1);
});

test("the bar is densest at the centre of the Galaxy, and its near end is at positive longitudes", () => {
  expect(relativeDensity("bulge", towards(0, 0), 8.2)).toBeGreaterThan(0.8);
  expect(relativeDensity("bulge", towards(4, 0), 7.2)).toBeGreaterThan(
    2 * relativeDensity("bulge", towards(356, 0), 7.2),
  );
});

test("the halo falls by the third power, faster beyond 28 kpc", () => {
  const up = towards(0, 90);
  const slope = (kpc: number): number =>
    Math.log(relativeDensity("halo", up, kpc * 1.1) / relativeDensity("halo", up, kpc)) /
    Math.log(1.1);
  expect(slope(15)).toBeLessThan(-2);
  expect(slope(15)).toBeGreaterThan(-2.8);
  expect(slope(60)).toBeCloseTo(-3.8, 1);
});

test("lines of sight cover the patch, none wider than 2.5°", () => {
  for (const telescope of Object.values(telescopes)) {
    for (const patch of fieldsOf(telescope).filter((_, i) => i % 50 === 0)) {
      const lines = linesOfSight(patch);
      expect(lines.reduce((sum, line) => sum + line.areaSquareDegrees, 0)).toBeCloseTo(
        patch.areaSquareDegrees,
        6,
      );
      expect(Math.min(...lines.map((line) => line.raMin))).toBeCloseTo(patch.raMin, 9);
      expect(Math.max(...lines.map((line) => line.decMax))).toBeCloseTo(patch.decMax, 9);
      for (const line of lines)
        expect(separation(line.ra, line.decMin, line.ra, line.decMax)).toBeLessThan(3);
    }
  }
});
