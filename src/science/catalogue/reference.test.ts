import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { DuckDBInstance } from "@duckdb/node-api";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { available } from "../../../test/require.ts";
import { batchMatch } from "../../../test/science/batch-match.ts";
import { addCatalogue } from "./add.ts";
import { keptAt } from "./kept-column.ts";
import { type Catalogue, loadCatalogue } from "./load.ts";
import { nearestWithin, type Positions, type Radius } from "./match.ts";

const reference = join(import.meta.dirname, "../../../../shared/reference");
const hasReference = available(
  "reference",
  existsSync(reference),
  "no ../shared/reference with cross-matches of fink-science",
);

interface Source {
  readonly files: readonly string[];
  readonly ra: string;
  readonly dec: string;
  readonly keep: readonly string[];
  readonly radius: number;
}

const catalogues: Readonly<Record<string, Source>> = {
  gcvs: { files: ["gcvs.parquet"], ra: "ra", dec: "dec", keep: ["VarType"], radius: 1.5 },
  "3hsp": { files: ["3hsp.csv"], ra: "R.A.", dec: "Dec", keep: ["3HSP Source name"], radius: 60 },
  "4lac": {
    files: ["table-4LAC-DR3-h.fits", "table-4LAC-DR3-l.fits"],
    ra: "RAJ2000",
    dec: "DEJ2000",
    keep: ["Source_Name"],
    radius: 60,
  },
  spicy: { files: ["spicy.parquet"], ra: "RAdeg", dec: "DEdeg", keep: ["class"], radius: 1.2 },
  known_tde: { files: ["tde.parquet"], ra: "ra", dec: "dec", keep: ["name"], radius: 5 },
  magnetic_cvs: {
    files: ["magnetic_cataclysmic_variables.csv"],
    ra: "RA(J2000)",
    dec: "DEC(J2000)",
    keep: ["Name", "Radius"],
    radius: 1,
  },
  symbiotic: {
    files: ["symbiotic_and_cataclysmic.parquet"],
    ra: "RA(J2000)",
    dec: "DEC(J2000)",
    keep: ["Name", "source", "Radius"],
    radius: 1,
  },
};

const survey = {
  ztf: "candid::VARCHAR, candidate.ra, candidate.dec",
  lsst: "diaSource.diaSourceId::VARCHAR, diaSource.ra, diaSource.dec",
};
const alertFiles = [
  "ztf_regular_a",
  "ztf_regular_b",
  "ztf_spicy_yso",
  "ztf_symbiotic",
  "ztf_dwarf_agn",
  "ztf_hostless20",
  "perturbed_ztf_a",
];
const lsstFiles = ["lsst_rubin_test_data_10_0", "perturbed_lsst_a"];

const lake = mkdtempSync(join(tmpdir(), "fink-catalogue-reference-"));
const loaded = new Map<string, Catalogue>();
afterAll(() => rmSync(lake, { recursive: true }));

const at = (list: readonly { ra: number; dec: number }[]): Positions => ({
  ra: Float64Array.from(list, ({ ra }) => ra),
  dec: Float64Array.from(list, ({ dec }) => dec),
});
const json = <T>(path: string): T =>
  JSON.parse(
    String(path.endsWith(".gz") ? gunzipSync(readFileSync(path)) : readFileSync(path)),
  ) as T;

