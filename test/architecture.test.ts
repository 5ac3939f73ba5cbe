import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { generatedFiles } from "../src/cli/reference.ts";
import { project, run } from "./cli/run.ts";

const folders = readdirSync(join(project, "src"), { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map((entry) => entry.name);

const documented = readFileSync(join(project, "ARCHITECTURE.md"), "utf8").matchAll(
  /^\| `src\/(\w+)\/`/gm,
);

test("ARCHITECTURE.md lists the folders of src", () => {
  expect([...documented].map((match) => match[1]).toSorted()).toEqual(folders.toSorted());
});

test("every folder has its layer in .oxlintrc.json", () => {
  const rules = readFileSync(join(project, ".oxlintrc.json"), "utf8");
  expect(folders.filter((folder) => !rules.includes(`"src/${folder}/**"`))).toEqual([]);
});

test.each([
  [
    "src/sky/time.ts",
    'import { x } from "../lake/table.ts";\nexport const y = x;\n',
    "no-restricted-imports",
  ],
  [
    "src/lake/table.ts",
    'export const sql = await import("../sql/session.ts");\n',
    "no-restricted-imports",
  ],
  [
    "src/services/archive.ts",
    'export type { Route } from "../api/server.ts";\n',
    "no-restricted-imports",
  ],
  [
    "src/web/live.ts",
    'import { x } from "../api/server.ts";\nexport const y = x;\n',
    "no-restricted-imports",
  ],
  ["src/sky/a.ts", 'import { b } from "./b.ts";\nexport const a = b;\n', "no-cycle"],
  ["src/sky/c.ts", "export const c: any = 1;\n", "no-explicit-any"],
  ["src/sky/d.ts", "export default 1;\n", "no-default-export"],
])("lint refuses %s with %j", async (file, text, rule) => {
  const folder = mkdtempSync(join(tmpdir(), "fink-lint-"));
  write(join(folder, ".oxlintrc.json"), readFileSync(join(project, ".oxlintrc.json"), "utf8"));
  write(join(folder, "src/sky/b.ts"), 'import { a } from "./a.ts";\nexport const b = a;\n');
  write(join(folder, file), text);
  const { code, stdout } = await run(join(project, "node_modules/.bin/oxlint"), [
    "-c",
    join(folder, ".oxlintrc.json"),
    folder,
  ]);
  rmSync(folder, { recursive: true });
  expect(stdout).toContain(rule);
  expect(code).not.toBe(0);
});

test("generated files are current; `./fink docs` writes them anew", async () => {
  for (const [file, text] of await generatedFiles()) {
    expect(existsSync(file) ? readFileSync(file, "utf8") : `no ${file}`).toBe(text);
  }
});

function write(file: string, text: string): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}
