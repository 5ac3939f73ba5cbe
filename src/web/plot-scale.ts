/**
 * One axis of a plot: from the first to the last value in view; the first may be the greater
 * (magnitudes).
 */
export interface Scale {
  readonly from: number;
  readonly to: number;
  readonly isLog?: boolean;
}

/** Where a value lies, 0 at the start and 1 at the end of the axis. */
export function placeOf({ from, to, isLog }: Scale, value: number): number {
  return isLog ? Math.log(value / from) / Math.log(to / from) : (value - from) / (to - from);
}

export function valueAt({ from, to, isLog }: Scale, place: number): number {
  return isLog ? from * (to / from) ** place : from + place * (to - from);
}

/** The same axis zoomed about a place by a factor, or moved. */
export function zoomed(scale: Scale, about: number, factor: number): Scale {
  return {
    ...scale,
    from: valueAt(scale, about - about * factor),
    to: valueAt(scale, about + (1 - about) * factor),
  };
}

/** An axis that holds all values with a margin. */
export function fitting(values: readonly number[], margin = 0.05): Scale {
  const finite = values.filter(Number.isFinite);
  if (finite.length === 0) return { from: 0, to: 1 };
  const [least, greatest] = [
    finite.reduce((a, b) => Math.min(a, b)),
    finite.reduce((a, b) => Math.max(a, b)),
  ];
  const pad = (greatest - least) * margin || Math.min(1, Math.abs(least) * 0.05) || 1;
  return { from: least - pad, to: greatest + pad };
}

const timeSteps = [
  1 / 1440,
  2 / 1440,
  5 / 1440,
  10 / 1440,
  15 / 1440,
  30 / 1440,
  1 / 24,
  2 / 24,
  3 / 24,
  6 / 24,
  12 / 24,
  1,
  2,
  5,
  10,
  20,
  50,
  100,
  200,
  500,
  1000,
  2000,
  5000,
  10_000,
];

/** Round values within the axis, about so many; in days and parts of days where it is a time. */
export function ticks(
  scale: Scale,
  count: number,
  isTime = false,
  fixedStep?: number,
): { readonly values: readonly number[]; readonly step: number } {
  const [least, greatest] = [Math.min(scale.from, scale.to), Math.max(scale.from, scale.to)];
  if (scale.isLog) return { values: logTicks(least, greatest), step: 0 };
  const rough = (greatest - least) / Math.max(1, count);
  const power = 10 ** Math.floor(Math.log10(rough));
  const step =
    fixedStep ??
    (isTime
      ? (timeSteps.find((s) => s >= rough) ?? 20_000)
      : ([1, 2, 5, 10].map((n) => n * power).find((s) => s >= rough * 0.999) ?? power));
  const first = Math.ceil(least / step - 1e-9);
  const values = Array.from(
    { length: Math.max(0, Math.min(60, Math.floor(greatest / step + 1e-9) - first + 1)) },
    (_, i) => (first + i) * step,
  );
  return { values, step };
}

function logTicks(least: number, greatest: number): number[] {
  const values: number[] = [];
  for (let power = Math.floor(Math.log10(least)); power <= Math.log10(greatest); power++)
    values.push(...[1, 2, 5].map((n) => n * 10 ** power));
  return values.filter((v) => v >= least && v <= greatest);
}

/** A tick's value with as many digits as its step has. */
export function tickText(value: number, step: number): string {
  if (step === 0) return String(Number(value.toPrecision(3)));
  const digits = Math.max(0, Math.min(6, -Math.floor(Math.log10(step) + 1e-9)));
  return value
    .toFixed(digits)
    .replace("-", "−")
    .replace(/^−(0(\.0*)?)$/, "$1");
}
