import { z } from "@hono/zod-openapi";
import { HTTPException } from "hono/http-exception";
import { cataloguesIn } from "../../lake/catalogues.ts";
import { catalogueFolder } from "../../lake/catalogues.ts";
import { identifier, literal } from "../../lake/scan.ts";
import { join } from "node:path";
import {
  commonArguments,
  countArgument,
  flagArgument,
  shown,
  textArgument,
  WrongArgument,
} from "./arguments.ts";
import { askElsewhere } from "./elsewhere.ts";
import { answer } from "./formats.ts";
import type { NamedColumn, Profile } from "./profile.ts";
import { hasColumn, readAlerts, readObjects } from "./read.ts";
import { type Asked, ofBoth } from "./resource.ts";
import { emptyTable, type Table, tableOf } from "./table.ts";

const shape = {
  resolver: z.enum(["tns", "simbad", "ssodnet"], {
    error: (issue) =>
      issue.input === undefined
        ? "required"
        : `\`resolver\` = ${shown(issue.input)}: choose among tns, simbad, ssodnet\n`,
  }),
  name: textArgument().optional(),
  name_or_id: textArgument().optional(),
  reverse: flagArgument(),
  nmax: countArgument(10),
  "output-format": commonArguments["output-format"],
};
type Given = z.output<z.ZodObject<typeof shape>>;

export const resolver = ofBoth({
  name: "resolver",
  summary:
    "Names of objects, from its TNS catalogue, SIMBAD (by way of CDS's Sesame) and the solar-system designations of alerts",
  arguments: z.object(shape),
  answer: resolve,
});

async function resolve(profile: Profile, given: Given, asked: Asked): Promise<Response> {
  const name = given.name ?? given.name_or_id;
  if (name === undefined)
    throw new WrongArgument(
      `A value for \`${profile.survey === "ztf" ? "name" : "name_or_id"}\` is required. See /api/docs \n`,
    );
  const table = await { tns, simbad, ssodnet }[given.resolver](profile, name, given, asked);
  return answer(asked.context, table, given["output-format"]);
}

/**
 * Names that begin so, of the catalogue `tns` (./fink catalog add); reverse: what an object's
 * alerts say.
 */
async function tns(
  profile: Profile,
  name: string,
  { reverse, nmax }: Given,
  asked: Asked,
): Promise<Table> {
  if (reverse)
    return await ofObject(
      profile,
      name,
      nmax,
      profile.survey === "ztf" ? ["tns"] : ["xm_tns_fullname", "xm_tns_type", "xm_tns_redshift"],
      asked,
    );
  const { deps, signal } = asked;
  const info = cataloguesIn(deps.lake).find((one) => /^tns/i.test(one.name));
  if (!info)
    throw new HTTPException(404, {
      message: "the lake has no catalogue of TNS: ./fink catalog add tns FILE brings one",
    });
  const file = `read_parquet(${literal(join(catalogueFolder(deps.lake, info.name), info.file))})`;
  return await deps.sources.use(signal, async (connection) => {
    const known = (await (await connection.run(`DESCRIBE FROM ${file}`)).getRows()).map(
      ([column]) => String(column),
    );
    const find = (...names: readonly string[]) => {
      const found = known.find((column) => names.includes(column.toLowerCase()));
      return found === undefined ? undefined : identifier(found);
    };
    const [prefix, own] = [find("name_prefix"), find("fullname", "name", "objname")];
    const full =
      // TNS's list has SN and 2023abc apart
      prefix !== undefined && own !== undefined ? `concat_ws(' ', ${prefix}, ${own})` : own;
    if (full === undefined) return emptyTable;
    const wanted = {
      fullname: full,
      internalname: find("internalname", "internal_names"),
      ra: find("ra"),
      declination: find("dec"),
      type: find("type"),
      redshift: find("redshift"),
    };
    const columns = Object.entries(wanted).map(
      ([to, from]) => `${from ?? "NULL"} AS ${identifier(profile.added + to)}`,
    );
    return await tableOf(
      connection,
      `SELECT ${columns.join(", ")} FROM ${file} WHERE starts_with(lower(${full}), ${literal(name.toLowerCase())}) ORDER BY ${full} LIMIT ${nmax}`,
    );
  });
}

