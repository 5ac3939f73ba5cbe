import { expect, it } from "vitest";
import { alertOf, type LightCurve } from "../../../test/science/light-curve-alert.ts";
import { ztfPlaces } from "../history.ts";
import { earlyAlerts, featureNames } from "./features.ts";

/**
 * Nothing in r, then three detections that rise: 20, 19.5 and 19 mag in g, a day apart; red by 0.3
 * mag.
 */
const rising: LightCurve = {
  jd: [2461000, 2461003, 2461004, 2461005, 2461005.1],
  fid: [2, 1, 1, 2, 1],
  magpsf: [null, 20, 19.5, 18.7, 19],
  sigmapsf: [null, 0.1, 0.1, 0.1, 0.1],
  diffmaglim: [20.6, 20.5, 20.5, 20.5, 20.5],
  isdiffpos: [null, "t", "t", "t", "t"],
  jdstarthist: 2461003,
  ndethist: 4,
  ncovhist: 8,
  ssdistnr: -999,
  distnr: 2,
  magnr: 18,
  sgscore1: 0.1,
  distpsnr1: 1.5,
  srmag1: -999,
  neargaia: 30,
  drb: 0.99,
  ra: 192.85948,
  dec: 27.12825,
};

it("first points become features; what is not known is NaN", () => {
  const { alerts, rows } = earlyAlerts(alertOf(rising, ztfPlaces));
  expect(alerts).toEqual([0]);
  const found = Object.fromEntries(featureNames.map((name, k) => [name, rows[k]]));
  expect(found["days since first detection"]).toBeCloseTo(2.1, 4);
  expect(found["detections"]).toBe(4);
  expect(found["slope in this band"]).toBeCloseTo(-0.476, 2);
  expect(found["slope in the other band"]).toBeNaN();
  expect(found["g − r"]).toBeCloseTo(0.3, 5);
  expect(found["days between last limit and first detection"]).toBe(3);
  expect(found["limit before first detection, fainter by"]).toBeCloseTo(0.6, 5);
  expect(found["reference source: fainter by"]).toBe(-1);
  expect(found["Pan-STARRS source: fainter by"]).toBeNaN();
  expect(found["galactic latitude"]).toBeCloseTo(90, 3);
});

it.each([
  ["older than 20 days", { jdstarthist: 2460980 }],
  ["a known asteroid", { ssdistnr: 1 }],
  ["fainter than the reference", { isdiffpos: [null, "t", "t", "t", "f"] }],
  ["a single detection", { magpsf: [null, null, null, null, 19] }],
])("%s: it is not early", (_, changes) => {
  expect(earlyAlerts(alertOf({ ...rising, ...changes }, ztfPlaces)).alerts).toEqual([]);
});
