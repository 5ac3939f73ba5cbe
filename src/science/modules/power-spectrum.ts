import { deviationBetween, medianBetween } from "./sigma-clip.ts";
import { cropped, type Stamp } from "./stamp.ts";

const shuffles = 200;

/**
 * How far the power spectrum of an image is from those of its shuffled pixels (Pessi et al. 2024, A&A 691, A181, "ELEPHANT"): the Kolmogorov-Smirnov statistic
 * between the distances real-shuffled and shuffled-shuffled. 0: the image is noise. Masked pixels become noise before. As detect_host_with_powerspectrum of
 * fink-science, whose random numbers are others.
 */
export function hostStatistic(stamp: Stamp, mask: Uint8Array, radius: number, random: () => number): number {
  const image = { size: stamp.size, pixels: noiseFilled(stamp.pixels, mask, random) };
  const spectrum = spectrumOf(2 * radius);
  const real = spectrum(cropped(image, radius)!.pixels);
  const shuffled = Array.from({ length: shuffles }, () => {
    shuffle(image.pixels, random);
    return spectrum(cropped(image, radius)!.pixels);
  });
  const toReal = Float64Array.from(shuffled, (other) => distance(real, other));
  const toEachOther = new Float64Array((shuffles * (shuffles - 1)) / 2);
  for (let i = 0, n = 0; i < shuffles; i++) for (let j = i + 1; j < shuffles; j++) toEachOther[n++] = distance(shuffled[i], shuffled[j]);
  return kolmogorovSmirnov(toReal.sort(), toEachOther.sort());
}

/** A source of numbers from 0 to 1 (mulberry32). */
export function randomNumbers(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** The largest distance between the distributions of two sorted samples. */
export function kolmogorovSmirnov(a: Float64Array, b: Float64Array): number {
  let [i, j, largest] = [0, 0, 0];
  while (i < a.length && j < b.length) {
    const value = Math.min(a[i], b[j]);
    while (i < a.length && a[i] === value) i++;
    while (j < b.length && b[j] === value) j++;
    largest = Math.max(largest, Math.abs(i / a.length - j / b.length));
  }
  return largest;
}

function noiseFilled(pixels: Float64Array, mask: Uint8Array, random: () => number): Float64Array {
  const sky = pixels.filter((_, i) => mask[i] === 0).sort();
  const [median, deviation] = [medianBetween(sky, 0, sky.length), deviationBetween(sky, 0, sky.length)];
  return pixels.map((pixel, i) => (mask[i] === 0 ? pixel : median + deviation * normal(random)));
}

/** Box and Muller. */
function normal(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

/** Fisher and Yates. */
function shuffle(values: Float64Array, random: () => number): void {
  for (let i = values.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [values[i], values[j]] = [values[j], values[i]];
  }
}

/** Wasserstein's distance between the sets of powers; both are sorted. */
function distance(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += Math.abs(a[i] - b[i]);
  return sum / a.length;
}

/** Sorted powers of a square image in rings of its Fourier transform: mean power times the ring's area. */
function spectrumOf(size: number): (pixels: Float64Array) => Float64Array {
  const turn = Float64Array.from({ length: size }, (_, n) => (2 * Math.PI * n) / size);
  const [cosine, sine] = [turn.map(Math.cos), turn.map(Math.sin)];
  const half = size / 2;
  return (pixels) => {
    const [sums, counts] = [new Float64Array(half), new Float64Array(half)];
    // the image is real: of the frequencies kx, -kx one is enough
    for (let kx = 0; kx <= half; kx++) {
      const [real, imaginary] = [new Float64Array(size), new Float64Array(size)];
      for (let y = 0; y < size; y++) {
        for (let x = 0, turns = 0; x < size; x++, turns = (turns + kx) % size) {
          real[y] += pixels[y * size + x] * cosine[turns];
          imaginary[y] -= pixels[y * size + x] * sine[turns];
        }
      }
      const weight = kx === 0 || kx === half ? 1 : 2;
      for (let ky = -half; ky < half; ky++) {
        const ring = Math.floor(Math.hypot(kx, ky) - 0.5);
        if (ring < 0 || ring >= half) continue;
        sums[ring] += weight * powerAt(real, imaginary, cosine, sine, ky);
        counts[ring] += weight;
      }
    }
    return sums.map((sum, ring) => (sum / counts[ring]) * Math.PI * ((ring + 1.5) ** 2 - (ring + 0.5) ** 2)).sort();
  };
}

function powerAt(real: Float64Array, imaginary: Float64Array, cosine: Float64Array, sine: Float64Array, ky: number): number {
  const size = real.length;
  const advance = (ky + size) % size;
  let [sumReal, sumImaginary] = [0, 0];
  for (let y = 0, turns = 0; y < size; y++, turns = (turns + advance) % size) {
    sumReal += real[y] * cosine[turns] + imaginary[y] * sine[turns];
    sumImaginary += imaginary[y] * cosine[turns] - real[y] * sine[turns];
  }
  return sumReal * sumReal + sumImaginary * sumImaginary;
}
