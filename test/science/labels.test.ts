import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { addCatalogue } from "../../src/science/catalogue/add.ts";
import type { Columns } from "../../src/science/module.ts";
import { readBlazars, standardizedFlux } from "../../src/science/modules/blazar.ts";
import { type ClassInputs, classOf } from "../../src/science/modules/fink-class.ts";
import { countAgreement, emptyAgreement } from "./agreement.ts";
import type { Fidelity } from "../../src/cli/fidelity.ts";
import { expectFidelity, fidelityOf } from "./fidelity.ts";
import { moduleNamed, setupWith } from "./given.ts";
import {
  alertsOfFile,
  compareColumn,
  expectedOf,
  filesOf,
  hasReference,
  idOf,
  referenceFolder,
  referenceJson,
} from "./reference.ts";

const lake = mkdtempSync(join(tmpdir(), "fink-labels-"));
const setup = setupWith(lake);
const context = { ...setup, seed: 0, pending: () => {}, signal: new AbortController().signal };
afterAll(() => rmSync(lake, { recursive: true }));

const catalogues = {
  gcvs: {
    files: ["gcvs.parquet"],
    ra: "ra",
    dec: "dec",
    keep: ["VarType"],
    columns: { ztf: "gcvs", lsst: "xm.gcvs_type" },
    key: "gcvs",
  },
  x3hsp: {
    files: ["3hsp.csv"],
    ra: "R.A.",
    dec: "Dec",
    keep: ["3HSP Source name"],
    columns: { ztf: "x3hsp", lsst: "xm.x3hsp_type" },
    key: "3hsp",
  },
  x4lac: {
    files: ["table-4LAC-DR3-h.fits", "table-4LAC-DR3-l.fits"],
    ra: "RAJ2000",
    dec: "DEJ2000",
    keep: ["Source_Name"],
    columns: { ztf: "x4lac", lsst: "xm.x4lac_type" },
    key: "4lac",
  },
  spicy: {
    files: ["spicy.parquet"],
    ra: "RAdeg",
    dec: "DEdeg",
    keep: ["class"],
    columns: { ztf: "spicy_class", lsst: "xm.spicy_class" },
    key: "spicy",
  },
} as const;

const rows: Fidelity[] = [];
const single =
  "as each alert alone: over a whole file the original gives a source to one alert only, and how files are cut would change results";

