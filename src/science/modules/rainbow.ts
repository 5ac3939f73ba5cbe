import { medianOf, square } from "./curve.ts";
import { hesse, migrad, simplex, type Start } from "./migrad/migrad.ts";
import type { Problem } from "./migrad/valley.ts";

/**
 * A point of a light curve in several bands; flux and error in units of the brightest, both
 * float32.
 */
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

const [planck, boltzmann, light, stefanBoltzmann] = [
  6.62607004e-27, 1.380649e-16, 2.99792458e10, 5.6703744191844314e-5,
];
/** How much a limit repels: so small that it is felt next to it only. */
const repulsion = 1e-4;
/**
 * One over the variance of the change of temperature, which is 0 where the points say nothing of
 * it.
 */
const priorWeight = 16;
const mostRounds = 10;

/**
 * A black body whose luminosity rises as a logistic curve, and whose temperature goes from T (1 +
 * a) to T (1 − a) (Russeil et al. 2024, arXiv:2310.02916, without baseline). What RainbowFit of
 * light-curve 0.13 does, its float32 and the order of its sums included: half of chi², a term that
 * repels from the limits of each parameter, and a prior of a are minimized by MIGRAD from one
 * start, until the second derivatives agree; times in units of their spread, fluxes in units of
 * theirs. Points: 7 or more, in the order of their times. null: there is no fit.
 */
export function fitRainbow(
  points: readonly RainbowPoint[],
  meanWavelengthAngstrom: number,
): RainbowFit | null {
  const times = spreadOf(Float64Array.from(points, ({ time }) => time));
  const scale = spreadOf(Float32Array.from(points, ({ flux }) => flux)).sigma;
  const curve: Curve = {
    time: Float64Array.from(points, ({ time }) => (time - times.mean) / times.sigma),
    flux: Float64Array.from(points, ({ flux }) => flux / scale),
    error: Float32Array.from(points, ({ error }) => error / scale),
    frequency: Float64Array.from(
      points,
      ({ wavelengthAngstrom }) => light / (wavelengthAngstrom * 1e-8),
    ),
  };
  const { start, limits } = startOf(curve);
  const problem = problemOf(curve, light / (meanWavelengthAngstrom * 1e-8), limits);
  if (![...start, ...curve.error].every(Number.isFinite)) return null;
  const values = minimum(problem, start);
  if (values === null) return null;
  const [, amplitude, rise, temperature, temperatureAmplitude, colour] = values;
  return {
    amplitude: amplitude * scale,
    riseTime: rise * times.sigma,
    temperature,
    temperatureAmplitude,
    colourTime: colour * times.sigma,
    reducedChi2:
      // of half of chi², as the original has it
      (problem.cost(values) - priorOf(temperatureAmplitude)) / (points.length - start.length),
  };
}

/** In units of their spread; frequencies in Hz. */
interface Curve {
  readonly time: Float64Array;
  readonly flux: Float64Array;
  readonly error: Float32Array;
  readonly frequency: Float64Array;
}

function minimum(problem: Problem, values: readonly number[]): Float64Array | null {
  let from: Start = { values, errors: values.map((value) => 0.01 * Math.abs(value) || 0.1) };
  for (let round = 0; round < mostRounds; round++) {
    const found = migrad(problem, from);
    const checked = found.isValid ? hesse(problem, found) : null;
    if (checked?.isValid) return checked.values;
    from = checked ?? simplex(problem, found);
  }
  return null;
}

/**
 * Parameters: time of half the luminosity, amplitude, rise time, temperature, its change, and the
 * time of that.
 */
function problemOf(
  { time, flux, error, frequency }: Curve,
  meanFrequency: number,
  limits: Problem["limits"],
): Problem {
  const weights = error.map((value) => 1 / Math.fround(value * value));
  const halves = new Float64Array(time.length);
  return {
    limits,
    cost: (p) => {
      let [nearLow, nearHigh] = [0, 0];
      for (let k = 0; k < limits.length; k++) {
        const [low, high] = limits[k];
        const [above, below] = [(p[k] - low) / (high - low), (high - p[k]) / (high - low)];
        if (!(above > 0 && below > 0)) return Infinity;
        nearLow += 1 / above;
        nearHigh += 1 / below;
      }
      for (let i = 0; i < time.length; i++) {
        const { luminosity, kelvins } = bodyAt(time[i], p);
        const sigmas =
          (flux[i] - spectrum(frequency[i], kelvins, meanFrequency) * luminosity) / error[i];
        halves[i] = (sigmas * sigmas) / 2;
      }
      return sumOf(halves) + repulsion * nearLow + repulsion * nearHigh + priorOf(p[4]);
    },
    gradient: (p) => {
      const [start, amplitude, rise, temperature, change, colour] = p;
      const sum = p.map((value, k) => {
        const [low, high] = limits[k];
        return repulsion * (high - low) * (1 / square(high - value) - 1 / square(value - low));
      });
      sum[4] += priorWeight * change;
      for (let i = 0; i < time.length; i++) {
        const { luminosity, risen, rising, hot, cooling, kelvins } = bodyAt(time[i], p);
        const dt = time[i] - start;
        const colourful = spectrum(frequency[i], kelvins, meanFrequency);
        const z = (planck * frequency[i]) / (boltzmann * kelvins);
        const pull = (colourful * luminosity - flux[i]) * weights[i];
        const ofLuminosity = pull * colourful;
        const ofKelvins = ((ofLuminosity * luminosity) / kelvins) * (-z / Math.expm1(-z) - 4);
        const swing = 2 * temperature * change * cooling;
        sum[0] += (ofKelvins * swing) / colour - (ofLuminosity * amplitude * rising) / rise;
        sum[1] += ofLuminosity * risen;
        sum[2] -= (ofLuminosity * amplitude * rising * dt) / square(rise);
        sum[3] += ofKelvins * (1 + change * (2 * hot - 1));
        sum[4] += ofKelvins * temperature * (2 * hot - 1);
        sum[5] += (ofKelvins * swing * dt) / square(colour);
      }
      return sum;
    },
  };
}

