import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { configSchema } from "../../src/config/schema.ts";
import type { Filter } from "../../src/filters/filter.ts";
import { filterFiles, loadFilter } from "../../src/filters/load.ts";
import { addCatalogue } from "../../src/science/catalogue/add.ts";
import { type Catalogue, loadCatalogue } from "../../src/science/catalogue/load.ts";
import { nearestWithin } from "../../src/science/catalogue/match.ts";
import { openAlertFile } from "../../src/science/parquet.ts";
import { separation } from "../../src/sky/angle.ts";
import { project } from "../cli/run.ts";
import { available } from "../require.ts";
import {
  type Answer,
  ask,
  closeProcesses,
  type Expected,
  expectedByFile,
  type Outcome,
  reference,
} from "./on-reference.ts";

const hasReference = available(
  "reference",
  existsSync(reference),
  "what Fink's filters select: there is no ../shared/reference",
);
const folder = mkdtempSync(join(tmpdir(), "fink-filters-"));
const setup = { lake: folder, config: configSchema.parse({}).science };
afterAll(async () => {
  await closeProcesses();
  rmSync(folder, { recursive: true, force: true });
});

/** Shipped filters that have another name than the function they come from. */
const originals: Readonly<Record<string, string>> = {
  example: "example_filter",
  gaia_candidates: "gaia_dr3_candidates",
  quality_cuts: "ztf_quality_cuts",
  superluminous: "slsn_filter",
  symbiotic_stars: "crossmatch_symbiotic",
  dwarf_agn: "crossmatch_dwarf_agn",
};

const outcomeOf = (
  { livestream, livestream_variant: variant, after_night: afterNight, labels }: Expected,
  name: string,
): Outcome | undefined =>
  name === "kn_candidates"
    ? variant?.["kn_candidates_ (the predicate alone, without the message code)"]
    : (livestream[name] ??
      afterNight?.[originals[name] ?? name] ??
      labels?.[originals[name] ?? name]);

/**
 * Where a filter does what the original says, and not what it does. What the selections have more
 * and less than it; docs/reference/filters.md says why.
 */
const differences: Readonly<
  Record<string, { readonly more?: readonly string[]; readonly less?: readonly string[] }>
> = {
  "ztf_symbiotic.parquet gaia_candidates": { less: ["2650384091615010009", "2650435343915015004"] },
  "perturbed_ztf_a.parquet rate_based_kn_candidates": { more: ["900000000110000739"] },
};

/**
 * The original keeps what it says that it drops: both together are what passes the other clauses.
 */
const reversed = ["most_likely_sn", "remove_unlikely_transients"];
/** The original draws random numbers. */
const random = ["fast_transient_gvom"];
/**
 * The original gives each source to one alert of a batch. Radius of all sources, or the column that
 * has it.
 */
const matched: Readonly<
  Record<string, { readonly radius: number | string; readonly onlyBrighter: boolean }>
> = {
  magnetic_cvs: { radius: "Radius", onlyBrighter: true },
  known_tde: { radius: 5, onlyBrighter: true },
  symbiotic_stars: { radius: "Radius", onlyBrighter: false },
  dwarf_agn: { radius: "Re_arc", onlyBrighter: false },
};

