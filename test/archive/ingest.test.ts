import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { instance } from "../../src/services/run-state.ts";
import { until } from "../kafka/reading.ts";
import { damagedPacket, packet } from "./alerts.ts";
import { lakeContent } from "./lake-content.ts";
import { startFink } from "./process.ts";

let folder = "";
let lake = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "fink-ingest-"));
  lake = join(folder, "lake");
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** `archived`, `rejected` and `duplicates` of the last line. */
async function ingest(...args: string[]): Promise<Record<string, number>> {
  const { code, output } = await startFink(["ingest", ...args, "--json"], {
    FINK_LAKE: lake,
    FINK_ARCHIVE_BATCH_ALERTS: "100",
  }).ended;
  expect(code, output).toBe(0);
  const { seconds, ...counts } = JSON.parse(output.trimEnd().split("\n").at(-1)!) as Record<
    string,
    number
  >;
  expect(seconds).toBeGreaterThan(0);
  return counts;
}

/** Files of one alert each. */
function write(name: string, numbers: readonly number[]): string {
  const path = join(folder, name);
  mkdirSync(path, { recursive: true });
  for (const number of numbers) writeFileSync(join(path, `${number}.avro`), packet(number));
  return path;
}

async function numbersInLake(): Promise<number[]> {
  const { numbers, wrong } = await lakeContent(lake);
  expect(wrong).toEqual([]);
  return [...numbers.values()].sort((a, b) => a - b);
}

describe("./fink ingest", { timeout: 60_000 }, () => {
  it("takes folders, files of one alert and of many, and tar.gz; a second time it adds nothing", async () => {
    const alerts = write("night", range(0, 30));
    write("night/below", range(30, 40));
    writeFileSync(join(folder, "many.avro"), packet(...range(40, 90)));
    writeFileSync(join(alerts, "damaged.avro"), damagedPacket(1000));
    execFileSync("tar", [
      "-czf",
      join(folder, "tarred.tar.gz"),
      "-C",
      write("packed", range(90, 120)),
      ".",
    ]);
    const paths = [
      alerts,
      join(folder, "many.avro"),
      join(folder, "tarred.tar.gz"),
      join(alerts, "3.avro"),
    ];
    expect(await ingest(...paths, "--survey", "sky")).toEqual({
      archived: 120,
      rejected: 1,
      duplicates: 0,
    });
    expect(await ingest(...paths, "--survey", "sky")).toEqual({
      archived: 0,
      rejected: 0,
      duplicates: 121,
    });
    expect(await numbersInLake()).toEqual(range(0, 120));
    const { rejected, bytes } = await lakeContent(lake);
    expect(rejected).toEqual([`${join(alerts, "damaged.avro")}/0/0`]);
    expect(bytes.get(rejected[0])!.equals(damagedPacket(1000))).toBe(true);
  });

  // "1 files are neither .avro, .bin, .parquet nor .tar.gz and were passed over", and nothing
  // archived.
  it("takes compressed files, archives of them, and names what it cannot read", async () => {
    const alerts = write("night", []);
    const gzip = (into: string, name: string, numbers: readonly number[]) =>
      writeFileSync(join(into, name), gzipSync(packet(...numbers)));
    gzip(alerts, "many.avro.gz", range(0, 20));
    writeFileSync(join(alerts, "more.avro.zst"), zstdCompressSync(packet(...range(20, 30))));
    const packed = write("packed", []);
    for (const number of range(30, 40)) gzip(packed, `${number}.avro.gz`, [number]);
    execFileSync("tar", ["-czf", join(alerts, "elasticc.tar.gz"), "-C", packed, "."]);
    execFileSync("tar", [
      "--format=v7",
      "-cf",
      join(alerts, "old.tar"),
      "-C",
      write("plain", range(40, 45)),
      ".",
    ]);
    writeFileSync(join(alerts, "damaged.avro.gz"), gzipSync(damagedPacket(1000)));
    writeFileSync(join(alerts, "unread.tar.xz"), "");
    writeFileSync(join(alerts, "README"), "");
    const { output } = await startFink(["ingest", alerts], { FINK_LAKE: lake }).ended;
    expect(output).toContain(
      `${join(alerts, "unread.tar.xz")} is packed as .xz, which Fink does not read. Unpack it first: xz -d ${join(alerts, "unread.tar.xz")}`,
    );
    expect(output).toContain(
      "1 files were passed over. Fink reads .avro, .bin (each also .gz or .zst), .parquet, .tar, .tar.gz, .tar.zst and .zip",
    );
    expect(output).toContain("archived 45, rejected 1, duplicates skipped 0, files passed over 2");
    expect(await ingest(alerts)).toEqual({
      archived: 0,
      rejected: 0,
      duplicates: 46,
      passedOver: 2,
    });
    expect(await numbersInLake()).toEqual(range(0, 45));
  });

  // They were rejected as of an unknown schema, although it lay beside them.
  it("finds the schemas that lie beside the alerts, or in the folder above", async () => {
    const schema = (field: string) =>
      JSON.stringify({
        type: "record",
        name: "sky.alert",
        fields: [{ name: field, type: "long" }],
      });
    const bin = (path: string, number: number) =>
      writeFileSync(
        join(write(path, []), `${number}.bin`),
        Buffer.from([0, 0, 0, 0, 7, 2 * number]),
      );
    bin("one/night", 1);
    bin("one", 2);
    writeFileSync(join(folder, "one/7.avsc"), schema("alertId"));
    expect(await ingest(join(folder, "one"))).toEqual({ archived: 2, rejected: 0, duplicates: 0 });
    bin("two/night", 3);
    writeFileSync(join(folder, "two/7.avsc"), schema("alertId"));
    expect(await ingest(join(folder, "two/night/3.bin"))).toEqual({
      archived: 1,
      rejected: 0,
      duplicates: 0,
    });
    bin("three", 4);
    writeFileSync(join(folder, "three/7.avsc"), schema("number"));
    const { code, output } = await startFink(
      ["ingest", join(folder, "one"), join(folder, "three")],
      { FINK_LAKE: lake },
    ).ended;
    expect(code).not.toBe(0);
    expect(output).toMatch(
      /7\.avsc are different schemas of one id\. Name the folder of the right one with --schemas/,
    );
    expect(
      await ingest(join(folder, "one"), join(folder, "three"), "--schemas", join(folder, "three")),
    ).toEqual({ archived: 1, rejected: 0, duplicates: 2 });
  });

  it("adds what is new in a folder", async () => {
    const alerts = write("night", range(0, 10));
    expect(await ingest(alerts)).toEqual({ archived: 10, rejected: 0, duplicates: 0 });
    write("night", range(10, 15));
    expect(await ingest(alerts)).toEqual({ archived: 5, rejected: 0, duplicates: 10 });
    expect(await numbersInLake()).toEqual(range(0, 15));
  });

  it("killed again and again in the middle, it has each alert once in the end", async () => {
    const archive = join(folder, "night.tar.gz");
    const many = Array.from({ length: 100 }, (_, i) =>
      join(folder, `${String(i).padStart(3, "0")}.avro`),
    );
    for (const [i, path] of many.entries())
      writeFileSync(path, packet(...range(i * 40, (i + 1) * 40)));
    execFileSync("tar", ["-czf", archive, "-C", write("packed", range(4000, 5000)), "."]);
    let killed = 0;
    for (let committed = 500; committed < 5000; committed += 1000) {
      const ingesting = startFink(["ingest", ...many, archive], {
        FINK_LAKE: lake,
        FINK_ARCHIVE_BATCH_ALERTS: "10",
      });
      let ended = false;
      void ingesting.ended.then(() => (ended = true));
      await until(
        "some more are committed",
        async () => ended || (await lakeContent(lake)).raw.length >= committed,
      );
      if (!ended) killed++;
      await ingesting.kill();
    }
    expect(killed).toBeGreaterThan(0);
    await ingest(...many, archive);
    expect(await numbersInLake()).toEqual(range(0, 5000));
  });
});

