import { execFileSync, spawn } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { runCommandLine } from "../../src/cli/run.ts";
import { available } from "../require.ts";
import { commandsOfFakeSky } from "./fake-sky.ts";
import { canMount, mount, unmount } from "./tmpfs.ts";
import { type Outcome, run } from "./run.ts";

const folder = mkdtempSync(join(tmpdir(), "fink-simulate-"));
afterAll(() => rmSync(folder, { recursive: true }));
let place = "";
let places = 0;
beforeEach(() => void (place = join(folder, `place${places++}`)));

const fakes = join(import.meta.dirname, "simulate-with-fakes.ts");
const simulate = (args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Outcome> =>
  run(process.execPath, [fakes, "simulate", ...args], env);
const filesBelow = (path: string): string[] =>
  (readdirSync(path, { recursive: true }) as string[])
    .filter((name) => statSync(join(path, name)).isFile())
    .sort();

it.each([
  [["--to", "x", "--survey", "lst"], "--survey lst: there is no such survey; did you mean lsst?"],
  [
    ["--to", "x", "--survey", "atlas"],
    "--survey atlas: there is no such survey; write ztf or lsst",
  ],
  [["--to", "x", "--schema", "4.1"], "--schema 4.1: ztf packets have version 4.02 or 3.3"],
  [
    ["--to", "x", "--date", "14/09/2026"],
    '--date "14/09/2026" is no date; write the night as YYYY-MM-DD',
  ],
  [
    ["--to", "x", "--date", "2026-02-30"],
    '--date "2026-02-30" is no date; write the night as YYYY-MM-DD',
  ],
  [
    ["--to", "x", "--date", "2012-01-01"],
    "--date 2012-01-01 is before the survey began; its first night is 2018-03-17",
  ],
  [
    ["--to", "x", "--rates", "kilonva=3"],
    "--rates kilonva: there is no such class; did you mean kilonova?",
  ],
  [
    ["--to", "x", "--rates", "quark_star=3"],
    "--rates quark_star: there is no such class; there are type_ia, kilonova, rr_lyrae",
  ],
  [
    ["--to", "x", "--rates", "kilonova"],
    '--rates "kilonova": write CLASS=FACTOR, such as kilonova=100',
  ],
  [
    ["--to", "x", "--rates", "kilonova=-1"],
    '--rates "kilonova=-1": write CLASS=FACTOR, such as kilonova=100',
  ],
  [
    ["--to", "x", "--cadence", "quick"],
    "--cadence quick: write fast, real or a factor such as x60",
  ],
  [
    ["--to", "x", "--cadence", "real", "--rate", "5"],
    "--rate and --cadence do not go together: choose one",
  ],
  [["--to", "x", "--alerts", "0"], "--alerts 0: write a number above 0"],
  [
    ["--to", "s3://bucket/x"],
    '--to "s3://bucket/x": write a folder, a .tar.gz or kafka://host:9092/topic',
  ],
  [
    ["--to", "kafka://broker/ztf"],
    '--to kafka://broker/ztf: "broker" is no broker; write kafka://host:9092/topic',
  ],
  [
    ["--to", "kafka://broker:9092"],
    '--to kafka://broker:9092: "" is no topic; write one such as {survey}_{date}_programid1',
  ],
  [
    ["--to", "kafka://broker:9092/ztf_{day}"],
    '--to kafka://broker:9092/ztf_{day}: "ztf_{day}" is no topic; write one such as {survey}_{date}_programid1',
  ],
  [
    ["--to", "x.tar.gz", "--nights", "2"],
    "--to x.tar.gz is for one night; for several write --to DIR --archive",
  ],
])("simulate %j: one line and exit code 2", async (args, line) => {
  const told = vi.spyOn(console, "error").mockImplementation(() => {});
  expect(await runCommandLine(["simulate", ...args], commandsOfFakeSky)).toBe(2);
  expect(told.mock.calls).toEqual([[`fink: ${line}`]]);
  told.mockRestore();
});

it.each([
  [
    "a broker that is not there",
    "kafka://localhost:1/ztf",
    "localhost:1 cannot be reached: is the broker running, and --to right?",
  ],
  [
    "a file in the way",
    "/etc/hostname",
    "/etc/hostname cannot be written; there is a file of that name: name another place with --to",
  ],
])("%s is told before any work is done: one line and exit code 1", async (_, to, line) => {
  expect(await simulate(["--to", to, "--truth", "x"])).toEqual({
    code: 1,
    stdout: "",
    stderr: `fink: ${line}\n`,
  });
});

it("writes a file per packet, in a folder per night, and says what it made", async () => {
  const { code, stdout, stderr } = await simulate([
    "--nights",
    "2",
    "--alerts",
    "30",
    "--to",
    place,
    "--truth",
    "t",
  ]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "truth of 60 alerts written\n" });
  expect(stdout.split("\n").slice(0, 5)).toEqual([
    "class     20260914  20260915  alerts",
    "kilonova  10        10        20",
    "rr_lyrae  10        10        20",
    "type_ia   10        10        20",
    "all       30        30        60",
  ]);
  expect(stdout).toContain("60 alerts of 2 nights: 0.1 MB");
  expect(stdout).toContain("a packet has 1.0 kB in the median");
  const files = filesBelow(place);
  expect(files.filter((name) => /^ztf_20260914\/\d{19}\.avro$/.test(name))).toHaveLength(30);
  expect(files.filter((name) => /^ztf_20260915\/\d{19}\.avro$/.test(name))).toHaveLength(30);
  expect(files).toHaveLength(60);
});

