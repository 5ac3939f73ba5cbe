import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { listAlertFiles } from "./file-list.ts";

let folder = "";
beforeEach(() => void (folder = realpathSync(mkdtempSync(join(tmpdir(), "fink-list-")))));
afterEach(() => rmSync(folder, { recursive: true }));
const names = (files: { path: string }[]): string[] =>
  files.map((file) => file.path.replace(`${folder}/`, ""));

it("tells alerts from Parquet and counts the rest", () => {
  mkdirSync(join(folder, "deep"));
  for (const name of [
    "z.parquet",
    "b.tgz",
    "a.tar.gz",
    "c.tar",
    "README.md",
    "deep/1.bin",
    "deep/2.avro",
    "deep/x.fits",
    "deep/900.avsc",
    ".x.avro",
    "y.tmp",
  ]) {
    writeFileSync(join(folder, name), name);
  }
  const list = listAlertFiles([folder]);
  expect(names(list.alerts)).toEqual(["a.tar.gz", "b.tgz", "c.tar", "deep/1.bin", "deep/2.avro"]);
  expect(names(list.parquet)).toEqual(["z.parquet"]);
  expect(list.skipped).toBe(2); // not the schema
  expect(list.alerts[3]).toMatchObject({ realPath: join(folder, "deep/1.bin"), bytes: 10 });
});

it("takes compressed alerts and archives, and says what to do with what cannot be read", () => {
  for (const name of [
    "1.avro.gz",
    "2.bin.zst",
    "3.AVRO.GZ",
    "a.tar.zst",
    "b.zip",
    "c.tar.xz",
    "d.parquet.gz",
    "e.avro.bz2",
    "f.csv.gz",
  ])
    writeFileSync(join(folder, name), name);
  const { alerts, unreadable, skipped } = listAlertFiles([folder]);
  expect(names(alerts)).toEqual(["1.avro.gz", "2.bin.zst", "3.AVRO.GZ", "a.tar.zst", "b.zip"]);
  expect(unreadable.map((line) => line.replaceAll(`${folder}/`, ""))).toEqual([
    "c.tar.xz is packed as .xz, which Fink does not read. Unpack it first: xz -d c.tar.xz",
    "d.parquet.gz is a compressed Parquet file, which Fink does not read. Unpack it first: gunzip d.parquet.gz",
    "e.avro.bz2 is packed as .bz2, which Fink does not read. Unpack it first: bunzip2 e.avro.bz2",
  ]);
  expect(skipped).toBe(1);
});

it("gives a file once, and follows links neither in circles nor to nowhere", () => {
  writeFileSync(join(folder, "a.avro"), "");
  symlinkSync(folder, join(folder, "loop"));
  symlinkSync(join(folder, "nowhere.avro"), join(folder, "c.avro"));
  symlinkSync(join(folder, "a.avro"), join(folder, "b.avro"));
  expect(names(listAlertFiles([folder, join(folder, "a.avro")]).alerts)).toEqual(["a.avro"]);
});

it("says what to do about a path that does not exist", () => {
  const path = join(folder, "nigth");
  expect(() => listAlertFiles([path])).toThrow(
    expect.objectContaining({
      code: "io",
      message: `${path} does not exist; give the path of a file or folder of alerts`,
    }),
  );
});

it.skipIf(process.getuid?.() === 0)("says so when a folder may not be read", () => {
  mkdirSync(join(folder, "closed"));
  chmodSync(join(folder, "closed"), 0);
  expect(() => listAlertFiles([folder])).toThrow("closed may not be read by this user");
  chmodSync(join(folder, "closed"), 0o700);
});
