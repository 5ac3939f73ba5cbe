import { z } from "zod";

/**
 * What a recurrent network of SuperNNova was trained on, as its model says in `parameters.spec`.
 */
const specSchema = z.object({
  filters: z.array(z.string()).min(1).max(8),
  /** In the order of fluxes, errors, and the time since the epoch before. */
  norm: z.array(z.object({ min: z.number(), mean: z.number(), std: z.number() })),
  /** Names of the bands of an epoch, joined in the order of `filters`. */
  onehot: z.array(z.string()),
});

export interface SequenceSpec {
  readonly filters: readonly string[];
  readonly norm: readonly { readonly min: number; readonly mean: number; readonly std: number }[];
  /** Columns of a row. */
  readonly width: number;
  /** Column of each set of bands (a bit a band); absent: none. */
  readonly hot: ReadonlyMap<number, number>;
}

/** The points of one alert; `bands` are places in `filters`, -1 is none of them. */
export interface SequencePoints {
  readonly times: Float64Array;
  readonly fluxes: Float64Array;
  readonly errors: Float64Array;
  readonly bands: Int8Array;
}

export function sequenceSpec(parameters: Readonly<Record<string, unknown>>): SequenceSpec {
  const { filters, norm, onehot } = specSchema.parse(parameters["spec"]);
  const hot = new Map<number, number>();
  for (let set = 1; set < 1 << filters.length; set++) {
    const column = onehot.indexOf(filters.filter((_, band) => set & (1 << band)).join(""));
    if (column >= 0) hot.set(set, norm.length + column);
  }
  return { filters, norm, width: norm.length + onehot.length, hot };
}

const epochDays = 0.33;

/**
 * One row an epoch: the flux and error of each band, days since the row before, and which bands
 * there are (Möller & de Boissière 2020, arXiv:1901.06384). Of several points of a band in an epoch
 * the one of the smallest error counts. A band that is not there has flux and error 0, which are
 * normalized like others.
 */
export function lightCurveSequence(
  { times, fluxes, errors, bands }: SequencePoints,
  spec: SequenceSpec,
): Float32Array {
  const order = Array.from(times.keys()).sort((a, b) => times[a] - times[b]);
  const epochs: { readonly time: number; readonly best: Int32Array }[] = [];
  let opened = 0;
  for (const [n, i] of order.entries()) {
    // a point at exactly the time of the one before opens an epoch of that time, if it is not open:
    // so the original groups them
    const isRepeated = n === 0 || times[i] === times[order[n - 1]];
    if (isRepeated || times[i] - opened > epochDays) opened = times[i];
    if (epochs.at(-1)?.time !== opened)
      epochs.push({ time: opened, best: new Int32Array(spec.filters.length).fill(-1) });
    const { best } = epochs.at(-1)!;
    const band = bands[i];
    if (band >= 0 && (best[band] < 0 || errors[i] < errors[best[band]])) best[band] = i;
  }
  const rows: number[] = [];
  epochs.forEach(({ time, best }, n) =>
    pushRow(rows, best, fluxes, errors, n === 0 ? 0 : time - epochs[n - 1].time, spec),
  );
  return Float32Array.from(rows);
}

function pushRow(
  rows: number[],
  best: Int32Array,
  fluxes: Float64Array,
  errors: Float64Array,
  days: number,
  { norm, width, hot }: SequenceSpec,
): void {
  const start = rows.length;
  let set = 0;
  const push = (value: number): void => {
    const { min, mean, std } = norm[rows.length - start];
    rows.push((Math.log(Math.max(Math.fround(value), min) - min + 1e-5) - mean) / std);
  };
  best.forEach((i, band) => {
    if (i >= 0) set |= 1 << band;
    push(i < 0 ? 0 : fluxes[i]);
  });
  for (const i of best) push(i < 0 ? 0 : errors[i]);
  push(days);
  for (let column = norm.length; column < width; column++)
    rows.push(Number(hot.get(set) === column));
}
