import { expect, it } from "vitest";
import { lightCurveSequence, sequenceSpec } from "./light-curve-sequence.ts";

/** Makes the logarithm's argument the value itself, so that rows can be read. */
const plain = { min: 0, mean: 0, std: 1 };
const spec = sequenceSpec({
  spec: {
    filters: ["g", "r"],
    norm: Array.from({ length: 5 }, () => plain),
    onehot: ["g", "gr", "r"],
  },
});
const [g, r, other] = [0, 1, -1];

function rows(
  points: readonly (readonly [time: number, flux: number, error: number, band: number])[],
): number[][] {
  const column = (k: number) => Float64Array.from(points, (point) => point[k]);
  const found = lightCurveSequence(
    { times: column(0), fluxes: column(1), errors: column(2), bands: Int8Array.from(column(3)) },
    spec,
  );
  const all = Array.from({ length: found.length / spec.width }, (_, row) => [
    ...found.subarray(row * spec.width, (row + 1) * spec.width),
  ]);
  return all.map((row) =>
    row.map((value, k) => (k < 5 ? Math.round(Math.exp(value) * 1000) / 1000 : value)),
  );
}

it("points within a third of a day are one row; of one band the one with the smallest error", () => {
  expect(
    rows([
      [10.2, 3, 0.5, r],
      [10, 1, 0.2, g],
      [10.1, 2, 0.1, g],
      [11, 4, 0.4, r],
    ]),
  ).toEqual([
    [2, 3, 0.1, 0.5, 0, 0, 1, 0],
    [0, 4, 0, 0.4, 1, 0, 0, 1],
  ]);
});

it("a band that the network does not know has a row of its own, without a flux", () => {
  expect(
    rows([
      [10, 5, 1, other],
      [12, 1, 1, g],
    ]),
  ).toEqual([
    [0, 0, 0, 0, 0, 0, 0, 0],
    [1, 0, 1, 0, 2, 1, 0, 0],
  ]);
});

it("a point at the very time of the one before opens an epoch of that time, as in the original", () => {
  expect(
    rows([
      [10, 1, 1, g],
      [10.2, 2, 1, r],
      [10.2, 3, 1, g],
    ]),
  ).toEqual([
    [1, 2, 1, 1, 0, 0, 1, 0],
    [3, 0, 1, 0, 0.2, 1, 0, 0],
  ]);
});
