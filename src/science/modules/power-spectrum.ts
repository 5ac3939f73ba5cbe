import { deviationBetween, medianBetween } from "./sigma-clip.ts";
import { cropped, type Stamp } from "./stamp.ts";

const shuffles = 200;

/**
 * How far the power spectrum of an image is from those of its shuffled pixels (Pessi et al. 2024,
 * A&A 691, A181, "ELEPHANT"): the Kolmogorov-Smirnov statistic between the distances real-shuffled
 * and shuffled-shuffled. 0: the image is noise. Masked pixels become noise before. As
 * detect_host_with_powerspectrum of fink-science, whose random numbers are others.
 */
export function hostStatistic(
  stamp: Stamp,
  mask: Uint8Array,
  radius: number,
  random: () => number,
): number {
  const image = { size: stamp.size, pixels: noiseFilled(stamp.pixels, mask, random) };
  const spectrum = spectrumOf(2 * radius);
  const real = spectrum(cropped(image, radius)!.pixels);
  // of a shuffled image only the middle is looked at: as many pixels of the whole, each once
  const shuffled = Array.from({ length: shuffles }, () => {
    drawToFront(image.pixels, 4 * radius * radius, random);
    return spectrum(image.pixels);
  });
  const toReal = Float64Array.from(shuffled, (other) => distance(real, other));
  const toEachOther = new Float64Array((shuffles * (shuffles - 1)) / 2);
  let n = 0;
  for (let i = 0; i < shuffles; i++)
    for (let j = i + 1; j < shuffles; j++) toEachOther[n++] = distance(shuffled[i], shuffled[j]);
  return kolmogorovSmirnov(toReal.sort(), toEachOther);
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

/**
 * The largest distance between the distributions of two samples: it is at a value of either, so at
 * one of the first or just before. The first is sorted.
 */
export function kolmogorovSmirnov(a: Float64Array, b: Float64Array): number {
  // how many of b lie between a's values, and how many are equal to one: b, much the larger, need
  // not be sorted
  const [between, equal] = [new Float64Array(a.length + 1), new Float64Array(a.length)];
  for (let i = 0; i < b.length; i++) {
    const value = b[i];
    let [low, high] = [0, a.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (a[middle] < value) low = middle + 1;
      else high = middle;
    }
    if (a[low] === value) equal[low]++;
    else between[low]++;
  }
  let [below, largest] = [0, 0];
  for (let first = 0; first < a.length;) {
    let end = first + 1;
    while (end < a.length && a[end] === a[first]) end++;
    below += between[first];
    largest = Math.max(largest, Math.abs(first / a.length - below / b.length));
    below += equal[first];
    largest = Math.max(largest, Math.abs(end / a.length - below / b.length));
    first = end;
  }
  return largest;
}

function noiseFilled(pixels: Float64Array, mask: Uint8Array, random: () => number): Float64Array {
  const sky = pixels.filter((_, i) => mask[i] === 0).sort();
  const [median, deviation] = [
    medianBetween(sky, 0, sky.length),
    deviationBetween(sky, 0, sky.length),
  ];
  return pixels.map((pixel, i) => (mask[i] === 0 ? pixel : median + deviation * normal(random)));
}

/** Box and Muller. */
function normal(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

/** Fisher and Yates: the first `count` values are a random choice of all. */
function drawToFront(values: Float64Array, count: number, random: () => number): void {
  for (let i = 0; i < Math.min(count, values.length - 1); i++) {
    const j = i + Math.floor(random() * (values.length - i));
    const value = values[i];
    values[i] = values[j];
    values[j] = value;
  }
}

/** Wasserstein's distance between the sets of powers; both are sorted. */
function distance(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += Math.abs(a[i] - b[i]);
  return sum / a.length;
}

/**
 * Sorted powers of a square image, the first size² of the pixels, in rings of its Fourier
 * transform: mean power times the ring's area.
 */
function spectrumOf(size: number): (pixels: Float64Array) => Float64Array {
  const half = size / 2;
  const turn = Float64Array.from(
    { length: size * size },
    (_, i) => (2 * Math.PI * ((Math.floor(i / size) * (i % size)) % size)) / size,
  );
  const [cosine, sine] = [turn.map(Math.cos), turn.map(Math.sin)];
  const [real, imaginary] = [new Float64Array(size), new Float64Array(size)];
  const counts = new Float64Array(half);
  const ringAt = (kx: number, ky: number) => Math.floor(Math.hypot(kx, ky) - 0.5);
  const rings = Int32Array.from({ length: (half + 1) * size }, (_, i) =>
    ringAt(Math.floor(i / size), (i % size) - half),
  );
  return (pixels) => {
    const sums = new Float64Array(half);
    counts.fill(0);
    // the image is real: of the frequencies kx, -kx one is enough
    for (let kx = 0; kx <= half; kx++) {
      for (let y = 0; y < size; y++) {
        let [sumReal, sumImaginary] = [0, 0];
        for (let x = 0, pixel = y * size, wave = kx * size; x < size; x++, pixel++, wave++) {
          sumReal += pixels[pixel] * cosine[wave];
          sumImaginary -= pixels[pixel] * sine[wave];
        }
        real[y] = sumReal;
        imaginary[y] = sumImaginary;
      }
      const weight = kx === 0 || kx === half ? 1 : 2;
      for (let ky = 0; ky < size; ky++) {
        const ring = rings[kx * size + ky];
        if (ring < 0 || ring >= half) continue;
        sums[ring] += weight * powerAt(real, imaginary, cosine, sine, ((ky + half) % size) * size);
        counts[ring] += weight;
      }
    }
    return sums
      .map((sum, ring) => (sum / counts[ring]) * Math.PI * ((ring + 1.5) ** 2 - (ring + 0.5) ** 2))
      .sort();
  };
}

function powerAt(
  real: Float64Array,
  imaginary: Float64Array,
  cosine: Float64Array,
  sine: Float64Array,
  wave: number,
): number {
  let [sumReal, sumImaginary] = [0, 0];
  for (let y = 0; y < real.length; y++) {
    sumReal += real[y] * cosine[wave + y] + imaginary[y] * sine[wave + y];
    sumImaginary += imaginary[y] * cosine[wave + y] - real[y] * sine[wave + y];
  }
  return sumReal * sumReal + sumImaginary * sumImaginary;
}
