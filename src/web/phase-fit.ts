/** A magnitude at 1 au from Sun and Earth. */
export interface PhasePoint {
  /** Phase angle, degrees. */
  readonly angle: number;
  readonly band: string;
  readonly magnitude: number;
  readonly error: number;
}

export interface PhaseFit {
  /**
   * Slope parameters: G, or G1 and G2, each with its error; without one it was taken, not fitted.
   */
  readonly slopes: readonly {
    readonly name: string;
    readonly value: number;
    readonly error: number | null;
  }[];
  /** Absolute magnitude of each band. */
  readonly h: ReadonlyMap<string, { readonly value: number; readonly error: number }>;
  /** Scatter about the curve, mag. */
  readonly rms: number;
  /** Magnitudes that the body is fainter at an angle than at 0°. */
  dimming(angle: number): number;
}

/**
 * Slope where there are too few points, or angles too much alike, to fit it (Bowell et al. 1989).
 */
const usualG = 0.15;
const least = { hg: { points: 5, degrees: 4 }, hg1g2: { points: 10, degrees: 10 } };

/** H and G of Bowell et al. 1989 (Asteroids II, 524). Each band has its H; G is that of all. */
export function fitHG(points: readonly PhasePoint[]): PhaseFit | null {
  if (points.length === 0) return null;
  if (!isEnough(points, least.hg)) return fitted(points, hg, [usualG], ["G"], false);
  return fitted(points, hg, search(points, hg, [{ from: -0.25, to: 1 }]), ["G"], true);
}

/**
 * H, G1 and G2 of Muinonen et al. 2010 (Icarus 209, 542); null where points or angles are too few.
 */
export function fitHG1G2(points: readonly PhasePoint[]): PhaseFit | null {
  if (!isEnough(points, least.hg1g2)) return null;
  const unit = { from: 0, to: 1 };
  return fitted(points, hg1g2, search(points, hg1g2, [unit, unit]), ["G1", "G2"], true);
}

/** Dimming in magnitudes at a phase angle in degrees, for the slopes of a system. */
export const hg: Model = ([g]) => {
  return (angle) =>
    -2.5 * Math.log10(Math.max(1e-9, (1 - g) * bowell(bright, angle) + g * bowell(faint, angle)));
};
export const hg1g2: Model = ([g1, g2]) => {
  return (angle) =>
    -2.5 *
    Math.log10(Math.max(1e-9, g1 * phi1(angle) + g2 * phi2(angle) + (1 - g1 - g2) * phi3(angle)));
};

type Model = (slopes: readonly number[]) => (angle: number) => number;
interface Range {
  readonly from: number;
  readonly to: number;
}

function isEnough(
  points: readonly PhasePoint[],
  { points: count, degrees }: { points: number; degrees: number },
): boolean {
  const angles = points.map((p) => p.angle);
  return points.length >= count && Math.max(...angles) - Math.min(...angles) >= degrees;
}

const STEPS = 20;

/** The slopes of least χ² on a grid, and on finer ones around the best of each. */
function search(
  points: readonly PhasePoint[],
  model: Model,
  ranges: readonly Range[],
): readonly number[] {
  let around = ranges;
  let best: readonly [slopes: readonly number[], chi2: number] = [
    ranges.map((r) => r.from),
    Infinity,
  ];
  for (let round = 0; round < 5; round++) {
    for (const slopes of gridOf(around)) {
      if (slopes.reduce((sum, slope) => sum + slope) > 1) continue;
      const chi2 = chiSquare(points, model(slopes));
      if (chi2 < best[1]) best = [slopes, chi2];
    }
    around = around.map(({ from, to }, i) => {
      const half = (2 * (to - from)) / STEPS;
      return {
        from: Math.max(ranges[i].from, best[0][i] - half),
        to: Math.min(ranges[i].to, best[0][i] + half),
      };
    });
  }
  return best[0];
}

function gridOf([first, ...rest]: readonly Range[]): readonly number[][] {
  if (!first) return [[]];
  const values = Array.from(
    { length: STEPS + 1 },
    (_, i) => first.from + (i * (first.to - first.from)) / STEPS,
  );
  return values.flatMap((value) => gridOf(rest).map((others) => [value, ...others]));
}

const weight = ({ error }: PhasePoint) => 1 / Math.max(0.005, error) ** 2;

/** Of each band the weighted mean of magnitude less dimming. */
function hOf(points: readonly PhasePoint[], dimming: (angle: number) => number) {
  const bands = Map.groupBy(points, (p) => p.band);
  return new Map(
    [...bands].map(([band, of]) => {
      const sum = of.reduce((total, p) => total + weight(p), 0);
      const value =
        of.reduce((total, p) => total + weight(p) * (p.magnitude - dimming(p.angle)), 0) / sum;
      return [band, { value, error: 1 / Math.sqrt(sum) }] as const;
    }),
  );
}

function chiSquare(points: readonly PhasePoint[], dimming: (angle: number) => number): number {
  const h = hOf(points, dimming);
  return points.reduce(
    (sum, p) => sum + weight(p) * (p.magnitude - h.get(p.band)!.value - dimming(p.angle)) ** 2,
    0,
  );
}

/**
 * Errors from the curvature of χ², which is scaled to one per degree of freedom where the scatter
 * is larger than the errors say: bodies turn.
 */
