import { dot } from "./migrad/symmetric.ts";

/** Residuals of parameters; not finite: the parameters are no good. */
export type Residuals = (parameters: Float64Array) => Float64Array;

const tolerance = 1e-8;

/**
 * Parameters that make the sum of squared residuals smallest, from a start: a trust region in which
 * the Gauss-Newton step is damped (Branch, Coleman & Li 1999; Moré 1978), with the Jacobian from
 * differences. The steps and the tests for the end are those of scipy.optimize.least_squares
 * without bounds, since where a fit does not determine its parameters they are what the last step
 * left. `most`: steps that are tried. null: the start is no good.
 */
export function leastSquares(
  residuals: Residuals,
  start: readonly number[],
  most = 100 * start.length,
): Float64Array | null {
  let x = Float64Array.from(start);
  let f = residuals(x);
  let cost = 0.5 * dot(f, f);
  if (!Number.isFinite(cost)) return null;
  let radius = norm(x) || 1;
  let damping = 0;
  let evaluations = 1;
  for (;;) {
    const columns = jacobian(residuals, x, f);
    if (
      Math.max(...columns.map((column) => Math.abs(dot(column, f)))) < tolerance ||
      evaluations >= most
    )
      return x;
    const system = decompose(columns, f);
    for (let isBetter = false; !isBetter;) {
      if (evaluations >= most) return x;
      const found = trustedStep(system, f.length, radius, damping);
      const next = x.map((value, k) => value + found.step[k]);
      const nextF = residuals(next);
      evaluations++;
      const length = norm(found.step);
      const nextCost = 0.5 * dot(nextF, nextF);
      if (!Number.isFinite(nextCost)) {
        radius = 0.25 * length;
        continue;
      }
      const gained = cost - nextCost;
      const expected = expectedGain(columns, f, found.step);
      const ratio = expected > 0 ? gained / expected : gained === 0 && expected === 0 ? 1 : 0;
      isBetter = gained > 0;
      const isDone =
        (gained < tolerance * cost && ratio > 0.25) || length < tolerance * (tolerance + norm(x));
      if (isBetter) [x, f, cost] = [next, nextF, nextCost];
      if (isDone) return x;
      const nextRadius =
        ratio < 0.25 ? 0.25 * length : ratio > 0.75 && length > 0.95 * radius ? 2 * radius : radius;
      damping = found.damping * (radius / nextRadius);
      radius = nextRadius;
    }
  }
}

/** Forward differences, a column for each parameter. */
function jacobian(residuals: Residuals, x: Float64Array, f: Float64Array): Float64Array[] {
  return Array.from(x, (value, k) => {
    const moved = x.slice();
    moved[k] =
      value + Math.sqrt(Number.EPSILON) * (value >= 0 ? 1 : -1) * Math.max(1, Math.abs(value));
    const step = moved[k] - value;
    return residuals(moved).map((to, i) => (to - f[i]) / step);
  });
}

/** What the model of the cost says that a step gains. */
function expectedGain(
  columns: readonly Float64Array[],
  f: Float64Array,
  step: Float64Array,
): number {
  const along = f.map((_, i) => columns.reduce((sum, column, k) => sum + column[i] * step[k], 0));
  return -(0.5 * dot(along, along) + dot(along, f));
}

/**
 * Singular values of the Jacobian, largest first, its right vectors, and the residuals along the
 * left ones.
 */
interface System {
  readonly singular: Float64Array;
  readonly right: readonly Float64Array[];
  readonly along: Float64Array;
}

/** One-sided Jacobi rotations: they leave small singular values exact. */
function decompose(jacobianColumns: readonly Float64Array[], f: Float64Array): System {
  const n = jacobianColumns.length;
  const columns = jacobianColumns.map((column) => column.slice());
  const right = columns.map((_, k) =>
    Float64Array.from({ length: n }, (_unused, i) => Number(i === k)),
  );
  for (let sweep = 0, isRotated = true; isRotated && sweep < 30; sweep++) {
    isRotated = false;
    for (let p = 0; p < n; p++) {
      for (let q = p + 1; q < n; q++) {
        const [a, b, c] = [
          dot(columns[p], columns[p]),
          dot(columns[q], columns[q]),
          dot(columns[p], columns[q]),
        ];
        if (!(Math.abs(c) > Number.EPSILON * Math.sqrt(a * b))) continue;
        isRotated = true;
        const zeta = (b - a) / (2 * c);
        const tangent = (zeta >= 0 ? 1 : -1) / (Math.abs(zeta) + Math.sqrt(1 + zeta * zeta));
        const cosine = 1 / Math.sqrt(1 + tangent * tangent);
        rotate(columns[p], columns[q], cosine, cosine * tangent);
        rotate(right[p], right[q], cosine, cosine * tangent);
      }
    }
  }
  const order = columns.map((column, k) => [norm(column), k]).sort(([a], [b]) => b - a);
  return {
    singular: Float64Array.from(order, ([value]) => value),
    right: order.map(([, k]) => right[k]),
    along: Float64Array.from(order, ([value, k]) => (value === 0 ? 0 : dot(columns[k], f) / value)),
  };
}

function rotate(a: Float64Array, b: Float64Array, cosine: number, sine: number): void {
  for (let i = 0; i < a.length; i++)
    [a[i], b[i]] = [cosine * a[i] - sine * b[i], sine * a[i] + cosine * b[i]];
}

/**
 * The Gauss-Newton step where it is short enough, else the damped one of about the radius' length.
 */
function trustedStep(
  { singular, right, along }: System,
  rows: number,
  radius: number,
  before: number,
): { readonly step: Float64Array; readonly damping: number } {
  const scaled = singular.map((s, k) => s * along[k]);
  const n = singular.length;
  const isFullRank = rows >= n && singular[n - 1] > Number.EPSILON * rows * singular[0];
  const stepOf = (damping: number) =>
    combine(
      right,
      singular.map((s, k) => -scaled[k] / (s * s + damping)),
    );
  if (isFullRank) {
    const step = combine(
      right,
      singular.map((s, k) => -along[k] / s),
    );
    if (norm(step) <= radius) return { step, damping: 0 };
  }
  const excess = (damping: number): readonly [phi: number, slope: number] => {
    const length = norm(singular.map((s, k) => scaled[k] / (s * s + damping)));
    const slope =
      -singular.reduce((sum, s, k) => sum + scaled[k] ** 2 / (s * s + damping) ** 3, 0) / length;
    return [length - radius, slope];
  };
  let upper = norm(scaled) / radius;
  let lower = 0;
  if (isFullRank) {
    const [phi, slope] = excess(0);
    lower = -phi / slope;
  }
  const between = () => Math.max(0.001 * upper, Math.sqrt(lower * upper));
  let damping = !isFullRank && before === 0 ? between() : before;
  for (let round = 0; round < 10; round++) {
    if (damping < lower || damping > upper) damping = between();
    const [phi, slope] = excess(damping);
    if (phi < 0) upper = damping;
    const ratio = phi / slope;
    lower = Math.max(lower, damping - ratio);
    damping -= ((phi + radius) * ratio) / radius;
    if (Math.abs(phi) < 0.01 * radius) break;
  }
  const step = stepOf(damping);
  const stretch = radius / norm(step);
  return { step: step.map((value) => value * stretch), damping };
}

function combine(vectors: readonly Float64Array[], factors: Float64Array): Float64Array {
  return Float64Array.from(factors, (_, i) =>
    vectors.reduce((sum, vector, k) => sum + vector[i] * factors[k], 0),
  );
}

function norm(a: Float64Array): number {
  return Math.sqrt(dot(a, a));
}
