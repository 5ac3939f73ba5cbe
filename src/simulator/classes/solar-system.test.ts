import { describe, expect, it } from "vitest";
import { normalDegrees } from "../../sky/angle.ts";
import { stateAt } from "../cosmos/orbit.ts";
import { randomStream } from "../random.ts";
import { telescopes } from "../survey/telescope.ts";
import { artefacts } from "./artefacts.ts";
import type { Asteroid, MovingClass } from "./class.ts";
import { mainBelt } from "./main_belt.ts";
import { nearEarth } from "./near_earth.ts";
import { trojan } from "./trojan.ts";

const { ztf, lsst } = telescopes;
const drawn = (model: MovingClass, telescope = ztf): Asteroid[] =>
  Array.from({ length: 5000 }, (_, i) => model.draw(telescope, randomStream(1, i)));
const share = (asteroids: readonly Asteroid[], test: (a: Asteroid) => boolean): number =>
  asteroids.filter(test).length / asteroids.length;
const mean = (values: readonly number[]): number =>
  values.reduce((a, b) => a + b, 0) / values.length;

describe("the main belt", () => {
  const belt = drawn(mainBelt);

  it("has close to a million asteroids that ZTF can reach, ten times as many for LSST", () => {
    expect(mainBelt.count(ztf)).toBeGreaterThan(5e5);
    expect(mainBelt.count(ztf)).toBeLessThan(1.2e6);
    expect(mainBelt.count(lsst) / mainBelt.count(ztf)).toBeGreaterThan(8);
    expect(mainBelt.count(lsst) / mainBelt.count(ztf)).toBeLessThan(20);
  });

  it("has Kirkwood's gaps", () => {
    const axes = belt.map((a) => a.orbit.a);
    expect(axes.every((a) => a > 2.06 && a < 3.28)).toBe(true);
    const near = (resonance: number): number =>
      axes.filter((a) => Math.abs(a - resonance) < 0.01).length;
    expect([2.501, 2.825, 2.958].map(near)).toEqual([0, 0, 0]);
    expect([2.4, 2.65, 2.9, 3.1].every((a) => near(a) > 20)).toBe(true);
  });

  it("has orbits of e 0.14 and 8°, and near the Sun more S types, which are redder", () => {
    expect(mean(belt.map((a) => a.orbit.e))).toBeCloseTo(0.14, 1);
    expect(mean(belt.map((a) => a.orbit.inclination))).toBeGreaterThan(7);
    expect(mean(belt.map((a) => a.orbit.inclination))).toBeLessThan(9);
    const isS = (a: Asteroid): boolean => a.colour.g - a.colour.r > 0.55;
    expect(
      share(
        belt.filter((a) => a.orbit.a < 2.5),
        isS,
      ),
    ).toBeGreaterThan(
      1.5 *
        share(
          belt.filter((a) => a.orbit.a > 2.97),
          isS,
        ),
    );
  });

  it("is known down to H = 17, and hardly at 20", () => {
    expect(
      share(
        belt.filter((a) => a.h < 17),
        (a) => a.isKnown,
      ),
    ).toBeGreaterThan(0.98);
    const faint = drawn(mainBelt, lsst).filter((a) => a.h > 20);
    expect(share(faint, (a) => a.isKnown)).toBeLessThan(0.02);
  });
});

describe("trojans", () => {
  it("are 60° before and behind Jupiter in every year of the surveys, more of them before", () => {
    const trojans = drawn(trojan).slice(0, 1000);
    for (const mjd of [58200, 61000, 64800]) {
      const jupiter = 34.396 + (3034.7461 / 36525) * (mjd - 51544.5);
      const ahead = trojans.map(({ orbit }) => {
        const [x, y] = stateAt(orbit, mjd).position;
        return normalDegrees((Math.atan2(y, x) * 180) / Math.PI - jupiter);
      });
      const [before, behind] = [60, 300].map(
        (place) => ahead.filter((angle) => Math.abs(angle - place) < 35).length,
      );
      expect(before + behind).toBeGreaterThan(950);
      expect(before / behind).toBeCloseTo(1.6, 0);
    }
  });
});

describe("near-Earth asteroids", () => {
  it("come inside 1.3 au; few are larger than 1 km", () => {
    const asteroids = drawn(nearEarth);
    expect(asteroids.every(({ orbit: { a, e } }) => a * (1 - e) <= 1.3 && e < 0.95)).toBe(true);
    expect(share(asteroids, (a) => a.h < 17.75) * nearEarth.count(ztf)).toBeGreaterThan(700);
    expect(share(asteroids, (a) => a.h < 17.75) * nearEarth.count(ztf)).toBeLessThan(1200);
  });
});

describe("rotation", () => {
  it("takes hours, never less than 2.2", () => {
    const rotations = drawn(mainBelt).map((a) => a.rotation);
    expect(Math.min(...rotations.map((r) => r.periodHours))).toBe(2.2);
    expect(mean(rotations.map((r) => r.amplitude))).toBeCloseTo(0.25, 1);
  });
});

describe("artefacts", () => {
  const models = artefacts;

  it("are a quarter of what a visit gives: some 500 alerts of ZTF, 3,500 of LSST", () => {
    expect(models.reduce((sum, m) => sum + m.perVisit(ztf), 0)).toBeCloseTo(125, 6);
    expect(models.reduce((sum, m) => sum + m.perVisit(lsst), 0)).toBeCloseTo(900, 6);
  });

  it.each(models)("$name: mostly just above the limit of 5, and never below", (model) => {
    const random = randomStream(1);
    const snrs = Array.from({ length: 3000 }, () => model.draw(ztf, random).snr);
    expect(snrs.every((snr) => Math.abs(snr) >= 5)).toBe(true);
    expect(snrs.filter((snr) => Math.abs(snr) < 10).length / snrs.length).toBeGreaterThan(0.6);
    expect(snrs.some((snr) => snr < 0)).toBe(["dipole", "bad_subtraction"].includes(model.name));
  });
});
