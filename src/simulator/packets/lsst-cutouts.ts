import { kept } from "../../kept.ts";
import type { Alert } from "../night/alert.ts";
import { hashOf, randomStream } from "../random.ts";
import { faintest, telescopes } from "../survey/telescope.ts";
import { drawCutouts } from "./cutouts.ts";
import { hduBytes, imageHdu, imageHeader, setNumber, writeHdu } from "./fits.ts";
import { placeOf } from "./lsst-ids.ts";

const { pixelArcsec } = telescopes.lsst;
const faintestNeighbour = faintest(telescopes.lsst);
const [smallestSide, psfSide] = [30, 41];
/**
 * The template is resampled from pieces; the point-spread functions of some come in larger frames.
 */
const templatePsfSides = [41, 45, 49];

/**
 * Each cutout is a FITS file of three images: pixels in nJy, their variance, and the point-spread
 * function. Valid until the next are drawn.
 */
export function lsstCutouts(alert: Alert, bboxSize: number) {
  const { object, observation } = alert;
  const { visit } = observation;
  const side = Math.max(smallestSide, bboxSize);
  const camera = { side, pixelArcsec, unitsPerNJy: 1, sky: 0, faintest: faintestNeighbour };
  const { science, template, difference, x, y, noise, templateNoise } = drawCutouts(
    alert,
    camera,
    randomStream(object.hash, visit.key, 1),
  );
  const header = headerOf(alert, side, x, y);
  const sigma = visit.seeingArcsec / 2.355 / pixelArcsec;
  const templatePsfSide =
    templatePsfSides[hashOf(object.field, visit.band.charCodeAt(0)) % templatePsfSides.length];
  workspaceAt = 0;
  return {
    cutoutDifference: fits(
      header,
      difference,
      uncertainty(side, noise ** 2),
      pointSpread(psfSide, sigma),
    ),
    cutoutScience: fits(
      header,
      science,
      uncertainty(side, noise ** 2 + templateNoise ** 2),
      pointSpread(psfSide, sigma),
    ),
    cutoutTemplate: fits(
      header,
      template,
      uncertainty(side, templateNoise ** 2),
      pointSpread(templatePsfSide, sigma),
    ),
  };
}

let workspace = Buffer.allocUnsafeSlow(1 << 20);
let workspaceAt = 0;

function fits(header: Buffer, pixels: Float32Array, variance: Buffer, psf: Buffer): Uint8Array {
  const start = workspaceAt;
  const needed = start + hduBytes(header, pixels) + variance.length + psf.length;
  if (needed > workspace.length) workspace = Buffer.concat([workspace, Buffer.alloc(needed)]);
  const end = writeHdu(workspace, start, header, pixels);
  workspace.set(variance, end);
  workspace.set(psf, end + variance.length);
  workspaceAt = needed;
  return workspace.subarray(start, needed);
}

const headers = new Map<number, Buffer>();

/**
 * North is up, east left; world coordinates as in the survey's headers, with the projection that
 * those leave out.
 */
function headerOf({ object, observation }: Alert, side: number, x: number, y: number): Buffer {
  const header = kept(headers, side, () => imageHeader(side, 4, cards));
  const place = placeOf(object, observation.visit.field);
  setNumber(header, "CUTMINX", Math.round(place.x - x));
  setNumber(header, "CUTMINY", Math.round(place.y - y));
  setNumber(header, "CRPIX1", x + 1);
  setNumber(header, "CRPIX2", y + 1);
  setNumber(header, "CRVAL1", object.ra);
  setNumber(header, "CRVAL2", object.dec);
  return header;
}

const axes = { WCSAXES: 2, CTYPE1: "RA---TAN", CTYPE2: "DEC--TAN", CRPIX1: 0, CRPIX2: 0 };
const scale = {
  PC1_1: -pixelArcsec / 3600,
  PC1_2: 0,
  PC2_1: 0,
  PC2_2: pixelArcsec / 3600,
  CDELT1: 1,
  CDELT2: 1,
};
const cards = {
  EXTEND: true,
  CUTMINX: 0,
  CUTMINY: 0,
  BUNIT: "nJy",
  ...axes,
  ...scale,
  CRVAL1: 0,
  CRVAL2: 0,
  LATPOLE: 90,
  MJDREF: 0,
};

/** Images that the alerts of a visit share. */
const shared = new Map<string, Buffer>();

function once(key: string, make: () => Buffer): Buffer {
  if (shared.size > 400) shared.clear();
  return kept(shared, key, make);
}

function uncertainty(side: number, variance: number): Buffer {
  const cards = { UTYPE: "VarianceUncertainty", EXTNAME: "UNCERT" };
  return once(`variance ${side} ${variance}`, () =>
    imageHdu(new Float32Array(side * side).fill(variance), cards),
  );
}

function pointSpread(side: number, sigma: number): Buffer {
  return once(`psf ${side} ${sigma}`, () => {
    const profile = Float64Array.from({ length: side }, (_, i) =>
      Math.exp(-0.5 * ((i - (side - 1) / 2) / sigma) ** 2),
    );
    const total = profile.reduce((a, b) => a + b) ** 2;
    const pixels = Float64Array.from(
      { length: side * side },
      (_, i) => (profile[i % side] * profile[Math.floor(i / side)]) / total,
    );
    return imageHdu(pixels, { EXTNAME: "PSFIMAGE" });
  });
}
