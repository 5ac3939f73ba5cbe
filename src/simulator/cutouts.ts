import { type Random, randomStream } from "./random.ts";
import { abFlux, type Galaxy, type Source } from "./sources.ts";
import { cos, sin } from "./telescope.ts";

export interface Camera {
  /** Pixels along a side of a cutout. */
  readonly side: number;
  readonly pixelArcsec: number;
  readonly unitsPerNJy: number;
  /** Level of the sky on science and template image, in those units. */
  readonly sky: number;
}

/** The three images of one alert, in the camera's units: rows from south to north, in a row from east to west. */
export interface Cutouts {
  readonly science: Float32Array;
  readonly template: Float32Array;
  readonly difference: Float32Array;
  /** Standard deviation of the noise in a pixel of the science image. */
  readonly noise: number;
}

/** An image that is being drawn: `sigma` of its point sources in pixels, and where on it the alert is. */
interface Canvas {
  readonly pixels: Float32Array;
  readonly camera: Camera;
  readonly sigma: number;
  readonly x: number;
  readonly y: number;
}

/** Draws what the telescope saw: science = template + source + noise, difference = science - template. */
export function drawCutouts(source: Source, camera: Camera, random: Random): Cutouts {
  const { flux, depth, seeingArcsec } = source.alert;
  const sigma = seeingArcsec / 2.355 / camera.pixelArcsec;
  const noise = pixelNoise(depth, sigma) * camera.unitsPerNJy;
  const middle = (camera.side - 1) / 2;
  const pixels = new Float32Array(camera.side * camera.side);
  const template: Canvas = { pixels, camera, sigma, x: middle + random.between(-0.5, 0.5), y: middle + random.between(-0.5, 0.5) };
  addPointSource(template, template.x, template.y, source.starFlux * camera.unitsPerNJy);
  if (source.galaxy) addGalaxy(template, source.galaxy);
  for (let neighbours = random.integer(4); neighbours > 0; neighbours--) {
    addPointSource(template, random.between(0, camera.side), random.between(0, camera.side), noise * 10 ** random.between(1.3, 3));
  }
  const science: Canvas = { ...template, pixels: pixels.slice() };
  if (source.kind === "artefact") addCosmicRay(science, flux * camera.unitsPerNJy, random);
  else addPointSource(science, science.x, science.y, flux * camera.unitsPerNJy);
  addSky(science, noise, random);
  addSky(template, 0.3 * noise, random);
  const difference = science.pixels.map((value, i) => value - pixels[i]);
  return { science: science.pixels, template: pixels, difference, noise };
}

/** Noise of one pixel, nJy, from the depth: a Gaussian point source gathers that of 4 π σ² pixels (King 1983, PASP 95, 163). */
function pixelNoise(depth: number, sigma: number): number {
  return abFlux(depth) / 5 / Math.sqrt(4 * Math.PI * sigma * sigma);
}

function addPointSource({ pixels, camera, sigma }: Canvas, x: number, y: number, flux: number): void {
  addGaussian(pixels, camera.side, x, y, flux, { xx: sigma * sigma, xy: 0, yy: sigma * sigma });
}

/** Variance in units of the half-light radius squared, and share of the light (after Hogg & Lang 2013, PASP 125, 719). */
const exponentialDisc = [
  [0.04, 0.02],
  [0.14, 0.1],
  [0.46, 0.37],
  [1.5, 0.51],
] as const;

/** An exponential disc as a mixture of Gaussians: smearing by the seeing then only adds variances. */
function addGalaxy({ pixels, camera, sigma, x, y }: Canvas, galaxy: Galaxy): void {
  const radius = galaxy.radiusArcsec / camera.pixelArcsec;
  const [c, s, q] = [cos(galaxy.angle), sin(galaxy.angle), galaxy.axisRatio ** 2];
  for (const [variance, share] of exponentialDisc) {
    const v = variance * radius * radius;
    const shape = { xx: v * (c * c + q * s * s) + sigma * sigma, xy: v * (1 - q) * c * s, yy: v * (s * s + q * c * c) + sigma * sigma };
    const [east, north] = [galaxy.eastArcsec / camera.pixelArcsec, galaxy.northArcsec / camera.pixelArcsec];
    addGaussian(pixels, camera.side, x - east, y + north, share * galaxy.flux * camera.unitsPerNJy, shape);
  }
}

/** Adds an elliptical Gaussian of that total flux and those second moments, in pixels. */
function addGaussian(pixels: Float32Array, side: number, x: number, y: number, flux: number, { xx, xy, yy }: { xx: number; xy: number; yy: number }): void {
  const determinant = xx * yy - xy * xy;
  const peak = flux / (2 * Math.PI * Math.sqrt(determinant));
  const reach = 4.5 * Math.sqrt(Math.max(xx, yy));
  const [left, right] = [Math.max(0, Math.ceil(x - reach)), Math.min(side - 1, Math.floor(x + reach))];
  const [bottom, top] = [Math.max(0, Math.ceil(y - reach)), Math.min(side - 1, Math.floor(y + reach))];
  for (let row = bottom; row <= top; row++) {
    const dy = row - y;
    for (let column = left; column <= right; column++) {
      const dx = column - x;
      pixels[row * side + column] += peak * Math.exp((-0.5 * (yy * dx * dx - 2 * xy * dx * dy + xx * dy * dy)) / determinant);
    }
  }
}

/** A straight track one pixel wide: sharper than the seeing allows. */
function addCosmicRay({ pixels, camera, x, y }: Canvas, flux: number, random: Random): void {
  const angle = random.between(0, 360);
  const steps = 2 + random.integer(14);
  for (let step = 0; step < steps; step++) {
    const column = Math.round(x + 0.7 * (step - steps / 2) * cos(angle));
    const row = Math.round(y + 0.7 * (step - steps / 2) * sin(angle));
    pixels[row * camera.side + column] += flux / steps;
  }
}

const noiseTile = 1 << 16;
let noiseTiles: Float32Array | undefined;

/** Adds sky and noise; the noise is a window of one long tile, since drawing it anew for every image takes longest. */
function addSky({ pixels, camera }: Canvas, noise: number, random: Random): void {
  noiseTiles ??= Float32Array.from({ length: noiseTile }, randomStream(0).normal);
  const start = random.integer(noiseTile - pixels.length);
  for (let i = 0; i < pixels.length; i++) pixels[i] += camera.sky + noise * noiseTiles[start + i];
}