it("replaces files of the same name and leaves others alone", async () => {
  const name = join(place, "ztf_20260914", "3001789344000000007.avro");
  mkdirSync(join(place, "ztf_20260914"), { recursive: true });
  writeFileSync(name, "old");
  writeFileSync(join(place, "mine.txt"), "mine");
  expect(await simulate(["--alerts", "10", "--to", place])).toMatchObject({ code: 0 });
  expect(readFileSync(name)).toHaveLength(1000);
  expect(readFileSync(join(place, "mine.txt"), "utf8")).toBe("mine");
});

it("puts the schema of LSST messages where ./fink ingest finds it", async () => {
  const { stdout } = await simulate(["--survey", "lsst", "--alerts", "10", "--to", place]);
  expect(JSON.parse(readFileSync(join(place, "900.avsc"), "utf8"))).toMatchObject({
    name: "lsst.v9_0.alert",
  });
  expect(stdout).toContain(`./fink ingest --schemas ${place} ${place}`);
  expect(filesBelow(place).filter((name) => name.endsWith(".bin"))).toHaveLength(10);
});

describe("an archive", () => {
  it("of each night holds its packets, and is the same each time", async () => {
    expect(
      await simulate(["--nights", "2", "--alerts", "5000", "--archive", "--to", place]),
    ).toMatchObject({ code: 0 });
    expect(readdirSync(place).sort()).toEqual(["ztf_20260914.tar.gz", "ztf_20260915.tar.gz"]);
    const path = join(place, "ztf_20260914.tar.gz");
    // the system's tar as the second opinion
    const listed = execFileSync("tar", ["tzvf", path]).toString().trim().split("\n");
    expect(listed).toHaveLength(5000);
    expect(listed[4]).toMatch(
      /^-rw-r--r-- 0\/0 +1000 2026-09-14 \d\d:00 3001789344000000004\.avro$/,
    );
    expect(execFileSync("tar", ["xzOf", path, "3001789344000004999.avro"])).toEqual(
      Buffer.alloc(1000, (4999 * 31 + 1) & 255),
    );
    const again = join(place, "again.tar.gz");
    expect(await simulate(["--alerts", "5000", "--to", again, "--json"])).toMatchObject({
      code: 0,
    });
    expect(readFileSync(again).equals(readFileSync(path))).toBe(true);
    expect(gunzipSync(readFileSync(again)).length % 512).toBe(0);
  });
});

it("gives one object to programs", async () => {
  const { stdout } = await simulate([
    "--alerts",
    "30",
    "--seed",
    "9",
    "--to",
    place,
    "--json",
    "--truth",
    "t",
  ]);
  expect(JSON.parse(stdout)).toMatchObject({
    survey: "ztf",
    seed: 9,
    schema: "4.02",
    alerts: 30,
    bytes: 30_000,
    medianBytes: 1000,
    p90Bytes: 1000,
    nights: [{ night: "20260914", alerts: { type_ia: 10, kilonova: 10, rr_lyrae: 10 } }],
    delivered: 30,
    to: [join(place, "ztf_20260914")],
    truth: ["truth.parquet"],
    stopped: false,
  });
});

