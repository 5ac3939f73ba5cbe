import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { ztfPlaces, textsWithHistory, withHistory } from "../history.ts";
import type { AddedColumn, Alerts, ScienceModule, ScienceSetup } from "../module.ts";
import { openAlertFile } from "../parquet.ts";
import { apparentFlux, toJansky } from "./photometry.ts";

/**
 * What is known of a monitored blazar: its median flux (Jy) in g and r, and the parts of it from
 * which on it is low or high.
 */
export interface Blazar {
  readonly medians: readonly [g: number, r: number];
  readonly low: number;
  readonly high: number;
}

const descriptions = {
  instantness_low: "flux over the threshold of low states; -1: not monitored",
  robustness_low:
    "mean flux of 30 days over the threshold of low states; -1: not monitored, or a single measurement",
  instantness_high: "flux over the threshold of high states; -1: not monitored, or in a low state",
  robustness_high: "mean flux of 5 days over the threshold of high states; -1: as above",
  cdf_quantile:
    "-1: not in an extreme state; null: not computed (Fink asks SNAD for ZTF's data releases)",
};
type Part = keyof typeof descriptions;
type BlazarStats = Readonly<Record<Part, number>>;

/** Off without the file that `science.blazars` names. */
export function blazarStats({ config }: ScienceSetup): ScienceModule {
  const file = config.blazars;
  const isThere = file !== "" && existsSync(file);
  const edition = isThere
    ? createHash("sha256").update(readFileSync(file)).digest("hex").slice(0, 12)
    : "";
  let blazars: Promise<Map<string, Blazar>> | null = null;
  return {
    name: "blazar_stats",
    version: "1",
    surveys: ["ztf"],
    about:
      "Whether a blazar that CTAO monitors is in a low or high state: flux in units of its median. As standardized_flux and blazar_extreme_state of fink-science.",
    needs: [
      "objectId",
      ...["jd", "fid", "magpsf", "sigmapsf", "magnr", "sigmagnr", "isdiffpos"].flatMap((name) => [
        `candidate.${name}`,
        `prv_candidates.${name}`,
      ]),
    ],
    adds: Object.entries(descriptions).map(([part, description]): AddedColumn => ({
      name: `blazar_stats.${part}`,
      type: "float",
      unit: null,
      description,
    })),
    catalogues: isThere ? [`ctao_blazars@${edition}`] : [],
    unavailable: () =>
      isThere
        ? null
        : "science.blazars names no file: take CTAO_blazars_ztf_dr*.parquet of fink-science, fink_science/data/catalogs",
    async run(alerts) {
      blazars ??= readBlazars(file);
      const known = await blazars;
      const stats = alerts
        .texts("objectId")
        .map((name, i) => statsOf(alerts, i, known.get(name ?? "")));
      return Object.fromEntries(
        Object.keys(descriptions).map((part) => {
          const values = Float32Array.from(stats, (one) => one[part as Part]);
          return [
            `blazar_stats.${part}`,
            part === "cdf_quantile"
              ? { values, missing: Uint8Array.from(values, (value) => Number(Number.isNaN(value))) }
              : { values },
          ];
        }),
      );
    },
  };
}

export async function readBlazars(file: string): Promise<Map<string, Blazar>> {
  const paths = ["ZTF_name", "medians.1", "medians.2", "low_threshold", "high_threshold"];
  const table = await (await openAlertFile(file)).read(paths);
  const [g, r, low, high] = paths.slice(1).map((path) => table.numbers(path));
  return new Map(
    table
      .texts("ZTF_name")
      .map((name, i) => [name ?? "", { medians: [g[i], r[i]], low: low[i], high: high[i] }]),
  );
}

const unknown: BlazarStats = {
  instantness_low: -1,
  robustness_low: -1,
  instantness_high: -1,
  robustness_high: -1,
  cdf_quantile: -1,
};

function statsOf(alerts: Alerts, i: number, blazar: Blazar | undefined): BlazarStats {
  if (!blazar) return unknown;
  const { offsets, values } = withHistory(alerts, "jd", ztfPlaces);
  const jd = values.subarray(offsets[i], offsets[i + 1]);
  const flux = standardizedFlux(alerts, i, blazar);
  const [now, meanOf30, meanOf5] = [
    flux[flux.length - 1],
    meanFlux(jd, flux, 30),
    meanFlux(jd, flux, 5),
  ];
  const over = (mean: number | null, threshold: number) => (mean === null ? -1 : mean / threshold);
  const low = { instantness_low: now / blazar.low, robustness_low: over(meanOf30, blazar.low) };
  const isAbove = low.instantness_low > 1 || low.robustness_low > 1;
  const high = isAbove
    ? { instantness_high: now / blazar.high, robustness_high: over(meanOf5, blazar.high) }
    : { instantness_high: -1, robustness_high: -1 };
  const isLow = within(low.instantness_low) && within(low.robustness_low);
  const isExtreme = isLow || (high.instantness_high >= 1 && high.robustness_high >= 1);
  return { ...low, ...high, cdf_quantile: isExtreme ? Number.NaN : -1 };
}

function within(share: number): boolean {
  return share >= 0 && share <= 1;
}

/**
 * Flux of each measurement, oldest first, in units of the median of its band; NaN for upper limits
 * and other bands than g and r.
 */
export function standardizedFlux(alerts: Alerts, i: number, { medians }: Blazar): Float64Array {
  const { offsets, values: fid } = withHistory(alerts, "fid", ztfPlaces);
  const [magpsf, sigmapsf, magnr, sigmagnr] = ["magpsf", "sigmapsf", "magnr", "sigmagnr"].map(
    (name) => withHistory(alerts, name, ztfPlaces).values,
  );
  const isdiffpos = textsWithHistory(alerts, "isdiffpos", ztfPlaces).values;
  return Float64Array.from({ length: offsets[i + 1] - offsets[i] }, (_, n) => {
    const j = offsets[i] + n;
    const { value } = toJansky(
      apparentFlux({
        magpsf: magpsf[j],
        sigmapsf: sigmapsf[j],
        magnr: magnr[j],
        sigmagnr: sigmagnr[j],
        isdiffpos: isdiffpos[j],
      }),
    );
    return value / (medians[fid[j] - 1] ?? Number.NaN);
  });
}

/** Over the last days, by the trapezoidal rule; null: fewer than two measurements. */
function meanFlux(jd: Float64Array, flux: Float64Array, days: number): number | null {
  const since = jd[jd.length - 1] - days;
  const known = Array.from(jd.keys()).filter((n) => jd[n] >= since && !Number.isNaN(flux[n]));
  if (known.length < 2) return null;
  const areas = known
    .slice(1)
    .map((n, k) => ((flux[n] + flux[known[k]]) / 2) * (jd[n] - jd[known[k]]));
  return areas.reduce((sum, area) => sum + area, 0) / (jd[known[known.length - 1]] - jd[known[0]]);
}