describe("./fink start archive with a watched folder", { timeout: 60_000 }, () => {
  it("takes in what is there and what comes, each once over restarts", async () => {
    const watched = write("watched", range(0, 50));
    const start = () =>
      startFink(["start", "archive"], {
        FINK_LAKE: lake,
        FINK_ARCHIVE_SOURCES: "files",
        FINK_FILES_WATCH: watched,
        FINK_FILES_EVERY_SECONDS: "0.2",
        FINK_ARCHIVE_TRIGGER_SECONDS: "0.2",
      });
    const archived = (count: number) =>
      until(`${count} alerts`, () => instance(lake, "archive")?.status.archive?.archived === count);
    const first = start();
    await archived(50);
    renameSync(write("arriving", range(50, 80)), join(watched, "arriving"));
    await archived(80);
    await first.kill();
    write("watched", range(80, 100));
    const second = start();
    await archived(20);
    second.child.kill("SIGTERM");
    expect(await second.ended).toMatchObject({ code: 0 });
    expect(await numbersInLake()).toEqual(range(0, 100));
  });

  it("on SIGTERM commits what it has, however long a batch may wait", async () => {
    const settings = {
      FINK_ARCHIVE_SOURCES: "files",
      FINK_FILES_WATCH: write("watched", range(0, 50)),
      FINK_FILES_EVERY_SECONDS: "0.2",
      FINK_ARCHIVE_TRIGGER_SECONDS: "600",
    };
    const archive = startFink(["start", "archive"], { FINK_LAKE: lake, ...settings });
    await until("all were read", () => instance(lake, "archive")?.status.archive?.received === 50);
    archive.child.kill("SIGTERM");
    expect(await archive.ended).toMatchObject({ code: 0 });
    expect(await numbersInLake()).toEqual(range(0, 50));
  });
});

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, i) => from + i);
}
