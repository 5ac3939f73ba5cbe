import { z } from "@hono/zod-openapi";
import { HTTPException } from "hono/http-exception";
import { literal } from "../../lake/scan.ts";
import { spellings, unpackedDesignation } from "../../sky/designation.ts";
import {
  commonArguments,
  flagArgument,
  idsArgument,
  shown,
  textArgument,
  WrongArgument,
} from "./arguments.ts";
import { answer } from "./formats.ts";
import { kinds } from "./images.ts";
import { withImages } from "./objects.ts";
import { isTruncated, type Profile, ztf } from "./profile.ts";
import { hasColumn, mostRows, readAlerts } from "./read.ts";
import { type Asked, ofBoth, resource } from "./resource.ts";
import { at, type Cell, emptyTable, withColumns } from "./table.ts";

const shape = {
  n_or_d: idsArgument("n_or_d").openapi({
    type: "string",
    description: "Number, name or designation; several with commas between",
  }),
  withEphem: flagArgument(),
  withResiduals: flagArgument(),
  withcutouts: flagArgument(),
  withCutouts: flagArgument(),
  "cutout-kind": z
    .enum(kinds, {
      error: (issue) =>
        `\`cutout-kind\` = ${shown(issue.input)}: choose among ${kinds.join(", ")}\n`,
    })
    .default("Science"),
  ...commonArguments,
};
type Given = z.output<z.ZodObject<typeof shape>>;

export const solarSystem = ofBoth({
  name: "sso",
  summary: "All alerts of one or several solar-system objects, by the names the survey gave them",
  arguments: z.object(shape),
  answer: sso,
});

const designations = {
  ztf: ["ssnamenr"],
  lsst: [
    "mpc_orbits_designation",
    "MPCORB_mpcDesignation",
    "ssSource_designation",
    "designation",
    "ssObjectId",
  ],
};

/** Other names than the survey's own are known to quaero, which is not asked from here. */
async function sso(
  profile: Profile,
  given: Given,
  { context, deps, signal }: Asked,
): Promise<Response> {
  const { n_or_d: names, columns } = given;
  if (given.withResiduals && names.length > 1)
    throw new WrongArgument("You cannot request residuals for a list object names.\n");
  if (given.withEphem || given.withResiduals) {
    throw new WrongArgument(
      "`withEphem` and `withResiduals` need the ephemerides of IMCCE's Miriade, which this server does not ask: leave them out\n",
    );
  }
  const { survey } = profile;
  const known = (
    await Promise.all(
      designations[survey].map(async (name) =>
        (await hasColumn(deps, profile, name)) ? [name] : [],
      ),
    )
  ).flat();
  if (known.length === 0 || !names.some(isName))
    return answer(context, emptyTable, given["output-format"]);
  const wanted = names
    .filter(isName)
    .flatMap((name) => [name, name.replaceAll(" ", ""), ...spellings(name)])
    .map((name) => literal(name.toLowerCase()));
  const condition = known
    .map((name) => `lower("${name}"::VARCHAR) IN (${wanted.join(", ")})`)
    .join(" OR ");
  const always = survey === "ztf" ? ["i:ssnamenr"] : [];
  const tail = `ORDER BY _mjd DESC, _alert DESC LIMIT ${mostRows * names.length}`;
  let table = await readAlerts(
    deps,
    {
      profile,
      places: null,
      condition,
      columns,
      always,
      tail,
      more: [{ name: "name", sql: `coalesce(${known.map((n) => `"${n}"::VARCHAR`).join(", ")})` }],
    },
    signal,
  );
  if ((given.withcutouts || given.withCutouts) && survey === "ztf")
    table = await withImages(deps, table, [given["cutout-kind"]], signal);
  const name = at(table, "name");
  const nameOf = (value: Cell) => unpackedDesignation(String(value)) ?? value;
  const added =
    survey === "ztf"
      ? [
          { name: "sso_name", kind: "text" as const },
          { name: "sso_number", kind: "text" as const },
        ]
      : [{ name: "f:sso_name", kind: "text" as const }];
  const numbered = withColumns(table, added, (row) =>
    survey === "ztf"
      ? [row[name], /^\d+$/.test(String(row[name])) ? row[name] : null]
      : [nameOf(row[name])],
  );
  const kept = numbered.columns.flatMap((_, i) => (i === name ? [] : [i]));
  return answer(
    context,
    {
      columns: kept.map((i) => numbered.columns[i]),
      rows: numbered.rows.map((row) => kept.map((i) => row[i])),
    },
    given["output-format"],
  );
}

/** Surveys write these where an alert is of no known object. */
function isName(text: string): boolean {
  return !/^(null|none|nan|0)$/i.test(text);
}

export const tracklet = resource({
  name: "tracklet",
  survey: "ztf",
  summary: "Alerts of tracklets, by day or by the tracklet's id",
  arguments: z.object({
    date: textArgument().optional(),
    id: textArgument().optional(),
    ...commonArguments,
  }),
  async answer({ date, id, columns, "output-format": format }, { context, deps, signal }) {
    if (!date && !id)
      throw new WrongArgument("You need to specify a date at the format YYYY-MM-DD hh:mm:ss\n");
    const prefix = id || prefixOf(date!);
    const condition = `starts_with("tracklet", ${literal(prefix)})`;
    const table = (await hasColumn(deps, ztf, "tracklet"))
      ? await readAlerts(
          deps,
          {
            profile: ztf,
            places: null,
            condition,
            columns,
            tail: `ORDER BY _mjd DESC, _alert DESC LIMIT ${mostRows}`,
          },
          signal,
        )
      : emptyTable;
    return answer(context, isTruncated(columns) ? table : { ...table }, format);
  },
});

/** `2021-10-22 09:19:49 00` → `TRCK_20211022_091949_00` */
function prefixOf(date: string): string {
  const parts =
    /^(\d{4})-(\d{2})-(\d{2})(?:[ T](\d{2})(?::(\d{2})(?::(\d{2})(?: (\d{2}))?)?)?)?$/.exec(
      date.trim(),
    );
  if (!parts)
    throw new WrongArgument("You need to specify a date at the format YYYY-MM-DD hh:mm:ss\n");
  const [, year, month, day, hour = "", minute = "", second = "", number] = parts;
  return `TRCK_${year}${month}${day}_${hour}${minute}${second}${number === undefined ? "" : `_${number}`}`;
}

/** What Fink's API has and this server does not: with the reason, and not as a failure of ours. */
export const elsewhere = Object.entries({
  ssocand: "orbits of candidates are linked by Fink-FAT, which does not run here",
  ssobulk: "the file of all solar-system alerts is made by Fink; here, /api/v1/sql selects them",
  ssoft: "the table of solar-system parameters is fitted by Fink with ephemerides of IMCCE",
  metadata: "names that users give to objects are kept by Fink's own server",
}).map(([name, reason]) =>
  resource({
    name,
    survey: "ztf",
    summary: `Not on this server: ${reason}`,
    bare: true,
    arguments: z.looseObject({}),
    answer: () => {
      throw new HTTPException(404, { message: `/api/v1/${name} is not on this server: ${reason}` });
    },
  }),
);
