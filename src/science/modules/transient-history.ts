import type { Alerts } from "../module.ts";

/** What the rules ask of the earlier measurements; one element per alert. */
export interface HistorySummary {
  /** Brightest magnitude in the alert's band, this one included; NaN: none. */
  readonly peakMag: Float64Array;
  /** Bright positive detections 0.75 to 30 days ago. */
  readonly passes: Int32Array;
  readonly hasFaintTonight: Uint8Array;
  readonly wasDetectedBefore: Uint8Array;
}

export function isPositive(isdiffpos: string | null): boolean {
  return isdiffpos === "t" || isdiffpos === "1" || isdiffpos === "true";
}

export function summarizeHistory(alerts: Alerts): HistorySummary {
  const { offsets, values: jd } = alerts.lists("prv_candidates.jd");
  const fid = alerts.lists("prv_candidates.fid").values;
  const magpsf = alerts.lists("prv_candidates.magpsf").values;
  const isdiffpos = alerts.textLists("prv_candidates.isdiffpos").values;
  const ownIsdiffpos = alerts.texts("candidate.isdiffpos");
  const ownJd = alerts.numbers("candidate.jd");
  const ownFid = alerts.numbers("candidate.fid");
  const peakMag = alerts.numbers("candidate.magpsf").slice();
  const passes = new Int32Array(alerts.count);
  const hasFaintTonight = new Uint8Array(alerts.count);
  const wasDetectedBefore = new Uint8Array(alerts.count);
  for (let i = 0; i < ownJd.length; i++) {
    // fink-science asks the alert's own sign here, not that of the earlier measurement
    const isOwnPositive = isPositive(ownIsdiffpos[i]);
    for (let j = offsets[i]; j < offsets[i + 1]; j++) {
      const days = ownJd[i] - jd[j];
      const mag = magpsf[j];
      if (fid[j] === ownFid[i] && !(mag >= peakMag[i]) && !Number.isNaN(mag)) peakMag[i] = mag;
      if (isOwnPositive && Math.abs(days) < 0.75 && mag >= 19) hasFaintTonight[i] = 1;
      if (!isPositive(isdiffpos[j])) continue;
      if (days < 30 && days > 0.75 && mag > 0 && mag < 19.8) passes[i]++;
      if (Math.abs(days) > 0.02 && mag < 99) wasDetectedBefore[i] = 1;
    }
  }
  return { peakMag, passes, hasFaintTonight, wasDetectedBefore };
}
