import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { writeContainer } from "../../src/avro/container.ts";
import { compileEncoder } from "../../src/avro/encoder.ts";
import { alertsFolder, hasReference } from "../archive/reference.ts";
import { readWithSql } from "../lake/readers.ts";
import type { Row } from "../lake/tables.ts";
import { type Outcome, project, run } from "./run.ts";

const folder = mkdtempSync(join(tmpdir(), "fink-replay-"));
afterAll(() => rmSync(folder, { recursive: true }));
const fink = (...args: string[]): Promise<Outcome> =>
  run(process.execPath, [join(project, "src/cli/main.ts"), ...args]);
const done = expect.objectContaining({ code: 0 });

/**
 * An alert with what is hard to bring back: ids beyond 2^53, null and NaN, lists of lists, maps,
 * bytes, dates, decimals, names that differ by case.
 */
const schema = JSON.stringify({
  type: "record",
  name: "alert",
  namespace: "sky.v1",
  fields: [
    { name: "alertId", type: "long" },
    { name: "night", type: "int" },
    {
      name: "time",
      type: { type: "record", name: "time", fields: [{ name: "mjd", type: "double" }] },
    },
    { name: "flux", type: ["null", "float"] },
    { name: "Flux", type: ["double", "null"] },
    {
      name: "history",
      type: {
        type: "array",
        items: [
          "null",
          { type: "record", name: "point", fields: [{ name: "id", type: ["null", "long"] }] },
        ],
      },
    },
    { name: "grid", type: { type: "array", items: { type: "array", items: "int" } } },
    { name: "scores", type: { type: "map", values: "float" } },
    {
      name: "host",
      type: [
        "null",
        { type: "record", name: "host", fields: [{ name: "z", type: ["null", "double"] }] },
      ],
    },
    { name: "band", type: { type: "enum", name: "band", symbols: ["g", "r"] } },
    { name: "hash", type: { type: "fixed", name: "hash", size: 4 } },
    { name: "at", type: { type: "long", logicalType: "timestamp-millis" } },
    { name: "day", type: { type: "int", logicalType: "date" } },
    { name: "price", type: { type: "bytes", logicalType: "decimal", precision: 20, scale: 2 } },
    { name: "nothing", type: "null" },
    { name: "cutout", type: ["null", "bytes"] },
  ],
});
const definition =
  "{ name: sky, match: [{ schema: sky.* }], alert: alertId, time: { field: time.mjd, scale: mjd } }";
const encode = compileEncoder(schema);

function alert(number: number): Buffer {
  const record = encode({
    alertId: 2n ** 60n + BigInt(number),
    night: number,
    time: { mjd: 61000 + ((number * 7) % 20) / 1440 },
    flux: [null, NaN, -0, 1.5][number % 4],
    Flux: number / 3,
    history: [null, { id: 2n ** 62n + 1n }, { id: null }].slice(0, number % 4),
    grid: [[1, 2], [], [number]],
    scores: { rb: 0.5, drb: NaN },
    host: [null, { z: null }, { z: 0.1 }][number % 3],
    band: number % 2 ? "g" : "r",
    hash: Uint8Array.of(0, 255, 1, number),
    at: 1_789_000_000_123n + BigInt(number),
    day: 20_700 + number,
    price: Buffer.from("-1234567890123456789", "utf8").subarray(0, 3),
    nothing: null,
    cutout: number % 5 ? Buffer.alloc(5000, number) : null,
  });
  return Buffer.from(writeContainer({ schema, blocks: [[record]], sync: Buffer.alloc(16, 7) }));
}

const surveys = join(folder, "surveys");
mkdirSync(surveys);
writeFileSync(join(surveys, "sky.yaml"), definition);
process.env["FINK_SURVEYS"] = surveys;
const alerts = join(folder, "alerts");
mkdirSync(alerts);
for (let i = 0; i < 20; i++)
  writeFileSync(join(alerts, `${String(i).padStart(2, "0")}.avro`), alert(i));

