import fc from "fast-check";
import { expect, test } from "vitest";
import { scaleBarArcsec, skyFrame } from "./sky-frame.ts";

/** The linear part of the WCS of two real LSST cutouts. */
const rotatedBy30 = {
  CRPIX1: 15.232896835594,
  CRPIX2: 15.291070159743,
  CDELT1: 1,
  CDELT2: 1,
  PC1_1: -4.8390638600464e-5,
  PC1_2: -2.716103536915e-5,
  PC2_1: -2.7078130203427e-5,
  PC2_2: 4.8256068637538e-5,
};
const rotatedBy90 = {
  CRPIX1: 15.421242526578,
  CRPIX2: 15.972652202458,
  CDELT1: 1,
  CDELT2: 1,
  PC1_1: -8.324405036068e-8,
  PC1_2: 4.5862173657585e-5,
  PC2_1: 4.6541989205672e-5,
  PC2_2: -2.5203281044722e-8,
};

test.each([rotatedBy30, rotatedBy90])(
  "a step to the north goes up, a step to the east goes left",
  (wcs) => {
    const { toScreen, centre, arcsecPerPixel } = skyFrame(30, 30, new Map(Object.entries(wcs)));
    const [a, b, c, d] = toScreen;
    const determinant = wcs.PC1_1 * wcs.PC2_2 - wcs.PC1_2 * wcs.PC2_1;
    const pixelStep = (east: number, north: number) => [
      (wcs.PC2_2 * east - wcs.PC1_2 * north) / determinant,
      (wcs.PC1_1 * north - wcs.PC2_1 * east) / determinant,
    ];
    const screenStep = ([x, y]: number[]) => [a * x + c * y, b * x + d * y];
    const step = (arcsecPerPixel ?? Number.NaN) / 3600;
    const [northX, northY] = screenStep(pixelStep(0, step));
    const [eastX, eastY] = screenStep(pixelStep(step, 0));
    expect([northX, northY]).toEqual([expect.closeTo(0, 6), expect.closeTo(-1, 6)]);
    expect([eastX, eastY]).toEqual([expect.closeTo(-1, 6), expect.closeTo(0, 6)]);
    expect(centre).toEqual([wcs.CRPIX1 - 0.5, wcs.CRPIX2 - 0.5]);
    expect(arcsecPerPixel).toBeGreaterThan(0.15);
    expect(arcsecPerPixel).toBeLessThan(0.21);
  },
);

test("an image that does not say is taken as ZTF's: first row north, first column east, no scale", () => {
  expect(skyFrame(63, 61, new Map([["NAXIS1", 63]]))).toEqual({
    toScreen: [1, 0, 0, 1],
    centre: [31.5, 30.5],
    arcsecPerPixel: null,
  });
});

test("the scale bar has a round length and fits", () => {
  fc.assert(
    fc.property(fc.double({ min: 0.1, max: 1e4, noNaN: true }), (arcsec) => {
      const bar = scaleBarArcsec(arcsec);
      expect(bar).toBeLessThanOrEqual(arcsec / 3);
      expect(bar).toBeGreaterThan(arcsec / 8);
      expect(bar.toPrecision(1)).toMatch(/^[125]|\.0*[125]/);
    }),
  );
});
