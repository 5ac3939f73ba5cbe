import { eventClass, exponential, gaussian, normalWithin } from "./extragalactic.ts";

/**
 * Days from the B maximum, and AB magnitudes there relative to the B maximum, a row per wavelength
 * at rest in nm.
 */
const epochs = [
  -19, -18, -15, -10, -5, 0, 5, 10, 15, 20, 25, 30, 35, 40, 60, 80, 100, 150, 200, 260,
];
const magnitudes: readonly (readonly [restNm: number, ...magnitudes: number[]])[] = [
  [
    200, 16, 11, 8.5, 5.8, 5.1, 5.1, 5.6, 6.3, 7.0, 7.6, 8.0, 8.2, 8.3, 8.4, 8.7, 9.0, 9.3, 10,
    10.8, 11.8,
  ],
  [
    250, 15, 10, 7.2, 4.3, 3.5, 3.4, 3.8, 4.5, 5.3, 6.0, 6.4, 6.7, 6.8, 6.9, 7.2, 7.6, 7.9, 8.6,
    9.4, 10.4,
  ],
  [
    300, 14, 9, 5.9, 2.9, 2.0, 1.9, 2.3, 3.0, 3.8, 4.4, 4.85, 5.1, 5.2, 5.3, 5.6, 5.95, 6.3, 7.0,
    7.8, 8.8,
  ],
  [
    365, 12, 7.5, 4.1, 1.3, 0.53, 0.45, 0.8, 1.45, 2.2, 2.85, 3.3, 3.55, 3.65, 3.75, 4.05, 4.4,
    4.75, 5.45, 6.25, 7.25,
  ],
  [
    440, 12, 7, 3.4, 1.0, 0.2, 0, 0.15, 0.58, 1.1, 1.72, 2.25, 2.6, 2.82, 2.97, 3.3, 3.6, 3.95, 4.7,
    5.5, 6.5,
  ],
  [
    550, 12, 7, 3.36, 1.11, 0.37, 0.17, 0.2, 0.42, 0.73, 1.08, 1.4, 1.75, 2.05, 2.25, 2.85, 3.35,
    3.8, 4.65, 5.45, 6.4,
  ],
  [
    650, 12, 7, 3.2, 1.22, 0.55, 0.35, 0.41, 0.7, 0.97, 1.05, 1.13, 1.4, 1.72, 2.02, 2.82, 3.47,
    4.07, 5.22, 5.92, 6.9,
  ],
  [
    800, 12, 7, 3.45, 1.55, 0.9, 0.9, 1.1, 1.4, 1.47, 1.3, 1.13, 1.3, 1.65, 2.0, 2.95, 3.7, 4.35,
    5.55, 6.35, 7.3,
  ],
  [
    1000, 12, 7, 3.85, 2.05, 1.45, 1.65, 2.25, 2.55, 2.3, 1.9, 1.55, 1.45, 1.75, 2.2, 3.45, 4.45,
    5.35, 6.45, 7.25, 8.2,
  ],
];
const [firstDay, lastDay] = [epochs[0], epochs[epochs.length - 1]];
const [firstNm, lastNm, nmPerStep] = [200, 1000, 10];

export const typeIa = eventClass({
  name: "type_ia",
  title: "Type Ia supernova",
  about:
    "Mean AB magnitudes of normal type Ia at 20 epochs and 9 wavelengths at rest, with the second maximum in the red, interpolated in both (that is " +
    "the K-correction) and stretched in time. Broader ones are brighter by 1.5 mag per unit of stretch. Colour is counted as dust in the host: an " +
    "exponential plus an intrinsic scatter of 0.04 mag in B − V, so that `hostAv` can be slightly negative.",
  papers: [
    "Perley et al. 2020, ApJ 904, 35; Frohmaier et al. 2019, MNRAS 486, 2308 (rate)",
    "Dilday et al. 2010, ApJ 713, 1026 (its growth with redshift)",
    "Nugent, Kim & Perlmutter 2002, PASP 114, 803; Hsiao et al. 2007, ApJ 663, 1187 (templates)",
    "Guy et al. 2007, A&A 466, 11; Phillips 1993, ApJ 413, L105 (stretch and brightness)",
  ],
  simbadType: "SN*",
  tnsType: "SN Ia",
  lastsDays: [-50, 300],
  population: {
    density: (z) => 2.35e-5 * (1 + Math.min(z, 1)) ** 1.7,
    brightest: -20.1,
    faintest: -18.4,
    abundance: gaussian(-19.3, 0.2),
  },
  host: { characteristicMagnitude: -21.2, earlyShare: 0.35, place: "where the light is" },
  hostAv: (random) => 3.1 * 0.04 * random.normal() + dust(random),
  light(random, absoluteMagnitude) {
    // of the scatter of 0.2 mag, 0.15 are from the stretch: what the magnitude says about it, and
    // the rest
    const stretch = normalWithin(random, 1 - 0.375 * (absoluteMagnitude + 19.3), 0.066, 0.7, 1.3);
    return { at: (days, restNm) => template(days / stretch, restNm), parameters: { stretch } };
  },
});

const dust = exponential(0.33);

/** Bilinear in flux. */
function template(days: number, restNm: number): number {
  if (days <= firstDay || days >= lastDay) return 0;
  const row = Math.floor(days - firstDay);
  const place = (Math.min(Math.max(restNm, firstNm), lastNm - 1e-9) - firstNm) / nmPerStep;
  const column = Math.floor(place);
  const [y, x] = [days - firstDay - row, place - column];
  const i = row * columns + column;
  return (
    (1 - y) * ((1 - x) * table[i] + x * table[i + 1]) +
    y * ((1 - x) * table[i + columns] + x * table[i + columns + 1])
  );
}

const columns = (lastNm - firstNm) / nmPerStep + 1;
const wavelengths = magnitudes.map(([restNm]) => restNm);
/** Relative flux, a row a day, a column per 10 nm. */
const table = Float64Array.from({ length: (lastDay - firstDay + 1) * columns }, (_, i) => {
  const day = firstDay + Math.floor(i / columns);
  const onThatDay = magnitudes.map(([, ...row]) => interpolated(epochs, row, day));
  return 10 ** (-0.4 * interpolated(wavelengths, onThatDay, firstNm + nmPerStep * (i % columns)));
});

function interpolated(xs: readonly number[], ys: readonly number[], x: number): number {
  const i = xs.findLastIndex((start, at) => start <= x && at < xs.length - 1);
  return ys[i] + ((x - xs[i]) / (xs[i + 1] - xs[i])) * (ys[i + 1] - ys[i]);
}
