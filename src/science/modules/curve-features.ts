import type { AddedColumn, Values } from "../module.ts";
import {
  type Curve,
  medianOf,
  quantile,
  type Sample,
  sampleOf,
  square,
  sumOf,
  weightedMean,
} from "./curve.ts";
import { lnErfc } from "./erfc.ts";

/**
 * The 26 features of Fink's anomaly detection (Malanchev et al. 2021, arXiv:2012.01419, appendix
 * A), defined and summed as the light-curve crate does (light-curve-feature 0.19). NaN where there
 * are too few points or all are equal.
 */
const features: readonly Feature[] = [
  { name: "mean", of: "value", points: 1, description: "mean", compute: ({ mean }) => mean },
  {
    name: "weighted_mean",
    of: "value",
    points: 1,
    description: "mean, weighted by 1/error²",
    compute: (_, curve) => weightedMean(curve),
  },
  {
    name: "standard_deviation",
    of: "value",
    points: 2,
    description: "standard deviation, N - 1",
    compute: ({ deviation }) => deviation,
  },
  {
    name: "median",
    of: "value",
    points: 1,
    description: "median",
    compute: ({ median }) => median,
  },
  {
    name: "amplitude",
    of: "value",
    points: 1,
    description: "half of maximum minus minimum",
    compute: ({ amplitude }) => amplitude,
  },
  {
    name: "beyond_1_std",
    points: 2,
    description: "share of points farther from the mean than one standard deviation",
    compute: shareBeyond,
  },
  {
    name: "cusum",
    points: 2,
    varies: true,
    description: "range of the cumulative sum of deviations",
    compute: cumulativeRange,
  },
  {
    name: "inter_percentile_range_10",
    of: "value",
    points: 1,
    description: "90th minus 10th percentile",
    compute: ({ sorted }) => spread(sorted, 0.1),
  },
  { name: "kurtosis", points: 4, varies: true, description: "excess kurtosis", compute: kurtosis },
  {
    name: "linear_trend",
    of: "slope",
    points: 3,
    description: "slope of a line without weights",
    compute: ({ trend }) => trend().slope,
  },
  {
    name: "linear_trend_sigma",
    of: "slope",
    points: 3,
    description: "its error",
    compute: ({ trend }) => trend().slopeError,
  },
  {
    name: "linear_trend_noise",
    of: "value",
    points: 3,
    description: "scatter around that line",
    compute: ({ trend }) => Math.sqrt(trend().reducedChi2),
  },
  {
    name: "linear_fit_slope",
    of: "slope",
    points: 3,
    description: "slope of a line, weighted by 1/error²",
    compute: ({ fit }) => fit().slope,
  },
  {
    name: "linear_fit_slope_sigma",
    of: "slope",
    points: 3,
    description: "its error",
    compute: ({ fit }) => fit().slopeError,
  },
  {
    name: "linear_fit_reduced_chi2",
    points: 3,
    description: "reduced χ² of that line",
    compute: ({ fit }) => fit().reducedChi2,
  },
  {
    name: "magnitude_percentage_ratio_40_5",
    points: 2,
    varies: true,
    description: "40-60 % range over 5-95 % range",
    compute: ({ sorted }) => spread(sorted, 0.4) / spread(sorted, 0.05),
  },
  {
    name: "magnitude_percentage_ratio_20_10",
    points: 2,
    varies: true,
    description: "20-80 % range over 10-90 % range",
    compute: ({ sorted }) => spread(sorted, 0.2) / spread(sorted, 0.1),
  },
  {
    name: "maximum_slope",
    of: "slope",
    points: 2,
    description: "largest slope between neighbours",
    compute: steepest,
  },
  {
    name: "median_absolute_deviation",
    of: "value",
    points: 1,
    description: "median of distances to the median",
    compute: medianDeviation,
  },
  {
    name: "median_buffer_range_percentage_10",
    points: 1,
    description: "share of points within a tenth of the amplitude around the median",
    compute: shareNearMedian,
  },
  {
    name: "percent_amplitude",
    of: "value",
    points: 1,
    description: "largest distance to the median",
    compute: ({ sorted, median }) =>
      Math.max(sorted[sorted.length - 1] - median, median - sorted[0]),
  },
  {
    name: "mean_variance",
    points: 2,
    description: "standard deviation over mean",
    compute: ({ deviation, mean }) => deviation / mean,
  },
  {
    name: "anderson_darling_normal",
    points: 4,
    varies: true,
    description: "Anderson-Darling statistic against a normal distribution",
    compute: andersonDarling,
  },
  {
    name: "chi2",
    points: 2,
    description: "reduced χ² around the weighted mean",
    compute: (_, curve) => chi2(curve) / (curve.count - 1),
  },
  { name: "skew", points: 3, varies: true, description: "skewness", compute: skew },
  {
    name: "stetson_K",
    points: 2,
    varies: true,
    description: "Stetson's K, a robust kurtosis",
    compute: stetsonK,
  },
];

