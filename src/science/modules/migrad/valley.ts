import { inside, type Limits, outside, slopeOutside } from "./limits.ts";
import { eps, eps2 } from "./symmetric.ts";

/**
 * What is minimized: of one value for each pair of limits, all inside them. Arrays are valid for
 * the length of a call.
 */
export interface Problem {
  /** Minus the logarithm of a likelihood; infinite, never NaN, where the parameters are no good. */
  readonly cost: (parameters: Float64Array) => number;
  /** Its first derivatives. */
  readonly gradient: (parameters: Float64Array) => Float64Array;
  readonly limits: readonly Limits[];
}

/** What the cost rises by at one standard error. */
export const up = 0.5;

/**
 * The two strategies of the manual: the first, and that of a second attempt. Cycles, and the
 * relative changes of step and derivative at which they end.
 */
export interface Strategy {
  readonly gradient: readonly [cycles: number, step: number, change: number];
  readonly hesse: readonly [cycles: number, step: number, change: number];
  /** Cycles in which Hesse betters the gradient. */
  readonly refinement: number;
  readonly usesHesse: boolean;
}
export const quick: Strategy = {
  gradient: [2, 0.5, 0.1],
  hesse: [3, 0.5, 0.1],
  refinement: 0,
  usesHesse: false,
};
export const careful: Strategy = {
  gradient: [5, 0.1, 0.02],
  hesse: [7, 0.1, 0.02],
  refinement: 6,
  usesHesse: true,
};

/** First and second derivatives along each internal parameter, and the steps that found them. */
export interface Slopes {
  readonly g: Float64Array;
  readonly g2: Float64Array;
  readonly h: Float64Array;
}

/**
 * A problem in internal parameters, the angles whose sines lead from limit to limit; it counts how
 * often it is asked for the cost.
 */
export class Valley {
  calls = 0;
  readonly n: number;
  readonly #problem: Problem;
  readonly #at: Float64Array;

  constructor(problem: Problem) {
    this.#problem = problem;
    this.n = problem.limits.length;
    this.#at = new Float64Array(this.n);
  }

  cost(x: Float64Array): number {
    this.calls++;
    return this.#problem.cost(this.#outside(x));
  }

  /** The costs where parameter i is larger and smaller by that. */
  around(x: Float64Array, i: number, by: number): [ahead: number, behind: number] {
    const kept = x[i];
    x[i] = kept + by;
    const ahead = this.cost(x);
    x[i] = kept - by;
    const behind = this.cost(x);
    x[i] = kept;
    return [ahead, behind];
  }

  gradient(x: Float64Array): Float64Array {
    const { gradient, limits } = this.#problem;
    return gradient(this.#outside(x)).map((value, i) => slopeOutside(x[i], limits[i]) * value);
  }

  inside(values: ArrayLike<number>): Float64Array {
    return Float64Array.from(values, (value, i) => inside(value, this.#problem.limits[i]));
  }

  outside(x: Float64Array): Float64Array {
    return this.#outside(x).slice();
  }

  /** Of values, from an internal point and the errors there. */
  errors(x: Float64Array, internal: ArrayLike<number>): Float64Array {
    return x.map((angle, i) => {
      const [error, limits] = [internal[i], this.#problem.limits[i]];
      const moved = (by: number) => Math.abs(outside(angle + by, limits) - outside(angle, limits));
      return 0.5 * ((error > 1 ? limits[1] - limits[0] : moved(error)) + moved(-error));
    });
  }

  /**
   * As if the errors of the values were known, and the cost a parabola of them. Does not ask for
   * the cost.
   */
  assumed(x: Float64Array, errors: ArrayLike<number>): Slopes {
    const slopes = {
      g: new Float64Array(this.n),
      g2: new Float64Array(this.n),
      h: new Float64Array(this.n),
    };
    for (let i = 0; i < this.n; i++) {
      const [low, high] = this.#problem.limits[i];
      const value = outside(x[i], [low, high]);
      const p = inside(Math.min(value + errors[i], high), [low, high]) - x[i];
      const q = inside(Math.max(value - errors[i], low), [low, high]) - x[i];
      const least = 8 * eps2 * (Math.abs(x[i]) + eps2);
      const d = Math.max(0.5 * (Math.abs(p) + Math.abs(q)), least);
      slopes.g2[i] = (2 * up) / (d * d);
      slopes.h[i] = Math.min(Math.max(least, 0.1 * d), 0.5);
      slopes.g[i] = slopes.g2[i] * d;
    }
    return slopes;
  }

  /** Numerical derivatives at x, where the cost is f; with steps as the ones before suggest. */
  slopes(
    x: Float64Array,
    f: number,
    before: Slopes,
    { gradient: [cycles, stepTolerance, tolerance] }: Strategy,
  ): Slopes {
    const [g, g2, h] = [before.g.slice(), before.g2.slice(), before.h.slice()];
    const noise = 8 * eps2 * (Math.abs(f) + up);
    for (let i = 0; i < this.n; i++) {
      const floor = eps2 + Math.abs(g[i] * eps2);
      for (let cycle = 0, last = 0; cycle < cycles; cycle++) {
        let s = Math.max(Math.sqrt(noise / (Math.abs(g2[i]) + floor)), Math.abs(0.1 * h[i]));
        s = Math.max(
          Math.min(s, 0.5, 10 * Math.abs(h[i])),
          8 * eps * eps,
          8 * Math.abs(eps2 * x[i]),
        );
        if (Math.abs((s - last) / s) < stepTolerance) break;
        h[i] = last = s;
        const [ahead, behind] = this.around(x, i, s);
        const old = g[i];
        g[i] = (0.5 * (ahead - behind)) / s;
        g2[i] = (ahead + behind - 2 * f) / s / s;
        if (Math.abs(old - g[i]) / (Math.abs(g[i]) + noise / s) < tolerance) break;
      }
    }
    return { g, g2, h };
  }

  #outside(x: Float64Array): Float64Array {
    for (let i = 0; i < this.n; i++) this.#at[i] = outside(x[i], this.#problem.limits[i]);
    return this.#at;
  }
}
