import { leastSquares } from "./least-squares.ts";

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

const [planck, boltzmann, light, stefanBoltzmann] = [6.62607015e-34, 1.380649e-23, 299792458, 5.670374419e-8];
const parameters = 6;
const mostSteps = 150;

/**
 * A black body whose luminosity rises as a logistic curve, and whose temperature goes from T (1 + a) to T (1 − a) (Russeil et al. 2024, arXiv:2310.02916, without
 * baseline). Six parameters are often more than the points of a young light curve hold: weak priors in their logarithms keep the rest within reason, and what the
 * fit ends with there is not what another fit ends with. null: there is none.
 */
export function fitRainbow(points: readonly RainbowPoint[], meanWavelengthAngstrom: number): RainbowFit | null {
  const model = modelOf(points, light / (meanWavelengthAngstrom * 1e-10));
  let best: { readonly values: Float64Array; readonly cost: number } | null = null;
  for (const start of startsOf(points)) {
    const residuals = (p: Float64Array): Float64Array => {
      const found = new Float64Array(points.length + parameters - 1);
      model(p).forEach((flux, i) => (found[i] = (flux - points[i].flux) / points[i].error));
      // time scales within a factor of 10 of what was seen, temperatures about one of a supernova
      found.set([p[1] / 3, (p[2] - start[2]) / 2.3, p[3] - start[3], p[4], (p[5] - start[5]) / 2.3], points.length);
      return found;
    };
    const values = leastSquares(residuals, start, mostSteps);
    const cost = values ? residuals(values).reduce((sum, residual) => sum + residual * residual, 0) : Infinity;
    if (values && cost < (best?.cost ?? Infinity)) best = { values, cost };
  }
  if (best === null) return null;
  const [, amplitude, rise, temperature, change, colour] = best.values;
  const chi2 = model(best.values).reduce((sum, flux, i) => sum + ((flux - points[i].flux) / points[i].error) ** 2, 0);
  return {
    amplitude: Math.exp(amplitude),
    riseTime: Math.exp(rise),
    temperature: Math.exp(temperature),
    temperatureAmplitude: Math.tanh(change),
    colourTime: Math.exp(colour),
    reducedChi2: chi2 / 2 / (points.length - parameters), // halved, as the original has it
  };
}

/** Fluxes of parameters: time, then logarithms of amplitude, rise time and temperature, the change of temperature (inverse tanh), and the logarithm of its time. */
function modelOf(points: readonly RainbowPoint[], unit: number): (p: Float64Array) => Float64Array {
  const frequencies = points.map(({ wavelengthAngstrom }) => light / (wavelengthAngstrom * 1e-10));
  return ([time, amplitude, rise, temperature, change, colour]) =>
    Float64Array.from(points, ({ time: t }, i) => {
      const luminosity = Math.exp(amplitude) / (1 + Math.exp(-(t - time) / Math.exp(rise)));
      const kelvin = Math.exp(temperature) * (1 - Math.tanh(change) * Math.tanh((t - time) / (2 * Math.exp(colour))));
      return luminosity * unit * spectrum(frequencies[i], kelvin);
    });
}

/** π B_ν(T) / (σ T⁴), per Hz. */
function spectrum(frequency: number, kelvin: number): number {
  const radiance = (2 * planck * frequency ** 3) / light ** 2 / Math.expm1((planck * frequency) / (boltzmann * kelvin));
  return (Math.PI * radiance) / (stefanBoltzmann * kelvin ** 4);
}

/** The fit ends in the nearest minimum: slow and fast rises are tried. */
function startsOf(points: readonly RainbowPoint[]): number[][] {
  const times = points.map(({ time }) => time);
  const span = Math.max(1, Math.max(...times) - Math.min(...times));
  const brightest = points.reduce((best, point) => (point.flux > best.flux ? point : best));
  return [20, 6, 2].map((part) => [brightest.time - span / part, Math.log(1.5), Math.log(span / part), Math.log(8000), 0, Math.log(span / part)]);
}
