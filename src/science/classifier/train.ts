import { type Dataset, type DatasetOptions, simulatedDataset, supernovae } from "./dataset.ts";
import { featureNames } from "./features.ts";
import { calibrate, type EarlyModel } from "./model.ts";
import { boost, treeSum } from "./trees.ts";

export interface TrainingOptions {
  readonly nights: readonly string[];
  /** A night. */
  readonly alerts: number;
  /**
   * Three skies: trees are grown on the first, calibrated on the second; what they are worth is
   * measured on the third.
   */
  readonly seeds: readonly [training: number, calibration: number, test: number];
  readonly workers: number;
  readonly say?: (line: string) => void;
}

export const standardTraining = {
  nights: ["2026-01-20", "2026-04-20", "2026-07-20", "2026-10-20"],
  alerts: 2500,
  seeds: [101, 202, 303],
} as const satisfies Partial<TrainingOptions>;

const growth = { rounds: 120, depth: 4, rate: 0.08, smallestLeaf: 2, shrinkage: 2 };

export interface Trained {
  readonly model: EarlyModel;
  readonly training: Dataset;
  readonly calibration: Dataset;
  readonly test: Dataset;
}

export async function trainEarly({
  nights,
  alerts,
  seeds,
  workers,
  say = () => {},
}: TrainingOptions): Promise<Trained> {
  const sky = async (what: string, seed: number): Promise<Dataset> => {
    const options: DatasetOptions = { nights, alerts, seed, workers };
    const data = await simulatedDataset(options);
    say(`${what}: seed ${seed}, ${data.made} alerts, ${data.count} of them early`);
    return data;
  };
  const [training, calibration, test] = [
    await sky("training", seeds[0]),
    await sky("calibration", seeds[1]),
    await sky("test", seeds[2]),
  ];
  return { model: modelOf(training, calibration), training, calibration, test };
}

/** The same alerts give the same model, byte for byte. */
export function modelOf(training: Dataset, calibration: Dataset): EarlyModel {
  const width = featureNames.length;
  // between the weights of the sky and none: a few alerts that stand for many would rule the trees
  const trees = boost(
    { ...training, width, labels: labelsOf(training), weights: training.weights.map(Math.sqrt) },
    growth,
  );
  const sums = Float64Array.from({ length: calibration.count }, (_, i) =>
    treeSum(trees, calibration.rows, i * width),
  );
  return {
    version: "1",
    features: featureNames,
    trees,
    calibration: calibrate(sums, labelsOf(calibration), calibration.weights),
  };
}

/** 1: a supernova. */
export function labelsOf({ classes }: Dataset): Uint8Array {
  return Uint8Array.from(classes, (name) => Number(supernovae.includes(name)));
}
