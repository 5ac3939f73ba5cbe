import { rmSync } from "node:fs";
import { z } from "zod";
import { FinkError } from "../../errors.ts";
import { addCatalogue, type CatalogueOptions } from "../../science/catalogue/add.ts";
import { catalogueFolder, cataloguesIn } from "../../lake/catalogues.ts";
import { catalogueNamed } from "../../science/catalogue/catalogue.ts";
import { keptAt } from "../../science/catalogue/kept-column.ts";
import { type Catalogue, loadCatalogue } from "../../science/catalogue/load.ts";
import { allWithin, nearestWithin, type Positions } from "../../science/catalogue/match.ts";
import { positionsIn } from "../../science/catalogue/positions.ts";
import { degreesOfText } from "../../sky/sexagesimal.ts";
import { type CommandContext, defineCommand } from "../command.ts";
import { table } from "../table.ts";

const flags = z.object({
  name: z
    .string()
    .optional()
    .describe("add: name of the catalogue, lower case")
    .meta({ value: "NAME" }),
  ra: z
    .string()
    .optional()
    .describe(
      "Column of right ascensions, in its unit (else degrees) or sexagesimal; match without a file: the position",
    )
    .meta({ value: "RA" }),
  dec: z
    .string()
    .optional()
    .describe("Column of declinations, or the declination: --dec=-12.5")
    .meta({ value: "DEC" }),
  keep: z
    .string()
    .optional()
    .describe("add: columns to keep, with commas between")
    .meta({ value: "COLUMNS" }),
  radius: z
    .number()
    .optional()
    .describe(
      "Within which a source matches, arcsec: less, not equal. match: default is the catalogue's",
    )
    .meta({ value: "ARCSEC" }),
  epoch: z
    .number()
    .optional()
    .describe("add: Julian year of the positions. match: in which the sky was seen")
    .meta({ value: "YEAR" }),
  pmra: z
    .string()
    .optional()
    .describe("add: column of proper motion in RA, mas/year with cos(dec) in it")
    .meta({ value: "COLUMN" }),
  pmdec: z
    .string()
    .optional()
    .describe("add: column of proper motion in declination, mas/year")
    .meta({ value: "COLUMN" }),
  all: z
    .boolean()
    .default(false)
    .describe("match: every source within the radius, not the nearest alone"),
});

type Flags = z.output<typeof flags>;

export const catalog = defineCommand({
  arguments: "add|list|remove|match [FILE…]",
  description: [
    "add FILE…: stores CSV, Parquet, FITS or VOTable files as one catalogue of the lake, which alerts are matched with; one of that name is replaced.",
    "list: the catalogues of the lake.",
    "remove NAME: alerts that come are no longer matched with it; rows that are there keep what it said.",
    "match NAME [FILE]: the sources near a position, or near each position of a file.",
  ].join("\n"),
  example:
    "./fink catalog add gcvs.parquet --name gcvs --ra ra --dec dec --keep VarType --radius 1.5",
  flags,
  async run(context, [action, ...args], chosen) {
    if (action === "add" && args.length > 0) return await add(context, args, chosen);
    if (action === "list" && args.length === 0) return list(context);
    if (action === "remove" && args.length === 1) return remove(context, args[0]);
    if (action === "match" && (args.length === 1 || args.length === 2))
      return await match(context, args[0], args[1], chosen);
    throw new FinkError(
      "usage",
      "there is ./fink catalog add FILE…, ./fink catalog list, ./fink catalog remove NAME and ./fink catalog match NAME [FILE]",
    );
  },
});

async function add(
  context: CommandContext,
  files: readonly string[],
  chosen: Flags,
): Promise<void> {
  const { name, ra, dec, radius, keep = "" } = chosen;
  if (name === undefined || ra === undefined || dec === undefined || radius === undefined)
    throw new FinkError("usage", "catalog add needs --name, --ra, --dec and --radius");
  const columns = keep.split(",").flatMap((column) => column.trim() || []);
  const info = await addCatalogue(context.config().config.lake, files, {
    name,
    ra,
    dec,
    keep: columns,
    radiusArcsec: radius,
    motion: motionOf(chosen),
  });
  if (context.json) return context.print(JSON.stringify(info));
  context.print(`${name}: ${info.rows.toLocaleString("en")} sources, edition ${info.edition}`);
  context.print(
    `Alerts that come get catalogue_${name}.*; ./fink science run --night … computes those of a night anew.`,
  );
  if (info.leftOut > 0)
    context.warn(
      `${info.leftOut} rows without a position of −180 … 360° and −90 … 90° were left out`,
    );
}

function remove(context: CommandContext, name: string): void {
  const { lake } = context.config().config;
  rmSync(catalogueFolder(lake, catalogueNamed(lake, name).name), { recursive: true });
  context.print(`${name} is removed`);
}

