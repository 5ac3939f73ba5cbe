import {
  type Data,
  Field,
  Float64,
  List,
  makeData,
  Null,
  Struct,
  Utf8,
  Table,
  Vector,
  vectorFromArray,
} from "apache-arrow";
import { describe, expect, it } from "vitest";
import { configSchema } from "../config/schema.ts";
import { imageHdu } from "../simulator/packets/fits.ts";
import { loadSurveys, shippedSurveys } from "../surveys/surveys.ts";
import { type AlertColumns, alertsOf, onlyColumns } from "./alerts.ts";
import type { ScienceModule } from "./module.ts";
import { elephantLsst } from "./modules/elephant.ts";
import { finkClass } from "./modules/fink-class.ts";
import { rubinLabels } from "./modules/rubin-labels.ts";
import { runModules } from "./runner.ts";

const setup = { lake: "", config: configSchema.parse({}).science };
const surveys = loadSurveys(shippedSurveys);

/** Records as columns. */
function columnsOf(
  records: readonly Readonly<Record<string, unknown>>[],
  nulls: readonly string[] = [],
): AlertColumns {
  const names = Object.keys(records[0]);
  const given = names.map((name) => [name, vectorFromArray(records.map((record) => record[name]))]);
  const none = nulls.map((name) => [
    name,
    new Vector([makeData({ type: new Null(), length: records.length })]),
  ]);
  return alertsOf([
    new Table(Object.fromEntries([...given, ...none]) as Record<string, Vector>).batches[0]
      .data as Data<Struct>,
  ]);
}

async function run(module: ScienceModule, alerts: AlertColumns, survey: string) {
  const { columns, outcomes } = await runModules([module], alerts, setup, {
    none: surveys.named(survey).none,
  });
  return { failure: outcomes[0].failure, found: alertsOf([columns]) };
}

const candidate = { ndethist: 1, classtar: 0.9, jd: 2460000.5, jdstarthist: 2460000.5 };

describe("a column that some alerts lack", () => {
  it("takes no module away: alerts without drb have their class", async () => {
    const alerts = columnsOf([
      { candidate, roid: 3 },
      { candidate, roid: 2 },
      { candidate, roid: 0 },
    ]);
    const { failure, found } = await run(finkClass, alerts, "ztf");
    expect(failure).toBeNull();
    expect(found.texts("finkclass")).toEqual([
      "Solar System MPC",
      "Solar System candidate",
      "Unknown",
    ]);
  });

  it("gives the same when it is null throughout, with a type and without", async () => {
    const typed = columnsOf([{ candidate: { ...candidate, drb: null }, roid: 3 }]);
    const untyped = columnsOf([{ candidate, roid: 3 }], ["cdsxmatch", "snn_snia_vs_nonia"]);
    for (const alerts of [typed, untyped])
      expect((await run(finkClass, alerts, "ztf")).found.texts("finkclass")).toEqual([
        "Solar System MPC",
      ]);
  });

  it("is null in as many entries of a list as its neighbours have", () => {
    const entry = new Struct([
      new Field("jd", new Float64(), true),
      new Field("band", new Utf8(), true),
    ]);
    const lists = [
      [
        { jd: 1, band: "g" },
        { jd: 2, band: "r" },
      ],
      [],
      [{ jd: 3, band: "g" }],
    ];
    const prv = vectorFromArray(lists, new List(new Field("item", entry, true)));
    const none = new Vector([makeData({ type: new Null(), length: 3 })]);
    const alerts = alertsOf([
      new Table({ prv, all: none, drb: none } as Record<string, Vector>).batches[0].data,
    ]);
    const needs = ["prv.jd", "prv.drb", "all.jd", "flux", "drb"];
    const given = onlyColumns(alerts, needs);
    expect(given.lists("prv.drb")).toEqual({
      offsets: given.lists("prv.jd").offsets,
      values: Float64Array.of(NaN, NaN, NaN),
    });
    expect(given.textLists("prv.drb").values).toEqual([null, null, null]);
    expect(given.lists("prv.drb").values).toBe(given.lists("prv.drb").values);
    expect(given.lists("all.jd")).toEqual({
      offsets: new Int32Array(4),
      values: new Float64Array(0),
    });
    expect(given.lists("drb")).toEqual({ offsets: new Int32Array(4), values: new Float64Array(0) });
    expect([given.numbers("flux"), given.numbers("drb")]).toEqual([
      Float64Array.of(NaN, NaN, NaN),
      Float64Array.of(NaN, NaN, NaN),
    ]);
    expect([
      given.texts("flux"),
      [...given.longs("flux")],
      [...given.booleans("flux")],
      given.bytes("flux", 0),
    ]).toEqual([[null, null, null], [0n, 0n, 0n], [2, 2, 2], null]);
  });

  it("that no schema version has fails its module, and so does the lack of all of them", async () => {
    const user = (...needs: string[]): ScienceModule => ({
      ...finkClass,
      name: "mine",
      needs,
      adds: [{ ...finkClass.adds[0] }],
      run: () => ({ finkclass: { values: ["x"] } }),
    });
    const alerts = columnsOf([{ candidate }]);
    const failures = async (...needs: string[]) =>
      (await run(user(...needs), alerts, "ztf")).failure;
    expect(await failures("candidate.jd", "candidate.drb")).toBeNull();
    expect(await failures("candidate.jd", "candidate.ndethits")).toBe(
      "there is no column candidate.ndethits; did you mean candidate.ndethist?",
    );
    expect(await failures("candidate.drb")).toMatch("there is no column candidate.drb");
    const { outcomes } = await runModules([user("candidate.jd", "candidate.mine")], alerts, setup, {
      isKnown: (path) => path === "candidate.mine",
    });
    expect(outcomes[0].failure).toBeNull();
  });
});

