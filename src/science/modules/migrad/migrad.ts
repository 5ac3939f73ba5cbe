import { distanceOf, hesse as hesseOf, type State } from "./hesse.ts";
import { lineSearch } from "./line-search.ts";
import { simplex as simplexOf } from "./simplex.ts";
import {
  addSquare,
  at,
  diagonal,
  dot,
  eps,
  eps2,
  plus,
  positiveDefinite,
  type Symmetric,
  times,
} from "./symmetric.ts";
import { careful, type Problem, quick, type Slopes, type Strategy, up, Valley } from "./valley.ts";

/** Where a search begins: values, their errors, and the metric of an earlier search. */
export interface Start {
  readonly values: ArrayLike<number>;
  readonly errors: ArrayLike<number>;
  readonly metric?: Symmetric;
}

/** Where a search ended, which is the start of another. */
export interface Minimum extends Start {
  readonly values: Float64Array;
  readonly isValid: boolean;
  /** It ended for the number of calls. */
  readonly isLimited: boolean;
  readonly state: State;
}

const tolerance = 0.1;
const goal = 0.002 * Math.max(tolerance * up, eps2);
const mostAttempts = 5;

/**
 * A minimum of a smooth cost: MIGRAD of Minuit (James & Roos 1975, Comput. Phys. Commun. 10, 343;
 * James, MINUIT reference manual), a variable metric method (Davidon 1959; Fletcher 1970) in angles
 * that keep the parameters inside their limits. It ends where the metric expects a gain below 1e-4;
 * not valid: above 1e-3. While it is not, a simplex moves on from there and the search is repeated
 * with more care, five in all.
 */
export function migrad(problem: Problem, start: Start): Minimum {
  let minimum = search(problem, start, quick);
  for (let attempt = 1; attempt < mostAttempts && !minimum.isValid && !minimum.isLimited; attempt++)
    minimum = search(problem, simplex(problem, minimum), careful);
  return minimum;
}

/**
 * The minimum with the metric of all second derivatives there; not valid where these expect a gain
 * above 1e-3.
 */
export function hesse(problem: Problem, { state, errors }: Minimum): Minimum {
  const valley = new Valley(problem);
  const found = hesseOf(valley, state, errors, quick, mostCalls(valley.n));
  return minimumOf(valley, found, found.distance > 10 * goal, found.isLimited);
}

/** A lower point, without a metric. */
export function simplex(problem: Problem, { values, errors }: Start): Start {
  const valley = new Valley(problem);
  const { x, extents } = simplexOf(
    valley,
    valley.inside(values),
    errors,
    tolerance * up,
    mostCalls(valley.n),
  );
  return { values: valley.outside(x), errors: valley.errors(x, extents) };
}

function mostCalls(n: number): number {
  return 200 + 100 * n + 5 * n * n;
}

function minimumOf(
  valley: Valley,
  state: State,
  isAbove: boolean,
  isLimited = false,
  distance = state.distance,
): Minimum {
  const { x, metric, isSound } = state;
  const values = valley.outside(x);
  const isValid = isSound && !isAbove && !isLimited && distance >= 0;
  const known = isSound
    ? {
        metric,
        errors: valley.errors(
          x,
          x.map((_, i) => Math.sqrt(2 * up * metric[at(i, i)])),
        ),
      }
    : { errors: new Float64Array(x.length) };
  return { values, ...known, isValid, isLimited, state };
}

function search(problem: Problem, start: Start, strategy: Strategy): Minimum {
  const valley = new Valley(problem);
  const most = mostCalls(valley.n);
  let state = seed(valley, start, strategy, most);
  if (valley.calls >= most) return minimumOf(valley, state, false, true);
  // as the original has it
  if (state.distance < 0) return minimumOf(valley, state, false, false, state.f);
  for (let limit = most; ; limit = Math.trunc(1.3 * most)) {
    const found = descend(valley, state, limit);
    state = found.state;
    if (found.isLimited || (limit > most && (found.isAbove || !state.isSound)))
      return minimumOf(valley, state, found.isAbove, found.isLimited);
    const { distance } = state;
    if (!strategy.usesHesse) return minimumOf(valley, state, distance > 10 * goal);
    state = hesseOf(valley, state, start.errors, strategy, most);
    if (!state.isSound) return minimumOf(valley, state, distance > 10 * goal, state.isLimited);
    if (!(state.distance > goal) || state.distance < Math.abs(eps2 * state.f))
      return minimumOf(valley, state, state.distance > 10 * goal);
  }
}

/**
 * The start with numerical derivatives; where it has no metric, with one of those along each
 * parameter.
 */
