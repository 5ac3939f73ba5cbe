/** Templates at the places of the points: `rows[k]` is template k. */
export interface TemplateProblem {
  readonly rows: readonly [Float64Array, Float64Array, Float64Array];
  readonly values: Float64Array;
  /** 1/error². */
  readonly weights: Float64Array;
  /** How much the second and third coefficient, and a negative first one, are held to zero. */
  readonly penalty: number;
}

const limit = 2;

/**
 * Coefficients within ±2 that make Σ weight (Σ c·row − value)² + penalty (c₁² [c₁ < 0] + c₂² + c₃²)
 * smallest. The loss is convex, so that the least of all places where it may be is its minimum:
 * each coefficient free or at a limit.
 */
export function fitTemplates({
  rows,
  values,
  weights,
  penalty,
}: TemplateProblem): readonly [number, number, number] {
  const products = rows.map((a) => rows.map((b) => sum(weights, (w, i) => w * a[i] * b[i])));
  const target = rows.map((a) => sum(weights, (w, i) => w * a[i] * values[i]));
  let best: readonly [number, number, number] = [0, 0, 0];
  let least = 0; // of c = 0
  for (const isNegative of [false, true]) {
    const matrix = products.map((row, k) =>
      row.map((value, j) => value + (k === j && (k > 0 || isNegative) ? penalty : 0)),
    );
    for (let places = 0; places < 27; places++) {
      const fixed = [places % 3, Math.floor(places / 3) % 3, Math.floor(places / 9)].map((place) =>
        place === 0 ? null : (2 * place - 3) * limit,
      );
      const c = solve(
        matrix.map((row, k) => (fixed[k] === null ? row : row.map((_, j) => Number(j === k)))),
        target.map((value, k) => fixed[k] ?? value),
      );
      if (!c.every((value) => Math.abs(value) <= limit) || c[0] < 0 !== isNegative) continue;
      const loss = c.reduce(
        (total, value, k) =>
          total +
          value * (c.reduce((all, other, j) => all + matrix[k][j] * other, 0) - 2 * target[k]),
        0,
      );
      if (loss < least) [best, least] = [c, loss];
      if (places === 0) return c; // nothing is at a limit: no other place is better
    }
  }
  return best;
}

/** Cramer's rule; NaN for what has no one solution. */
function solve(
  m: readonly (readonly number[])[],
  b: readonly number[],
): readonly [number, number, number] {
  const whole = determinant(m);
  const of = (column: number) =>
    determinant(m.map((row, k) => row.map((value, j) => (j === column ? b[k] : value)))) / whole;
  return [of(0), of(1), of(2)];
}

function determinant([[a, b, c], [d, e, f], [g, h, i]]: readonly (readonly number[])[]): number {
  return a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g);
}

function sum(values: Float64Array, term: (value: number, i: number) => number): number {
  let total = 0;
  for (let i = 0; i < values.length; i++) total += term(values[i], i);
  return total;
}
