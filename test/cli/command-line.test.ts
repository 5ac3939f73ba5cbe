import { existsSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { commands } from "../../src/cli/commands.ts";
import { project, run } from "./run.ts";

const folder = mkdtempSync(join(tmpdir(), "fink-cli-"));
afterAll(() => rmSync(folder, { recursive: true }));
const fink = (args: readonly string[], env: NodeJS.ProcessEnv = {}) =>
  run(join(project, "fink"), args, env);

describe("help", () => {
  test("alone, with help and with --help it lists the commands", async () => {
    const shown = await Promise.all([fink([]), fink(["help"]), fink(["--help"])]);
    for (const { code, stdout, stderr } of shown) {
      expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
      for (const name of Object.keys(commands).filter((known) => !commands[known].hidden))
        expect(stdout).toContain(`\n  ${name} `);
    }
  });

  test("every command has help with an example", async () => {
    for (const name of Object.keys(commands)) {
      const { code, stdout } = await fink([name, "--help"]);
      expect(code).toBe(0);
      expect(stdout).toContain(`usage: ./fink ${name}`);
      expect(stdout).toMatch(/Example:\n {2}\.\/fink /);
    }
  });
});

test.each([
  [["strat"], 2, "fink: there is no command strat; did you mean start?\n"],
  [["xyzzy"], 2, "fink: there is no command xyzzy; see `./fink help`\n"],
  [["config", "--lak", "x"], 2, "fink: config has no flag --lak; did you mean --lake?\n"],
  [
    ["config", "--lake"],
    2,
    "fink: Option '--lake <value>' argument missing; see `./fink config --help`\n",
  ],
  [
    ["config", "extra"],
    2,
    "fink: config does not know what to do with extra; usage: ./fink config\n",
  ],
  [["stop"], 2, "fink: stop needs NAME; usage: ./fink stop NAME\n"],
  [
    ["start", "archive", "--name", "A B"],
    2,
    'fink: --name "A B": a name is made of a-z, 0-9 and -\n',
  ],
])("fink %j: one line and exit code %i", async (args, code, stderr) => {
  expect(await fink(args)).toEqual({ code, stdout: "", stderr });
});

test("a wrong value in the environment: one line and exit code 1", async () => {
  const { code, stderr } = await fink(["config"], { FINK_UI_PORT: "http" });
  expect({ code, stderr }).toEqual({
    code: 1,
    stderr: 'fink: ui.port is "http" (FINK_UI_PORT): write a number\n',
  });
});

test("check says what to mend and ends with 1", async () => {
  const env = {
    FINK_LAKE: join(folder, "lake"),
    FINK_KAFKA_BROKERS: "localhost:1",
    FINK_SCHEMAS_FOLDER: "/nowhere/schemas",
  };
  const { code, stdout } = await fink(["check"], env);
  expect(code).toBe(1);
  expect(stdout).toMatch(
    /^ok {3}lake .*\/lake does not exist yet: the first service makes it, where it has [\d.]+ GB free$/m,
  );
  expect(stdout).toMatch(/^MEND configuration +\/nowhere\/schemas does not exist; make it/m);
  expect(stdout).toMatch(/^MEND kafka .*localhost:1/m);
});

test("check finds nothing to mend in a lake without Kafka, and makes nothing", async () => {
  const { code, stdout } = await fink(["check", "--json", "--lake", join(folder, "lake")], {
    FINK_ARCHIVE_SOURCES: "files",
  });
  expect(code).toBe(0);
  expect(
    JSON.parse(stdout).map(({ what, ok }: { what: string; ok: boolean }) => [what, ok]),
  ).toEqual([
    ["configuration", true],
    ["lake", true],
    ["kafka", true],
  ]);
  expect(existsSync(join(folder, "lake"))).toBe(false);
});

test("runs through a link from any folder, with --lake on top of the rest", async () => {
  symlinkSync(join(project, "fink"), join(folder, "linked"));
  const { code, stdout } = await run(
    "bash",
    ["-c", `cd ${folder} && ./linked config --json --lake here`],
    { FINK_LAKE: "/elsewhere" },
  );
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ lake: join(folder, "here"), ui: { port: 5000 } });
});

test("a reader that stops early is no error", async () => {
  expect(
    await run("bash", ["-c", `set -o pipefail; ${join(project, "fink")} config | head -n 1`]),
  ).toMatchObject({ code: 0, stderr: "" });
});

test("a command that only prints text loads neither DuckDB nor Kafka", async () => {
  const { code, stdout } = await run(process.execPath, [
    "--input-type=module",
    "-e",
    loadedModules,
  ]);
  expect(code).toBe(0);
  expect(stdout).not.toMatch(/duckdb|platformatic|arrow/);
});

const loadedModules = `
  import { registerHooks } from "node:module";
  registerHooks({ load: (url, context, next) => { console.log(url); return next(url, context); } });
  const { runCommandLine } = await import(${JSON.stringify(join(project, "src/cli/run.ts"))});
  for (const args of [["help"], ["config"], ["status"], ["start", "--help"]]) await runCommandLine(args);
`;
