import { createHash } from "node:crypto";
import { beforeAll, describe, expect, it, test } from "vitest";
import { classes } from "../../src/simulator/classes/classes.ts";
import { type Batch, packetsOf, type SimulationOptions } from "../../src/simulator/night/batch.ts";
import { makerOf, skyDensity } from "../../src/simulator/night/make.ts";
import { simulate, simulateHere } from "../../src/simulator/night/simulate.ts";

const options = (more: Partial<SimulationOptions> = {}): SimulationOptions => ({
  survey: "ztf",
  schema: "4.02",
  nights: ["2026-10-10"],
  alerts: 300,
  seed: 7,
  rates: {},
  ...more,
});
const lsst = options({ survey: "lsst", schema: "9.0" });

async function inThreads(given: SimulationOptions, workers: number): Promise<Batch[]> {
  const batches: Batch[] = [];
  for await (const batch of simulate(given, { workers })) batches.push(batch);
  return batches;
}

/** Everything there is in the batches, as one line per alert. */
function linesOf(batches: readonly Batch[]): string[] {
  return batches.flatMap((b) =>
    Array.from(packetsOf(b), (bytes, i) =>
      [
        b.night,
        b.visit,
        b.alertIds[i],
        b.objectIds[i],
        b.publishedAt[i],
        b.classes[i],
        b.truth[i].flux,
        createHash("sha1").update(bytes).digest("hex"),
      ].join(" "),
    ),
  );
}

const idsOf = (batches: readonly Batch[]): bigint[] => batches.flatMap((b) => [...b.alertIds]);

describe.each([options(), lsst])("a simulated night of $survey", { timeout: 60_000 }, (given) => {
  let here: Batch[] = [];
  beforeAll(() => void (here = [...simulateHere(given)]), 60_000);

  it("has exactly as many alerts as asked for, each with an id of its own", () => {
    expect(new Set(idsOf(here)).size).toBe(300);
  });

  it("is the same with any number of workers", async () => {
    expect(linesOf(await inThreads(given, 3))).toEqual(linesOf(here));
  }, 60_000);

  it("is the same when the nights before it are made too", () => {
    const both = [...simulateHere({ ...given, nights: ["2026-10-08", "2026-10-10"] })];
    expect(linesOf(both.filter((b) => b.night === "2026-10-10"))).toEqual(linesOf(here));
  });

  it("is another one with another seed", () => {
    const other = [...simulateHere({ ...given, seed: 8 })];
    expect(idsOf(other).filter((id) => idsOf(here).includes(id)).length).toBeLessThan(30);
  });

  it("is published in the order of its visits, seconds after each", () => {
    const times = here.flatMap((b) => [...b.publishedAt]);
    expect(times).toEqual(times.toSorted((a, b) => a - b));
    for (const { visitAt, publishedAt } of here)
      expect(Math.min(...publishedAt) - visitAt).toBeGreaterThan(30_000);
  });

  it("tells the truth about each alert and its object", () => {
    for (const { truth, objects, alertIds, objectIds } of here) {
      expect(truth.map((t) => t.alertId)).toEqual([...alertIds]);
      expect(objects.map((o) => o.objectId)).toEqual([...new Set(objectIds)]);
      for (const { snr } of truth) expect(Math.abs(snr)).toBeGreaterThanOrEqual(5);
    }
  });

  it("sees the same objects again in later nights", () => {
    const later = [
      ...simulateHere({ ...given, nights: ["2026-10-10", "2026-10-12", "2026-10-13"] }),
    ].filter((b) => b.night !== "2026-10-10");
    const known = new Set(here.flatMap((b) => b.objectIds));
    const again = later
      .flatMap((b) => b.objectIds.map((id, i) => ({ id, class: b.classes[i] })))
      .filter(({ id }) => known.has(id));
    expect(again.length).toBeGreaterThan(20);
    expect(again.map((a) => a.class)).not.toContain("cosmic_ray");
  });
});

test.each([
  ["ztf", "2027-02-10"],
  ["ztf", "2027-11-10"],
  ["lsst", "2027-11-10"],
  ["lsst", "2026-12-12"],
] as const)(
  "%s has enough alerts in the poor night of %s",
  { timeout: 60_000 },
  (survey, night) => {
    const poor = options({ survey, nights: [night], alerts: 400 });
    const maker = makerOf(poor, skyDensity(poor));
    const found = maker
      .visits(night)
      .reduce((sum, _, visit) => sum + maker.ranks(night, visit).length, 0);
    expect(found).toBeGreaterThan(400);
  },
);

describe("rates", { timeout: 60_000 }, () => {
  const classesWith = (rates: Record<string, number>): string[] =>
    [...simulateHere(options({ rates }))].flatMap((b) => b.classes);

  it("leave out a class at 0 and make another one frequent", () => {
    const usual = classesWith({});
    expect(usual).toContain("eclipsing_binary");
    expect(usual.filter((c) => c === "type_ia").length).toBeLessThan(10);
    const changed = classesWith({ eclipsing_binary: 0, main_belt: 0, dipole: 0, type_ia: 300 });
    for (const absent of ["eclipsing_binary", "main_belt", "dipole"])
      expect(changed).not.toContain(absent);
    expect(changed.filter((c) => c === "type_ia").length).toBeGreaterThan(100);
    expect(changed).toHaveLength(300);
  });

  it("name a class that does not exist", () => {
    expect(() => classesWith({ type_1a: 2 })).toThrow(
      'there is no class "type_1a"; there are type_ia, ',
    );
  });

  it("cannot all be 0", () => {
    expect(() => [
      ...simulateHere(options({ rates: Object.fromEntries(classes.map(({ name }) => [name, 0])) })),
    ]).toThrow("no class gives alerts");
  });
});
