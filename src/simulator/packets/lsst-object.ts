import type { Alert, SkyObject } from "../night/alert.ts";
import { bandsOf, telescopes } from "../survey/telescope.ts";
import { type DiaSource, midpointMjdTai } from "./lsst-source.ts";

const bands = bandsOf(telescopes.lsst);

/**
 * The object as its sources in this packet (oldest first, the alert's own last) describe it; their
 * number and the first date are of all ever.
 */
export function diaObject(
  { object, detections, firstDetection }: Alert,
  diaObjectId: bigint,
  sources: readonly DiaSource[],
) {
  const latest = sources[sources.length - 1];
  const record: Record<string, unknown> = {
    diaObjectId,
    validityStartMjdTai: latest.timeProcessedMjdTai,
    ...meanPosition(object, sources),
    firstDiaSourceMjdTai: midpointMjdTai(firstDetection),
    lastDiaSourceMjdTai: latest.midpointMjdTai,
    nDiaSources: detections,
  };
  for (const band of bands) summarise(record, band, sources);
  return record;
}

/** Weighted mean, as offsets from the true place: right ascension may pass 360. */
function meanPosition({ ra, dec }: SkyObject, sources: readonly DiaSource[]) {
  let [weights, east, north] = [0, 0, 0];
  for (const source of sources) {
    const weight = source.raErr ** -2;
    weights += weight;
    east += weight * (source.ra - ra);
    north += weight * (source.dec - dec);
  }
  const error = weights ** -0.5;
  return {
    ra: ra + east / weights,
    raErr: error,
    dec: dec + north / weights,
    decErr: error,
    ra_dec_Cov: 0,
  };
}

/**
 * Sets the fields of one band: weighted means, spread, extremes and the steepest rise (nJy a day).
 */
function summarise(
  record: Record<string, unknown>,
  band: string,
  sources: readonly DiaSource[],
): void {
  let [count, weights, flux, scienceWeights, science, errors] = [0, 0, 0, 0, 0, 0];
  let [least, most, steepest] = [Infinity, -Infinity, -Infinity];
  let before: DiaSource | null = null;
  for (const source of sources) {
    if (source.band !== band) continue;
    const [weight, scienceWeight] = [source.psfFluxErr ** -2, source.scienceFluxErr ** -2];
    count++;
    weights += weight;
    flux += weight * source.psfFlux;
    scienceWeights += scienceWeight;
    science += scienceWeight * source.scienceFlux;
    errors += source.psfFluxErr;
    least = Math.min(least, source.psfFlux);
    most = Math.max(most, source.psfFlux);
    if (before)
      steepest = Math.max(
        steepest,
        (source.psfFlux - before.psfFlux) / (source.midpointMjdTai - before.midpointMjdTai),
      );
    before = source;
  }
  record[`${band}_psfFluxNdata`] = count;
  if (count === 0) return;
  const mean = flux / weights;
  record[`${band}_psfFluxMean`] = mean;
  record[`${band}_psfFluxMeanErr`] = weights ** -0.5;
  record[`${band}_scienceFluxMean`] = science / scienceWeights;
  record[`${band}_scienceFluxMeanErr`] = scienceWeights ** -0.5;
  record[`${band}_psfFluxMin`] = least;
  record[`${band}_psfFluxMax`] = most;
  record[`${band}_psfFluxErrMean`] = errors / count;
  if (count === 1) return;
  let squares = 0;
  for (const source of sources) if (source.band === band) squares += (source.psfFlux - mean) ** 2;
  record[`${band}_psfFluxSigma`] = Math.sqrt(squares / (count - 1));
  record[`${band}_psfFluxMaxSlope`] = steepest;
}
