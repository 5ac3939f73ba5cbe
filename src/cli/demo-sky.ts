import { rmSync } from "node:fs";
import { join } from "node:path";
import { temporaryFolder } from "../folder.ts";
import { cataloguesIn } from "../lake/catalogues.ts";
import { literal } from "../lake/scan.ts";
import { addCatalogue } from "../science/catalogue/add.ts";
import { withSkySql } from "../science/catalogue/positions.ts";
import { crossMatches } from "../science/crossmatch/rules.ts";
import type { SimulationOptions } from "../simulator/night/batch.ts";
import { simulate } from "../simulator/night/simulate.ts";
import { openTruth } from "../simulator/truth/writer.ts";

interface Known {
  /** Of the simulator. */
  readonly of: string;
  /** What is kept of it, as the real catalogue names it. */
  readonly columns: Readonly<Record<string, string>>;
  readonly where?: string;
}

/** SIMBAD's long names of the types that the simulator gives; the others are the same. */
const longNames = {
  "*": "Star",
  "EB*": "EclBin",
  RRLyr: "RRLyrae",
  Bla: "Blazar",
  G: "Galaxy",
  "SN*": "SN",
  "No*": "Nova",
  ev: "Transient",
};
const longName = `coalesce(map_extract_value(MAP {${Object.entries(longNames).map((pair) => pair.map(literal).join(": "))}}, otype), otype)`;

/**
 * The catalogues of the simulated sky that stand for those of science/crossmatch/rules.ts. The last
 * one says that all are there: it is never empty.
 */
const known: Readonly<Record<string, Known>> = {
  gaia: {
    of: "gaia",
    columns: {
      DR3Name: "'Gaia DR3 ' || source_id",
      Plx: "parallax",
      e_Plx: "parallax_error",
      VarFlag: "'NOT_AVAILABLE'",
    },
  },
  vsx: { of: "variables", columns: { Type: "type" } },
  tns: {
    of: "tns",
    columns: {
      name_prefix: "split_part(fullname, ' ', 1)",
      name: "split_part(fullname, ' ', 2)",
      type: "CASE WHEN classified_at <= now() THEN type END",
      redshift: "CASE WHEN classified_at <= now() THEN redshift END",
    },
    where: "reportdate <= now()",
  },
  simbad: { of: "simbad", columns: { main_type: longName, otype: "otype" } },
};

/**
 * Adds what other observatories know of the simulated nights to the lake's catalogues, so that
 * cross-matches find something; once for the same nights.
 */
export async function addKnownSky(
  lake: string,
  nights: readonly SimulationOptions[],
  signal: AbortSignal,
): Promise<void> {
  const source = (name: string) =>
    `${name}_${nights.map(({ survey, nights: [night], seed }) => `${survey}_${night}_${seed}`).join("_")}.parquet`;
  if (cataloguesIn(lake).some(({ sources }) => sources.includes(source("simbad")))) return;
  const folder = temporaryFolder("demo");
  try {
    for (const night of nights) {
      const truth = await openTruth({ catalogues: join(folder, night.survey) }, night.survey);
      for await (const batch of simulate(night, { workers: 1, signal })) await truth.add(batch);
      await truth.close();
    }
    for (const [name, { of, columns, where = "true" }] of Object.entries(known)) {
      if (signal.aborted) return;
      const file = join(folder, source(name));
      const select = [
        "ra",
        "dec",
        ...Object.entries(columns).map(([column, sql]) => `${sql} AS ${column}`),
      ].join(", ");
      const from = `read_parquet([${nights.map(({ survey }) => literal(join(folder, survey, `${of}.parquet`))).join(", ")}])`;
      const copy = `COPY (SELECT ${select} FROM ${from} WHERE ${where}) TO ${literal(file)} (FORMAT parquet)`;
      const [[count]] = await withSkySql(
        folder,
        async (connection) => await (await connection.run(copy)).getRows(),
      );
      if (Number(count) === 0) continue;
      const { radiusArcsec } = crossMatches.find((rule) => rule.name === name)!;
      await addCatalogue(lake, [file], {
        name,
        ra: "ra",
        dec: "dec",
        keep: Object.keys(columns),
        radiusArcsec,
        motion: null,
      });
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
