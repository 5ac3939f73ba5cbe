import { describe, expect, it } from "vitest";
import type { Alert } from "../night/alert.ts";
import { randomStream } from "../random.ts";
import { type Camera, type Cutouts, drawCutouts } from "./cutouts.ts";
import { alertOf, artefactOf, objectOf } from "../../../test/simulator/lsst-fixture.ts";

const lsst: Camera = { side: 30, pixelArcsec: 0.2, unitsPerNJy: 1, sky: 0 };
const ztf: Camera = { side: 63, pixelArcsec: 1.012, unitsPerNJy: 0.0083, sky: 240 };
const shapes = ["dipole", "cosmic ray", "streak", "bad subtraction"] as const;

const draw = (alert: Alert, camera: Camera): Cutouts =>
  drawCutouts(alert, camera, randomStream(alert.object.hash, alert.observation.visit.key));

/** Flux of the point source at its place that fits the difference best. */
function fittedFlux(
  { difference, x, y }: Cutouts,
  { side, pixelArcsec }: Camera,
  seeingArcsec: number,
): number {
  const variance = (seeingArcsec / 2.355 / pixelArcsec) ** 2;
  let [product, square] = [0, 0];
  for (const [i, value] of difference.entries()) {
    const psf =
      Math.exp((-0.5 * ((i % side) - x) ** 2 - 0.5 * (Math.floor(i / side) - y) ** 2) / variance) /
      (2 * Math.PI * variance);
    product += psf * value;
    square += psf * psf;
  }
  return product / square;
}

describe.each([
  ["LSST", lsst],
  ["ZTF", ztf],
])("the cutouts of %s", (_, camera) => {
  it("have science = template + difference in each pixel", () => {
    const { science, template, difference } = draw(alertOf(objectOf(1)), camera);
    expect(science.length).toBe(camera.side ** 2);
    for (const [i, value] of science.entries())
      expect(Math.abs(value - template[i] - difference[i])).toBeLessThan(
        1e-6 * Math.abs(value) + 1e-4,
      );
  });

  it("give the flux of the packet to who fits a point source, artefact or not", () => {
    const seeingArcsec = camera === ztf ? 2 : 0.8;
    for (const object of [
      ...Array.from({ length: 20 }, (__, i) => objectOf(i)),
      ...shapes.map((shape, i) => artefactOf(50 + i, shape)),
    ]) {
      const alert = alertOf(object, 3);
      const { visit, flux } = alert.observation;
      const seen: Alert = {
        ...alert,
        observation: { ...alert.observation, visit: { ...visit, seeingArcsec } },
      };
      expect(
        fittedFlux(draw(seen, camera), camera, seeingArcsec) / camera.unitsPerNJy / flux,
      ).toBeCloseTo(1, 3);
    }
  });

  it("have noise of the depth of the visit away from the source", () => {
    const { difference, noise } = draw(alertOf(objectOf(3), 3), camera);
    const corner = difference.filter((_value, i) => i % camera.side < 8 && i < 8 * camera.side);
    expect(
      Math.sqrt(corner.reduce((sum, v) => sum + v * v, 0) / corner.length) / noise,
    ).toBeGreaterThan(0.75);
    expect(
      Math.sqrt(corner.reduce((sum, v) => sum + v * v, 0) / corner.length) / noise,
    ).toBeLessThan(1.25);
  });

  it("show the same host and neighbours in each visit, and a galaxy where it is", () => {
    const object = { ...objectOf(4), source: { ...objectOf(4).source, referenceFlux: () => 0 } };
    const [a, b] = [6, 12].map((index) => {
      const cutouts = draw(alertOf(object, index), camera);
      return {
        brightest: cutouts.template.indexOf(Math.max(...cutouts.template)),
        x: cutouts.x,
        y: cutouts.y,
        total: cutouts.template.reduce((sum, v) => sum + v, 0),
      };
    });
    expect(b.total / a.total).toBeCloseTo(1, 1);
    if (camera === ztf) return; // two dozen other objects, one of them brighter
    expect((a.brightest % 30) - a.x).toBeCloseTo(-3, -0.5); // 0.6" east is left
    expect(Math.floor(a.brightest / 30) - a.y).toBeCloseTo(2, -0.5);
  });
});

describe("an artefact", () => {
  const brightest = (
    shape: (typeof shapes)[number],
  ): { most: number; least: number; wide: number } => {
    const { difference, noise } = draw(alertOf(artefactOf(60, shape), 3, 40_000), lsst);
    return {
      most: Math.max(...difference) / noise,
      least: Math.min(...difference) / noise,
      wide: difference.filter((v) => v > 5 * noise).length,
    };
  };

  it("looks like what it is", () => {
    expect(brightest("dipole").least).toBeLessThan(-20);
    expect(brightest("bad subtraction").least).toBeLessThan(-10);
    expect(brightest("streak").wide).toBeGreaterThan(2 * brightest("dipole").wide);
    expect(brightest("cosmic ray").wide).toBeLessThan(30);
  });
});

it("sky near the Milky Way is more crowded", () => {
  const light = (b: number): number => {
    let total = 0;
    for (let serial = 100; serial < 130; serial++) {
      const alert = alertOf(artefactOf(serial, "cosmic ray"), 3);
      const { visit } = alert.observation;
      const seen: Alert = {
        ...alert,
        observation: {
          ...alert.observation,
          visit: { ...visit, seeingArcsec: 2, field: { ...visit.field, b } },
        },
      };
      const { template, templateNoise } = draw(seen, ztf);
      total += template.filter((v) => v - ztf.sky > 10 * templateNoise).length;
    }
    return total;
  };
  expect(light(3)).toBeGreaterThan(3 * light(60));
});
