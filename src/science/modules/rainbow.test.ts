import { expect, it } from "vitest";
import { fitRainbow, type RainbowPoint } from "./rainbow.ts";

const wavelengths = [3671, 4827, 6223, 7546, 8691, 9712];
const mean = wavelengths.reduce((sum, one) => sum + one) / wavelengths.length;

/**
 * A black body that brightens within days and cools from 12,000 K to 8,000 K, without noise, in
 * units of the brightest.
 */
function blackBody(riseTime: number, coolingTime: number): RainbowPoint[] {
  const points = Array.from({ length: 30 }, (_, i) => {
    const [time, wavelength] = [i - 15, wavelengths[i % 6]];
    const kelvins = 10_000 * (1 + 0.2 * (2 / (1 + Math.exp(time / coolingTime)) - 1));
    const frequency = 299792458e10 / wavelength;
    const colour =
      (frequency / kelvins) ** 3 /
      kelvins /
      Math.expm1((6.62607004e-34 * frequency) / (1.380649e-23 * kelvins));
    return {
      time,
      wavelengthAngstrom: wavelength,
      flux: colour / (1 + Math.exp(-time / riseTime)),
    };
  });
  const brightest = Math.max(...points.map(({ flux }) => flux));
  return points.map((point) => ({
    ...point,
    flux: Math.fround(point.flux / brightest),
    error: Math.fround(0.01),
  }));
}

it("finds the times and temperatures of a black body that brightens and cools", () => {
  const fit = fitRainbow(blackBody(3, 4), mean)!;
  expect(fit.riseTime).toBeCloseTo(3, 1);
  expect(fit.temperature / 10_000).toBeCloseTo(1, 2);
  expect(fit.temperatureAmplitude).toBeCloseTo(0.2, 2);
  expect(Math.abs(fit.colourTime - 4)).toBeLessThan(0.5);
  expect(fit.reducedChi2).toBeLessThan(0.01);
});

it("is the same for the same fluxes in other units of time", () => {
  const points = blackBody(3, 4);
  const [fit, slower] = [
    fitRainbow(points, mean)!,
    fitRainbow(
      points.map((point) => ({ ...point, time: 4 * point.time })),
      mean,
    )!,
  ];
  expect(slower.riseTime / fit.riseTime).toBeCloseTo(4, 6);
  expect(slower.amplitude / fit.amplitude).toBeCloseTo(1, 6);
});

it("gives nothing where no point is above the median, or an error is not a number", () => {
  const points = blackBody(3, 4);
  expect(
    fitRainbow(
      points.map((point) => ({ ...point, flux: 1 })),
      mean,
    ),
  ).toBeNull();
  expect(
    fitRainbow(
      points.map((point, i) => ({ ...point, error: i === 3 ? NaN : point.error })),
      mean,
    ),
  ).toBeNull();
});
