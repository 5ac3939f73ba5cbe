import type * as NodeFs from "node:fs";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { createWhole, replaceWhole } from "./durable.ts";

const disk = vi.hoisted(() => ({ folderSyncFails: false, writeFails: false }));

vi.mock("node:fs", async (original) => {
  const fs = await original<typeof NodeFs>();
  const failed = (code: string) => Object.assign(new Error(code), { code });
  const fsyncSync = (file: number) => {
    if (disk.folderSyncFails && fs.fstatSync(file).isDirectory()) throw failed("EIO");
    fs.fsyncSync(file);
  };
  const writeSync = (file: number, bytes: Uint8Array, at: number) => {
    if (disk.writeFails) throw failed("ENOSPC");
    return fs.writeSync(file, bytes, at);
  };
  return { ...fs, fsyncSync, writeSync };
});

let folder = "";
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), "fink-durable-"))));
afterEach(() => {
  Object.assign(disk, { folderSyncFails: false, writeFails: false });
  rmSync(folder, { recursive: true });
});

test("a name is taken by the first only", () => {
  const path = join(folder, "entry");
  expect(createWhole(path, Buffer.from("first"))).toBe(true);
  expect(createWhole(path, Buffer.from("second"))).toBe(false);
  expect(readFileSync(path, "utf8")).toBe("first");
  expect(readdirSync(folder)).toEqual(["entry"]);
});

test("what is visible counts as committed, even if the folder cannot be synced: its caller would else remove the files it names", () => {
  disk.folderSyncFails = true;
  expect(createWhole(join(folder, "entry"), Buffer.from("text"))).toBe(true);
  expect(readdirSync(folder)).toEqual(["entry"]);
});

test("a full disk is left as it was", () => {
  createWhole(join(folder, "old"), Buffer.from("old"));
  disk.writeFails = true;
  expect(() => createWhole(join(folder, "entry"), Buffer.from("text"))).toThrow("ENOSPC");
  expect(() => replaceWhole(join(folder, "old"), Buffer.from("new"))).toThrow("ENOSPC");
  expect(readdirSync(folder)).toEqual(["old"]);
  expect(readFileSync(join(folder, "old"), "utf8")).toBe("old");
});