function seed(
  valley: Valley,
  { values, errors, metric: known }: Start,
  strategy: Strategy,
  most: number,
): State {
  const x = valley.inside(values);
  const f = valley.cost(x);
  const begun = { x, f, slopes: valley.slopes(x, f, valley.assumed(x, errors), strategy) };
  const point = known === undefined ? upward(valley, begun, strategy) : begun;
  const { g, g2 } = point.slopes;
  const metric =
    known?.slice() ?? diagonal(g2.map((second) => (Math.abs(second) > eps ? 1 / second : 1)));
  for (let i = 0; known !== undefined && i < valley.n; i++)
    if (!(known[at(i, i)] > eps)) metric[at(i, i)] = g2[i] > eps ? 1 / g2[i] : 1;
  const state = {
    ...point,
    g,
    metric,
    uncertainty: known ? 0 : 1,
    distance: distanceOf(metric, g),
    isSound: true,
  };
  return strategy.usesHesse && known === undefined
    ? hesseOf(valley, state, errors, strategy, most)
    : state;
}

type Point = Pick<State, "x" | "f"> & { readonly slopes: Slopes };

/** Along each parameter in which the cost bends down, to where it bends up. */
function upward(valley: Valley, from: Point, strategy: Strategy): Point {
  let point = from;
  for (let turn = 0; turn < 2 * valley.n + 1; turn++) {
    const { x, f, slopes } = point;
    const { g, g2, h } = slopes;
    const k = g2.findIndex(
      (second, i) => second <= 0 && (Math.abs(g[i]) >= eps || Math.abs(second) >= eps),
    );
    if (k < 0) break;
    const step = x.map((_, i) => (i !== k ? 0 : g[i] < 0 ? h[i] : -h[i]));
    const along = lineSearch(
      (length) => valley.cost(plus(x, step, length)),
      x,
      f,
      step,
      step[k] * g[k],
    );
    const next = plus(x, step, along.length);
    point = { x: next, f: along.cost, slopes: valley.slopes(next, along.cost, slopes, strategy) };
  }
  return point;
}

/** Steps of the metric, which each of them betters. */
function descend(
  valley: Valley,
  from: State,
  limit: number,
): { readonly state: State; readonly isAbove: boolean; readonly isLimited: boolean } {
  let state = from;
  let distance: number;
  do {
    distance = state.distance * (1 + 3 * state.uncertainty);
    const next = stepFrom(valley, state);
    state = next.state;
    if (next.end === "lost") return { state, isAbove: false, isLimited: false };
    if (next.end === "bottom") break;
    distance = state.distance * (1 + 3 * state.uncertainty);
  } while (distance > goal && valley.calls < limit);
  const isLimited = valley.calls >= limit;
  return {
    state,
    isLimited,
    isAbove: !isLimited && distance >= 10 * goal && distance >= Math.abs(eps2 * state.f),
  };
}

/** bottom: no point of the step is lower; lost: the metric leads nowhere. */
function stepFrom(
  valley: Valley,
  state: State,
): { readonly state: State; readonly end?: "bottom" | "lost" } {
  const { x, f, g } = state;
  let { metric, uncertainty } = state;
  const mend = (): void => {
    const { matrix, made } = positiveDefinite(metric, valley.n);
    metric = matrix;
    if (made) uncertainty = 1;
  };
  const ended = (end: "bottom" | "lost") => ({ state: { ...state, metric, uncertainty }, end });
  if (dot(g, g) <= 0) return ended("bottom");
  let step = times(metric, g, -1);
  if (dot(step, g) > 0) {
    mend();
    step = times(metric, g, -1);
    if (dot(step, g) > 0) return ended("lost");
  }
  const along = lineSearch(
    (length) => valley.cost(plus(x, step, length)),
    x,
    f,
    step,
    dot(step, g),
  );
  if (Math.abs(along.cost - f) <= Math.abs(f) * eps) return ended("bottom");
  const next = plus(x, step, along.length);
  const nextG = valley.gradient(next);
  let distance = distanceOf(metric, nextG);
  if (distance < 0) {
    mend();
    distance = distanceOf(metric, nextG);
  }
  if (!(distance >= 0)) return ended("lost");
  const better = update(metric, uncertainty, plus(next, x, -1), plus(nextG, g, -1));
  return {
    state: { x: next, f: along.cost, g: nextG, slopes: null, ...better, distance, isSound: true },
  };
}

/**
 * Rank two (Davidon, Fletcher & Powell), and where that makes the metric too small the dual formula
 * (Fletcher 1970).
 */
function update(
  metric: Symmetric,
  uncertainty: number,
  move: Float64Array,
  turn: Float64Array,
): Pick<State, "metric" | "uncertainty"> {
  const along = dot(move, turn);
  const v = times(metric, turn);
  const width = dot(turn, v);
  if (along === 0 || width <= 0) return { metric, uncertainty };
  const change = new Float64Array(metric.length);
  addSquare(change, move, 1 / along);
  addSquare(change, v, -1 / width);
  const dual = move.map((value, i) => value * (1 / along) - v[i] * (1 / width));
  if (along > width) addSquare(change, dual, width);
  const next = plus(change, metric, 1);
  return { metric: next, uncertainty: 0.5 * (uncertainty + sumOf(change) / sumOf(next)) };
}

function sumOf(matrix: Symmetric): number {
  return matrix.reduce((sum, value) => sum + Math.abs(value), 0);
}
