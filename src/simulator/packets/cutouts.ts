import { cosDegrees, sinDegrees } from "../../sky/angle.ts";
import { kept } from "../../kept.ts";
import type { ArtefactShape, Galaxy } from "../classes/class.ts";
import type { Alert, SkyObject } from "../night/alert.ts";
import { abFlux } from "../photometry.ts";
import { poisson, type Random, randomStream, uniformOf } from "../random.ts";
import { type Band, wavelengthNm } from "../survey/telescope.ts";

export interface Camera {
  /** Pixels along a side of a cutout. */
  readonly side: number;
  readonly pixelArcsec: number;
  readonly unitsPerNJy: number;
  /** Level of the sky on science and template image, in those units. */
  readonly sky: number;
  /** AB magnitude of the faintest neighbours on the reference image; 21 if not given. */
  readonly faintest?: number;
}

/**
 * The three images of one alert, in the camera's units: rows from south to north, in a row from
 * east to west. Valid until the next are drawn.
 */
export interface Cutouts {
  readonly science: Float32Array;
  readonly template: Float32Array;
  readonly difference: Float32Array;
  /** Pixel (from 0) at which the alert is. */
  readonly x: number;
  readonly y: number;
  /** Standard deviation of the noise in a pixel of the difference and of the template. */
  readonly noise: number;
  readonly templateNoise: number;
}

/**
 * An image that is being drawn: `sigma` of its point sources in pixels, and where on it the alert
 * is.
 */
interface Canvas {
  readonly pixels: Float32Array;
  readonly camera: Camera;
  readonly sigma: number;
  readonly x: number;
  readonly y: number;
}

/** Noise of the template in that of a visit: of the order of 25 visits are in it. */
export const templateNoiseShare = 0.2;

/**
 * Draws what the telescope saw: science = template + difference. The template is that of the image
 * subtraction, smeared to the seeing of the visit. A fit of the point-spread function to the
 * difference gives the alert's measured flux: the noise drawn is that of which the measurement
 * already took its part.
 */
export function drawCutouts(
  { object, observation }: Alert,
  camera: Camera,
  random: Random,
): Cutouts {
  const { band, depth, seeingArcsec, field } = observation.visit;
  const { science, template, difference } = imagesOf(camera.side);
  const sigma = seeingArcsec / 2.355 / camera.pixelArcsec;
  const middle = (camera.side - 1) / 2;
  const onTemplate: Canvas = {
    pixels: template.fill(0),
    camera,
    sigma,
    x: middle + random.between(-0.5, 0.5),
    y: middle + random.between(-0.5, 0.5),
  };
  const onDifference: Canvas = { ...onTemplate, pixels: difference.fill(0) };
  addPointSource(
    onTemplate,
    onTemplate.x,
    onTemplate.y,
    object.source.referenceFlux(band) * camera.unitsPerNJy,
  );
  if (object.source.galaxy) addGalaxy(onTemplate, object.source.galaxy, band);
  addNeighbours(onTemplate, object.hash, field.b, band);

  const noise = pixelNoise(depth, sigma) * camera.unitsPerNJy;
  const templateNoise = templateNoiseShare * noise;
  const fromNoise = random.integer(tileLength - difference.length);
  const fromTemplateNoise = random.integer(tileLength - difference.length);
  const flux = observation.flux * camera.unitsPerNJy;
  if (object.shape) addArtefact(onDifference, object, object.shape, flux);
  const fitOfNoise = noise * psfFit(onDifference, noiseTile, fromNoise);
  addPointSource(
    onDifference,
    onDifference.x,
    onDifference.y,
    (object.shape ? 0 : flux) - fitOfNoise,
  );
  for (let i = 0; i < science.length; i++) {
    difference[i] += noise * noiseTile[fromNoise + i];
    template[i] += camera.sky + templateNoise * noiseTile[fromTemplateNoise + i];
    science[i] = template[i] + difference[i];
  }
  return { science, template, difference, x: onTemplate.x, y: onTemplate.y, noise, templateNoise };
}

type Images = Pick<Cutouts, "science" | "template" | "difference">;

const images = new Map<number, Images>();

/** Made once for each side: a thousand alerts a second would keep the garbage collector busy. */
function imagesOf(side: number): Images {
  const image = (): Float32Array => new Float32Array(side ** 2);
  return kept(images, side, () => ({ science: image(), template: image(), difference: image() }));
}

/** Noise is a window of one long tile, since drawing it anew for every image takes longest. */
const tileLength = 1 << 17;
const noiseTile = Float32Array.from({ length: tileLength }, randomStream(0).normal);

/**
 * Noise of one pixel, nJy, from the depth: a Gaussian point source gathers that of 4 π σ² pixels
 * (King 1983, PASP 95, 163).
 */
function pixelNoise(depth: number, sigma: number): number {
  return abFlux(depth) / 5 / Math.sqrt(4 * Math.PI * sigma * sigma);
}

