import type { Model } from "./store.ts";

/**
 * Scores rows of equal width, some at a time. Gives the first output, whose values of a row lie
 * together.
 */
export async function scoreRows(
  model: Model,
  rows: Float32Array,
  shape: readonly number[],
  batch = 256,
): Promise<Float32Array> {
  const width = shape.reduce((product, size) => product * size, 1);
  const count = rows.length / width;
  const [[input], [output]] = [model.header.inputs, model.header.outputs];
  const parts: Float32Array[] = [];
  for (let first = 0; first < count; first += batch) {
    const end = Math.min(first + batch, count);
    const found = await model.run({
      [input.name]: {
        data: rows.subarray(first * width, end * width),
        shape: [end - first, ...shape],
      },
    });
    parts.push(Float32Array.from(found[output.name].data, Number));
  }
  return concatenated(parts);
}

/**
 * Scores sequences of rows of `width` columns, padded at the end; those of similar length together.
 * Gives `classes` values for each.
 */
export async function scoreSequences(
  model: Model,
  sequences: readonly Float32Array[],
  width: number,
  batch = 64,
): Promise<readonly Float32Array[]> {
  const order = Array.from(sequences.keys()).sort(
    (a, b) => sequences[a].length - sequences[b].length,
  );
  const [[rows, lengths], [output]] = [model.header.inputs, model.header.outputs];
  const scores: Float32Array[] = [];
  for (let first = 0; first < order.length; first += batch) {
    const some = order.slice(first, first + batch);
    const longest = sequences[some.at(-1)!].length;
    const data = new Float32Array(some.length * longest);
    some.forEach((i, n) => data.set(sequences[i], n * longest));
    const found = await model.run({
      [rows.name]: { data, shape: [some.length, longest / width, width] },
      [lengths.name]: {
        data: Int32Array.from(some, (i) => sequences[i].length / width),
        shape: [some.length],
      },
    });
    const all = Float32Array.from(found[output.name].data, Number);
    some.forEach(
      (i, n) =>
        (scores[i] = all.subarray(
          (n * all.length) / some.length,
          ((n + 1) * all.length) / some.length,
        )),
    );
  }
  return scores;
}

function concatenated(parts: readonly Float32Array[]): Float32Array {
  const all = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
