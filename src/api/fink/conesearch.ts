import { z } from "@hono/zod-openapi";
import { jdMinusMjd } from "../../sky/time.ts";
import {
  angleArgument,
  commonArguments,
  countArgument,
  dateArgument,
  numberArgument,
  textArgument,
  WrongArgument,
} from "./arguments.ts";
import { answer } from "./formats.ts";
import type { Profile } from "./profile.ts";
import { hasColumn, readAlerts } from "./read.ts";
import { type Asked, type FinkDeps, ofBoth } from "./resource.ts";

const greatestRadius = 18_000;

const shape = {
  ra: angleArgument("ra"),
  dec: angleArgument("dec"),
  radius: numberArgument()
    .refine((r) => r >= 0, { error: "give a number from 0 on" })
    .refine((r) => r <= greatestRadius, {
      error: "`radius` cannot be bigger than 18,000 arcseconds (5 degrees).\n",
    })
    .openapi({ type: "number", description: "Arcseconds, at most 18000" }),
  n: countArgument(1000, 100_000),
  startdate: dateArgument().optional(),
  stopdate: dateArgument().optional(),
  window: numberArgument()
    .optional()
    .openapi({ type: "number", description: "Days after startdate" }),
  kind: textArgument().optional(),
  ...commonArguments,
};

export const conesearch = ofBoth({
  name: "conesearch",
  summary: "Objects in a cone, nearest first, each at its latest alert",
  arguments: z.object(shape),
  answer: cone,
});

type Given = z.output<z.ZodObject<typeof shape>>;

/** LSST's alerts of solar-system objects belong to no object, each for itself. */
const oneObject = "_object, CASE WHEN coalesce(_object, '') IN ('', '0') THEN _alert END";

async function cone(
  profile: Profile,
  given: Given,
  { context, deps, signal }: Asked,
): Promise<Response> {
  const { ra, dec, radius, n, columns } = given;
  const isZtf = profile.survey === "ztf";
  const always = isZtf ? ["i:ra", "i:dec"] : ["r:ra", "r:dec", "r:midpointMjdTai"];
  const dated = given.startdate === undefined ? null : await dateCondition(deps, profile, given);
  if (
    dated !== null &&
    !isZtf &&
    columns &&
    columns.length > 0 &&
    !columns.includes("*") &&
    !columns.includes("f:firstDiaSourceMjdTaiFink")
  ) {
    throw new WrongArgument(
      "You need to specify f:firstDiaSourceMjdTaiFink in the columns to filter on dates.\n",
    );
  }
  const separation = separationSql(ra, dec);
  const places = await deps.sources.placesOfCone(profile.survey, ra, dec, radius / 3600);
  const reading = {
    profile,
    places,
    columns,
    always,
    where: `abs(_dec - ${dec}) <= ${radius / 3600 + 1e-9} AND ${separation} <= ${radius / 3600}`,
    ...(dated !== null && { condition: dated }),
    more: [{ name: "v:separation_degree", sql: separation }],
    tail: `QUALIFY row_number() OVER (PARTITION BY ${oneObject} ORDER BY _mjd DESC, _alert DESC) = 1 ORDER BY "v:separation_degree" LIMIT ${n}`,
  };
  return answer(context, await readAlerts(deps, reading, signal), given["output-format"]);
}

/** Fink's: the first detection is between the dates. */
export async function dateCondition(
  deps: FinkDeps,
  profile: Profile,
  { startdate = 0, stopdate, window }: Pick<Given, "startdate" | "stopdate" | "window">,
): Promise<string> {
  const end = window === undefined ? (stopdate ?? Infinity) : startdate + window;
  // as a difference: DuckDB 1.5 fails in planning (INTERNAL Error) a range of one column over rows
  // that a window chose, under another window
  const isBefore = (column: string, shift: number) =>
    Number.isFinite(end) ? ` AND ${column} - (${end + shift}) <= 0` : "";
  if (profile.survey === "ztf")
    return `"jdstarthist" >= ${startdate + jdMinusMjd}${isBefore(`"jdstarthist"`, jdMinusMjd)}`;
  const first = (await hasColumn(deps, profile, "misc_firstDiaSourceMjdTaiFink"))
    ? `"misc_firstDiaSourceMjdTaiFink"`
    : "_mjd";
  return `${first} >= ${startdate}${isBefore("_mjd", 0)}`;
}

/** Degrees between a row and a position, by the haversine: exact for small ones. */
export function separationSql(ra: number, dec: number): string {
  const half = (a: string) => `sin(radians(${a}) / 2) ** 2`;
  return `2 * degrees(asin(least(1, sqrt(${half(`_dec - (${dec})`)} + cos(radians(_dec)) * cos(radians(${dec})) * ${half(`_ra - (${ra})`)}))))`;
}