describe.skipIf(!hasReference)("cross-matches of fink-science and fink-filters", () => {
  beforeAll(async () => {
    for (const [key, { files, radius, ...columns }] of Object.entries(catalogues)) {
      const name = `x${key}`;
      const paths = files.map((file) => join(reference, "catalogs", file));
      await addCatalogue(lake, paths, { ...columns, name, radiusArcsec: radius, motion: null });
      loaded.set(key, await loadCatalogue(lake, name));
    }
  });

  it.each(["gcvs", "3hsp", "4lac", "spicy"])(
    "crossmatch_other_catalog, %s: 400 positions at 0 to 3 radii, alone and as a batch",
    (key) => {
      const { positions, catalogs } = json<{
        positions: Alert[];
        catalogs: Record<string, Labels>;
      }>(join(reference, "science/expected/xmatch_positions.json"));
      const catalogue = loaded.get(key) as Catalogue;
      const expected = catalogs[key];
      const alone = nearestWithin(catalogue, at(positions), expected.radius_arcsec);
      expect(labels(catalogue, alone.rows)).toEqual(expected.single.map(orNull));
      for (const batch of [expected.batch_ztf, expected.batch_rubin]) {
        if (batch)
          expectSame(
            catalogue,
            positions,
            batchMatch(catalogue, at(positions), expected.radius_arcsec),
            batch.map(orNull),
          );
      }
      const nearest = nearestWithin(catalogue, at(positions), 5 * expected.radius_arcsec);
      nearest.separationsArcsec.forEach(
        (arcsec, i) =>
          !Number.isNaN(arcsec) &&
          expect(Math.abs(arcsec - expected.nearest_sep_arcsec[i])).toBeLessThan(1e-8),
      );
    },
  );

  it.each(["known_tde", "magnetic_cvs", "symbiotic"])("%s: a radius for each source", (key) => {
    const expected = json<
      { positions: Alert[] } & Record<string, { batch: string[]; single: string[] }>
    >(join(reference, "science/expected/xmatch_filter_catalogs.json"));
    const catalogue = loaded.get(key) as Catalogue;
    const radius = catalogue.kept.Radius
      ? Float64Array.from(catalogue.ra, (_, row) =>
          Number(keptAt(catalogue.kept.Radius, row) ?? NaN),
        )
      : catalogues[key].radius;
    const alone = expected.positions.map(
      (position) => batchMatch(catalogue, at([position]), radius)[0],
    );
    expectSame(catalogue, expected.positions, alone, expected[key].single.map(orNull), radius);
    expectSame(
      catalogue,
      expected.positions,
      batchMatch(catalogue, at(expected.positions), radius),
      expected[key].batch.map(orNull),
      radius,
    );
  });

  it.each([...alertFiles, ...lsstFiles])("of the alerts of %s", async (file) => {
    const connection = await (await DuckDBInstance.create(":memory:")).connect();
    const sql = `SELECT ${file.includes("lsst") ? survey.lsst : survey.ztf} FROM '${join(reference, "science", file)}.parquet'`;
    const alerts = (
      (await connection.runAndReadAll(sql)).getRows() as [string, number, number][]
    ).map(([id, ra, dec]) => ({ id, ra, dec }));
    const modules = json<Record<string, { values: Record<string, unknown> }>>(
      join(reference, "science/expected/modules", `${file}.json.gz`),
    );
    for (const key of ["gcvs", "3hsp", "4lac", "spicy"]) {
      const [catalogue, { radius }] = [loaded.get(key) as Catalogue, catalogues[key]];
      const batch = modules[`xmatch_${key}_batch`]?.values as Record<string, string> | undefined;
      if (batch)
        expectSame(
          catalogue,
          alerts,
          batchMatch(catalogue, at(alerts), radius),
          alerts.map(({ id }) => orNull(batch[id])),
        );
      const single = modules[`xmatch_${key}_single`]?.values as Record<string, { type: string }>;
      expect(labels(catalogue, nearestWithin(catalogue, at(alerts), radius).rows)).toEqual(
        alerts.map(({ id }) => orNull(single[id]?.type)),
      );
    }
  });
});

interface Alert {
  readonly ra: number;
  readonly dec: number;
}

interface Labels {
  readonly radius_arcsec: number;
  readonly single: readonly string[];
  readonly nearest_sep_arcsec: readonly number[];
  readonly batch_ztf?: readonly string[];
  readonly batch_rubin?: readonly string[];
}

const orNull = (label: string | null | undefined): string | null =>
  label === undefined || label === "Unknown" ? null : label;

function labels(catalogue: Catalogue, rows: Iterable<number>): (string | null)[] {
  const columns = catalogue.info.keep
    .filter((name) => name !== "Radius")
    .map((name) => catalogue.kept[name]);
  return Array.from(rows, (row) =>
    row < 0 ? null : columns.map((column) => keptAt(column, row)).join(),
  );
}

/**
 * Where they differ, two alerts or two sources are at exactly one place: the k-d tree of the
 * reference takes any of them.
 */
function expectSame(
  catalogue: Catalogue,
  alerts: readonly Alert[],
  rows: Int32Array | readonly number[],
  expected: readonly (string | null)[],
  radius?: Radius,
): void {
  const found = labels(catalogue, rows);
  const key = ({ ra, dec }: Alert): string => `${ra} ${dec}`;
  const others = (list: readonly (string | null)[], i: number) =>
    alerts.flatMap((alert, j) => (key(alert) === key(alerts[i]) ? [String(list[j])] : [])).sort();
  found.forEach((label, i) => {
    if (label === expected[i]) return;
    const sameSource = Array.from(catalogue.ra.keys()).filter(
      (row) =>
        catalogue.ra[row] === catalogue.ra[rows[i]] &&
        catalogue.dec[row] === catalogue.dec[rows[i]],
    );
    if (radius !== undefined && sameSource.length > 1)
      expect(labels(catalogue, sameSource)).toContain(expected[i]);
    else expect(others(found, i)).toEqual(others(expected, i));
  });
}
