import {
  at,
  diagonal,
  dot,
  eps,
  eps2,
  inverse,
  positiveDefinite,
  type Symmetric,
  times,
} from "./symmetric.ts";
import { type Slopes, type Strategy, up, type Valley } from "./valley.ts";

/** A point of a valley and what is known there, all in internal parameters. */
export interface State {
  readonly x: Float64Array;
  readonly f: number;
  readonly g: Float64Array;
  /** Where the gradient is numerical. */
  readonly slopes: Slopes | null;
  /** Estimate of the inverse of the second derivatives. */
  readonly metric: Symmetric;
  /** How uncertain that is: 0 … 1. */
  readonly uncertainty: number;
  /** Estimate of how far the cost is above its minimum. */
  readonly distance: number;
  /** Whether the metric is of use. */
  readonly isSound: boolean;
  readonly isLimited?: boolean;
}

export function distanceOf(metric: Symmetric, g: Float64Array): number {
  return 0.5 * dot(g, times(metric, g));
}

/**
 * The state with a metric of all second derivatives, by finite differences; not sound where the
 * cost is flat or after `most` calls.
 */
export function hesse(
  valley: Valley,
  state: State,
  errors: ArrayLike<number>,
  strategy: Strategy,
  most: number,
): State {
  const { n } = valley;
  const x = state.x.slice();
  const f = valley.cost(x);
  const before = state.slopes ?? valley.slopes(x, state.f, valley.assumed(x, errors), strategy);
  const slopes = { g: state.g.slice(), g2: before.g2.slice(), h: before.h.slice() };
  const beside = new Float64Array(n);
  const failed = (isLimited: boolean): State => {
    const metric = diagonal(
      slopes.g2.map((second) => (second < eps2 || 1 / second < eps2 ? 1 : 1 / second)),
    );
    return { ...state, metric, uncertainty: 1, isSound: false, isLimited };
  };
  for (let i = 0; i < n; i++) {
    const cost = along(valley, x, f, i, slopes, strategy);
    if (cost === null) return failed(false);
    beside[i] = cost;
    if (valley.calls > most) return failed(true);
  }
  const steps = slopes.h.slice();
  refine(valley, x, state.f, slopes, strategy.refinement);
  const second = diagonal(slopes.g2);
  for (let i = 0; i < n; i++) {
    x[i] += steps[i];
    for (let j = i + 1; j < n; j++) {
      x[j] += steps[j];
      second[at(i, j)] = (valley.cost(x) + f - beside[i] - beside[j]) / (steps[i] * steps[j]);
      x[j] -= steps[j];
    }
    x[i] -= steps[i];
  }
  const { matrix, made } = positiveDefinite(second, n);
  const metric = inverse(matrix, n);
  if (metric === null) return failed(false);
  return {
    x: state.x,
    f: state.f,
    g: slopes.g,
    slopes,
    metric,
    uncertainty: made ? 1 : 0,
    distance: distanceOf(metric, slopes.g),
    isSound: true,
  };
}

/**
 * Derivatives along parameter i, and the step for the mixed ones: into `slopes`. The cost at that
 * step; null: it does not change.
 */
function along(
  valley: Valley,
  x: Float64Array,
  f: number,
  i: number,
  { g, g2, h }: Slopes,
  { hesse: [cycles, stepTolerance, tolerance] }: Strategy,
): number | null {
  const aim = Math.sqrt(eps2) * (Math.abs(f) + up);
  const least = 8 * eps2 * (Math.abs(x[i]) + eps2);
  let d = Math.max(Math.abs(h[i]), least);
  let [ahead, behind] = [f, f];
  for (let cycle = 0; cycle < cycles; cycle++) {
    let sag: number;
    for (let attempt = 0; ; attempt++) {
      [ahead, behind] = valley.around(x, i, d);
      sag = 0.5 * (ahead + behind - 2 * f);
      if (sag !== 0) break;
      if (attempt === 4 || d > 0.5) return null;
      d = 10 * d > 0.5 ? 0.51 : 10 * d;
    }
    const [old, last] = [g2[i], d];
    g2[i] = (2 * sag) / (d * d);
    g[i] = (ahead - behind) / (2 * d);
    h[i] = d;
    d = Math.max(Math.min(Math.sqrt((2 * aim) / Math.abs(g2[i])), 0.5), least);
    if (Math.abs((d - last) / d) < stepTolerance || Math.abs((g2[i] - old) / g2[i]) < tolerance)
      break;
    d = Math.max(Math.min(d, 10 * last), 0.1 * last);
  }
  return ahead;
}

/** Of the first derivatives, with ever smaller steps. */
function refine(
  valley: Valley,
  x: Float64Array,
  f: number,
  { g, g2, h }: Slopes,
  cycles: number,
): void {
  const noise = 4 * eps2 * (Math.abs(f) + up);
  for (let i = 0; i < x.length; i++) {
    const least = 4 * eps2 * (x[i] + eps2);
    let d = Math.max(
      Math.min(
        0.2 * Math.abs(h[i]),
        Math.sqrt(noise / (Math.abs(g2[i]) + eps2 + Math.abs(g[i] * eps2))),
      ),
      least,
    );
    for (let cycle = 0, lastChange = 10000; cycle < cycles; cycle++) {
      const [ahead, behind] = valley.around(x, i, d);
      const old = g[i];
      const slope = (ahead - behind) / (2 * d);
      if (slope === 0) break;
      const change = Math.abs((old - slope) / slope);
      if (change > lastChange && cycle > 1) break;
      lastChange = change;
      g[i] = slope;
      h[i] = d;
      if (
        change < 0.05 ||
        Math.abs(old - slope) < (eps * (Math.abs(ahead) + Math.abs(behind))) / d ||
        d < least
      )
        break;
      d *= 0.2;
    }
  }
}