/** Rows without where they came from, by alert. */
async function contentOf(lake: string, table: string, id: string): Promise<Row[]> {
  const rows = await readWithSql(
    lake,
    `SELECT * EXCLUDE (_source, _partition, _offset, _published_at, _received_at, _schema) FROM ${table} ORDER BY ALL`,
    table,
  );
  return rows.sort((a, b) => (String(a[id]) < String(b[id]) ? -1 : 1));
}

const filesIn = (path: string): string[] =>
  readdirSync(path, { recursive: true, encoding: "utf8" }).filter((name) => /\.\w+$/.test(name));

describe("a night of a lake", () => {
  const lake = join(folder, "lake");

  it.each([
    ["with its own schema", ["--schemas", join(folder, "schemas")], ""],
    [
      "with one made from the columns",
      [],
      "written with a schema made from the table's columns, as sky.v1.alert:",
    ],
  ])("%s comes back with every value as it was", async (name, more, note) => {
    mkdirSync(join(folder, "schemas"), { recursive: true });
    writeFileSync(join(folder, "schemas", "sky.avsc"), schema);
    if (!existsSync(lake)) expect(await fink("ingest", alerts, "--lake", lake)).toEqual(done);
    const again = join(folder, `again ${name}`);
    const { code, stdout, stderr } = await fink(
      "replay",
      "lake",
      "--lake",
      lake,
      "--night",
      "20251121",
      "--to",
      again,
      ...more,
    );
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toContain("20 alerts of the night 20251121");
    expect(stdout.includes("made from the table's columns")).toBe(note !== "");
    expect(stdout).toContain(note);
    expect(filesIn(again)).toContain(`sky_20251121/${2n ** 60n + 3n}.avro`);
    expect(await fink("ingest", again, "--lake", join(again, "lake"))).toEqual(done);
    expect(await contentOf(join(again, "lake"), "sky.raw", "alertId")).toEqual(
      await contentOf(lake, "sky.raw", "alertId"),
    );
    if (more.length > 0)
      expect(
        readFileSync(join(again, `sky_20251121/${2n ** 60n + 3n}.avro`)).includes('"name":"point"'),
      ).toBe(true);
  });

  it.each([
    [
      ["lake"],
      "a night of the lake has to be chosen, such as --night 20260131; see ./fink lake list",
    ],
    [
      ["lake", "--night", "20200101"],
      "the lake has no sky alerts of night 20200101; it has 20251121",
    ],
    [["lake", "--night", "2020-01-01"], '--night "2020-01-01": write the night as YYYYMMDD'],
    [
      ["lake", "--night", "20251121", "--survey", "skye"],
      "the lake has no skye; did you mean sky?",
    ],
    [
      ["lake", "--night", "20251121", "--speed", "x0"],
      "--speed x0: write fast, real or a factor such as x60",
    ],
    [[alerts, "--night", "20200101"], `no alerts of night 20200101 in ${alerts}`],
    [[join(folder, "nowhere")], ""],
  ])("%j: one line", async (args, line) => {
    const { code, stdout, stderr } = await fink(
      "replay",
      ...args,
      "--lake",
      lake,
      "--to",
      join(folder, "unused"),
    );
    if (line === "")
      expect({ code, stderr }).toEqual({
        code: 1,
        stderr: expect.stringContaining("nowhere does not exist"),
      });
    else
      expect({ code, stdout, stderr }).toEqual({ code: 2, stdout: "", stderr: `fink: ${line}\n` });
  });
});

