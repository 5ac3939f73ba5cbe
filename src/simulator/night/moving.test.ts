import { describe, expect, it } from "vitest";
import { eclipticOf } from "../../sky/frames.ts";
import { cosDegrees, separation } from "../../sky/angle.ts";
import { packedDesignation } from "../../sky/designation.ts";
import { fieldsOf, type Patch } from "../survey/fields.ts";
import type { Visit } from "../survey/schedule.ts";
import { type Telescope, telescopes } from "../survey/telescope.ts";
import { designationOf } from "./designation.ts";
import { type MovingObject, movingInNight } from "./moving.ts";

const { ztf } = telescopes;
const night = 61115; // 2026-03-16; opposite of the Sun is RA 175°, dec +2°

function visitTo(telescope: Telescope, field: Patch, date = night, hours = 0): Visit {
  const mjd = date + telescope.dateShiftDays - telescope.longitude / 360 + hours / 24;
  return {
    night: date,
    number: 0,
    key: 0,
    field,
    mjd,
    band: "r",
    depth: 19.6,
    seeingArcsec: 2,
    airmass: 1,
    sky: 1,
  };
}

const tenth = (): number => 0.1;
const seenIn = (date = night, hours = 0): MovingObject[] =>
  fieldsOf(ztf).flatMap((f) =>
    movingInNight(ztf, 1, date, tenth).inVisit(visitTo(ztf, f, date, hours)),
  );
const byNumber = (objects: readonly MovingObject[]): Map<number, MovingObject> =>
  new Map(objects.map((o) => [o.number, o]));

const tonight = seenIn();