describe.skipIf(!hasReference)("labels agree with fink-science and fink-filters", () => {
  beforeAll(async () => {
    for (const [name, { files, ra, dec, keep }] of Object.entries(catalogues)) {
      const paths = files.map((file) => join(referenceFolder, "catalogs", file));
      // Fink's columns have Fink's radius
      await addCatalogue(lake, paths, { name, ra, dec, keep, radiusArcsec: 1, motion: null });
    }
  });

  it.each(["ztf", "lsst"] as const)("%s cross-matches", async (survey) => {
    for (const [name, { columns, key }] of Object.entries(catalogues)) {
      const agreement = emptyAgreement();
      const module = await moduleNamed(setup, `${name}_${survey}`);
      for (const file of filesOf[survey]) {
        const alerts = await alertsOfFile(file, [...module.needs, idOf[survey]]);
        const ids = alerts.longs(idOf[survey]);
        const near = (expectedOf(file)[`xmatch_${key}_single`].values ?? {}) as Record<
          string,
          { type: string } | undefined
        >;
        const none = survey === "ztf" ? "Unknown" : null;
        const wanted = Object.fromEntries(
          Array.from(ids, (id) => [id, near[String(id)]?.type ?? none]),
        );
        compareColumn(agreement, ids, columns[survey], wanted, await module.run(alerts, context));
      }
      rows.push(
        fidelityOf(
          { survey, module: module.name, columns: columns[survey], tolerance: null, note: single },
          agreement,
        ),
      );
      expect(agreement.differing, columns[survey]).toEqual([]);
    }
  });

  it("ztf finkclass, of the scores that the files have", async () => {
    const agreement = emptyAgreement();
    const given = [
      "roid",
      "mulens",
      "snn_snia_vs_nonia",
      "snn_sn_vs_all",
      "rf_snia_vs_nonia",
      "rf_kn_vs_nonkn",
    ];
    const fields = ["ndethist", "drb", "classtar", "jd", "jdstarthist"];
    const filters = referenceJson<
      Record<
        string,
        { labels: { extract_fink_classification: { labels?: Record<string, string> } } }
      >
    >("science/expected/filters.json");
    for (const file of filesOf.ztf) {
      const { labels } = filters[`${file}.parquet`].labels.extract_fink_classification;
      const alerts = await alertsOfFile(file, [
        "candid",
        "candidate",
        "cdsxmatch",
        "tracklet",
        ...given,
      ]);
      if (labels === undefined) continue;
      const numbers = [
        ...given.map((name) => [name, alerts.numbers(name)] as const),
        ...fields.map((name) => [name, alerts.numbers(`candidate.${name}`)] as const),
      ];
      const texts = ["cdsxmatch", "tracklet"].map((name) => [name, alerts.texts(name)] as const);
      const found = Array.from(alerts.longs("candid").keys(), (i) =>
        classOf(
          Object.fromEntries(
            [...numbers, ...texts].map(([name, values]) => [name, values[i]]),
          ) as unknown as ClassInputs,
        ),
      );
      const columns: Columns = { finkclass: { values: found } };
      const ids = alerts.longs("candid");
      compareColumn(
        agreement,
        ids,
        "finkclass",
        Object.fromEntries(Array.from(ids, (id) => [id, labels[String(id)] ?? "Unknown"])),
        columns,
      );
    }
    rows.push(
      fidelityOf(
        {
          survey: "ztf",
          module: "fink_class",
          columns: "finkclass",
          tolerance: null,
          note: "mulens and tracklet are not computed",
        },
        agreement,
      ),
    );
    expect(agreement.differing).toEqual([]);
  });

  it("ztf mulens: 0 where Fink's own column has 0 without asking its forest", async () => {
    const agreement = emptyAgreement();
    const module = await moduleNamed(setup, "mulens");
    for (const file of filesOf.ztf.filter((name) => !name.startsWith("perturbed"))) {
      const alerts = await alertsOfFile(file, [...module.needs, "candid", "mulens"]);
      const { mulens } = await module.run(alerts, context);
      const stored = alerts.numbers("mulens");
      for (const [i, id] of alerts.longs("candid").entries())
        if (!Number.isNaN(stored[i]) && mulens.missing?.[i] === 0)
          countAgreement(agreement, String(id), mulens.values[i], stored[i]);
    }
    rows.push(
      fidelityOf(
        {
          survey: "ztf",
          module: "mulens",
          columns: "mulens",
          tolerance: null,
          note: "of alerts that its forest is not asked about; null for the others",
        },
        agreement,
      ),
    );
    expect(agreement.equal).toBeGreaterThan(50);
    expect(agreement.differing).toEqual([]);
  });

  it("ztf standardized flux of blazars", async () => {
    const agreement = emptyAgreement();
    const blazars = await readBlazars(
      join(referenceFolder, "catalogs/CTAO_blazars_ztf_dr23.v03_2026.parquet"),
    );
    const { needs } = await moduleNamed(setup, "blazar_stats");
    for (const file of filesOf.ztf) {
      const alerts = await alertsOfFile(file, [...needs, "candid"]);
      const wanted = (expectedOf(file).standardized_flux.values ?? {}) as Readonly<
        Record<string, { as: string; flux: readonly (number | null)[] }>
      >;
      for (const [i, id] of alerts.longs("candid").entries()) {
        const expected = wanted[String(id)];
        if (expected === undefined) continue;
        const flux = standardizedFlux(alerts, i, blazars.get(expected.as)!);
        expect(flux.length, String(id)).toBe(expected.flux.length);
        flux.forEach((value, n) =>
          countAgreement(
            agreement,
            `${id} ${n}`,
            Number.isNaN(value) ? null : value,
            expected.flux[n],
          ),
        );
      }
    }
    rows.push(
      fidelityOf(
        {
          survey: "ztf",
          module: "blazar_stats",
          columns: "standardized flux",
          note: "cdf_quantile is not computed: it asks a service for each alert",
        },
        agreement,
      ),
    );
    expect(agreement.differing).toEqual([]);
  });

  it("is what the page of fidelity says", async () => await expectFidelity("labels", rows));
});
