import type { RatePair } from "../../src/science/modules/magnitude-rate.ts";
import { randomNumbers } from "../../src/science/modules/power-spectrum.ts";

const draws = 10_000;

/**
 * Mean rates as fast_transient_rate draws them: |smallest draw of the batch| is added to every
 * flux, to those now and to measured earlier ones apart.
 */
export function batchRates(pairs: readonly (RatePair | null)[], seed: number): number[] {
  const uniform = randomNumbers(seed);
  const normal = () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
  const fluxes = (mag: number, error: number | null) => {
    const flux = 10 ** (0.4 * (27.5 - mag));
    const sigma = error === null ? 0 : (error * flux * Math.LN10) / 2.5;
    return Float64Array.from({ length: draws }, () =>
      error === null ? flux * uniform() : flux + sigma * normal(),
    );
  };
  const now = pairs.map((pair) => (pair?.earlier ? fluxes(pair.now.mag, pair.now.error) : null));
  const earlier = pairs.map((pair) =>
    pair?.earlier ? fluxes(pair.earlier.mag, pair.earlier.error) : null,
  );
  const sum = Math.abs(smallest(now));
  const sumBefore = Math.abs(smallest(earlier.filter((_, i) => pairs[i]?.earlier?.error !== null)));
  return pairs.map((pair, i) => {
    const [above, below] = [now[i], earlier[i]];
    if (!pair || !above || !below) return Number.NaN;
    const isLimit = pair.earlier?.error === null;
    const total = above.reduce(
      (logs, flux, n) => logs + Math.log10((flux + sum) / (below[n] + (isLimit ? 0 : sumBefore))),
      0,
    );
    return (-2.5 * total) / draws / pair.days;
  });
}

function smallest(all: readonly (Float64Array | null)[]): number {
  return all.reduce(
    (least, values) => (values ? values.reduce((a, b) => (b < a ? b : a), least) : least),
    Infinity,
  );
}
