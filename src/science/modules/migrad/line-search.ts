import { eps, eps2 } from "./symmetric.ts";

const tolerance = 0.05;
const mostCalls = 12;
const [leastLength, mostLength] = [-100, 1000];

/** How far along the step, and the cost there. */
export interface Along {
  readonly length: number;
  readonly cost: number;
}

/**
 * The lowest found along a step, by parabolas through the start and its slope and then through the
 * three best; { 0, f }: none is lower.
 */
export function lineSearch(
  costAt: (length: number) => number,
  x: Float64Array,
  f: number,
  step: Float64Array,
  slope: number,
): Along {
  let best: Along = { length: 0, cost: f };
  let [precision, reach, calls, lower, upper] = [tolerance, 5, 1, leastLength, mostLength];
  const tried = (length: number): Along => {
    calls++;
    return { length, cost: costAt(length) };
  };
  const least = leastOf(x, step);
  const start = best;
  let first = tried(1);
  if (first.cost < f) best = first;
  let second = first;
  do {
    const curvature =
      (2 * (second.cost - f - slope * second.length)) / (second.length * second.length);
    let length = curvature !== 0 ? -slope / curvature : 1;
    if (length < 0 || length > reach) length = reach;
    if (length < precision) length = precision;
    if (length < least) return best;
    if (Math.abs(length - 1) < precision) {
      if (first.cost < f) return best;
      length = 1 + precision;
    }
    second = tried(length);
    if (second.cost < best.cost) best = second;
    if (!(Math.abs(f - best.cost) < Math.abs(best.cost) * eps)) break;
    precision = tolerance * length;
    upper = reach = length - precision;
    first = second;
  } while (calls < mostCalls);
  const three = [start, first, second];
  const narrow = (length: number): void => {
    if (length > best.length) upper = Math.min(upper, length - precision);
    if (length < best.length) lower = Math.max(lower, length + precision);
  };
  while (calls < mostCalls) {
    reach = Math.max(reach, 2 * Math.abs(best.length));
    let length = bottom(three, best.length, reach);
    length = length > 0 ? Math.min(length, upper) : Math.max(length, lower);
    let third: Along;
    for (;;) {
      const near = Math.max(precision, Math.abs(precision * length));
      if (three.some((one) => Math.abs(length - one.length) < near)) return best;
      third = tried(length);
      if (!three.every(({ cost }) => third.cost > cost)) break;
      narrow(length);
      if (calls >= mostCalls) return best;
      length = 0.5 * (length + best.length);
    }
    const [y0, y1, y2] = three.map(({ cost }) => cost);
    three[y0 > y1 && y0 > y2 ? 0 : y1 > y0 && y1 > y2 ? 1 : 2] = third;
    if (third.cost < best.cost) best = third;
    else narrow(third.length);
  }
  return best;
}

/** Shorter steps do not move any parameter. */
function leastOf(x: Float64Array, step: Float64Array): number {
  let least = 0;
  for (let i = 0; i < x.length; i++) {
    if (step[i] === 0) continue;
    const ratio = Math.abs(x[i] / step[i]);
    if (least === 0 || ratio < least) least = ratio;
  }
  return Math.max(least, eps) * eps2;
}

/**
 * Of the parabola through three, at most `reach` from the best; where it has no bottom, down as
 * far.
 */
function bottom([p1, p2, p3]: readonly Along[], best: number, reach: number): number {
  const [d12, d13, d23] = [p1.length - p2.length, p1.length - p3.length, p2.length - p3.length];
  const mean = (p1.length + p2.length + p3.length) / 3;
  const [x1, x2, x3] = [p1.length - mean, p2.length - mean, p3.length - mean];
  const a = p1.cost / (d12 * d13) - p2.cost / (d12 * d23) + p3.cost / (d13 * d23);
  const b =
    (-p1.cost * (x2 + x3)) / (d12 * d13) +
    (p2.cost * (x1 + x3)) / (d12 * d23) -
    (p3.cost * (x1 + x2)) / (d13 * d23) -
    2 * mean * a;
  if (a < eps2) return 2 * a * best + b < 0 ? best + reach : best - reach;
  const length = -b / (2 * a);
  return length > best + reach ? best + reach : length < best - reach ? best - reach : length;
}
