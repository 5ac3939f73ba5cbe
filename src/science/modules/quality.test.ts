import { makeVector, Table } from "apache-arrow";
import { expect, it } from "vitest";
import { configSchema } from "../../config/schema.ts";
import { alertsOf } from "../alerts.ts";
import { runModules } from "../runner.ts";
import { qualityModules } from "./quality.ts";

it("an alert passes when it meets all conditions; null and NaN meet none", async () => {
  const { science } = configSchema.parse({
    science: { qualityCuts: { ztf: ["mag<19", "fid != 3", "nbad = 0"] } },
  });
  const columns = new Table({
    mag: makeVector(new Float64Array([18, 18, 19, 18, 18, NaN])),
    fid: makeVector(new Int32Array([1, 3, 1, 2, 1, 1])),
    nbad: makeVector(new Float64Array([0, 0, 0, 1, NaN, 0])),
  });
  const [module] = qualityModules(science);
  const { columns: found } = await runModules([module], alertsOf([columns.batches[0].data]), {
    lake: "",
    config: science,
  });
  expect([...alertsOf([found]).booleans("passes_quality_cuts")]).toEqual([1, 0, 0, 0, 0, 0]);
  expect(module.adds[0].description).toContain("mag < 19, fid != 3, nbad = 0");
});

it("other conditions are another version; what is none is refused", () => {
  const version = (...ztf: string[]) =>
    qualityModules(configSchema.parse({ science: { qualityCuts: { ztf } } }).science)[0].version;
  expect(version("rb >= 0.6")).not.toBe(version("rb >= 0.5"));
  expect(version("rb >= 0.6")).toBe(version("rb>=0.6"));
  expect(() => version("rb about 0.6")).toThrow("write a column, a sign and a number");
});
