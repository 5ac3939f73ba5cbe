import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { makeFolder } from "./folder.ts";

const base = mkdtempSync(join(tmpdir(), "fink-folder-"));
afterAll(() => rmSync(base, { recursive: true }));

test("makes what is missing, and again nothing", () => {
  makeFolder(join(base, "a/b/c"));
  makeFolder(join(base, "a/b/c"));
  expect(statSync(join(base, "a/b/c")).isDirectory()).toBe(true);
});

test("says when a file is in the way, and where no folder can be, instead of trying for ever", () => {
  writeFileSync(join(base, "file"), "");
  expect(() => makeFolder(join(base, "file"))).toThrow("EEXIST");
  expect(() => makeFolder(join(base, "file/x"))).toThrow("EEXIST");
  expect(() => makeFolder("/proc/fink/x")).toThrow(/ENOENT|EACCES|EPERM/);
});