const sesameFields = [
  "name",
  "oid",
  "oname",
  "otype",
  "jpos",
  "jradeg",
  "jdedeg",
  "refPos",
  "MType",
  "nrefs",
] as const;
const sesame = "https://cds.unistra.fr/cgi-bin/nph-sesame/-ox/S?";

/** What CDS's Sesame knows of a name; reverse: what cross-match told of an object's alerts. */
async function simbad(
  profile: Profile,
  name: string,
  { reverse, nmax }: Given,
  asked: Asked,
): Promise<Table> {
  if (!reverse) {
    const xml =
      (
        await askElsewhere(
          asked.deps,
          "CDS's Sesame",
          sesame + encodeURIComponent(name),
          asked.signal,
        )
      )?.toString("utf8") ?? "";
    const values = new Map(
      [...xml.matchAll(/<(\w+)(?: [^>]*)?>([^<]*)<\/\1>/g)].map(([, field, value]) => [
        field,
        plainOf(value.trim()),
      ]),
    );
    if (!values.has("jradeg")) return emptyTable;
    return {
      columns: sesameFields.map((field) => ({ name: field, kind: "text" })),
      rows: [sesameFields.map((field) => values.get(field) ?? null)],
    };
  }
  return await ofObject(
    profile,
    name,
    nmax,
    profile.survey === "ztf" ? ["cdsxmatch"] : ["pred_main_label_crossmatch"],
    asked,
  );
}

const entities: Readonly<Record<string, string>> = {
  lt: "<",
  gt: ">",
  amp: "&",
  quot: '"',
  apos: "'",
};

function plainOf(xml: string): string {
  return xml.replace(/&(\w+);/g, (whole, name: string) => entities[name] ?? whole);
}

/** Designations that the survey gave to alerts; reverse: those of an object. */
async function ssodnet(
  profile: Profile,
  name: string,
  { reverse, nmax }: Given,
  asked: Asked,
): Promise<Table> {
  const all =
    profile.survey === "ztf"
      ? ["ssnamenr"]
      : ["MPCORB_mpcDesignation", "mpc_orbits_designation", "ssObjectId", "diaSourceId"];
  if (reverse) return await ofObject(profile, name, nmax, all, asked);
  const { deps, signal } = asked;
  const known = (
    await Promise.all(all.map(async (one) => ((await hasColumn(deps, profile, one)) ? [one] : [])))
  ).flat();
  if (known.length === 0) return emptyTable;
  const column = `lower("${known[0]}"::VARCHAR)`;
  const wanted = literal(name.toLowerCase());
  const condition = `${nmax === 1 ? `${column} = ${wanted}` : `starts_with(${column}, ${wanted})`} AND ${column} NOT IN ('null', '', '0')`;
  const own = known.map((one): NamedColumn => ({ name: profile.own + one, sql: `"${one}"` }));
  const more =
    profile.survey === "ztf"
      ? [
          { name: "i:name", sql: `"ssnamenr"` },
          { name: "i:number", sql: `TRY_CAST("ssnamenr" AS BIGINT)` },
          ...own,
        ]
      : own;
  return await readAlerts(
    deps,
    {
      profile,
      places: null,
      condition,
      columns: ["-"],
      more,
      tail: `QUALIFY row_number() OVER (PARTITION BY ${column}) = 1 LIMIT ${nmax}`,
    },
    signal,
  );
}

async function ofObject(
  profile: Profile,
  object: string,
  nmax: number,
  columns: readonly string[],
  { deps, signal }: Asked,
): Promise<Table> {
  const known = (
    await Promise.all(
      columns.map(async (one) => ((await hasColumn(deps, profile, one)) ? [one] : [])),
    )
  ).flat();
  if (known.length === 0) return emptyTable;
  const prefix = profile.survey === "lsst" || known[0] !== "ssnamenr" ? profile.added : profile.own;
  const more = [
    { name: profile.own + profile.object, sql: `"${profile.object}"` },
    ...known.map((one) => ({ name: prefix + one.replace(/^pred_/, ""), sql: `"${one}"` })),
  ];
  return await readObjects(
    deps,
    [object],
    { profile, columns: ["-"], more, tail: `ORDER BY _mjd DESC, _alert DESC LIMIT ${nmax}` },
    signal,
  );
}