describe.skipIf(!hasReference)("shipped filters select what Fink's do", () => {
  const expected = hasReference ? expectedByFile() : {};
  const filters: Filter[] = [];
  beforeAll(async () => {
    const add = async (
      name: string,
      file: string,
      ra: string,
      dec: string,
      keep: string[],
      radiusArcsec: number,
    ) =>
      await addCatalogue(folder, [join(reference, "catalogs", file)], {
        name,
        ra,
        dec,
        keep,
        radiusArcsec,
        motion: null,
      });
    await add(
      "magnetic_cvs",
      "magnetic_cataclysmic_variables.csv",
      "RA(J2000)",
      "DEC(J2000)",
      ["Name", "Radius"],
      1,
    );
    await add(
      "symbiotic_stars",
      "symbiotic_and_cataclysmic.parquet",
      "RA(J2000)",
      "DEC(J2000)",
      ["Name", "Radius"],
      1,
    );
    await add("known_tde", "tde.parquet", "ra", "dec", ["name"], 5);
    await add("dwarf_agn", "list_dwarfs_AGN_RADEC.parquet", "RA", "DEC", ["MaNGAID", "Re_arc"], 12);
    await add("mangrove", "mangrove_synthetic.csv", "ra", "dec", ["lum_dist", "ang_dist"], 10);
    for (const { file } of filterFiles(join(project, "filters")))
      filters.push(await loadFilter(file, null));
  });

  describe.each(Object.keys(expected))("%s", (file) => {
    const of = expected[file];
    let answers: Map<string, Answer>;
    beforeAll(async () => {
      answers = await ask(
        file,
        of,
        filters.filter(({ survey }) => survey === of.survey),
        setup,
      );
    });

    it("the same alerts, but for what is known to be wrong there", () => {
      const found: Record<string, Answer | undefined> = {};
      const wanted: Record<string, Answer | undefined> = {};
      for (const [name, answer] of answers) {
        const outcome = outcomeOf(of, name);
        if (
          !outcome ||
          outcome.not_runnable !== undefined ||
          [...reversed, ...random, ...Object.keys(matched)].includes(name)
        )
          continue;
        const { more = [], less = [] } = differences[`${file} ${name}`] ?? {};
        const selected = outcome.selected ?? Object.keys(outcome.labels ?? {});
        wanted[name] = [...selected.filter((id) => !less.includes(id)), ...more].sort();
        found[name] = answer;
      }
      expect(found).toEqual(wanted);
    });

    it.runIf(of.survey === "lsst")(
      "what the original drops of the alerts that pass its other clauses, where it does the reverse of what it says",
      async () => {
        for (const name of reversed) {
          const answer = answers.get(name);
          const outcome = outcomeOf(of, name);
          if (!outcome?.selected) continue;
          const text = readFileSync(join(project, `filters/lsst/${name}.sql`), "utf8").replace(
            /\n +AND (good_quality\(diaSource\)|NOT diaSource.isNegative)/g,
            "",
          );
          const both = (await ask(file, of, [await filterOf(`without_${name}`, text)], setup)).get(
            `without_${name}`,
          );
          expect([...(answer as string[]), ...outcome.selected].sort()).toEqual(both);
        }
      },
    );

    it("within what random numbers select, where the original draws them", () => {
      for (const name of random) {
        const { monte_carlo: runs, selected } = outcomeOf(of, name) ?? {};
        if (!runs) continue;
        const answer = answers.get(name) as string[];
        expect(runs.always.filter((id) => !answer.includes(id) && selected?.includes(id))).toEqual(
          [],
        );
        expect(answer.filter((id) => ![...runs.always, ...runs.sometimes].includes(id))).toEqual(
          [],
        );
      }
    });

    it.runIf(of.survey === "ztf")(
      "every alert near a source, where the original gives each source to one alert of a file",
      async () => {
        const alerts = await (
          await openAlertFile(join(reference, "science", file))
        ).read(["candid", "candidate.ra", "candidate.dec", "candidate.isdiffpos"]);
        const [ids, ra, dec] = [
          [...alerts.longs("candid")].map(String),
          alerts.numbers("candidate.ra"),
          alerts.numbers("candidate.dec"),
        ];
        const isBrighter = alerts
          .texts("candidate.isdiffpos")
          .map((sign) => sign === "t" || sign === "1");
        for (const [name, { radius, onlyBrighter }] of Object.entries(matched)) {
          const outcome = outcomeOf(of, name);
          if (!outcome || outcome.not_runnable !== undefined) continue;
          const catalogue = await loadCatalogue(folder, name);
          const radii =
            typeof radius === "number"
              ? radius
              : (catalogue.kept[radius] as { values: Float64Array }).values;
          const { rows } = nearestWithin(catalogue, { ra, dec }, radii);
          const near = ids.filter((_, i) => rows[i] >= 0 && (isBrighter[i] || !onlyBrighter));
          expect(answers.get(name), name).toEqual(near.sort());
          const originals = outcome.selected ?? Object.keys(outcome.labels ?? {});
          expect(
            originals.filter((id) => !near.includes(id)),
            name,
          ).toEqual([]);
          // what there is more lies at a source that a nearer alert of the file has taken
          for (const id of near.filter((one) => !originals.includes(one))) {
            const i = ids.indexOf(id);
            const closer = ids.filter(
              (_, k) =>
                k !== i &&
                (isBrighter[k] || !onlyBrighter) &&
                distanceTo(catalogue, rows[i], ra[k], dec[k]) <=
                  distanceTo(catalogue, rows[i], ra[i], dec[i]),
            );
            expect(closer.length, `${name} ${id}`).toBeGreaterThan(0);
          }
        }
      },
    );

    it.runIf(of.blocks !== undefined)(
      "building blocks, by the functions that say the same",
      async () => {
        const asked = Object.entries(of.blocks ?? {}).flatMap(([name, outcome]) =>
          blocks[name] && outcome.selected ? [{ name, outcome }] : [],
        );
        const given = await ask(
          file,
          of,
          await Promise.all(
            asked.map(({ name }) => filterOf(name, `SELECT * FROM alerts WHERE ${blocks[name]}`)),
          ),
          setup,
        );
        for (const { name, outcome } of asked) {
          const isSure = (id: string) => !outcome.monte_carlo?.sometimes.includes(id);
          expect(sureOf(given.get(name), isSure), name).toEqual(
            outcome.selected?.filter(isSure).sort(),
          );
        }
      },
    );
  });

  it("files without names of TNS, by a column that the reference added", async () => {
    for (const [file, of] of Object.entries(expected)) {
      for (const [label, outcome] of Object.entries(of.livestream_variant ?? {})) {
        const [, name, column, value] =
          /^(\w+) with a (?:constant|null) column (\w+)(?:="([^"]*)")?/.exec(label) ?? [];
        if (name === undefined) continue;
        const given = await ask(
          file,
          of,
          filters.filter((filter) => filter.name === name),
          setup,
          `, ${value === undefined ? "CAST(NULL AS VARCHAR)" : `'${value}'`} AS ${column}`,
        );
        expect(given.get(name), `${file} ${name}`).toEqual([...(outcome.selected ?? [])].sort());
      }
    }
  });

  async function filterOf(name: string, text: string): Promise<Filter> {
    const path = join(folder, `${name}.sql`);
    writeFileSync(path, text);
    return await loadFilter(path, "lsst");
  }
});

