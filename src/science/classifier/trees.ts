/**
 * A leaf is what it adds to the sum; else: feature, threshold, whether NaN goes to the left (1),
 * what is below the threshold, and what is not.
 */
export type Tree =
  | number
  | readonly [feature: number, threshold: number, missingLeft: number, below: Tree, other: Tree];

export interface TreeOptions {
  readonly rounds: number;
  readonly depth: number;
  readonly rate: number;
  /** Sum of curvature that a leaf has at least: about a quarter of so many alerts. */
  readonly smallestLeaf: number;
  readonly shrinkage: number;
}

export interface Examples {
  readonly count: number;
  /** `width` values each. */
  readonly rows: Float32Array;
  readonly width: number;
  readonly labels: Uint8Array;
  readonly weights: Float64Array;
}

/** Sum of the trees' leaves for the row that begins there: log odds. */
export function treeSum(trees: readonly Tree[], rows: Float32Array, at: number): number {
  let sum = 0;
  for (let node of trees) {
    while (typeof node !== "number") {
      const value = rows[at + node[0]];
      node = (Number.isNaN(value) ? node[2] === 1 : value < node[1]) ? node[3] : node[4];
    }
    sum += node;
  }
  return sum;
}

/**
 * Gradient boosting with the logistic loss, second order, over histograms (Chen & Guestrin 2016,
 * arXiv:1603.02754). No random numbers: the same examples give the same trees.
 */
export function boost(examples: Examples, options: TreeOptions): Tree[] {
  const { count, labels, weights } = examples;
  const binned = binsOf(examples);
  const odds = new Float64Array(count);
  const [slopes, curvatures] = [new Float64Array(count), new Float64Array(count)];
  const trees: Tree[] = [];
  for (let round = 0; round < options.rounds; round++) {
    for (let i = 0; i < count; i++) {
      const p = 1 / (1 + Math.exp(-odds[i]));
      slopes[i] = weights[i] * (p - labels[i]);
      curvatures[i] = weights[i] * p * (1 - p);
    }
    const tree = grow(
      { ...binned, slopes, curvatures, options },
      Uint32Array.from({ length: count }, (_, i) => i),
      options.depth,
    );
    trees.push(tree);
    for (let i = 0; i < count; i++) odds[i] += treeSum([tree], examples.rows, i * examples.width);
  }
  return trees;
}

const most = 64;
const missing = 255;

interface Binned {
  /** Of each feature in turn, for all examples: how many thresholds are at or below the value. */
  readonly bins: readonly Uint8Array[];
  readonly thresholds: readonly (readonly number[])[];
}

function binsOf({ count, rows, width }: Examples): Binned {
  const thresholds = Array.from({ length: width }, (_, feature) => {
    const values = Float32Array.from({ length: count }, (_unused, i) => rows[i * width + feature])
      .filter((value) => !Number.isNaN(value))
      .sort();
    const quantiles = Array.from({ length: most - 1 }, (_unused, k) =>
      short(values[Math.floor(((k + 1) * values.length) / most)]),
    );
    return [...new Set(quantiles)].filter((value) => value > values[0]);
  });
  const bins = thresholds.map((limits, feature) =>
    Uint8Array.from({ length: count }, (_, i) => {
      const value = rows[i * width + feature];
      return Number.isNaN(value)
        ? missing
        : limits.reduce((bin, limit) => bin + Number(value >= limit), 0);
    }),
  );
  return { bins, thresholds };
}

/** As it is written into the model. */
function short(value: number): number {
  return Number(value.toPrecision(5));
}

interface Growing extends Binned {
  readonly slopes: Float64Array;
  readonly curvatures: Float64Array;
  readonly options: TreeOptions;
}

interface Split {
  readonly gain: number;
  readonly feature: number;
  readonly bin: number;
  readonly missingLeft: boolean;
}

function grow(growing: Growing, members: Uint32Array, depth: number): Tree {
  const { slopes, curvatures, options, bins, thresholds } = growing;
  const split = depth === 0 ? null : bestSplit(growing, members);
  if (split === null) {
    const [slope, curvature] = members.reduce(
      ([g, h], i) => [g + slopes[i], h + curvatures[i]],
      [0, 0],
    );
    return short((-options.rate * slope) / (curvature + options.shrinkage));
  }
  const of = bins[split.feature];
  const isLeft = (i: number) => (of[i] === missing ? split.missingLeft : of[i] <= split.bin);
  const [left, right] = [members.filter(isLeft), members.filter((i) => !isLeft(i))];
  return [
    split.feature,
    thresholds[split.feature][split.bin],
    Number(split.missingLeft),
    grow(growing, left, depth - 1),
    grow(growing, right, depth - 1),
  ];
}

/** null: none makes the loss smaller. Of equal ones the first. */
function bestSplit(
  { bins, thresholds, slopes, curvatures, options }: Growing,
  members: Uint32Array,
): Split | null {
  const { shrinkage, smallestLeaf } = options;
  let best: Split | null = null;
  const worth = (g: number, h: number) => (g * g) / (h + shrinkage);
  for (const [feature, limits] of thresholds.entries()) {
    const [g, h] = [new Float64Array(256), new Float64Array(256)];
    for (const i of members) {
      g[bins[feature][i]] += slopes[i];
      h[bins[feature][i]] += curvatures[i];
    }
    const [allG, allH] = [g, h].map((values) => values.reduce((a, b) => a + b, 0));
    for (const missingLeft of h[missing] > 0 ? [true, false] : [true]) {
      let [leftG, leftH] = missingLeft ? [g[missing], h[missing]] : [0, 0];
      for (let bin = 0; bin < limits.length; bin++) {
        leftG += g[bin];
        leftH += h[bin];
        if (leftH < smallestLeaf || allH - leftH < smallestLeaf) continue;
        const gain = worth(leftG, leftH) + worth(allG - leftG, allH - leftH) - worth(allG, allH);
        if (gain > (best?.gain ?? 1e-6)) best = { gain, feature, bin, missingLeft };
      }
    }
  }
  return best;
}
