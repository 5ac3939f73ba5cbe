import { msOfMjd } from "../../sky/time.ts";
import { catalogue, completeness, rounded, scattered } from "./catalogue.ts";
import type { Columns } from "./columns.ts";

/** Names of the Transient Name Server's own table; times in UTC. */
const columns = {
  fullname: "string", // "AT 2026…" or "SN 2026…", as it is in the end
  ra: "double", // ICRS, degrees
  dec: "double",
  type: "string", // null: never classified
  redshift: "double",
  discoverydate: "timestamp",
  reportdate: "timestamp", // not known to anybody before
  classified_at: "timestamp", // before, type and redshift were not known
  internal_names: "string", // objectId
} as const satisfies Columns;

/** Of galactic outbursts and active galaxies only a few are reported, by mistake. */
const mistaken = 0.01;

/**
 * Reports of transients, some days after discovery: half of those with a peak of 20.5 mag;
 * classified are half of those of 19 mag, some days after peak (completeness of the Bright
 * Transient Survey: Perley et al. 2020, ApJ 904, 35). Discovery is the first alert of the simulated
 * nights, or the peak if that was before.
 */
export const tns = catalogue("tns", columns, ({ object, model, firstAlert }, random) => {
  if (model.kind !== "fixed" || !model.tnsType) return [];
  const { objectId, magnitude, peakMjd, redshift } = object;
  const isReported =
    random.uniform() < (model.lastsDays ? completeness(magnitude, 20.5, 2) : mistaken);
  const isClassified = random.uniform() < completeness(magnitude, 19, 1);
  if (!isReported) return [];
  const discovered = Math.min(firstAlert, peakMjd ?? firstAlert);
  const reported = discovered + delay(0.1, 1.5, random.uniform());
  const classified = Math.max(reported, peakMjd ?? 0) + delay(0.5, 6, random.uniform());
  const prefix = isClassified && /^(SN|SLSN)/.test(model.tnsType) ? "SN" : "AT";
  return [
    {
      fullname: `${prefix} ${new Date(msOfMjd(discovered)).getUTCFullYear()}${letters(random.integer(26 ** 6))}`,
      ...scattered(object, 0.2, random),
      type: isClassified ? model.tnsType : null,
      redshift:
        isClassified && redshift !== null
          ? rounded(Math.max(0.001, redshift + 0.003 * random.normal()), 3)
          : null,
      discoverydate: msOfMjd(discovered),
      reportdate: msOfMjd(reported),
      classified_at: isClassified ? msOfMjd(classified) : null,
      internal_names: objectId,
    },
  ];
});

/** Days: at least so many, and exponentially distributed beyond. */
function delay(least: number, mean: number, uniform: number): number {
  return least - mean * Math.log(1 - uniform);
}

/** Six letters: more than the server gives, so that names drawn by chance hardly ever meet. */
function letters(number: number): string {
  return Array.from({ length: 6 }, (_, i) =>
    String.fromCharCode(97 + (Math.floor(number / 26 ** i) % 26)),
  ).join("");
}
