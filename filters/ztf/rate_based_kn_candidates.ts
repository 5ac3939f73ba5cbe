import type { FilterFunction } from "../../src/filters/filter.ts";
import { textsWithHistory, withHistory, ztfPlaces } from "../../src/science/history.ts";
import { emptyCurve, fitLine } from "../../src/science/modules/curve.ts";
import { apparentMagnitude } from "../../src/science/modules/photometry.ts";

const measured = ["jd", "fid", "magpsf", "sigmapsf", "magnr", "sigmagnr"];

export const rateBasedKnCandidates: FilterFunction = {
  description:
    "Kilonova candidates by their fading: apparent magnitudes in the alert's band, those brighter than 21 and over more than half a day, follow a line of more than 0.3 mag/day. Less than " +
    "5 days old, brighter than the reference image, not within 10″ of a known asteroid, off the galactic plane, near a galaxy or uncatalogued. " +
    "Unlike the original: that one takes isdiffpos t for brighter than the reference, but not 1, which other alerts of ZTF have for the same. It also asks SDSS over the network for stars " +
    "within 5″; a filter here asks nobody.",
  origin:
    "fink-filters, ztf/livestream/filter_rate_based_kn_candidates; Aivazyan et al. 2022, MNRAS 515, 6007",
  where: `candidate.drb > 0.9 AND candidate.classtar > 0.4 AND candidate.ndethist < 20 AND candidate.isdiffpos IN ('t', '1')
    AND candidate.jd - candidate.jdstarthist < 5 AND (candidate.ssdistnr > 10 OR candidate.ssdistnr < 0)
    AND simbad_host(cdsxmatch) AND abs(galactic_b(candidate.ra, candidate.dec)) > 10`,
  needs: [...measured, "isdiffpos"].flatMap((field) => [
    `candidate.${field}`,
    `prv_candidates.${field}`,
  ]),
  select(alerts) {
    const [jd, fid, magpsf, sigmapsf, magnr, sigmagnr] = measured.map(
      (field) => withHistory(alerts, field, ztfPlaces).values,
    );
    const { offsets, values: isdiffpos } = textsWithHistory(alerts, "isdiffpos", ztfPlaces);
    return Uint8Array.from({ length: alerts.count }, (_, i) => {
      const [first, end] = [offsets[i], offsets[i + 1]];
      const curve = emptyCurve(end - first);
      for (let j = first; j < end; j++) {
        const { value, error } = apparentMagnitude({
          magpsf: magpsf[j],
          sigmapsf: sigmapsf[j],
          magnr: magnr[j],
          sigmagnr: sigmagnr[j],
          isdiffpos: isdiffpos[j],
        });
        if (fid[j] !== fid[end - 1] || !(value < 21)) continue;
        curve.times[curve.count] = jd[j];
        curve.values[curve.count] = value;
        curve.weights[curve.count++] = 1 / error ** 2;
      }
      const isLong = curve.count >= 2 && curve.times[curve.count - 1] - curve.times[0] > 0.5;
      return Number(isLong && fitLine(curve, true).slope > 0.3);
    });
  },
};
