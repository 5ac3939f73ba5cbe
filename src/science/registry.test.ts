import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { configSchema } from "../config/schema.ts";
import { knownModules, loadModule } from "./registry.ts";

let folder = "";
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), "fink-modules-"))));
afterEach(() => rmSync(folder, { recursive: true }));

const setup = (modules: string) => ({
  lake: "",
  config: configSchema.parse({ science: { modules } }).science,
});

function write(name: string, changes: object = {}, before = "export default"): string {
  const module = {
    name: "mine",
    version: "1",
    surveys: ["ztf"],
    about: "Mine.",
    needs: ["candidate.magpsf"],
    adds: [{ name: "mine.score", type: "double", unit: null, description: "a score" }],
    ...changes,
  };
  writeFileSync(join(folder, name), `${before} { ...${JSON.stringify(module)}, run: () => ({}) };`);
  return join(folder, name);
}

it("a module is the default export of a file, or the one with a name", async () => {
  expect(await loadModule(write("a.ts"))).toMatchObject({ name: "mine" });
  expect(
    await loadModule(write("b.ts", {}, "export const limit = 5, other = {}, mine =")),
  ).toMatchObject({ name: "mine" });
});

it.each([
  [{ name: "My module" }, "name: write lower case letters, digits and underscores"],
  [{ needs: ["candidate magpsf"] }, "needs.0: write a dotted path such as candidate.magpsf"],
  [{ adds: [] }, /adds: Too small/],
  [
    { adds: [{ name: "x", type: "number", unit: null, description: "x" }] },
    /adds\.0\.type: write int or long/,
  ],
])("%j is no module", async (changes, problem) => {
  await expect(loadModule(write("a.ts", changes))).rejects.toThrow(problem);
});

it("a file without a module, with an error or that is not there is told in one line", async () => {
  writeFileSync(join(folder, "none.ts"), "export const five = 5;");
  await expect(loadModule(join(folder, "none.ts"))).rejects.toThrow(
    "none.ts: it exports no module; write export default { name: … }",
  );
  writeFileSync(join(folder, "broken.ts"), 'throw new Error("oh no");');
  await expect(loadModule(join(folder, "broken.ts"))).rejects.toThrow(
    "broken.ts cannot be loaded: oh no",
  );
  await expect(loadModule(join(folder, "brokn.ts"))).rejects.toThrow(
    "brokn.ts; did you mean broken.ts?",
  );
});

it("a user's folder adds modules and replaces those of the same name; what is wrong in it stops no other", async () => {
  write("mine.ts");
  write("mine.test.ts", { name: "no" });
  write("wrong.ts", { version: 1 });
  const shipped = (await knownModules(setup(join(folder, "nowhere")))).modules;
  const replaced = shipped[0]?.name;
  if (replaced !== undefined) write("again.ts", { name: replaced, version: "mine" });
  const { modules, problems } = await knownModules(setup(folder));
  expect(modules.map(({ name }) => name)).toEqual([...shipped.map(({ name }) => name), "mine"]);
  expect(modules[0]?.version).toBe(replaced === undefined ? "1" : "mine");
  expect(problems.map(({ message }) => message)).toEqual([
    expect.stringContaining("wrong.ts: version: write a text"),
  ]);
});