describe("asteroids of a ZTF night, a tenth of them", () => {
  it("are some 10,000 brighter than 20.6, nearly all of the main belt and known", () => {
    expect(tonight.length).toBeGreaterThan(7_000);
    expect(tonight.length).toBeLessThan(20_000);
    const share = (test: (o: MovingObject) => boolean): number =>
      tonight.filter(test).length / tonight.length;
    expect(share((o) => o.model.name === "main_belt")).toBeGreaterThan(0.9);
    expect(share((o) => o.designation !== null)).toBeGreaterThan(0.9);
    expect(tonight.every((o) => o.magnitude("r") < 20.6)).toBe(true);
  });

  it("crowd at the ecliptic, and opposite of the Sun", () => {
    const latitudes = tonight.map((o) => Math.abs(eclipticOf(o.ra, o.dec)[1]));
    expect(latitudes.filter((b) => b < 15).length / tonight.length).toBeGreaterThan(0.6);
    expect(latitudes.filter((b) => b > 45).length / tonight.length).toBeLessThan(0.02);
    const within = (ra: number, dec: number): number =>
      tonight.filter((o) => separation(o.ra, o.dec, ra, dec) < 10).length;
    expect(within(175, 2)).toBeGreaterThan(2 * within(265, -23));
  });

  it("are in different fields but once", () => {
    expect(byNumber(tonight).size).toBe(tonight.length);
    expect(new Set(tonight.map((o) => o.designation).filter(Boolean)).size).toBe(
      tonight.filter((o) => o.designation).length,
    );
  });

  it("go on by their rates: an hour later to 0.3″, the night after to 30″; those opposite of the Sun backwards by about 0.2° a day", () => {
    const [hour, day] = [byNumber(seenIn(night, 1)), byNumber(seenIn(night + 1))];
    const belt = tonight.filter((o) => o.model.name === "main_belt");
    const missArcsec = (o: MovingObject, later: MovingObject | undefined, days: number): number =>
      later
        ? 3600 *
          separation(
            later.ra,
            later.dec,
            o.ra + (o.state.raRateCosDec * days) / cosDegrees(o.dec),
            o.dec + o.state.decRate * days,
          )
        : NaN;
    const hourMisses = belt
      .map((o) => missArcsec(o, hour.get(o.number), 1 / 24))
      .filter((m) => !Number.isNaN(m));
    const dayMisses = belt
      .map((o) => missArcsec(o, day.get(o.number), 1))
      .filter((m) => !Number.isNaN(m));
    expect(hourMisses.length).toBeGreaterThan(0.9 * belt.length);
    expect(dayMisses.length).toBeGreaterThan(0.85 * belt.length);
    expect(median(hourMisses)).toBeLessThan(0.3);
    expect(median(dayMisses)).toBeLessThan(30);
    const opposite = belt.filter((o) => separation(o.ra, o.dec, 175, 2) < 10);
    expect(median(opposite.map((o) => o.state.raRateCosDec))).toBeCloseTo(-0.2, 1);
  });

  it("have phase angles, distances and V magnitudes of one geometry", () => {
    for (const { asteroid, state } of tonight.slice(0, 200)) {
      const { heliocentricDist: r, topocentricDist: delta, phaseAngle } = state;
      // law of cosines
      const sun = Math.sqrt(r * r + delta * delta - 2 * r * delta * cosDegrees(phaseAngle));
      expect(Math.abs(sun - 1)).toBeLessThan(0.0175);
      expect(state.predictedV).toBeGreaterThan(asteroid.h + 5 * Math.log10(r * delta));
    }
  });

  it("turn: their brightness over a rotation changes by its amplitude, twice", () => {
    const turning = tonight.find(
      (o) => o.asteroid.rotation.amplitude > 0.4 && o.asteroid.rotation.periodHours < 6,
    );
    const field = fieldsOf(ztf).find(
      (f) =>
        turning &&
        turning.ra > f.raMin &&
        turning.ra < f.raMax &&
        turning.dec > f.decMin &&
        turning.dec < f.decMax,
    );
    if (!turning || !field) throw new Error("none turns");
    const { amplitude, periodHours } = turning.asteroid.rotation;
    const excess = [0, 0.125, 0.25, 0.375, 0.5].map((turns) => {
      const visit = { ...visitTo(ztf, field, night, turns * periodHours), depth: 25 };
      const seen = movingInNight(ztf, 1, night, tenth)
        .inVisit(visit)
        .find((o) => o.number === turning.number);
      return seen ? seen.magnitude("r") - seen.state.predictedV : NaN;
    });
    expect(excess[4]).toBeCloseTo(excess[0], 1);
    expect(excess[0] + excess[2]).toBeCloseTo(excess[1] + excess[3], 1);
    expect(Math.hypot(excess[0] - excess[2], excess[1] - excess[3])).toBeCloseTo(amplitude, 1);
  });

  it("are the first of a larger sky, and another with another seed", () => {
    const field = fieldsOf(ztf).reduce((best, f) =>
      separation(f.ra, f.dec, 175, 2) < separation(best.ra, best.dec, 175, 2) ? f : best,
    );
    const here = (seed: number, factor: number): number[] =>
      movingInNight(ztf, seed, night, () => factor)
        .inVisit(visitTo(ztf, field))
        .map((o) => o.number);
    expect(here(1, 0.2)).toEqual(expect.arrayContaining(here(1, 0.1)));
    expect(here(2, 0.02)).not.toEqual(here(1, 0.02));
    expect(movingInNight(ztf, 1, night, () => 0).inVisit(visitTo(ztf, field))).toEqual([]);
  });
});

describe("designations", () => {
  it("are those of the Minor Planet Center, one for each number", () => {
    const all = Array.from({ length: 60_000 }, (_, i) => designationOf(i));
    expect(new Set(all).size).toBe(all.length);
    expect(all.every((d) => /^20[0-2]\d [A-HJ-Y][A-HJ-Z]\d*$/.test(d))).toBe(true);
    expect(packedDesignation(designationOf(2_400_000))).toMatch(/^K[012]\d[A-Y][A-Za-z]\d[A-Z]$/);
    expect(new Set(all.map(packedDesignation)).size).toBe(all.length);
  });
});

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1];
}
