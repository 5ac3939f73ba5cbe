import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { afterEach, beforeEach, expect, test } from "vitest";

let folder = "";
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), "fink-folder-test-"))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** A process that makes a temporary folder and then does as it is told. */
function start(then: string) {
  const script = `import { temporaryFolder } from ${JSON.stringify(join(import.meta.dirname, "folder.ts"))};
    console.log(temporaryFolder("test"));
    ${then}`;
  return spawn(process.execPath, ["--input-type=module", "-e", script], {
    env: { ...process.env, TMPDIR: folder },
    stdio: ["ignore", "pipe", "ignore"],
  });
}

test.each([
  ["returns", ""],
  ["exits", "process.exit(3)"],
  ["throws", "throw new Error()"],
])("a process that %s leaves no temporary folder", async (_, then) => {
  await once(start(then), "close");
  expect(readdirSync(folder)).toEqual([]);
});

test("what a killed process left is removed by the next one, and what a running one has is not", async () => {
  const [killed, running] = [
    start("setInterval(() => {}, 1000)"),
    start("setInterval(() => {}, 1000)"),
  ];
  await Promise.all([once(killed.stdout, "data"), once(running.stdout, "data")]);
  killed.kill("SIGKILL");
  await once(killed, "close");
  expect(readdirSync(folder)).toHaveLength(2);
  await once(start(""), "close");
  expect(readdirSync(folder)).toEqual([
    expect.stringMatching(new RegExp(`^fink-test-.*-${running.pid}-`)),
  ]);
  running.kill("SIGTERM"); // without a handler the process ends at once
  await once(running, "close");
  await once(start(""), "close");
  expect(readdirSync(folder)).toEqual([]);
});

test("folders of another host on the same disk stay", async () => {
  mkdtempSync(join(folder, `fink-test-${hostname().replace(/[^A-Za-z0-9.]/g, "_")}x-99999999-`));
  await once(start(""), "close");
  expect(readdirSync(folder)).toHaveLength(1);
});
