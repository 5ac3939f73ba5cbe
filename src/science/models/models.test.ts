import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { makeVector } from "apache-arrow";
import { afterEach, beforeEach, expect, it } from "vitest";
import { configSchema } from "../../config/schema.ts";
import { linearModel } from "../../../test/science/tiny-onnx.ts";
import { addModel, removeModel } from "./add.ts";
import { alertsOf } from "../alerts.ts";
import { runModules } from "../runner.ts";
import { knownModules } from "../registry.ts";
import { nested, toArrow } from "../results.ts";
import { withItsModels } from "./modules.ts";
import { loadedModel, missingModel, storedModels } from "./store.ts";

let folder = "";
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), "fink-models-"))));
afterEach(() => rmSync(folder, { recursive: true }));

const setup = () => ({
  lake: "",
  config: configSchema.parse({
    science: { models: join(folder, "models"), modules: join(folder, "none") },
  }).science,
});

/** A model that answers 2 a + 3 b. */
function write(
  changes: object = {},
  tests: readonly object[] = [
    {
      inputs: { features: { shape: [1, 2], data: [1, 1] } },
      outputs: { score: { shape: [1, 1], data: [5] } },
    },
  ],
): string {
  writeFileSync(join(folder, "mine.onnx"), linearModel([2, 3]));
  const header = {
    name: "mine",
    version: "1",
    about: "A sum.",
    inputs: [{ name: "features" }],
    outputs: [{ name: "score" }],
    tests,
    ...changes,
  };
  writeFileSync(join(folder, "mine.json"), JSON.stringify(header));
  return join(folder, "mine.onnx");
}

async function refusal(changes: object, tests?: readonly object[]): Promise<unknown> {
  return await addModel(write(changes, tests), undefined, setup().config.models).catch(
    (error: unknown) => (error as Error).message,
  );
}

it("a model that passes its tests is kept, found and run", async () => {
  const { largestDifference } = await addModel(write(), undefined, setup().config.models);
  expect(largestDifference).toBe(0);
  expect(storedModels(setup().config.models)).toMatchObject([{ name: "mine", problem: null }]);
  expect(missingModel(setup(), ["mine"])).toBeNull();
  const model = await loadedModel(setup(), "mine");
  const { score } = await model.run({
    features: { shape: [2, 2], data: Float32Array.of(1, 0, 0, 1) },
  });
  expect([...score.data]).toEqual([2, 3]);
  removeModel(setup().config.models, "mine");
  expect(missingModel(setup(), ["mine"])).toMatch("there is no model mine: ./fink model add");
});

it("a compressed file is stored as it is run", async () => {
  const plain = write();
  writeFileSync(`${plain}.gz`, gzipSync(readFileSync(plain)));
  await addModel(`${plain}.gz`, undefined, setup().config.models);
  expect(readFileSync(join(setup().config.models, "mine.onnx"))).toEqual(readFileSync(plain));
});

it("what is not as its header says is refused, with the reason", async () => {
  const wrong = [
    {
      inputs: { features: { shape: [1, 2], data: [1, 1] } },
      outputs: { score: { shape: [1, 1], data: [6] } },
    },
  ];
  expect(await refusal({}, wrong)).toMatch(
    "mine: test 1 of 1 is off by 1, more than the tolerance 0.00001",
  );
  expect(await refusal({ inputs: [{ name: "x" }] })).toMatch(
    "mine has no input x; it has features",
  );
  expect(await refusal({ outputs: [{ name: "y" }] })).toMatch("mine has no output y; it has score");
  expect(await refusal({ sha256: "0".repeat(64) })).toMatch("is not the file of its header");
  expect(await refusal({}, [])).toMatch("mine.json: tests: Too small");
  expect(await refusal({ weights: 1 })).toMatch("there is no weights");
  const column = { name: "my_score", type: "float", unit: null, description: "mine" };
  expect(await refusal({ outputs: [{ name: "score", column }] })).toMatch(
    "inputs: features has no columns",
  );
  write();
  writeFileSync(join(folder, "text.onnx"), "no model");
  await expect(
    addModel(join(folder, "text.onnx"), join(folder, "mine.json"), setup().config.models),
  ).rejects.toThrow(/text.onnx cannot be loaded/);
  expect(storedModels(setup().config.models)).toEqual([]);
});

it("a stored file that changed is not run", async () => {
  await addModel(write(), undefined, setup().config.models);
  writeFileSync(join(setup().config.models, "mine.onnx"), linearModel([2, 4]));
  expect(storedModels(setup().config.models)).toMatchObject([
    { name: "mine", problem: expect.stringContaining("is not the file that was added") as string },
  ]);
  await expect(loadedModel(setup(), "mine")).rejects.toThrow("is not the file that was added");
});

it("a model of plain columns is a module: an alert that lacks one is not scored, unless the header says what stands for it", async () => {
  const column = { name: "mine.sum", type: "float", unit: null, description: "a sum" };
  const added = async (missing: object): Promise<unknown> => {
    await addModel(
      write({
        surveys: ["ztf"],
        inputs: [{ name: "features", columns: ["a", "b"], ...missing }],
        outputs: [{ name: "score", column }],
      }),
      undefined,
      setup().config.models,
    );
    const module = (await knownModules(setup())).modules.find(({ name }) => name === "mine")!;
    expect(module.version).toMatch(/^1\+[0-9a-f]{8}$/);
    const numbers = (values: readonly number[]) =>
      toArrow({ type: "double" }, { values: Float64Array.from(values) }, values.length);
    const columns = nested(
      [
        ["a", numbers([1, 2, NaN])],
        ["b", numbers([1, 0, 1])],
      ],
      3,
    );
    const { columns: found, outcomes } = await runModules([module], alertsOf([columns]), setup());
    expect(outcomes[0].failure).toBeNull();
    return Array.from(
      makeVector(found),
      (row) => (row as unknown as { mine: { sum: number | null } }).mine.sum,
    );
  };
  expect(await added({})).toEqual([5, 4, null]);
  expect(await added({ missing: 10 })).toEqual([5, 4, 23]);
});

it("a module whose model is not there, or fails its tests, is off, and says why", async () => {
  const module = (await knownModules(setup())).modules.find(
    ({ name }) => name === "snn_snia_vs_nonia",
  )!;
  expect(await module.unavailable!(setup())).toMatch(
    "there is no model snn_snia_vs_nonia: ./fink model add snn_snia_vs_nonia.onnx",
  );
  await addModel(write(), undefined, setup().config.models);
  const file = join(setup().config.models, "mine.json");
  const own = { ...module, name: "own", models: ["mine"], unavailable: () => null };
  expect(await withItsModels(own, setup()).unavailable!(setup())).toBeNull();
  writeFileSync(file, readFileSync(file, "utf8").replace('"data":[5]', '"data":[5.1]'));
  expect(await withItsModels(own, setup()).unavailable!(setup())).toMatch(
    "mine: test 1 of 1 is off by 0.09",
  );
});
