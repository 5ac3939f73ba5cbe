/** What is minimized; not finite: the parameters are no good. */
export type Cost = (parameters: Float64Array) => number;

const mostSteps = 400;
const mostRestarts = 10;

/**
 * Parameters at which a cost is smallest, from a start: the variable metric method (Davidon 1959; Fletcher & Powell 1963; Fletcher 1970) as James & Roos (1975)
 * describe it for Minuit: the metric begins with the second derivatives along each parameter, a parabola along each step finds its length, and it ends where the
 * gain that the metric expects is below `tolerance`. null: the start is no good.
 */
export function variableMetric(cost: Cost, start: readonly number[], tolerance: number): Float64Array | null {
  let point: Point = { x: Float64Array.from(start), f: cost(Float64Array.from(start)) };
  if (!Number.isFinite(point.f)) return null;
  for (let restart = 0; restart < mostRestarts; restart++) {
    const before = point.f;
    point = descend(cost, upward(cost, point), tolerance);
    if (before - point.f < tolerance) break;
  }
  return point.x;
}

interface Point {
  readonly x: Float64Array;
  readonly f: number;
}

/** Along each parameter in which the cost bends down, to where it bends up: there is a metric only then. */
function upward(cost: Cost, from: Point): Point {
  let point = from;
  for (let round = 0; round < 2 * from.x.length; round++) {
    const k = secondDerivatives(cost, point).findIndex((second) => second <= 0);
    if (k < 0) return point;
    const slope = gradientAt(cost, point)[k];
    const length = Math.abs(point.x[k]) * 0.01 || 0.01;
    const next = alongStep(
      cost,
      point,
      point.x.map((_, i) => (i === k ? -Math.sign(slope) * length : 0)),
      -Math.abs(slope) * length,
    );
    if (next === null) return point;
    point = next;
  }
  return point;
}

function descend(cost: Cost, from: Point, tolerance: number): Point {
  let point = from;
  let gradient = gradientAt(cost, point);
  let metric = diagonal(cost, point);
  for (let step = 0; step < mostSteps; step++) {
    if (dot(times(metric, gradient), gradient) <= 0) metric = diagonal(cost, point);
    const direction = times(metric, gradient).map((value) => -value);
    const next = alongStep(cost, point, direction, dot(direction, gradient));
    if (next === null) return point;
    const nextGradient = gradientAt(cost, next);
    const expected = dot(times(metric, nextGradient), nextGradient) / 2;
    metric = updated(metric, difference(next.x, point.x), difference(nextGradient, gradient));
    [point, gradient] = [next, nextGradient];
    if (expected < tolerance) return point;
  }
  return point;
}

/** The step, and the one to the bottom of the parabola through it; longer ones while the cost bends down. The lower of them; null: none is lower than here. */
function alongStep(cost: Cost, { x, f }: Point, direction: Float64Array, slope: number): Point | null {
  let best: Point | null = null;
  for (let length = 1, attempt = 0; attempt < 20; attempt++) {
    const moved = x.map((value, k) => value + length * direction[k]);
    const tried = { x: moved, f: cost(moved) };
    if (tried.f < (best?.f ?? f)) best = tried;
    const curvature = (tried.f - f - slope * length) / length ** 2;
    const bottom = curvature > 0 ? -slope / (2 * curvature) : 5 * length;
    const next = Number.isFinite(tried.f) ? Math.min(Math.max(bottom, 0.1 * length), 5 * length) : 0.2 * length;
    if (best !== null && (Math.abs(next - length) < 0.05 * length || (attempt > 0 && curvature > 0))) break;
    length = next;
  }
  return best;
}

function gradientAt(cost: Cost, { x, f }: Point): Float64Array {
  return x.map((value, k) => {
    const step = 1e-6 * Math.max(1e-3, Math.abs(value));
    const [up, down] = [moved(x, k, step), moved(x, k, -step)].map(cost);
    return Number.isFinite(up) && Number.isFinite(down) ? (up - down) / (2 * step) : Number.isFinite(up) ? (up - f) / step : (f - down) / step;
  });
}

/** The inverse of the second derivatives along each parameter. */
function diagonal(cost: Cost, point: Point): Float64Array[] {
  return Array.from(secondDerivatives(cost, point), (second, k) => point.x.map((_, i) => (i !== k ? 0 : second !== 0 ? 1 / Math.abs(second) : 1)));
}

function secondDerivatives(cost: Cost, { x, f }: Point): Float64Array {
  return x.map((value, k) => {
    const step = 1e-3 * Math.max(0.1, Math.abs(value));
    const second = (cost(moved(x, k, step)) - 2 * f + cost(moved(x, k, -step))) / step ** 2;
    return Number.isFinite(second) ? second : 0;
  });
}

function moved(x: Float64Array, k: number, by: number): Float64Array {
  const other = x.slice();
  other[k] += by;
  return other;
}

/** Rank two (Davidon, Fletcher & Powell), and where that makes the metric too small the dual formula (Fletcher 1970). */
function updated(metric: readonly Float64Array[], moves: Float64Array, turned: Float64Array): Float64Array[] {
  const along = dot(moves, turned);
  const turnedMoves = times(metric, turned);
  const width = dot(turned, turnedMoves);
  if (!(along > 0) || !(width > 0)) return [...metric];
  const v = moves.map((value, k) => value / along - turnedMoves[k] / width);
  const dual = along > width ? width : 0;
  return metric.map((row, i) => row.map((value, j) => value + (moves[i] * moves[j]) / along - (turnedMoves[i] * turnedMoves[j]) / width + dual * v[i] * v[j]));
}

function times(matrix: readonly Float64Array[], vector: Float64Array): Float64Array {
  return Float64Array.from(matrix, (row) => dot(row, vector));
}

function difference(a: Float64Array, b: Float64Array): Float64Array {
  return a.map((value, i) => value - b[i]);
}

function dot(a: Float64Array, b: Float64Array): number {
  return a.reduce((sum, value, i) => sum + value * b[i], 0);
}
