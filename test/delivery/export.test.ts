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
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { exportRows } from "../../src/delivery/export/export.ts";
import { run } from "../cli/run.ts";
import { type KafkaBroker, kafkaLib, startKafka } from "../kafka/broker.ts";
import { fink, makeLake, query } from "./lake.ts";
import { python } from "./python.ts";

const client = python();
const lib = kafkaLib();
const folder = mkdtempSync(join(tmpdir(), "fink-export-"));
const sql = "SELECT * FROM ztf.alerts ORDER BY candid";
let lake = "";

beforeAll(async () => {
  lake = await makeLake(folder, "ztf", 60);
}, 180_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe.skipIf(client === null)("./fink export", { timeout: 60_000 }, () => {
  it.each([
    [
      "avro",
      "import fastavro; rows = list(fastavro.reader(open(path, 'rb'))); mags = [(str(r['candid']), r['candidate']['magpsf']) for r in rows]",
    ],
    [
      "parquet",
      "import pyarrow.parquet as pq; rows = pq.read_table(path).to_pylist(); mags = [(str(r['candid']), r['candidate']['magpsf']) for r in rows]",
    ],
    [
      "vot",
      "from astropy.io.votable import parse_single_table; t = parse_single_table(path).to_table(); mags = [(str(c), float(m)) for c, m in zip(t['candid'], t['candidate.magpsf'])]",
    ],
    [
      "csv",
      "import csv; rows = list(csv.DictReader(open(path))); mags = [(r['candid'], json.loads(r['candidate'])['magpsf']) for r in rows]",
    ],
  ])("writes %s that others read with the lake's values", async (format, code) => {
    const to = join(folder, `all.${format}`);
    expect(await fink(lake, ["export", sql, "--to", to])).toContain("60 rows are in");
    const { stdout, stderr } = await run(client!, [
      "-c",
      `import csv, json, sys; csv.field_size_limit(1 << 30); path = ${JSON.stringify(to)}\n${code}\nprint(json.dumps(mags))`,
    ]);
    if (stdout === "") throw new Error(stderr);
    const expected = await query(
      lake,
      "SELECT candid, candidate.magpsf AS mag FROM ztf.alerts ORDER BY candid",
    );
    expect(JSON.parse(stdout)).toEqual(expected.map(({ candid, mag }) => [candid, mag]));
    expect(readdirSync(join(lake, ".fink", "exports"))).toEqual([]);
  });

  it("that was interrupted goes on, with the rows as they were", async () => {
    const to = join(folder, "resumed.csv");
    const many = "SELECT i.range AS n, repeat('x', 100) AS text FROM range(10000) AS i";
    const stop = new AbortController();
    const options = {
      lake,
      sql: many,
      place: { kind: "csv", file: to } as const,
      signal: stop.signal,
      progress: () => stop.abort(),
    };
    expect(await exportRows(options)).toEqual({ rows: 2048, before: 0, complete: false });
    writeFileSync(`${to}.part`, "what was written after the last safe rows", { flag: "a" });
    expect(await fink(lake, ["export", many, "--to", to])).toContain("10000 rows are in");
    const lines = readFileSync(to, "utf8").trimEnd().split("\r\n");
    expect(lines).toEqual([
      "n,text",
      ...Array.from({ length: 10_000 }, (_, i) => `${i},${"x".repeat(100)}`),
    ]);
    expect(existsSync(`${to}.part`)).toBe(false);
  });

  it("refuses a place that is taken or has no folder, and a whole number that is longer than a format's", async () => {
    await expect(fink(lake, ["export", sql, "--to", join(folder, "all.avro")])).rejects.toThrow(
      "is there already",
    );
    await expect(
      fink(lake, ["export", sql, "--to", join(folder, "none", "all.avro")]),
    ).rejects.toThrow("there is no folder");
    await expect(
      fink(lake, [
        "export",
        "SELECT 170141183460469231731687303715884105727 AS x",
        "--to",
        join(folder, "x.avro"),
      ]),
    ).rejects.toThrow("cast that column");
  });
});

describe.skipIf(client === null || lib === null)("a data transfer", { timeout: 240_000 }, () => {
  let broker: KafkaBroker;
  beforeAll(async () => {
    broker = await startKafka(lib!);
  }, 180_000);
  afterAll(() => broker?.destroy());

  it("is read by the unmodified finkctl, whole and with the lake's values", async () => {
    const topic = "ftransfer_ztf_2026-09-14_1";
    expect(
      await fink(lake, ["export", sql, "--to", `kafka://${broker.at.PLAINTEXT}/${topic}`]),
    ).toContain("60 rows are in");
    const home = join(folder, "home");
    mkdirSync(home);
    const env = { HOME: home };
    const finkctl = (args: readonly string[]) =>
      run(client!, ["-c", "from fink_client.scripts.finkctl import cli; cli()", ...args], env);
    const out = join(folder, "transferred");
    expect(
      await finkctl([
        "auth",
        "register",
        "-survey",
        "ztf",
        "-username",
        "fink",
        "-groupid",
        "test",
        "-servers",
        broker.at.PLAINTEXT,
        "-maxtimeout",
        "5",
      ]),
    ).toMatchObject({ code: 0 });
    // finkctl ends without a word where the broker has no coordinator of groups yet (it takes the
    // error for "nothing left"), and where its readers start before its own queue is filled: it is
    // started again, as a user would
    let said = "";
    for (let attempt = 0; attempt < 8 && !hasParquet(out); attempt++) {
      const { code, stdout, stderr } = await finkctl([
        "transfer",
        "-survey",
        "ztf",
        "-topic",
        topic,
        "-outdir",
        out,
        "-nconsumers",
        "2",
        "-maxtimeout",
        "10",
      ]);
      said += `attempt ${attempt} ended with ${code}\n${stdout}\n${stderr}\n`;
    }
    expect(hasParquet(out), said).toBe(true);
    const read = `import glob, json, pyarrow.parquet as pq
rows = [r for f in glob.glob(${JSON.stringify(out)} + '/**/*.parquet', recursive=True) for r in pq.read_table(f, partitioning=None).to_pylist()]
print(json.dumps(sorted((str(r['candid']), r['candidate']['magpsf'], len(r['cutoutScience']['stampData'])) for r in rows)))`;
    const found = await run(client!, ["-c", read]);
    const expected = await query(
      lake,
      "SELECT candid, candidate.magpsf AS mag, octet_length(cutoutScience.stampData) AS bytes FROM ztf.alerts ORDER BY candid::VARCHAR",
    );
    expect(JSON.parse(found.stdout), said).toEqual(
      expected.map(({ candid, mag, bytes }) => [candid, mag, Number(bytes)]),
    );
  });
});

function hasParquet(folder: string): boolean {
  return (
    existsSync(folder) &&
    readdirSync(folder, { recursive: true }).some((name) => String(name).endsWith(".parquet"))
  );
}
