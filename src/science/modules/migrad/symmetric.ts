import { eigenvalues } from "./eigenvalues.ts";

/** A symmetric matrix: its columns down to the diagonal, 00, 01, 11, 02, 12, 22 … */
export type Symmetric = Float64Array;

/** Relative precision of a double with some to spare, and what is small next to its root. */
export const eps = 4 * Number.EPSILON;
export const eps2 = 2 * Math.sqrt(eps);

/** Where row i ≤ column j is. */
export const at = (i: number, j: number): number => (j * (j + 1)) / 2 + i;

export function diagonal(values: ArrayLike<number>): Symmetric {
  const matrix = new Float64Array((values.length * (values.length + 1)) / 2);
  for (let i = 0; i < values.length; i++) matrix[at(i, i)] = values[i];
  return matrix;
}

/** factor · M · v */
export function times(matrix: Symmetric, v: Float64Array, factor = 1): Float64Array {
  const product = new Float64Array(v.length);
  for (let j = 0, k = 0; j < v.length; j++) {
    const scaled = factor * v[j];
    let sum = 0;
    for (let i = 0; i < j; i++, k++) {
      product[i] += scaled * matrix[k];
      sum += matrix[k] * v[i];
    }
    product[j] = product[j] + scaled * matrix[k++] + factor * sum;
  }
  return product;
}

export function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}

/** a + factor · b */
export function plus(a: Float64Array, b: Float64Array, factor: number): Float64Array {
  return a.map((value, i) => value + factor * b[i]);
}

/** M += factor · v vᵀ */
export function addSquare(matrix: Symmetric, v: Float64Array, factor: number): void {
  for (let j = 0, k = 0; j < v.length; j++) {
    const scaled = factor * v[j];
    for (let i = 0; i <= j; i++, k++) matrix[k] += v[i] * scaled;
  }
}

/** Of n rows, without pivots; null: there is none. */
export function inverse(matrix: Symmetric, n: number): Symmetric | null {
  const unit = Float64Array.from({ length: n }, (_, i) => 1 / Math.sqrt(matrix[at(i, i)]));
  if (unit.some(Number.isNaN)) return null;
  const m = scaled(matrix, unit);
  const [p, q] = [new Float64Array(n), new Float64Array(n)];
  for (let k = 0; k < n; k++) {
    const pivot = m[at(k, k)];
    if (pivot === 0) return null;
    for (let j = 0; j < n; j++) {
      const place = j < k ? at(j, k) : at(k, j);
      p[j] = j === k ? 1 : m[place];
      q[j] = j === k ? 1 / pivot : (j < k ? 1 : -1) * m[place] * (1 / pivot);
      m[place] = 0;
    }
    for (let j = 0, place = 0; j < n; j++) for (let i = 0; i <= j; i++) m[place++] += p[i] * q[j];
  }
  return scaled(m, unit);
}

function scaled(matrix: Symmetric, unit: Float64Array): Symmetric {
  const m = matrix.slice();
  for (let j = 0, k = 0; j < unit.length; j++)
    for (let i = 0; i <= j; i++) m[k++] *= unit[i] * unit[j];
  return m;
}

/**
 * The matrix, or one with so much added along the diagonal that it is positive definite (`made`).
 */
export function positiveDefinite(
  matrix: Symmetric,
  n: number,
): { readonly matrix: Symmetric; readonly made: boolean } {
  const m = matrix.slice();
  let least = m[0];
  for (let i = 1; i < n; i++) least = Math.min(least, m[at(i, i)]);
  if (least <= 0)
    for (let i = 0; i < n; i++) {
      m[at(i, i)] += 0.5 + eps2 - least;
      if (m[at(i, i)] < 0) m[at(i, i)] = 1;
    }
  const unit = Float64Array.from({ length: n }, (_, i) => 1 / Math.sqrt(m[at(i, i)]));
  const full = Array.from({ length: n }, (_, i) =>
    Float64Array.from({ length: n }, (__, j) => m[i < j ? at(i, j) : at(j, i)] * unit[i] * unit[j]),
  );
  const values = eigenvalues(full);
  const largest = Math.max(Math.abs(values[n - 1]), 1);
  if (values[0] > eps2 * largest) return { matrix: m, made: false };
  for (let i = 0; i < n; i++) m[at(i, i)] *= 1 + (0.001 * largest - values[0]);
  return { matrix: m, made: true };
}