const near =
  "good_quality(diaSource) AND NOT pred.is_sso AND NOT gaia_star(xm) AND NOT vsx_star(xm.vsx_Type) AND abs(galactic_b(diaSource.ra, diaSource.dec)) > 20";
const excess = "diaSource.psfFlux - psf_flux_mean(diaObject, diaSource.band)";
const previous = "element_at(filter(prvDiaSources, p -> p.band = diaSource.band), -1)";

const blocks: Readonly<Record<string, string>> = {
  b_is_solar_system: "pred.is_sso",
  b_outside_galactic_plane_20_deg: "abs(galactic_b(diaSource.ra, diaSource.dec)) > 20",
  b_outside_galactic_plane_5_deg: "abs(galactic_b(diaSource.ra, diaSource.dec)) > 5",
  b_xmatched_simbad_galaxy: "simbad_host(xm.simbad_otype)",
  b_xmatched_simbad_unknown: "simbad_unknown(xm.simbad_otype)",
  b_xmatched_mangrove: "xm.mangrove_lum_dist > 0 AND NOT isnan(xm.mangrove_lum_dist)",
  b_xmatched_gaia_star: "gaia_star(xm)",
  b_xmatched_vsx_star: "vsx_star(xm.vsx_Type)",
  b_is_rising: `${excess} > psf_flux_mean_error(diaObject, diaSource.band)`,
  b_is_fading: `${excess} < -psf_flux_mean_error(diaObject, diaSource.band)`,
  b_is_new: "diaSource.midpointMjdTai = misc.firstDiaSourceMjdTaiFink",
  b_good_quality: "good_quality(diaSource)",
  b_extragalactic_near_galaxy_candidate: `${near} AND near_galaxy(xm)`,
  b_extragalactic_loose_candidate: `${near} AND (near_galaxy(xm) OR simbad_unknown(xm.simbad_otype))`,
  b_mag_rate_mc_sampling: `diaSource.psfFlux > 0 AND (diaSource.psfFlux - ${previous}.psfFlux) / days_since(${previous}.midpointMjdTai) > 0.3 * ln(10) / 2.5 * diaSource.psfFlux
    AND abs(diaSource.psfFlux - ${previous}.psfFlux) > 3 * sqrt(power(diaSource.psfFluxErr, 2) + power(${previous}.psfFluxErr, 2))`,
};

function sureOf(answer: Answer | undefined, isSure: (id: string) => boolean): Answer | undefined {
  return answer instanceof Error ? answer : answer?.filter(isSure);
}

function distanceTo(catalogue: Catalogue, row: number, ra: number, dec: number): number {
  return separation(catalogue.ra[row], catalogue.dec[row], ra, dec);
}