function motionOf({ epoch, pmra, pmdec }: Flags): CatalogueOptions["motion"] {
  if (pmra === undefined && pmdec === undefined && epoch === undefined) return null;
  if (pmra === undefined || pmdec === undefined || epoch === undefined)
    throw new FinkError("usage", "--epoch, --pmra and --pmdec go together");
  return { epochYear: epoch, pmRa: pmra, pmDec: pmdec };
}

function list(context: CommandContext): void {
  const all = cataloguesIn(context.config().config.lake);
  if (context.json) return context.print(JSON.stringify(all, null, 2));
  const rows = all.map((c) => [
    c.name,
    c.rows.toLocaleString("en"),
    `${c.radiusArcsec}″`,
    c.epochYear?.toString() ?? "",
    c.keep.join(", "),
    c.edition,
    c.sources.join(", "),
  ]);
  context.print(
    table(["catalogue", "sources", "radius", "epoch", "kept", "edition", "from"], rows),
  );
}

async function match(
  context: CommandContext,
  name: string,
  file: string | undefined,
  { ra, dec, radius, epoch, all }: Flags,
): Promise<void> {
  if (ra === undefined || dec === undefined)
    throw new FinkError(
      "usage",
      `catalog match needs --ra and --dec: ${file === undefined ? "a position" : "columns of the file"}`,
    );
  const { lake } = context.config().config;
  catalogueNamed(lake, name);
  const found = file === undefined ? onePosition(ra, dec) : await positionsIn(file, ra, dec);
  const positions = { ...found, ...(epoch !== undefined && { year: epoch }) };
  const catalogue = await loadCatalogue(lake, name);
  const rows = [...matches(catalogue, positions, radius ?? catalogue.info.radiusArcsec, all)];
  if (context.json)
    return rows.forEach((row) =>
      context.print(
        JSON.stringify(row, (_, value: unknown) =>
          typeof value === "bigint" ? String(value) : value,
        ),
      ),
    );
  const columns = [
    "row",
    "ra",
    "dec",
    "separationArcsec",
    "sourceRa",
    "sourceDec",
    ...catalogue.info.keep,
  ];
  if (rows.length > 0)
    context.print(
      table(
        columns,
        rows.map((row) => columns.map((column) => text(row[column]))),
      ),
    );
  const unusable = positions.ra.reduce(
    (count, value, i) =>
      count + (Number.isNaN(value) || !(Math.abs(positions.dec[i]) <= 90) ? 1 : 0),
    0,
  );
  context.warn(
    `${rows.length} matches of ${positions.ra.length} positions with ${name}${unusable > 0 ? `; ${unusable} rows have no position of −180 … 360° and −90 … 90°` : ""}`,
  );
}

function onePosition(ra: string, dec: string): Positions {
  const [raDegrees, decDegrees] = [degreesOfText(ra, true), degreesOfText(dec, false)];
  if (!(raDegrees >= -180 && raDegrees <= 360))
    throw new FinkError("usage", `--ra ${ra} is not within −180 … 360° or 0 … 24 h`);
  if (!(Math.abs(decDegrees) <= 90))
    throw new FinkError("usage", `--dec ${dec} is not within −90 … 90°`);
  return { ra: Float64Array.of(raDegrees), dec: Float64Array.of(decDegrees) };
}

/** A row of the file is counted from 1. */
function* matches(
  catalogue: Catalogue,
  positions: Positions,
  radius: number,
  isAll: boolean,
): Generator<Readonly<Record<string, unknown>>> {
  const nearest = isAll ? null : nearestWithin(catalogue, positions, radius);
  const { rows, separationsArcsec, offsets } = nearest
    ? { ...nearest, offsets: null }
    : allWithin(catalogue, positions, radius);
  for (let i = 0; i < positions.ra.length; i++) {
    for (let k = offsets ? offsets[i] : i; k < (offsets ? offsets[i + 1] : i + 1); k++) {
      const source = rows[k];
      if (source < 0) continue;
      const kept = catalogue.info.keep.map((name) => [name, keptAt(catalogue.kept[name], source)]);
      const own = {
        row: i + 1,
        ra: positions.ra[i],
        dec: positions.dec[i],
        separationArcsec: separationsArcsec[k],
      };
      yield {
        ...own,
        sourceRa: catalogue.ra[source],
        sourceDec: catalogue.dec[source],
        ...Object.fromEntries(kept),
      };
    }
  }
}

function text(value: unknown): string {
  if (typeof value === "number") return String(Math.round(value * 1e7) / 1e7);
  return value === null || value === undefined ? "" : String(value as string | bigint | boolean);
}
