import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { configSchema } from "../../src/config/schema.ts";
import type { Filter } from "../../src/filters/filter.ts";
import { filterFiles, loadFilter } from "../../src/filters/load.ts";
import { addCatalogue } from "../../src/science/catalogue/add.ts";
import { project } from "../cli/run.ts";
import { available } from "../require.ts";
import { type Answer, ask, type Expected, expectedByFile, type Outcome, reference } from "./on-reference.ts";

const hasReference = available("reference", existsSync(reference), "what Fink's filters select: there is no ../shared/reference");
const folder = mkdtempSync(join(tmpdir(), "fink-filters-"));
const setup = { lake: folder, config: configSchema.parse({}).science };
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Shipped filters that have another name than the function they come from. */
const originals: Readonly<Record<string, string>> = {
  example: "example_filter",
  gaia_candidates: "gaia_dr3_candidates",
  quality_cuts: "ztf_quality_cuts",
  superluminous: "slsn_filter",
  symbiotic_stars: "crossmatch_symbiotic",
  dwarf_agn: "crossmatch_dwarf_agn",
};

const outcomeOf = ({ livestream, livestream_variant: variant, after_night: afterNight, labels }: Expected, name: string): Outcome | undefined =>
  name === "kn_candidates"
    ? variant?.["kn_candidates_ (the predicate alone, without the message code)"]
    : (livestream[name] ?? afterNight?.[originals[name] ?? name] ?? labels?.[originals[name] ?? name]);

/** Where a filter does what the original says, and not what it does. What the selections have more and less than it; docs/reference/filters.md says why. */
const differences: Readonly<Record<string, { readonly more?: readonly string[]; readonly less?: readonly string[] }>> = {
  "ztf_symbiotic.parquet gaia_candidates": { less: ["2650384091615010009", "2650435343915015004"] },
  "perturbed_ztf_a.parquet rate_based_kn_candidates": { more: ["900000000110000739"] },
};

/** The original keeps what it says that it drops: both together are what passes the other clauses. */
const reversed = ["most_likely_sn", "remove_unlikely_transients"];
/** The original draws random numbers. */
const random = ["fast_transient_gvom"];
/** The original gives each source to one alert of a batch. */
const matched = ["magnetic_cvs", "known_tde", "symbiotic_stars", "dwarf_agn"];

describe.skipIf(!hasReference)("shipped filters select what Fink's do", () => {
  const expected = hasReference ? expectedByFile() : {};
  const filters: Filter[] = [];
  beforeAll(async () => {
    const add = async (name: string, file: string, ra: string, dec: string, keep: string[], radiusArcsec: number) =>
      await addCatalogue(folder, [join(reference, "catalogs", file)], { name, ra, dec, keep, radiusArcsec, motion: null });
    await add("magnetic_cvs", "magnetic_cataclysmic_variables.csv", "RA(J2000)", "DEC(J2000)", ["Name", "Radius"], 1);
    await add("symbiotic_stars", "symbiotic_and_cataclysmic.parquet", "RA(J2000)", "DEC(J2000)", ["Name", "Radius"], 1);
    await add("known_tde", "tde.parquet", "ra", "dec", ["name"], 5);
    await add("dwarf_agn", "list_dwarfs_AGN_RADEC.parquet", "RA", "DEC", ["MaNGAID", "Re_arc"], 12);
    for (const { file } of filterFiles(join(project, "filters"))) filters.push(await loadFilter(file, null));
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
        if (!outcome || outcome.not_runnable !== undefined || [...reversed, ...random, ...matched].includes(name)) continue;
        const { more = [], less = [] } = differences[`${file} ${name}`] ?? {};
        const selected = outcome.selected ?? Object.keys(outcome.labels ?? {});
        wanted[name] = [...selected.filter((id) => !less.includes(id)), ...more].sort();
        found[name] = answer;
      }
      expect(found).toEqual(wanted);
    });
  });
});
