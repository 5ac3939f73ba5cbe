import type { Json } from "@duckdb/node-api";
import type { Survey } from "../../surveys/definition.ts";
import { isNone } from "../../surveys/none.ts";
import { jdMinusMjd } from "../../sky/time.ts";
import type { Measurement } from "./types.ts";

type Entry = Readonly<Record<string, Json>>;

/** nJy of an AB magnitude; inverse of Fink's 31.4 − 2.5 log10. */
const fluxOfMagnitude = (magnitude: number): number => 10 ** ((31.4 - magnitude) / 2.5);
const magnitudeOfFlux = (fluxNJy: number): number => 31.4 - 2.5 * Math.log10(fluxNJy);
const magnitudesPerRelativeError = 1.0857;
/** A forced flux below so many errors is no magnitude. */
const leastSignificance = 3;
/**
 * Pixels between source and reference source up to which the two are one
 * (fink_utils.is_source_behind).
 */
const behindPixels = 1.5;
/** Fink's cut of ZTF's real-bogus score. */
const leastRealBogus = 0.55;

/**
 * A structure of a packet as a point of a light curve, by the fields that it has: LSST's fluxes,
 * ZTF's magnitudes with the reference source, or ZTF's forced fluxes with a zero point. Null when
 * there is neither a measurement nor a limit.
 */
export function measurement(
  entry: Entry,
  survey: Survey,
  kind: Measurement["kind"],
  alertId: string | null,
): Measurement | null {
  const time = first(entry, survey.time?.field);
  const band = first(entry, survey.band?.field);
  if (typeof time !== "number" || band === undefined) return null;
  const common = {
    ...nothing,
    mjd: survey.time?.scale === "jd" ? time - jdMinusMjd : time,
    band: survey.band?.names[String(band)] ?? String(band),
    kind,
    alertId,
    isBad: isBad(entry),
  };
  if (number(entry, "psfFlux") !== null) return { ...common, ...ofFlux(entry) };
  if (number(entry, "magpsf") !== null) return { ...common, ...ofMagnitude(entry) };
  if (number(entry, "forcediffimflux") !== null) return ofForced(entry, common, survey);
  const limitMagnitude = number(entry, "diffmaglim");
  return limitMagnitude === null || kind === "forced"
    ? null
    : { ...common, kind: "limit", limitMagnitude };
}

/** Fields of an entry that are looked at, besides its time and band. */
export const measuredFields = (
  "psfFlux psfFluxErr scienceFlux scienceFluxErr psfFlux_flag pixelFlags_bad pixelFlags_saturatedCenter isDipole " +
  "magpsf sigmapsf isdiffpos magnr sigmagnr distnr nbad rb diffmaglim forcediffimflux forcediffimfluxunc magzpsci"
).split(" ");

const nothing = {
  magnitude: null,
  magnitudeError: null,
  fluxNJy: null,
  fluxErrorNJy: null,
  apparentNJy: null,
  apparentErrorNJy: null,
  limitMagnitude: null,
};

function ofFlux(entry: Entry): Partial<Measurement> {
  const fluxNJy = number(entry, "psfFlux")!;
  const fluxErrorNJy = number(entry, "psfFluxErr");
  return {
    ...ofDifference(fluxNJy, fluxErrorNJy),
    apparentNJy: number(entry, "scienceFlux"),
    apparentErrorNJy: number(entry, "scienceFluxErr"),
  };
}

/** Like ZTF's, the magnitude is that of |difference|; the flux has the sign. */
function ofDifference(fluxNJy: number, fluxErrorNJy: number | null): Partial<Measurement> {
  const size = Math.abs(fluxNJy);
  if (size === 0 || size < leastSignificance * (fluxErrorNJy ?? 0))
    return { fluxNJy, fluxErrorNJy };
  const magnitudeError =
    fluxErrorNJy === null ? null : (magnitudesPerRelativeError * fluxErrorNJy) / size;
  return { fluxNJy, fluxErrorNJy, magnitude: magnitudeOfFlux(size), magnitudeError };
}

/** ZTF's magnitude is that of |difference|; `isdiffpos` has its sign. */
function ofMagnitude(entry: Entry): Partial<Measurement> {
  const magnitude = number(entry, "magpsf")!;
  const magnitudeError = number(entry, "sigmapsf");
  const sign = entry["isdiffpos"] === "f" || entry["isdiffpos"] === "0" ? -1 : 1;
  const flux = fluxOfMagnitude(magnitude);
  const fluxErrorNJy =
    magnitudeError === null ? null : (magnitudeError / magnitudesPerRelativeError) * flux;
  const magnr = number(entry, "magnr");
  const distnr = number(entry, "distnr") ?? -1;
  const isBehind = magnr !== null && magnr > 0 && distnr >= 0 && distnr <= behindPixels;
  const reference = isBehind ? fluxOfMagnitude(magnr) : 0;
  const referenceError = isBehind
    ? ((number(entry, "sigmagnr") ?? 0) / magnitudesPerRelativeError) * reference
    : 0;
  return {
    magnitude,
    magnitudeError,
    fluxNJy: sign * flux,
    fluxErrorNJy,
    apparentNJy: reference + sign * flux,
    apparentErrorNJy: fluxErrorNJy === null ? null : Math.hypot(fluxErrorNJy, referenceError),
  };
}

/** ZTF's forced photometry is in detector units with the image's zero point. */
function ofForced(entry: Entry, common: Measurement, survey: Survey): Measurement | null {
  const zeroPoint = number(entry, "magzpsci");
  const flux = number(entry, "forcediffimflux")!;
  if (zeroPoint === null || isNone(survey, `${survey.history?.forced?.[0]}.forcediffimflux`, flux))
    return null;
  const scale = fluxOfMagnitude(zeroPoint);
  const error = number(entry, "forcediffimfluxunc");
  return { ...common, ...ofDifference(flux * scale, error === null ? null : error * scale) };
}

function isBad(entry: Entry): boolean {
  const rb = number(entry, "rb");
  const flags = ["psfFlux_flag", "pixelFlags_bad", "pixelFlags_saturatedCenter", "isDipole"];
  return (
    (number(entry, "nbad") ?? 0) > 0 ||
    (rb !== null && rb < leastRealBogus) ||
    flags.some((flag) => entry[flag] === true)
  );
}

function first(entry: Entry, paths: readonly string[] | undefined): Json | undefined {
  const name = paths
    ?.map((path) => path.slice(path.lastIndexOf(".") + 1))
    .find((n) => entry[n] != null);
  return name === undefined ? undefined : entry[name];
}

/** NaN is text in DuckDB's JSON. */
function number(entry: Entry, name: string): number | null {
  const value = entry[name];
  return typeof value === "number" ? value : null;
}
