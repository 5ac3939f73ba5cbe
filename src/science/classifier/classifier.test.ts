import { expect, it } from "vitest";
import { calibrate } from "./model.ts";
import { modelText } from "./page.ts";
import { simulatedDataset } from "./dataset.ts";
import { modelOf } from "./train.ts";
import { boost, treeSum } from "./trees.ts";

/** Numbers that look random and are the same everywhere. */
function numbers(count: number): Float32Array {
  return Float32Array.from({ length: count }, (_, i) => (i * 0.61803398875) % 1);
}

const options = { rounds: 40, depth: 3, rate: 0.2, smallestLeaf: 1, shrinkage: 1 };

it("trees learn what depends on two features at once, and where a value is missing", () => {
  const count = 2000;
  const rows = numbers(2 * count).map((value, i) => (i % 2 === 1 && i % 14 === 1 ? NaN : value));
  const isOne = (i: number) =>
    Number.isNaN(rows[2 * i + 1]) ? 1 : Number(rows[2 * i] > 0.5 !== rows[2 * i + 1] > 0.3);
  const labels = Uint8Array.from({ length: count }, (_, i) => isOne(i));
  const trees = boost(
    { count, rows, width: 2, labels, weights: new Float64Array(count).fill(1) },
    options,
  );
  const wrong = labels.reduce(
    (sum, label, i) => sum + Number(treeSum(trees, rows, 2 * i) > 0 !== (label === 1)),
    0,
  );
  expect(wrong / count).toBeLessThan(0.02);
});

it("calibration makes log odds of what is twice too sure half as large", () => {
  const sums = Float64Array.from({ length: 4000 }, (_, i) => 8 * ((i * 0.61803398875) % 1) - 4);
  const labels = Uint8Array.from(sums, (x, i) =>
    Number((i * 0.7548776662) % 1 < 1 / (1 + Math.exp(-x / 2 - 0.4))),
  );
  const [slope, offset] = calibrate(sums, labels, new Float64Array(sums.length).fill(1));
  expect(slope).toBeCloseTo(0.5, 1);
  expect(offset).toBeCloseTo(0.4, 1);
});

it("the same sky gives the same model, byte for byte, whatever the number of threads", async () => {
  const train = async (workers: number) => {
    const data = await simulatedDataset({ nights: ["2026-07-20"], alerts: 60, seed: 1, workers });
    expect(data.made).toBe(60);
    return modelText(modelOf(data, data));
  };
  expect(await train(2)).toBe(await train(1));
}, 180_000);
