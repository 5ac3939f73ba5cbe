import type { ObjectTruth } from "../night/batch.ts";
import { catalogue, completeness, nameByPosition, rounded, scattered } from "./catalogue.ts";
import type { Columns } from "./columns.ts";

const columns = {
  name: "string",
  ra: "double", // ICRS, degrees
  dec: "double",
  type: "string",
  period_days: "double",
  max_mag: "double", // brightest, r, AB
  min_mag: "double", // faintest
} as const satisfies Columns;

/**
 * Shares of wrong entries: type not known better than "variable", and period taken for its half.
 */
const [untyped, halved] = [0.1, 0.03];

/**
 * Variable stars as in the Variable Star Index (Watson et al. 2006, SASS 25, 47): half of those
 * that reach 17.5 mag.
 */
export const variables = catalogue("variables", columns, ({ object, model }, random) => {
  const { parameters, referenceMagnitude } = object;
  if (!model.vsxType || referenceMagnitude === null) return [];
  const [brightest, faintest] = rangeOf(referenceMagnitude, parameters);
  if (random.uniform() >= completeness(brightest, 17.5, 4)) return [];
  const type = random.uniform() < untyped ? "VAR" : model.vsxType;
  const period =
    parameters["periodDays"] * (random.uniform() < halved ? 0.5 : 1) * (1 + 1e-5 * random.normal());
  return [
    {
      name: nameByPosition("SIMV", object),
      ...scattered(object, 0.3, random),
      type,
      period_days: Number.isFinite(period) ? rounded(period, 6) : null,
      max_mag: rounded(brightest, 2),
      min_mag: faintest === null ? null : rounded(faintest, 2),
    },
  ];
});

/**
 * Pulsations go about the mean, eclipses below it and outbursts, which have no period, above; of
 * other variability the range is not known.
 */
function rangeOf(
  mean: number,
  { periodDays, amplitudeMagR, primaryDepthR }: ObjectTruth["parameters"],
): [brightest: number, faintest: number | null] {
  if (primaryDepthR !== undefined) return [mean, mean + primaryDepthR];
  if (amplitudeMagR === undefined) return [mean, null];
  return periodDays === undefined
    ? [mean - amplitudeMagR, mean]
    : [mean - amplitudeMagR / 2, mean + amplitudeMagR / 2];
}