function addPointSource(
  { pixels, camera, sigma }: Canvas,
  x: number,
  y: number,
  flux: number,
): void {
  addGaussian(pixels, camera.side, x, y, flux, sigma * sigma, 0, sigma * sigma);
}

/**
 * Flux of a point source at the alert's place that fits an image best, all pixels with the same
 * weight; the image begins at element `from`.
 */
function psfFit({ camera: { side }, sigma, x, y }: Canvas, pixels: Float32Array, from = 0): number {
  const reach = 4.5 * sigma;
  const [left, right] = [
    Math.max(0, Math.ceil(x - reach)),
    Math.min(side - 1, Math.floor(x + reach)),
  ];
  const [bottom, top] = [
    Math.max(0, Math.ceil(y - reach)),
    Math.min(side - 1, Math.floor(y + reach)),
  ];
  for (let column = left; column <= right; column++)
    profile[column] = Math.exp((-0.5 * (column - x) ** 2) / sigma ** 2);
  let [product, alongX, alongY] = [0, 0, 0];
  for (let column = left; column <= right; column++) alongX += profile[column] ** 2;
  for (let row = bottom; row <= top; row++) {
    let sum = 0;
    for (let column = left; column <= right; column++)
      sum += profile[column] * pixels[from + row * side + column];
    const weight = Math.exp((-0.5 * (row - y) ** 2) / sigma ** 2);
    product += weight * sum;
    alongY += weight * weight;
  }
  return (2 * Math.PI * sigma * sigma * product) / (alongX * alongY);
}

/** Workspace of `psfFit`, as long as the longest side. */
const profile = new Float64Array(1024);

/**
 * Variance in units of the half-light radius squared, and share of the light, of galaxies (Hogg &
 * Lang 2013, PASP 125, 719; its narrowest Gaussians joined).
 */
const mixtures = {
  1: { variances: [0.04, 0.14, 0.461, 1.5], shares: [0.022, 0.1, 0.368, 0.51] },
  4: { variances: [0.012, 0.0685, 0.287, 1.333, 8.4], shares: [0.118, 0.134, 0.211, 0.271, 0.266] },
} as const;

/** A galaxy as a mixture of Gaussians: smearing by the seeing then only adds variances. */
function addGalaxy({ pixels, camera, sigma, x, y }: Canvas, galaxy: Galaxy, band: Band): void {
  const radius = galaxy.radiusArcsec / camera.pixelArcsec;
  // east is left
  const [s, c, q] = [-sinDegrees(galaxy.angle), cosDegrees(galaxy.angle), galaxy.axisRatio ** 2];
  const [left, up] = [
    galaxy.eastArcsec / camera.pixelArcsec,
    galaxy.northArcsec / camera.pixelArcsec,
  ];
  const flux = galaxy.flux(band) * camera.unitsPerNJy;
  const { variances, shares } = mixtures[galaxy.sersic];
  for (const [i, variance] of variances.entries()) {
    const v = variance * radius * radius;
    const [xx, xy, yy] = [
      v * (s * s + q * c * c) + sigma * sigma,
      v * (1 - q) * s * c,
      v * (c * c + q * s * s) + sigma * sigma,
    ];
    addGaussian(pixels, camera.side, x - left, y + up, shares[i] * flux, xx, xy, yy);
  }
}

/**
 * Half side of the square around an alert in which its neighbours are, pixels: all of a ZTF cutout,
 * and of all but the largest of LSST.
 */
const neighbourhood = 33;

/**
 * What else is on the reference image, the same in each visit and band of an object: ~2 per square
 * arcmin to 20.5 mag far from the Milky Way, 10^0.2 times as many a magnitude.
 */
function addNeighbours(canvas: Canvas, hash: number, b: number, band: Band): void {
  const { camera, x, y } = canvas;
  const faintest = camera.faintest ?? 21;
  const perSquareArcmin =
    10 ** (0.2 * (faintest - 20.5)) * (1 + 1 / Math.max(0.03, Math.abs(sinDegrees(b))));
  const random = randomStream(hash, 1);
  for (
    let left = poisson(
      perSquareArcmin * ((2 * neighbourhood * camera.pixelArcsec) / 60) ** 2,
      random,
    );
    left > 0;
    left--
  ) {
    const [dx, dy] = [
      random.between(-neighbourhood, neighbourhood),
      random.between(-neighbourhood, neighbourhood),
    ];
    // their numbers grow as 10^0.2 mag
    const brighter = Math.min(1e4, (1 - random.uniform()) ** -2);
    const colour = (wavelengthNm[band] / wavelengthNm.r) ** random.between(0, 2.5);
    addPointSource(
      canvas,
      x + dx,
      y + dy,
      abFlux(faintest) * brighter * colour * camera.unitsPerNJy,
    );
  }
}