describe("Ctrl-C in the middle", () => {
  const interrupted = async (...args: string[]): Promise<Outcome> => {
    const child = spawn(
      process.execPath,
      [fakes, "simulate", "--alerts", "1000", "--to", place, "--truth", "t", ...args],
      {
        env: { ...process.env, FAKE_VISIT_MS: "150" },
        stdio: ["ignore", "pipe", "pipe"],
      },
    );
    const [stdout, stderr] = [child.stdout, child.stderr].map(textOf);
    const ended = new Promise<number | null>((resolve) => child.once("exit", resolve));
    while (child.exitCode === null && !isBegun(place))
      await new Promise((resolve) => setTimeout(resolve, 20));
    child.kill("SIGINT");
    return { code: await ended, stdout: await stdout, stderr: await stderr };
  };

  it("keeps the files that are whole, with the truth of exactly these", async () => {
    const { code, stdout, stderr } = await interrupted();
    const files = filesBelow(place);
    expect(code).toBe(130);
    expect(files.length).toBeGreaterThan(0);
    expect(files.length).toBeLessThan(1000);
    expect(
      files.every((name) => name.endsWith(".avro") && statSync(join(place, name)).size === 1000),
    ).toBe(true);
    expect(stdout).toContain(`stopped early: ${files.length} alerts are in their place`);
    expect(stderr).toBe(`truth of ${files.length} alerts written\n`);
  });

  it("leaves nothing of an archive that is not complete", async () => {
    const { code, stdout, stderr } = await interrupted("--archive");
    expect(code).toBe(130);
    expect(filesBelow(place)).toEqual([]);
    expect(stdout).toContain("stopped early: 0 alerts are in their place");
    expect(stderr).toMatch(/^truth of \d+ alerts discarded\n$/);
  });

  it("ends the waiting for the telescope too, and finishes the visit", async () => {
    const { code } = await interrupted("--cadence", "real");
    expect(code).toBe(130);
    expect(filesBelow(place).length % 100).toBe(0); // a visit has 100
  });
});

const hasTmpfs = available(
  "tmpfs",
  canMount(),
  "the tests of a full disk: mounting a tmpfs needs root",
);

describe.skipIf(!hasTmpfs)("a disk that becomes full", () => {
  let disk = "";
  beforeAll(() => mount((disk = join(folder, "disk")), 400 << 10));
  afterAll(() => unmount(disk));

  it("is told in one line; files that are whole stay, and nothing half", async () => {
    const to = join(disk, "files");
    const { code, stdout, stderr } = await simulate([
      "--alerts",
      "1000",
      "--to",
      to,
      "--truth",
      "t",
    ]);
    const files = filesBelow(to);
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toMatch(/^truth of \d+ alerts discarded\n/);
    expect(stderr.split("\n").slice(1)).toEqual([
      `fink: ${to} cannot be written (${files.length} packets were written); the disk is full: make room or name another place with --to`,
      "",
    ]);
    expect(
      files.every((name) => name.endsWith(".avro") && statSync(join(to, name)).size === 1000),
    ).toBe(true);
    rmSync(to, { recursive: true });
  });

  it("leaves nothing of an archive", async () => {
    const to = join(disk, "archives");
    // what repeats is compressed away: so large that the archive does not fit all the same
    const { code, stderr } = await simulate(["--alerts", "4000", "--archive", "--to", to], {
      FAKE_PACKET_BYTES: "70000",
    });
    expect(code).toBe(1);
    expect(stderr).toBe(
      `fink: ${to}/ztf_20260914.tar.gz cannot be written (0 archives are complete); the disk is full: make room or name another place with --to\n`,
    );
    expect(existsSync(to) ? filesBelow(to) : []).toEqual([]);
  });
});

async function textOf(stream: NodeJS.ReadableStream): Promise<string> {
  let text = "";
  for await (const data of stream) text += String(data);
  return text;
}

function isBegun(path: string): boolean {
  return existsSync(path) && readdirSync(path).length > 0;
}
