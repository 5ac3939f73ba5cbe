import { variableMetric } from "./variable-metric.ts";

/** A point of a light curve in several bands; flux and error in units of the brightest. */
export interface RainbowPoint {
  readonly time: number;
  readonly wavelengthAngstrom: number;
  readonly flux: number;
  readonly error: number;
}

export interface RainbowFit {
  readonly amplitude: number;
  /** Days. */
  readonly riseTime: number;
  /** Kelvin, in the middle between first and last; and half the difference over it. */
  readonly temperature: number;
  readonly temperatureAmplitude: number;
  /** Days. */
  readonly colourTime: number;
  readonly reducedChi2: number;
}

const [planck, boltzmann, light, stefanBoltzmann] = [6.62607004e-34, 1.380649e-23, 299792458, 5.6703744191844314e-8];
/** The temperatures in it, so that all parameters are about 1. */
const kelvin = 10_000;
/** How much a limit repels: so small that it is felt next to it only. */
const repulsion = 1e-4;
/** Of the change of temperature, which is 0 where the points say nothing of it. */
const priorSigma = 0.25;
/** Of the gain that is still expected. */
const tolerance = 1e-6;

/**
 * A black body whose luminosity rises as a logistic curve, and whose temperature goes from T (1 + a) to T (1 − a) (Russeil et al. 2024, arXiv:2310.02916, without
 * baseline). What is minimized is what RainbowFit of light-curve 0.13 minimizes: half of chi², a term that repels from the limits of each parameter, and a prior of
 * a; times in units of their spread, fluxes in units of theirs. Points: in the order of their times. null: there is no fit.
 */
export function fitRainbow(points: readonly RainbowPoint[], meanWavelengthAngstrom: number): RainbowFit | null {
  const times = spreadOf(points.map(({ time }) => time));
  const scale = spreadOf(points.map(({ flux }) => flux)).sigma;
  const scaled = points.map((p) => ({ ...p, time: (p.time - times.mean) / times.sigma, flux: p.flux / scale, error: p.error / scale }));
  const { start, limits } = startOf(scaled);
  const model = modelOf(scaled, light / (meanWavelengthAngstrom * 1e-10));
  const repelled = (p: Float64Array): number[] => limits.map(([low, high], k) => (high - low) / (p[k] - low) + (high - low) / (high - p[k]));
  const deviations = (p: Float64Array): Float64Array => model(p).map((flux, i) => (flux - scaled[i].flux) / scaled[i].error);
  const priorOf = (change: number): number => (change / priorSigma) ** 2 / 2;
  const cost = (p: Float64Array): number =>
    deviations(p).reduce((sum, sigmas) => sum + sigmas * sigmas, 0) / 2 + repulsion * sumOf(repelled(p)) + priorOf(p[4]);
  // a sine leads to each limit and not beyond it
  const inside = (u: Float64Array) => u.map((angle, k) => limits[k][0] + ((limits[k][1] - limits[k][0]) * (1 + Math.sin(angle))) / 2);
  const angles = start.map((value, k) => Math.asin(Math.min(1 - 1e-9, Math.max(-1 + 1e-9, (2 * (value - limits[k][0])) / (limits[k][1] - limits[k][0]) - 1))));
  const at = variableMetric((u) => cost(inside(u)), angles, tolerance);
  const found = at && inside(at);
  if (found === null) return null;
  const [, amplitude, rise, temperature, temperatureAmplitude, colour] = found;
  return {
    amplitude: amplitude * scale,
    riseTime: rise * times.sigma,
    temperature: temperature * kelvin,
    temperatureAmplitude,
    colourTime: colour * times.sigma,
    reducedChi2: (cost(found) - priorOf(temperatureAmplitude)) / (points.length - start.length), // of half of chi², as the original has it
  };
}

/** Fluxes of parameters: time of half the luminosity, amplitude, rise time, temperature, its change, and the time of that. */
function modelOf(points: readonly RainbowPoint[], unit: number): (p: Float64Array) => Float64Array {
  const frequencies = points.map(({ wavelengthAngstrom }) => light / (wavelengthAngstrom * 1e-10));
  return ([time, amplitude, rise, temperature, change, colour]) =>
    Float64Array.from(points, ({ time: t }, i) => {
      const luminosity = amplitude / (1 + Math.exp(-(t - time) / rise));
      const kelvins = kelvin * temperature * (1 - change * Math.tanh((t - time) / (2 * colour)));
      return luminosity * unit * spectrum(frequencies[i], kelvins);
    });
}

/** π B_ν(T) / (σ T⁴), per Hz. */
function spectrum(frequency: number, kelvins: number): number {
  const radiance = (2 * planck * frequency ** 3) / light ** 2 / Math.expm1((planck * frequency) / (boltzmann * kelvins));
  return (Math.PI * radiance) / (stefanBoltzmann * kelvins ** 4);
}

/** Of points in units of their spread: where the fit begins, and the limits of each parameter. */
function startOf(points: readonly RainbowPoint[]): { readonly start: number[]; readonly limits: readonly (readonly [number, number])[] } {
  const [times, fluxes] = [points.map(({ time }) => time), points.map(({ flux }) => flux)];
  const [first, last] = [Math.min(...times), Math.max(...times)];
  const [faintest, brightest] = [Math.min(...fluxes), Math.max(...fluxes)];
  const width = widthOf(points, faintest);
  const span = last - first;
  return {
    start: [times[fluxes.indexOf(brightest)], brightest - faintest, 1, 1, 0, 2 * width],
    limits: [
      [first - 10 * span, last + 10 * span],
      [0, 20 * (brightest - faintest)],
      [width / 100, 10 * span],
      [0.1, 200],
      [-0.99, 0.99],
      [width / 3, 10 * span],
    ],
  };
}

/** Of the brighter half, in time; weighted with flux over error. */
function widthOf(points: readonly RainbowPoint[], faintest: number): number {
  const sorted = points.map(({ flux }) => flux).sort((a, b) => a - b);
  const median = (sorted[(sorted.length - 1) >> 1] + sorted[sorted.length >> 1]) / 2;
  const bright = points.filter(({ flux }) => flux > median);
  const weighted = (weight: (p: RainbowPoint) => number, value: (p: RainbowPoint) => number) =>
    bright.reduce((sum, p) => sum + weight(p) * value(p), 0) / bright.reduce((sum, p) => sum + weight(p), 0);
  const centre = weighted(
    ({ flux, error }) => flux / error,
    ({ time }) => time,
  );
  return Math.sqrt(
    weighted(
      ({ flux, error }) => (flux - faintest) / error,
      ({ time }) => (time - centre) ** 2,
    ),
  );
}

function sumOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}

function spreadOf(values: readonly number[]): { readonly mean: number; readonly sigma: number } {
  const mean = sumOf(values) / values.length;
  return { mean, sigma: Math.sqrt(sumOf(values.map((value) => (value - mean) ** 2)) / values.length) || 1 };
}