interface Feature {
  readonly name: string;
  /** Its unit is that of a value, or of a value per day; otherwise it has none. */
  readonly of?: "value" | "slope";
  /** With fewer points it is NaN. */
  readonly points: number;
  /** It is NaN when all values are equal. */
  readonly varies?: boolean;
  readonly description: string;
  compute(sample: Sample, curve: Curve): number;
}

export function featureColumns(structure: string, unit: string): AddedColumn[] {
  return features.map(({ name, of, description }) => {
    return {
      name: `${structure}.${name}`,
      type: "double",
      unit: of === undefined ? null : of === "value" ? unit : `${unit}/d`,
      description,
    };
  });
}

/** The features of one band, one value per alert and feature; all null until they are computed. */
export class FeatureTable {
  readonly #values: readonly Float64Array[];
  readonly #missing: Uint8Array;

  constructor(count: number) {
    this.#values = features.map(() => new Float64Array(count));
    this.#missing = new Uint8Array(count).fill(1);
  }

  /**
   * The curve is in order of time. With a time or value that is not finite the features stay null,
   * as in the original.
   */
  compute(alert: number, curve: Curve): void {
    if (!isFinite(curve)) return;
    this.#missing[alert] = 0;
    const sample = sampleOf(curve);
    const varies = curve.count > 0 && sample.sorted[0] !== sample.sorted[curve.count - 1];
    features.forEach((feature, f) => {
      const isDefined = curve.count >= feature.points && (varies || feature.varies !== true);
      this.#values[f][alert] = isDefined ? feature.compute(sample, curve) : Number.NaN;
    });
  }

  columns(structure: string): Record<string, Values> {
    return Object.fromEntries(
      features.map(({ name }, f) => [
        `${structure}.${name}`,
        { values: this.#values[f], missing: this.#missing },
      ]),
    );
  }
}

function isFinite({ count, times, values }: Curve): boolean {
  for (let i = 0; i < count; i++)
    if (!Number.isFinite(times[i]) || !Number.isFinite(values[i])) return false;
  return true;
}

function shareBeyond({ mean, deviation }: Sample, { count, values }: Curve): number {
  return sumOf(count, (i) => Number(Math.abs(values[i] - mean) > deviation)) / count;
}

function cumulativeRange({ mean, deviation }: Sample, { count, values }: Curve): number {
  let sum = 0;
  let least = Infinity;
  let most = -Infinity;
  for (let i = 0; i < count; i++) {
    sum += values[i] - mean;
    least = Math.min(least, sum);
    most = Math.max(most, sum);
  }
  return (most - least) / (deviation * count);
}

function spread(sorted: Float64Array, share: number): number {
  return (
    quantile(sorted, Math.fround(1 - Math.fround(share))) - quantile(sorted, Math.fround(share))
  );
}

function kurtosis({ mean, variance }: Sample, { count: n, values }: Curve): number {
  const fourth = sumOf(n, (i) => square(square(values[i] - mean)));
  return (
    ((fourth / variance ** 2) * n * (n + 1)) / ((n - 1) * (n - 2) * (n - 3)) -
    (3 * (n - 1) ** 2) / ((n - 2) * (n - 3))
  );
}

function skew({ mean, deviation }: Sample, { count: n, values }: Curve): number {
  const third = sumOf(n, (i) => square(values[i] - mean) * (values[i] - mean));
  return ((third / deviation ** 3) * n) / ((n - 1) * (n - 2));
}

function steepest(_: Sample, { count, times, values }: Curve): number {
  let steepest = Number.NaN;
  for (let i = 1; i < count; i++) {
    const slope = Math.abs((values[i] - values[i - 1]) / (times[i] - times[i - 1]));
    if (Number.isFinite(slope) && !(slope <= steepest)) steepest = slope;
  }
  return steepest;
}

function medianDeviation({ median }: Sample, { count, values }: Curve): number {
  return medianOf(
    values
      .slice(0, count)
      .map((value) => Math.abs(value - median))
      .sort(),
  );
}

function shareNearMedian({ median, amplitude }: Sample, { count, values }: Curve): number {
  const threshold = Math.fround(0.1) * amplitude;
  return sumOf(count, (i) => Number(Math.abs(values[i] - median) < threshold)) / count;
}

function andersonDarling({ mean, deviation, sorted }: Sample, { count: n }: Curve): number {
  const sum = sumOf(n, (i) => {
    const x = ((sorted[i] - mean) / deviation) * Math.SQRT1_2;
    return (2 * i + 1) * lnErfc(-x) + (2 * (n - i) - 1) * lnErfc(x);
  });
  return (1 + 4 / n - (5 / n) ** 2) * (n * (2 * Math.LN2 - 1) - sum / n);
}

function chi2(curve: Curve): number {
  const mean = weightedMean(curve);
  return sumOf(curve.count, (i) => square(curve.values[i] - mean) * curve.weights[i]);
}

function stetsonK(_: Sample, curve: Curve): number {
  const mean = weightedMean(curve);
  const sum = sumOf(
    curve.count,
    (i) => Math.abs(curve.values[i] - mean) * Math.sqrt(curve.weights[i]),
  );
  return sum / Math.sqrt(curve.count * chi2(curve));
}
