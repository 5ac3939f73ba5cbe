import { expect, test } from "vitest";
import { loadSurveys } from "../../surveys/surveys.ts";
import { measurement } from "./measure.ts";

const surveys = loadSurveys("conf/surveys");
const ztf = surveys.named("ztf");
const lsst = surveys.named("lsst");

test("a ZTF difference on a source of the reference: their fluxes add up by its sign", () => {
  const entry = {
    jd: 2461300.5,
    fid: 2,
    magpsf: 18,
    sigmapsf: 0.1,
    isdiffpos: "f",
    magnr: 17,
    sigmagnr: 0.02,
    distnr: 0.3,
    rb: 0.9,
    nbad: 0,
  };
  const found = measurement(entry, ztf, "alert", "1");
  expect(found).toMatchObject({
    mjd: 61300,
    band: "r",
    kind: "alert",
    magnitude: 18,
    isBad: false,
  });
  const [difference, reference] = [10 ** ((31.4 - 18) / 2.5), 10 ** ((31.4 - 17) / 2.5)];
  expect(found?.fluxNJy).toBeCloseTo(-difference, 3);
  expect(found?.apparentNJy).toBeCloseTo(reference - difference, 3);
  expect(
    measurement({ ...entry, distnr: 2, isdiffpos: "t" }, ztf, "alert", "1")?.apparentNJy,
  ).toBeCloseTo(difference, 3);
  expect(measurement({ ...entry, rb: 0.2 }, ztf, "history", null)?.isBad).toBe(true);
});

test("an entry without a magnitude is an upper limit", () => {
  expect(
    measurement({ jd: 2461300.5, fid: 1, magpsf: null, diffmaglim: 20.5 }, ztf, "history", null),
  ).toMatchObject({
    kind: "limit",
    limitMagnitude: 20.5,
    band: "g",
  });
});

test("ZTF's forced flux with its zero point: 1 unit at the zero point's magnitude", () => {
  const found = measurement(
    { jd: 2461300.5, fid: 1, forcediffimflux: 100, forcediffimfluxunc: 5, magzpsci: 26 },
    ztf,
    "forced",
    null,
  );
  expect(found?.magnitude).toBeCloseTo(26 - 5, 9);
  expect(
    measurement(
      { jd: 2461300.5, fid: 1, forcediffimflux: -99999, forcediffimfluxunc: 5, magzpsci: 26 },
      ztf,
      "forced",
      null,
    ),
  ).toBeNull();
});

test("LSST's flux: a magnitude only where it is three errors above nothing", () => {
  const entry = {
    midpointMjdTai: 61300,
    band: "g",
    psfFlux: 1000,
    psfFluxErr: 100,
    scienceFlux: 1500,
    scienceFluxErr: 90,
  };
  expect(measurement(entry, lsst, "alert", "1")).toMatchObject({
    magnitude: 31.4 - 7.5,
    fluxNJy: 1000,
    apparentNJy: 1500,
    apparentErrorNJy: 90,
  });
  for (const psfFlux of [250, -250, 0])
    expect(measurement({ ...entry, psfFlux }, lsst, "alert", "1")?.magnitude).toBeNull();
});

test("a negative difference has the magnitude of its size, and the sign in its flux, in both surveys", () => {
  const ofLsst = measurement(
    { midpointMjdTai: 61300, band: "g", psfFlux: -1000, psfFluxErr: 100 },
    lsst,
    "history",
    null,
  );
  expect(ofLsst).toMatchObject({ magnitude: 31.4 - 7.5, fluxNJy: -1000 });
  expect(ofLsst?.magnitudeError).toBeCloseTo(0.10857, 5);
  const ofZtf = measurement(
    { jd: 2461300.5, fid: 1, magpsf: 18, sigmapsf: 0.1, isdiffpos: "f" },
    ztf,
    "history",
    null,
  );
  expect([ofZtf?.magnitude, Math.sign(ofZtf?.fluxNJy ?? 0)]).toEqual([18, -1]);
});
