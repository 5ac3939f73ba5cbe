import { didYouMean } from "../../config/nearest.ts";
import { modules } from "../../science/modules.ts";
import type { Sources } from "../../serving/sources.ts";
import { WrongArgument } from "./arguments.ts";
import { kinds } from "./images.ts";
import {
  addedName,
  type NamedColumn,
  namedColumns,
  type Part,
  type Profile,
  ztfRates,
} from "./profile.ts";

const images = kinds.flatMap((kind) => [`b:cutout${kind}`, `b:cutout${kind}_stampData`]);

/**
 * Columns that some answers have beside those of the alerts. fink-client asks for `d:tag` wherever
 * it asks.
 */
const others: Readonly<Record<Profile["survey"], readonly string[]>> = {
  ztf: [
    "v:g-r",
    "v:sigma(g-r)",
    "v:rate(g-r)",
    "v:sigma(rate(g-r))",
    "v:separation_degree",
    "v:jdstartgw",
    "sso_name",
    "sso_number",
    "d:tag",
    ...images,
  ],
  lsst: ["v:separation_degree", "v:startgwMjdTai", "f:sso_name", "d:tag", ...images],
};

/**
 * Throws WrongArgument for the first column that no alert of the survey has, with the nearest that
 * there is.
 */
export async function checkAlertColumns(
  sources: Sources,
  profile: Profile,
  part: Part,
  wanted: readonly string[] | undefined,
): Promise<void> {
  if (wanted === undefined) return;
  const computed =
    profile.survey === "ztf" ? { ...profile.computed, ...ztfRates } : profile.computed;
  const known = await namedColumns(sources, profile, part, computed);
  if (known.length > 0)
    checkNames(
      [...known.map(({ name }) => name), ...columnsOfModules(profile), ...others[profile.survey]],
      wanted,
    );
}

/** Throws WrongArgument for the first wanted name that is not among these. */
export function checkNames(names: readonly string[], wanted: readonly string[] | undefined): void {
  const known = new Set(names);
  const unknown = wanted?.find((name) => name !== "*" && !known.has(name));
  if (unknown !== undefined)
    throw new WrongArgument(
      `\`columns\`: there is no column ${unknown}${didYouMean(unknown, names) || "; /api/v1/schema lists them"}\n`,
    );
}

/** Wanted columns of modules that no alert of the lake went through yet: null. */
export function notYetComputed(
  profile: Profile,
  known: readonly NamedColumn[],
  wanted: readonly string[] | undefined,
): NamedColumn[] {
  if (wanted === undefined) return [];
  const there = new Set(known.map(({ name }) => name));
  return columnsOfModules(profile).flatMap((name) =>
    wanted.includes(name) && !there.has(name) ? [{ name, sql: "NULL::VARCHAR" }] : [],
  );
}

function columnsOfModules(profile: Profile): string[] {
  const ofSurvey = modules.filter(({ surveys }) => surveys.includes(profile.survey));
  return [
    ...new Set(
      ofSurvey.flatMap(({ adds }) =>
        adds.map(({ name }) => addedName(profile, name.replaceAll(".", "_"))),
      ),
    ),
  ];
}
