import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { loadSurveys, parseSurvey, Surveys } from "./surveys.ts";

const shipped = loadSurveys(join(import.meta.dirname, "../../conf/surveys"));
const packet = (name: string, ...paths: string[]) => ({
  name,
  has: (path: string) => paths.includes(path),
});

describe("a packet's survey", () => {
  test.each([
    ["ztf.alert", [], "ztf"],
    ["lsst.v7_1.alert", [], "lsst"],
    ["lsst.v11_0.alert", ["diaSource"], "lsst"],
    ["lsst.alert", ["diaSource.x_y_Cov.xSigma"], "lsst_early"],
    ["topLevelRecord", ["candidate", "prv_candidates"], "ztf"],
    ["topLevelRecord", ["diaSource"], "lsst"],
    // nobody described it: the start of its name space
    ["elasticc.v0_9.alert", ["diaSource"], "elasticc"],
    ["ASKAP", [], "askap"],
    ["_1", [], "unknown"],
  ])("%s with %j is %s", (name, paths, survey) => {
    expect(shipped.ofSchema(packet(name, ...paths))).toBe(survey);
  });

  test("is that of the definition that asks for most", () => {
    const surveys = new Surveys([
      parseSurvey("{ name: a, match: [{ schema: '*' }] }", "a"),
      parseSurvey("{ name: b, match: [{ schema: '*', fields: [x] }] }", "b"),
    ]);
    expect(surveys.ofSchema(packet("t", "x"))).toBe("b");
    expect(surveys.ofSchema(packet("t"))).toBe("a");
  });
});

test("a topic belongs to the survey that names it, else to the one its first word names", () => {
  expect(shipped.ofTopic("ztf_20260131_programid1")).toBe("ztf");
  expect(shipped.ofTopic("alerts-simulated")).toBe("lsst");
  expect(shipped.ofTopic("Atlas.alerts")).toBe("atlas");
  expect(shipped.claiming("atlas_1")).toBeUndefined();
});

test("a definition that cannot be used says what is wrong with it", () => {
  expect(() => parseSurvey("{ name: Ztf }", "mine.yaml")).toThrow(/survey mine\.yaml: name: /);
  expect(() => parseSurvey("{ name: ztf, tyme: 1 }", "mine.yaml")).toThrow(/tyme/);
  expect(() => loadSurveys("/nowhere/surveys")).toThrow(
    "surveys: there is no folder /nowhere/surveys",
  );
});