describe("files", () => {
  it("come out byte for byte in the order of their observation, from an archive as well", async () => {
    const archive = join(folder, "night.tar.gz");
    expect(await fink("replay", alerts, "--to", archive)).toEqual(done);
    const again = join(folder, "from archive.tar.gz");
    expect(await fink("replay", archive, "--to", again)).toEqual(done);
    expect(readFileSync(again).equals(readFileSync(archive))).toBe(true);
    const names = (await run("tar", ["tzf", archive])).stdout.trim().split("\n");
    const numbers = names.map((name) => Number(BigInt(basename(name, ".avro")) - 2n ** 60n));
    expect(numbers).toEqual(
      Array.from({ length: 20 }, (_, i) => i).sort((a, b) => ((a * 7) % 20) - ((b * 7) % 20)),
    );
    const out = join(folder, "out");
    expect(await fink("replay", archive, "--to", out)).toEqual(done);
    for (let i = 0; i < 20; i++)
      expect(
        readFileSync(join(out, `sky_20251121/${2n ** 60n + BigInt(i)}.avro`)).equals(alert(i)),
      ).toBe(true);
  });

  it("keep the spacing of the telescope, faster", async () => {
    const startedAt = performance.now();
    expect(await fink("replay", alerts, "--to", join(folder, "spaced"), "--speed", "x600")).toEqual(
      done,
    ); // 19 minutes
    expect(performance.now() - startedAt).toBeGreaterThan(1900);
  });

  it("that hold many alerts are taken apart, and what cannot be read is told", async () => {
    const many = join(folder, "many");
    mkdirSync(many);
    const body = (number: number): Buffer => {
      const bytes = alert(number);
      const head = bytes.indexOf(Buffer.alloc(16, 7)) + 16;
      // record count 1, then the length as a varint
      const length = bytes.subarray(head + 1).findIndex((byte) => byte < 128) + 1;
      return bytes.subarray(head + 1 + length, -16);
    };
    writeFileSync(
      join(many, "three.avro"),
      writeContainer({
        schema,
        blocks: [[body(3), body(1)], [body(2)]],
        sync: Buffer.alloc(16, 7),
        codec: "deflate",
      }),
    );
    writeFileSync(join(many, "damaged.avro"), alert(4).subarray(0, -5));
    for (const name of ["a.parquet", "README", "b.tar.xz"]) writeFileSync(join(many, name), "");
    const out = join(folder, "apart");
    const { code, stderr } = await fink("replay", many, "--survey", "sky", "--to", out);
    expect({ code, stderr }).toEqual({
      code: 0,
      stderr: expect.stringContaining("1 messages cannot be read and are left out, the first: "),
    });
    for (const line of [
      "1 Parquet files are left out",
      "1 files were passed over",
      "b.tar.xz is packed as .xz",
    ])
      expect(stderr).toContain(line);
    expect(filesIn(out).sort()).toEqual(
      [1, 2, 3].map((i) => `sky_20251121/${2n ** 60n + BigInt(i)}.avro`),
    );
    expect(await fink("ingest", out, "--lake", join(out, "lake"))).toEqual(done);
    const three = (await contentOf(join(folder, "lake"), "sky.raw", "alertId")).slice(1, 4);
    expect(await contentOf(join(out, "lake"), "sky.raw", "alertId")).toEqual(three);
  });
});

describe.skipIf(!hasReference)(
  "real alerts of ZTF and Rubin's examples",
  { timeout: 180_000 },
  () => {
    it("come back from a lake as they went in, whichever schema they are written with", async () => {
      const real = join(folder, "real");
      for (const part of ["ztf/v3.3", "ztf/v4.02", "lsst/spark_v7.x_fink32"])
        cpSync(join(alertsFolder, part), join(real, part), { recursive: true });
      const lake = join(real, "lake");
      expect(await fink("ingest", join(real, "ztf"), join(real, "lsst"), "--lake", lake)).toEqual(
        done,
      );
      for (const [survey, id] of [
        ["ztf", "candid"],
        ["lsst", "diaSourceId"],
      ]) {
        const before = await contentOf(lake, `${survey}.raw`, id);
        const nights = [...new Set(before.map(({ night }) => String(night)))];
        expect(before.length).toBeGreaterThan(3);
        for (const night of nights)
          expect(
            await fink(
              "replay",
              "lake",
              "--lake",
              lake,
              "--survey",
              survey,
              "--night",
              night,
              "--to",
              join(real, "again"),
            ),
          ).toEqual(done);
        const again = join(real, `lake of ${survey}`);
        expect(await fink("ingest", join(real, "again"), "--lake", again)).toEqual(done);
        expect(await contentOf(again, `${survey}.raw`, id)).toEqual(before);
      }
    });
  },
);