/**
 * Length (arcsec) and bearing (degrees from north to east, -180 … 180) of a dipole, cosmic ray or
 * streak.
 */
export function artefactExtent(
  { hash, shape }: SkyObject,
  seeingArcsec: number,
): { readonly lengthArcsec: number; readonly bearing: number } {
  const longest =
    shape === "streak" ? 300 : shape === "cosmic ray" ? 4 * seeingArcsec : 0.6 * seeingArcsec;
  return {
    lengthArcsec: longest * (0.3 + 0.7 * uniformOf(hash, 0xa1)),
    bearing: 360 * uniformOf(hash, 0xa2) - 180,
  };
}

/** Mean of the two lobes of a dipole in units of their difference. */
export function dipoleStrength({ hash }: SkyObject): number {
  return 2 + 6 * uniformOf(hash, 0xa3);
}

/** An artefact, with the flux that a fit of a point source measures of it. */
function addArtefact(canvas: Canvas, object: SkyObject, shape: ArtefactShape, flux: number): void {
  const { pixels, camera, sigma, x, y } = canvas;
  const { lengthArcsec, bearing } = artefactExtent(object, sigma * 2.355 * camera.pixelArcsec);
  const length = lengthArcsec / camera.pixelArcsec;
  const [dx, dy] = [-sinDegrees(bearing), cosDegrees(bearing)];
  if (shape === "dipole") {
    const strength = dipoleStrength(object);
    addPointSource(canvas, x + (dx * length) / 2, y + (dy * length) / 2, strength + 0.5);
    addPointSource(canvas, x - (dx * length) / 2, y - (dy * length) / 2, 0.5 - strength);
  } else if (shape === "bad subtraction") {
    // a bright star, sharper in one image than in the other
    addPointSource({ ...canvas, sigma: 0.75 * sigma }, x, y, 1);
    addPointSource({ ...canvas, sigma: 1.4 * sigma }, x, y, -1);
  } else if (shape === "streak") addLine(canvas, dx, dy);
  else addTrack(canvas, dx, dy, length);
  const scale = flux / psfFit(canvas, pixels);
  for (let i = 0; i < pixels.length; i++) pixels[i] *= scale;
}

/** A satellite's trail through the whole image. */
function addLine({ pixels, camera: { side }, sigma, x, y }: Canvas, dx: number, dy: number): void {
  for (let row = 0; row < side; row++) {
    for (let column = 0; column < side; column++) {
      const distance = (column - x) * dy - (row - y) * dx;
      pixels[row * side + column] += Math.exp((-0.5 * distance * distance) / (sigma * sigma));
    }
  }
}

/** A straight track one pixel wide: sharper than the seeing allows. */
function addTrack(
  { pixels, camera: { side }, x, y }: Canvas,
  dx: number,
  dy: number,
  length: number,
): void {
  for (let along = -length / 2; along <= length / 2; along += 0.5) {
    const [column, row] = [Math.round(x + dx * along), Math.round(y + dy * along)];
    if (column >= 0 && column < side && row >= 0 && row < side) pixels[row * side + column] += 1;
  }
}

/**
 * Adds an elliptical Gaussian of that total flux and those second moments, in pixels. In a row it
 * is a Gaussian too: from its middle outwards each pixel is the one before times a ratio, which
 * itself changes by a constant factor. So a row needs five exponentials, not one a pixel.
 */
function addGaussian(
  pixels: Float32Array,
  side: number,
  x: number,
  y: number,
  flux: number,
  xx: number,
  xy: number,
  yy: number,
): void {
  const variance = xx - (xy * xy) / yy;
  const peak = flux / (2 * Math.PI * Math.sqrt(variance * yy));
  const [reachX, reachY] = [4.5 * Math.sqrt(variance), 4.5 * Math.sqrt(yy)];
  const factor = Math.exp(-1 / variance);
  const top = Math.min(side - 1, Math.floor(y + reachY));
  for (let row = Math.max(0, Math.ceil(y - reachY)); row <= top; row++) {
    const dy = row - y;
    const centre = x + (xy / yy) * dy;
    const left = Math.max(0, Math.ceil(centre - reachX));
    const right = Math.min(side - 1, Math.floor(centre + reachX));
    if (left > right) continue;
    const start = Math.min(right, Math.max(left, Math.round(centre)));
    const dx = start - centre;
    const begin = row * side;
    const value = peak * Math.exp(-0.5 * ((dy * dy) / yy + (dx * dx) / variance));
    let ratio = Math.exp(-(dx + 0.5) / variance);
    for (
      let column = start, here = value;
      column <= right;
      column++, here *= ratio, ratio *= factor
    )
      pixels[begin + column] += here;
    ratio = Math.exp((dx - 0.5) / variance);
    for (
      let column = start - 1, here = value * ratio;
      column >= left;
      column--, ratio *= factor, here *= ratio
    )
      pixels[begin + column] += here;
  }
}
