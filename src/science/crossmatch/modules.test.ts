import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { alertsWith, moduleNamed, rowsOf, setupWith } from "../../../test/science/given.ts";
import { addCatalogue } from "../catalogue/add.ts";

const folder = mkdtempSync(join(tmpdir(), "fink-crossmatch-"));
const setup = setupWith(join(folder, "lake"));
afterAll(() => rmSync(folder, { recursive: true }));

async function add(
  name: string,
  csv: string,
  keep: readonly string[],
  epochYear: number | null = null,
) {
  const file = join(folder, `${name}.csv`);
  writeFileSync(file, csv);
  const motion = epochYear === null ? null : { epochYear, pmRa: "pm_a", pmDec: "pm_d" };
  return await addCatalogue(setup.lake, [file], {
    name,
    ra: "ra",
    dec: "dec",
    keep,
    radiusArcsec: 2,
    motion,
  });
}

const arcsec = 1 / 3600;
/** On a source, 1.4″ and 1.6″ from it, and nowhere. */
const ras = [10, 10, 10, 200];
const decs = [0, 1.4 * arcsec, 1.6 * arcsec, 0];
const ztf = alertsWith({
  "candidate.ra": ras,
  "candidate.dec": decs,
  "candidate.jd": ras.map(() => 2_461_041.5),
});
const lsst = alertsWith({ "diaSource.ra": ras, "diaSource.dec": decs });

describe("Fink's cross-matches", () => {
  beforeAll(async () => {
    await add("gcvs", "ra,dec,VarType\n10,0,RR \n", ["VarType"]);
    await add("spicy", "ra,dec,SPICY,class\n10,0,7,ClassI\n", ["SPICY", "class"]);
    const names = `10,${0.2 * arcsec},AT,2026abd,,\n10,0,SN,2026abc,SN Ia,0.05\n10,${1.5 * arcsec},AT,2026abe,,\n`;
    await add("tns", `ra,dec,name_prefix,name,type,redshift\n${names}`, [
      "name_prefix",
      "name",
      "type",
      "redshift",
    ]);
    await add(
      "mangrove",
      "ra,dec,HyperLEDA_name,2MASS_name,lum_dist,ang_dist\n10,0,b'NGC1',None,70.5,68\n",
      ["HyperLEDA_name", "2MASS_name", "lum_dist", "ang_dist"],
    );
  });

  it("fill ZTF's columns, with Fink's words for no source; of alerts at one place each is matched", async () => {
    expect((await rowsOf(setup, "gcvs_ztf", ztf)).rows.map(({ gcvs }) => gcvs)).toEqual([
      "RR",
      "RR",
      "Unknown",
      "Unknown",
    ]);
    expect((await rowsOf(setup, "spicy_ztf", ztf)).rows).toEqual([
      { spicy_id: 7, spicy_class: "ClassI" },
      ...Array.from({ length: 3 }, () => ({ spicy_id: -1, spicy_class: "Unknown" })),
    ]);
    expect((await rowsOf(setup, "mangrove_ztf", ztf)).rows[3]).toEqual({
      "mangrove.HyperLEDA_name": null,
      "mangrove.2MASS_name": null,
      "mangrove.lum_dist": null,
      "mangrove.ang_dist": null,
    });
  });

  it("fill LSST's columns, null for no source", async () => {
    expect((await rowsOf(setup, "gcvs_lsst", lsst)).rows.map((row) => row["xm.gcvs_type"])).toEqual(
      ["RR", "RR", null, null],
    );
    expect((await rowsOf(setup, "mangrove_lsst", lsst)).rows[0]).toEqual({
      "xm.mangrove_HyperLEDA_name": "NGC1",
      "xm.mangrove_2MASS_name": null,
      "xm.mangrove_lum_dist": 70.5,
      "xm.mangrove_ang_dist": 68,
    });
  });

  it("take the nearest classified transient of TNS for ZTF, and any for LSST", async () => {
    expect((await rowsOf(setup, "tns_ztf", ztf)).rows.map(({ tns }) => tns)).toEqual([
      "SN Ia",
      "SN Ia",
      "",
      "",
    ]);
    const { rows } = await rowsOf(setup, "tns_lsst", lsst);
    expect(rows.map((row) => row["xm.tns_fullname"])).toEqual([
      "SN 2026abc",
      "AT 2026abe",
      "AT 2026abe",
      null,
    ]);
    expect(rows[0]).toMatchObject({ "xm.tns_type": "SN Ia", "xm.tns_redshift": Math.fround(0.05) });
  });

  it("say what is missing: a catalogue, or a column of it", async () => {
    await add("x3hsp", "ra,dec,Name\n10,0,a\n", ["Name"]);
    const missing = async (name: string) =>
      await (await moduleNamed(setup, name)).unavailable?.(setup);
    expect(await missing("x4lac_ztf")).toMatch(
      /^there is no catalogue x4lac; \.\/fink catalog add .*--keep Source_Name/,
    );
    expect(await missing("x3hsp_lsst")).toMatch(
      /^the catalogue x3hsp does not keep 3HSP Source name; /,
    );
    expect(await missing("gcvs_ztf")).toBeNull();
  });

  it("read a catalogue that was replaced from the next batch on, and name its edition", async () => {
    const module = await moduleNamed(setup, "gcvs_ztf");
    const context = { ...setup, seed: 1, signal: new AbortController().signal, pending: () => {} };
    const before = module.catalogues;
    const { edition } = await add("gcvs", "ra,dec,VarType\n10,0,EA\n", ["VarType"]);
    expect((await module.run(ztf, context))["gcvs"].values[0]).toBe("EA");
    expect(module.catalogues).toEqual([`gcvs@${edition}`]);
    expect(before).not.toEqual(module.catalogues);
  });
});

describe("a catalogue of the user's", () => {
  it("is a module of each survey: its columns, and how far the source is", async () => {
    await add("mine", "ra,dec,the name,id,mag\n10,0,α,9007199254740993,12.5\n", [
      "the name",
      "id",
      "mag",
    ]);
    const { rows } = await rowsOf(setup, "catalogue_mine_ztf", ztf);
    expect(rows[0]).toEqual({
      "catalogue_mine.the_name": "α",
      "catalogue_mine.id": 9007199254740993n,
      "catalogue_mine.mag": 12.5,
      "catalogue_mine.separation_arcsec": 0,
    });
    expect(rows[2]["catalogue_mine.separation_arcsec"]).toBeCloseTo(1.6, 9);
    expect(Object.values(rows[3])).toEqual([null, null, null, null]);
    expect((await rowsOf(setup, "catalogue_mine_lsst", lsst)).rows[0]).toEqual(rows[0]);
  });

  it("moves its sources to the time of each alert", async () => {
    await add("fast", "ra,dec,pm_a,pm_d,name\n10,0,0,1000,Barnard\n", ["name"], 2016);
    const alerts = alertsWith({
      "candidate.ra": [10, 10],
      "candidate.dec": [10 * arcsec, 10 * arcsec],
      "candidate.jd": [2_461_041.5, 2_457_388.5],
    });
    const { rows } = await rowsOf(setup, "catalogue_fast_ztf", alerts); // 2026-01-01 and 2016-01-01
    expect(rows.map((row) => row["catalogue_fast.name"])).toEqual(["Barnard", null]);
  });
});