function priorOf(change: number): number {
  return (priorWeight * change * change) / 2;
}

/**
 * Of the luminosity what has risen, of the temperature how much it is the first one, how fast both
 * change, and the temperature.
 */
function bodyAt(time: number, [start, amplitude, rise, temperature, change, colour]: Float64Array) {
  // beyond 100 nothing changes any more
  const [before, after] = [
    Math.exp(Math.min((start - time) / rise, 100)),
    Math.exp(Math.min((time - start) / colour, 100)),
  ];
  const [risen, hot] = [1 / (before + 1), 1 / (after + 1)];
  const kelvins = temperature * (1 + change * (2 * hot - 1));
  return {
    luminosity: amplitude / (before + 1),
    kelvins,
    risen,
    rising: before * risen * risen,
    hot,
    cooling: after * hot * hot,
  };
}

/** π B_ν(T) / (σ T⁴), in units of the mean frequency. */
function spectrum(frequency: number, kelvins: number, meanFrequency: number): number {
  const z = (planck * frequency) / (boltzmann * kelvins);
  const radiance =
    (((2 * planck) / (light * light)) * frequency ** 3 * Math.exp(-z)) / -Math.expm1(-z);
  return radiance / ((stefanBoltzmann * kelvins ** 4) / Math.PI / meanFrequency);
}

/** Where the fit begins, and the limits of each parameter. */
function startOf(curve: Curve): { readonly start: number[]; readonly limits: Problem["limits"] } {
  const { time, flux } = curve;
  const [first, last] = [Math.min(...time), Math.max(...time)];
  const [faintest, brightest] = [Math.min(...flux), Math.max(...flux)];
  const [width, span, amplitude] = [widthOf(curve, faintest), last - first, brightest - faintest];
  return {
    start: [time[flux.indexOf(brightest)], amplitude, 1, 10_000, 0, 2 * width],
    limits: [
      [first - 10 * span, last + 10 * span],
      [0, 20 * amplitude],
      [width / 100, 10 * span],
      [1e3, 2e6],
      [-0.99, 0.99],
      [width / 3, 10 * span],
    ],
  };
}

/** Of the brighter half, in time; weighted with flux over error. NaN: there is no brighter half. */
function widthOf({ time, flux, error }: Curve, faintest: number): number {
  const median = medianOf(flux.toSorted());
  const bright = [...flux.keys()].filter((i) => flux[i] > median);
  const total = (of: (i: number) => number): number =>
    sumOf(Float64Array.from(bright, (i) => of(i) / error[i]));
  const centre = total((i) => time[i] * flux[i]) / total((i) => flux[i]);
  return Math.sqrt(
    total((i) => square(time[i] - centre) * (flux[i] - faintest)) /
      total((i) => flux[i] - faintest),
  );
}

function spreadOf(values: Float32Array | Float64Array): {
  readonly mean: number;
  readonly sigma: number;
} {
  const round = values instanceof Float32Array ? Math.fround : Number;
  const mean = round(sumOf(values) / values.length);
  const variance = round(sumOf(values.map((value) => square(round(value - mean)))) / values.length);
  return { mean, sigma: round(Math.sqrt(variance)) || 1 };
}

/**
 * As numpy sums, of float32 in float32: eight sums and then what is left, from 129 on by halves.
 */
function sumOf(values: Float32Array | Float64Array): number {
  const round = values instanceof Float32Array ? Math.fround : Number;
  const { length } = values;
  if (length > 128) {
    const half = (length >> 1) - ((length >> 1) % 8);
    return round(sumOf(values.subarray(0, half)) + sumOf(values.subarray(half)));
  }
  const eights = length - (length % 8);
  const r = new Float64Array(8);
  for (let i = 0; i < eights; i++) r[i % 8] = round(r[i % 8] + values[i]);
  const pair = (k: number): number => round(r[k] + r[k + 1]);
  let sum = round(round(pair(0) + pair(2)) + round(pair(4) + pair(6)));
  for (let i = eights; i < length; i++) sum = round(sum + values[i]);
  return sum;
}