const noise = (seed: number) => {
  let state = seed;
  return Float32Array.from(
    { length: 51 * 51 },
    () => ((state = (state * 16807) % 2147483647) / 2147483647 - 0.5) * 2,
  );
};

describe("0 in diaSource.ssObjectId stands for no asteroid", () => {
  const cutoutTemplate = imageHdu(noise(7), {});
  const withSource = noise(11);
  for (const row of [24, 25, 26])
    for (const column of [24, 25, 26]) withSource[row * 51 + column] = 500;
  const cutoutScience = imageHdu(withSource, {});
  const source = {
    diaSourceId: 5n,
    ssObjectId: 0n,
    psfFlux: 900,
    templateFlux: 1000,
    templateFluxErr: 10,
    midpointMjdTai: 60001,
    ra: 10,
    dec: -20,
  };
  const alert = (ssSource: object, more: object = {}) => ({
    diaSource: { ...source, ...more },
    diaObject: { nDiaSources: 4 },
    ssSource,
    misc: { firstDiaSourceMjdTaiFink: 60000 },
  });
  const alerts = (...records: object[]): AlertColumns => {
    const columns = columnsOf([
      alert({ ssObjectId: 77n }),
      ...(records as Readonly<Record<string, unknown>>[]),
    ]);
    const images: Readonly<Record<string, Uint8Array>> = { cutoutScience, cutoutTemplate };
    return {
      ...columns,
      paths: new Set([...columns.paths, ...Object.keys(images)]),
      bytes: (path) => images[path],
    };
  };

  it("and ELEPHANT looks at such an alert as at one without an asteroid", async () => {
    const { failure, found } = await run(
      elephantLsst,
      alerts(alert({ ssObjectId: null }), alert({ ssObjectId: 0n })),
      "lsst",
    );
    expect(failure).toBeNull();
    expect([...found.numbers("clf.elephant_kstest_science")].map(Number.isFinite)).toEqual([
      false,
      true,
      true,
    ]);
  });

  it("and it is no solar-system object; a true 0 in another column stays 0", async () => {
    const { found } = await run(
      rubinLabels,
      alerts(alert({ ssObjectId: null }), alert({ ssObjectId: 0n })),
      "lsst",
    );
    expect([...found.booleans("pred.is_sso")]).toEqual([1, 0, 0]);
    const given = onlyColumns(
      alerts(alert({ ssObjectId: null }, { psfFlux: 0 })),
      ["diaSource.psfFlux", "diaSource.ssObjectId", "diaSource.diaSourceId"],
      surveys.named("lsst").none,
    );
    expect([
      ...given.isNone("diaSource.psfFlux"),
      ...given.isNone("diaSource.ssObjectId"),
      ...given.numbers("diaSource.psfFlux"),
    ]).toEqual([0, 0, 1, 1, 900, 0]);
  });
});

it("texts and NaN that stand for none", () => {
  const alerts = columnsOf([
    { candidate: { ssnamenr: "null", ssdistnr: -999, rb: NaN } },
    { candidate: { ssnamenr: "", ssdistnr: 0, rb: 0 } },
    { candidate: { ssnamenr: "Ceres", ssdistnr: 3, rb: -999 } },
  ]);
  const paths = ["candidate.ssnamenr", "candidate.ssdistnr", "candidate.rb"];
  const given = onlyColumns(alerts, paths, surveys.named("ztf").none);
  expect(paths.map((path) => [...given.isNone(path)])).toEqual([
    [1, 1, 0],
    [1, 0, 0],
    [1, 0, 0],
  ]);
  expect([...given.numbers("candidate.ssdistnr")]).toEqual([-999, 0, 3]);
});
