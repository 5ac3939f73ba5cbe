import { galacticOf } from "../../sky/frames.ts";
import { withHistory, ztfPlaces } from "../history.ts";
import type { Alerts } from "../module.ts";
import { isPositive } from "../modules/transient-history.ts";
import { textsWithHistory } from "../history.ts";

const historyFields = ["jd", "fid", "magpsf", "sigmapsf", "diffmaglim"];
const currentFields = [
  "jdstarthist",
  "ndethist",
  "ncovhist",
  "ssdistnr",
  "distnr",
  "magnr",
  "sgscore1",
  "distpsnr1",
  "srmag1",
  "neargaia",
  "drb",
  "ra",
  "dec",
];

export const neededColumns: readonly string[] = [
  ...[...historyFields, "isdiffpos"].flatMap((field) => [
    `candidate.${field}`,
    `prv_candidates.${field}`,
  ]),
  ...currentFields.map((field) => `candidate.${field}`),
];

/**
 * What the trees ask of an alert; NaN is unknown. Detections are those of the packet, brighter than
 * the reference.
 */
export const featureNames = [
  "days since first detection",
  "detections",
  "share of detections fainter than reference",
  "magnitude",
  "slope in this band",
  "slope in the other band",
  "scatter around the slope, in errors",
  "g − r",
  "fading since brightest",
  "rise since first in this band",
  "days between last limit and first detection",
  "limit before first detection, fainter by",
  "reference source: distance",
  "reference source: fainter by",
  "Pan-STARRS source: star or galaxy",
  "Pan-STARRS source: distance",
  "Pan-STARRS source: fainter by",
  "Gaia source: distance",
  "galactic latitude",
  "real or bogus",
  "detections over visits",
] as const;

/** First points: so many days since the first detection, and of at least two detections. */
export const oldestDays = 20;
export const fewestDetections = 2;

export interface EarlyAlerts {
  /** Which alerts are early: others are no question for the classifier. */
  readonly alerts: readonly number[];
  /** A row of features for each. */
  readonly rows: Float32Array;
}

export function earlyAlerts(alerts: Alerts): EarlyAlerts {
  const columns = columnsOf(alerts);
  const chosen: number[] = [];
  const rows: number[] = [];
  for (let i = 0; i < alerts.count; i++) {
    const row = featuresOf(columns, i);
    if (row === null) continue;
    chosen.push(i);
    rows.push(...row);
  }
  return { alerts: chosen, rows: Float32Array.from(rows) };
}

type Columns = ReturnType<typeof columnsOf>;

function columnsOf(alerts: Alerts) {
  const [jd, fid, magpsf, sigmapsf, diffmaglim] = historyFields.map(
    (field) => withHistory(alerts, field, ztfPlaces).values,
  );
  const current = Object.fromEntries(
    currentFields.map((field) => [field, alerts.numbers(`candidate.${field}`)]),
  );
  const { offsets } = withHistory(alerts, "jd", ztfPlaces);
  return {
    offsets,
    jd,
    fid,
    magpsf,
    sigmapsf,
    diffmaglim,
    isdiffpos: textsWithHistory(alerts, "isdiffpos", ztfPlaces).values,
    current,
  };
}

/** null: it is not early. */
function featuresOf(columns: Columns, i: number): number[] | null {
  const { offsets, jd, fid, magpsf, current } = columns;
  const now = offsets[i + 1] - 1;
  const of = (field: string) => current[field][i];
  const known = (field: string) => (of(field) > -900 ? of(field) : NaN);
  const age = jd[now] - of("jdstarthist");
  if (!(age <= oldestDays) || !isPositive(columns.isdiffpos[now]) || of("ssdistnr") >= 0)
    return null;
  const measured = Array.from({ length: now + 1 - offsets[i] }, (_, n) => offsets[i] + n).filter(
    (at) => magpsf[at] > 0,
  );
  const positive = measured
    .filter((at) => isPositive(columns.isdiffpos[at]))
    .sort((a, b) => jd[a] - jd[b]);
  if (positive.length < fewestDetections) return null;
  const mag = magpsf[now];
  const own = positive.filter((at) => fid[at] === fid[now]);
  const line = lineOf(columns, own);
  return [
    age,
    positive.length,
    1 - positive.length / measured.length,
    mag,
    line.slope,
    lineOf(
      columns,
      positive.filter((at) => fid[at] !== fid[now]),
    ).slope,
    line.scatter,
    colourOf(columns, positive),
    mag - Math.min(...own.map((at) => magpsf[at])),
    magpsf[own[0]] - mag,
    ...lastLimit(columns, offsets[i], now, positive[0]),
    known("distnr"),
    known("magnr") - mag,
    known("sgscore1"),
    known("distpsnr1"),
    known("srmag1") - mag,
    known("neargaia"),
    Math.abs(galacticOf(of("ra"), of("dec"))[1]),
    known("drb"),
    of("ndethist") / of("ncovhist"),
  ];
}

/** Magnitudes a day; NaN within one night. */
function lineOf(
  { jd, magpsf, sigmapsf }: Columns,
  points: readonly number[],
): { readonly slope: number; readonly scatter: number } {
  const none = { slope: NaN, scatter: NaN };
  if (points.length < 2 || jd[points.at(-1)!] - jd[points[0]] < 0.5) return none;
  const weights = points.map((at) => 1 / (sigmapsf[at] ** 2 + 0.02 ** 2));
  const mean = (of: (at: number) => number) =>
    points.reduce((sum, at, n) => sum + weights[n] * of(at), 0) /
    weights.reduce((a, b) => a + b, 0);
  const [time, mag] = [mean((at) => jd[at]), mean((at) => magpsf[at])];
  const slope =
    mean((at) => (jd[at] - time) * (magpsf[at] - mag)) / mean((at) => (jd[at] - time) ** 2);
  const chi2 = points.reduce(
    (sum, at, n) => sum + weights[n] * (magpsf[at] - mag - slope * (jd[at] - time)) ** 2,
    0,
  );
  return { slope, scatter: points.length > 2 ? Math.sqrt(chi2 / (points.length - 2)) : NaN };
}

/** Of the last detections in both bands, if they are of about one night. */
function colourOf({ jd, fid, magpsf }: Columns, points: readonly number[]): number {
  const [g, r] = [1, 2].map((band) => points.findLast((at) => fid[at] === band));
  return g !== undefined && r !== undefined && Math.abs(jd[g] - jd[r]) < 1.5
    ? magpsf[g] - magpsf[r]
    : NaN;
}

/** The last visit before the first detection that saw nothing. */
function lastLimit(
  { jd, magpsf, diffmaglim }: Columns,
  first: number,
  now: number,
  detection: number,
): [days: number, fainter: number] {
  let last = -1;
  for (let at = first; at < now; at++)
    if (!(magpsf[at] > 0) && jd[at] < jd[detection] && (last < 0 || jd[at] > jd[last])) last = at;
  return last < 0 ? [NaN, NaN] : [jd[detection] - jd[last], diffmaglim[last] - magpsf[detection]];
}
