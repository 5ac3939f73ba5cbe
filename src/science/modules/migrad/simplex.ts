import { eps2 } from "./symmetric.ts";
import { up, type Valley } from "./valley.ts";

interface Vertex {
  readonly x: Float64Array;
  readonly f: number;
}

/**
 * The lowest point that a simplex of n + 1 vertices finds (Nelder & Mead 1965, with the parabolic
 * step of the MINUIT manual), and the errors that its extents suggest. It ends where the costs of
 * its vertices differ by `goal`, or after `most` calls.
 */
export function simplex(
  valley: Valley,
  x: Float64Array,
  errors: ArrayLike<number>,
  goal: number,
  most: number,
) {
  const { n } = valley;
  const vertexAt = (place: Float64Array): Vertex => ({ x: place, f: valley.cost(place) });
  const between = (a: Float64Array, share: number, b: Float64Array, rest: number) =>
    vertexAt(a.map((value, k) => share * value + rest * b[k]));
  const vertices = [vertexAt(x.slice())];
  const { h } = valley.assumed(x, errors);
  const moved = x.slice();
  for (let i = 0; i < n; i++) {
    const step = Math.max(10 * h[i], 8 * eps2 * (Math.abs(x[i]) + eps2));
    moved[i] += step;
    vertices.push(vertexAt(moved.slice()));
    moved[i] -= step;
  }
  let low = vertices.reduce((least, { f }, i) => (f < vertices[least].f ? i : least), 0);
  let high = highest(vertices);
  const width = () => vertices[high].f - vertices[low].f;
  const centre = () =>
    x.map((_, k) =>
      vertices.reduce((sum, vertex, i) => (i === high ? sum : sum + (1 / n) * vertex.x[k]), 0),
    );
  const replace = (vertex: Vertex): void => {
    if (vertex.f < vertices[low].f) low = high;
    vertices[high] = vertex;
    high = highest(vertices);
  };
  let before: number;
  do {
    before = width();
    const [middle, floor] = [centre(), vertices[low].f];
    const reflected = between(middle, 2, vertices[high].x, -1);
    if (reflected.f > floor) {
      if (reflected.f < vertices[high].f) {
        const replaced = high;
        replace(reflected);
        if (high !== replaced) continue;
      }
      const contracted = between(vertices[high].x, 0.5, middle, 0.5);
      if (contracted.f > vertices[high].f) break;
      replace(contracted);
      continue;
    }
    const expanded = between(reflected.x, 2, middle, -1);
    const [y1, y2] = [(reflected.f - vertices[high].f) * 3, (expanded.f - vertices[high].f) * 2];
    const rho = Math.min((0.5 * (3 * y1 - 2 * y2)) / (y1 - y2), 8);
    const parabolic = rho < 4 ? null : between(middle, rho, vertices[high].x, 1 - rho);
    if (parabolic !== null && parabolic.f < floor && parabolic.f < expanded.f) replace(parabolic);
    else if (expanded.f < floor) replace(expanded);
    else if (parabolic === null || parabolic.f > floor) replace(reflected);
  } while ((width() > goal || before > goal) && valley.calls < most);
  const last = vertexAt(centre());
  if (last.f < vertices[low].f) replace(last);
  const extents = x.map((_, k) => {
    const places = vertices.map((vertex) => vertex.x[k]);
    return (Math.max(...places) - Math.min(...places)) * Math.sqrt(up / width());
  });
  return { x: vertices[low].x, extents };
}

function highest(vertices: readonly Vertex[]): number {
  return vertices.reduce((most, { f }, i) => (f > vertices[most].f ? i : most), 0);
}
