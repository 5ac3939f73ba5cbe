import { erfc } from "./erfc.ts";

/** Of the decimal logarithm of a ratio of fluxes. */
export interface RatioStatistics {
  readonly mean: number;
  readonly deviation: number;
  /** 5th and 95th percentile. */
  readonly low: number;
  readonly high: number;
}

/** Normal in flux; without an error it is an upper limit: any flux from 0 to it, all as likely. */
export interface Brightness {
  readonly mag: number;
  readonly error: number | null;
}

/** Of `now` to `earlier`, both taken to be positive. */
export function ratioOf(
  now: { readonly mag: number; readonly error: number },
  earlier: Brightness,
): RatioStatistics {
  const above = spreadOf(now.error);
  const below = earlier.error === null ? null : spreadOf(earlier.error);
  const shift = 0.4 * (earlier.mag - now.mag);
  const [up, down] = [logMoments(above), logMoments(below)];
  const mean = up.mean - down.mean;
  const deviation = Math.sqrt(up.variance + down.variance);
  const share = shareBelow(above, below);
  const at = (wanted: number) =>
    rootOf(
      (log) => share(log) - wanted,
      mean + (wanted < 0.5 ? -1.645 : 1.645) * deviation,
      0.3 * deviation,
    );
  return { mean: shift + mean, deviation, low: shift + at(0.05), high: shift + at(0.95) };
}

/** Standard deviation of a flux in parts of it; null: uniform from 0 to 1. */
type Spread = number | null;

function spreadOf(magnitudeError: number): number {
  return (magnitudeError * Math.LN10) / 2.5;
}

/** Places of the normal distribution, in standard deviations, with their weights. */
const places = Float64Array.from({ length: 1921 }, (_, n) => (n - 960) / 160);
const weights = places.map((z) => Math.exp(-0.5 * z * z));

function logMoments(spread: Spread): { mean: number; variance: number } {
  if (spread === null) return { mean: -1 / Math.LN10, variance: 1 / Math.LN10 ** 2 };
  // the logarithm has its pole among the places of a noisy flux
  const stride = spread * 6 > 1 ? 1 : 16;
  let [total, sum, squares] = [0, 0, 0];
  for (let n = 0; n < places.length; n += stride) {
    const flux = 1 + spread * places[n];
    if (flux <= 0) continue;
    const log = Math.log10(flux);
    total += weights[n];
    sum += weights[n] * log;
    squares += weights[n] * log * log;
  }
  const mean = sum / total;
  return { mean, variance: Math.max(0, squares / total - mean * mean) };
}

/**
 * The probability that log10(above / below) is at most a number. The narrower of the two is summed
 * over, so that the other one is smooth at its steps.
 */
function shareBelow(above: number, below: Spread): (log: number) => number {
  if (below !== null && below < above) {
    const cumulative = cumulativeOf(above);
    return (log) => expected(below, (flux) => cumulative(flux * 10 ** log));
  }
  const cumulative = cumulativeOf(below);
  return (log) => expected(above, (flux) => 1 - cumulative(flux / 10 ** log));
}

function expected(spread: number, of: (flux: number) => number): number {
  let [total, sum] = [0, 0];
  for (let n = 0; n < places.length; n += 64) {
    const flux = 1 + spread * places[n];
    if (flux <= 0) continue;
    total += weights[n];
    sum += weights[n] * of(flux);
  }
  return sum / total;
}

function cumulativeOf(spread: Spread): (flux: number) => number {
  if (spread === null) return (flux) => Math.min(flux, 1);
  const beneath = (flux: number) => 0.5 * erfc((1 - flux) / (spread * Math.SQRT2));
  const negative = beneath(0);
  return (flux) => (beneath(flux) - negative) / (1 - negative);
}

/** Regula falsi (Illinois) on an increasing function, from a guess. */
function rootOf(f: (x: number) => number, guess: number, width: number): number {
  if (!(width > 0)) return guess;
  let [a, b] = [guess - width, guess + width];
  let [fa, fb] = [f(a), f(b)];
  while (fa > 0 && width < 1e6) [a, fa] = [(a -= width *= 2), f(a)];
  while (fb < 0 && width < 1e6) [b, fb] = [(b += width *= 2), f(b)];
  for (let round = 0; round < 40; round++) {
    const x = b - (fb * (b - a)) / (fb - fa);
    const fx = f(x);
    if (Math.abs(fx) < 1e-7 || !Number.isFinite(x)) return x;
    if (fx > 0 === fb > 0) fa /= 2;
    else [a, fa] = [b, fb];
    [b, fb] = [x, fx];
  }
  return b;
}
