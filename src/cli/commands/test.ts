import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { projectFolder } from "../../config/load.ts";
import { FinkError } from "../../errors.ts";
import { defineCommand } from "../command.ts";

/** What is looked at before the tests run; each counts as one test. */
const checks: readonly (readonly [title: string, tool: string, ...args: string[]])[] = [
  ["types", "tsc", "--noEmit"],
  ["lint", "oxlint", "--deny-warnings"],
  ["format", "oxfmt", "--check"],
];

const report = join(projectFolder, ".cache/vitest.json");

interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

export const test = defineCommand({
  arguments: "[FILE…]",
  description: "With FILE, only the tests whose path contains it, and no other checks.",
  example: "./fink test config",
  flags: z.object({}),
  async run(context, files) {
    const results =
      files.length > 0
        ? []
        : checks.map(([title, tool, ...args]) => ({ title, ok: runTool(tool, args) }));
    const tests = runTests(files);
    for (const { title, ok } of results) context.print(`${ok ? "passed" : "FAILED"}: ${title}`);
    const bad = results.filter((result) => !result.ok).length;
    context.print(
      `${tests.passed + results.length - bad} passed, ${tests.failed + bad} failed, ${tests.skipped} skipped`,
    );
    return tests.failed + bad > 0 ? 1 : 0;
  },
});

function runTool(tool: string, args: readonly string[]): boolean {
  const { status, error } = spawnSync(join(projectFolder, "node_modules/.bin", tool), args, {
    cwd: projectFolder,
    stdio: "inherit",
  });
  if (error)
    throw new FinkError(
      "io",
      `${tool} could not be run (${error.message}); \`./fink test\` installs it`,
      error,
    );
  return status === 0;
}

/**
 * Skipped tests have printed why; a run that breaks down counts as a failure even when no test
 * failed.
 */
function runTests(files: readonly string[]): Counts {
  mkdirSync(join(projectFolder, ".cache"), { recursive: true });
  rmSync(report, { force: true });
  const ok = runTool("vitest", [
    "run",
    "--reporter=default",
    "--reporter=json",
    `--outputFile.json=${report}`,
    ...files,
  ]);
  const {
    numPassedTests = 0,
    numFailedTests = 0,
    numPendingTests = 0,
    numTodoTests = 0,
  } = readReport();
  return {
    passed: numPassedTests,
    failed: ok ? numFailedTests : Math.max(1, numFailedTests),
    skipped: numPendingTests + numTodoTests,
  };
}

function readReport(): Partial<
  Record<"numPassedTests" | "numFailedTests" | "numPendingTests" | "numTodoTests", number>
> {
  try {
    return JSON.parse(readFileSync(report, "utf8"));
  } catch {
    return {};
  }
}