function fitted(
  points: readonly PhasePoint[],
  model: Model,
  slopes: readonly number[],
  names: readonly string[],
  isFitted: boolean,
): PhaseFit {
  const dimming = model(slopes);
  const h = hOf(points, dimming);
  const chi2 = chiSquare(points, dimming);
  const free = points.length - h.size - (isFitted ? slopes.length : 0);
  const excess = Math.sqrt(Math.max(1, free > 0 ? chi2 / free : 1));
  const errorOf = (i: number) => {
    const step = 0.01;
    const [below, above] = [-step, step].map((by) =>
      chiSquare(points, model(slopes.map((s, j) => (i === j ? s + by : s)))),
    );
    const curvature = (below + above - 2 * chi2) / step ** 2;
    return curvature > 0 ? Math.sqrt(2 / curvature) * excess : null;
  };
  return {
    slopes: slopes.map((value, i) => ({
      name: names[i],
      value,
      error: isFitted ? errorOf(i) : null,
    })),
    h: new Map([...h].map(([band, { value, error }]) => [band, { value, error: error * excess }])),
    rms: Math.sqrt(
      points.reduce(
        (sum, p) => sum + (p.magnitude - h.get(p.band)!.value - dimming(p.angle)) ** 2,
        0,
      ) / points.length,
    ),
    dimming,
  };
}

/** Bowell et al. 1989, eq. A4. */
function bowell([a, b, c]: readonly [number, number, number], angle: number): number {
  const [sine, tangent] = [
    Math.sin((angle * Math.PI) / 180),
    Math.tan((Math.min(angle, 170) * Math.PI) / 360),
  ];
  const near = Math.exp(-90.56 * tangent ** 2);
  return (
    near * (1 - (c * sine) / (0.119 + 1.341 * sine - 0.754 * sine ** 2)) +
    (1 - near) * Math.exp(-a * tangent ** b)
  );
}

const [bright, faint] = [
  [3.332, 0.631, 0.986],
  [1.862, 1.218, 0.238],
] as const;

// Muinonen et al. 2010, section 4: two straight lines that go over into splines, and the opposition
// effect; their knots in degrees, values, and slopes per radian

const knots = [7.5, 30, 60, 90, 120, 150];
const phi1 = lineThenSpline(
  knots,
  [0.75, 0.33486016, 0.1341056, 0.051104756, 0.021465687, 0.0036396989],
  [-1.9098593, -0.091328612],
  -6 / Math.PI,
);
const phi2 = lineThenSpline(
  knots,
  [0.925, 0.62884169, 0.31755495, 0.12716367, 0.022373903, 0.00016505689],
  [-0.5729578, -8.6573138e-8],
  -9 / (5 * Math.PI),
);
const phi3 = spline(
  [0, 0.3, 1, 2, 4, 8, 12, 20, 30],
  [1, 0.83381185, 0.57735424, 0.42144772, 0.2317423, 0.10348178, 0.061733473, 0.016107006, 0],
  [-1.0630097, 0],
);

function lineThenSpline(
  knots: readonly number[],
  values: readonly number[],
  slopes: readonly [number, number],
  perRadian: number,
): (angle: number) => number {
  const rest = spline(knots, values, slopes);
  return (angle) => (angle < knots[0] ? 1 + (perRadian * angle * Math.PI) / 180 : rest(angle));
}

/** Cubic, with given slopes (per radian) at its ends; level beyond them. */
function spline(
  degrees: readonly number[],
  y: readonly number[],
  [first, last]: readonly [number, number],
): (angle: number) => number {
  const x = degrees.map((d) => (d * Math.PI) / 180);
  const n = x.length;
  const [h, d] = [
    x.slice(1).map((v, i) => v - x[i]),
    x.slice(1).map((v, i) => (y[i + 1] - y[i]) / (v - x[i])),
  ];
  // second derivatives of a clamped spline: a tridiagonal system, solved from top to bottom and
  // back
  const [upper, right] = [[0.5], [(3 / h[0]) * (d[0] - first)]];
  for (let i = 1; i < n - 1; i++) {
    const pivot = 2 * (x[i + 1] - x[i - 1]) - h[i - 1] * upper[i - 1];
    upper.push(h[i] / pivot);
    right.push((6 * (d[i] - d[i - 1]) - h[i - 1] * right[i - 1]) / pivot);
  }
  const second = Array.from({ length: n }, () => 0);
  second[n - 1] =
    ((3 / h[n - 2]) * (last - d[n - 2]) - 0.5 * right[n - 2]) / (1 - 0.5 * upper[n - 2]);
  for (let i = n - 2; i >= 0; i--) second[i] = right[i] - upper[i] * second[i + 1];
  return (angle) => {
    const t = Math.min(x[n - 1], Math.max(x[0], (angle * Math.PI) / 180));
    const i = Math.max(
      0,
      Math.min(
        n - 2,
        x.findLastIndex((knot) => knot <= t),
      ),
    );
    const [a, b] = [(x[i + 1] - t) / h[i], (t - x[i]) / h[i]];
    return (
      a * y[i] +
      b * y[i + 1] +
      (((a ** 3 - a) * second[i] + (b ** 3 - b) * second[i + 1]) * h[i] ** 2) / 6
    );
  };
}
