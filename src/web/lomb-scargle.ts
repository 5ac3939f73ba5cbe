/** A light curve in one band. */
export interface Samples {
  readonly times: readonly number[];
  readonly values: readonly number[];
  readonly errors: readonly number[];
}

export interface Periodogram {
  /** Cycles per day, evenly spaced. */
  readonly frequencies: Float64Array;
  /** Share of the weighted variance that a sine explains: 0 … 1. */
  readonly power: Float64Array;
}

/**
 * Generalised Lomb–Scargle power (Zechmeister & Kürster 2009, eqs. 4–15) of several bands that
 * share the period: each band has its own mean and its own sine, the powers are weighted by the
 * bands' variance (VanderPlas & Ivezić 2015, the (0, 1) model).
 */
export function periodogram(
  bands: readonly Samples[],
  least: number,
  greatest: number,
  step: number,
): Periodogram {
  const count = Math.max(1, Math.floor((greatest - least) / step) + 1);
  const frequencies = Float64Array.from({ length: count }, (_, i) => least + i * step);
  const power = new Float64Array(count);
  let total = 0;
  for (const band of bands) {
    if (band.times.length < 5) continue;
    total += addPower(power, band, least, step);
  }
  if (total > 0) for (let i = 0; i < count; i++) power[i] /= total;
  return { frequencies, power };
}

/** Adds the explained χ² of a band and returns its whole χ². */
function addPower(
  power: Float64Array,
  { times, values, errors }: Samples,
  least: number,
  step: number,
): number {
  const n = times.length;
  const weights = errors.map((e) => 1 / e ** 2);
  const sum = weights.reduce((a, b) => a + b, 0);
  const w = weights.map((x) => x / sum);
  const mean = values.reduce((a, value, i) => a + w[i] * value, 0);
  const y = values.map((value) => value - mean);
  const yy = y.reduce((a, value, i) => a + w[i] * value * value, 0);
  // sine and cosine go from one frequency to the next by a rotation: no call of sin per point and
  // frequency
  const turn = (t: number, f: number) => 2 * Math.PI * f * (t - times[0]);
  const [c, s] = [
    Float64Array.from(times, (t) => Math.cos(turn(t, least))),
    Float64Array.from(times, (t) => Math.sin(turn(t, least))),
  ];
  const [dc, ds] = [
    Float64Array.from(times, (t) => Math.cos(turn(t, step))),
    Float64Array.from(times, (t) => Math.sin(turn(t, step))),
  ];
  for (let k = 0; k < power.length; k++) {
    let [C, S, YC, YS, CC, CS] = [0, 0, 0, 0, 0, 0];
    for (let i = 0; i < n; i++) {
      const [wc, ws] = [w[i] * c[i], w[i] * s[i]];
      C += wc;
      S += ws;
      YC += wc * y[i];
      YS += ws * y[i];
      CC += wc * c[i];
      CS += wc * s[i];
      const next = c[i] * dc[i] - s[i] * ds[i];
      s[i] = s[i] * dc[i] + c[i] * ds[i];
      c[i] = next;
    }
    const [cc, ss, cs] = [CC - C * C, 1 - CC - S * S, CS - C * S];
    const d = cc * ss - cs * cs;
    if (d > 1e-12) power[k] += ((ss * YC * YC + cc * YS * YS - 2 * cs * YC * YS) / d) * sum;
  }
  return yy * sum;
}

/** The highest peaks, apart from each other by more than the resolution. */
export function peaks(
  { frequencies, power }: Periodogram,
  count: number,
  resolution: number,
): { readonly frequency: number; readonly power: number }[] {
  const local = Array.from(power.keys()).filter(
    (i) => power[i] >= (power[i - 1] ?? 0) && power[i] > (power[i + 1] ?? 0),
  );
  local.sort((a, b) => power[b] - power[a]);
  const chosen: number[] = [];
  for (const i of local) {
    if (chosen.length >= count) break;
    if (chosen.every((j) => Math.abs(frequencies[i] - frequencies[j]) > resolution)) chosen.push(i);
  }
  return chosen.map((i) => ({ frequency: frequencies[i], power: power[i] }));
}
