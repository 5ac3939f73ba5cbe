import { spawnSync } from "node:child_process";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { available } from "../../test/require.ts";
import { writeContainer } from "../avro/container.ts";
import { compileEncoder } from "../avro/encoder.ts";
import { configSchema } from "../config/schema.ts";
import { scan } from "../lake/scan.ts";
import { LakeTable } from "../lake/table.ts";
import { withUpkeep } from "../lake/upkeep.ts";
import { nightOfMjd } from "../sky/time.ts";
import { ingest, type IngestCounts } from "./ingest.ts";

let folder = "";
let lake = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "fink-parquet-"));
  lake = join(folder, "lake");
  mkdirSync(join(folder, "surveys"));
  const definition = [
    "name: sky",
    "match: [{ schema: topLevelRecord, fields: [seen.mjd] }]",
    "alert: id",
    "object: name",
    "time: { field: seen.mjd, scale: mjd, nightShiftHours: -12 }",
  ];
  writeFileSync(join(folder, "surveys", "sky.yaml"), definition.join("\n"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function sql(query: string): Promise<unknown[]> {
  return await withUpkeep(folder, async ({ connection }) =>
    (await connection.runAndReadAll(query)).getRowsJS(),
  );
}

/** Makes a Parquet file of the query's rows and returns its path. */
async function parquet(name: string, query: string): Promise<string> {
  const path = join(folder, name);
  await sql(`COPY (${query}) TO '${path}' (FORMAT parquet)`);
  return path;
}

async function archive(
  path: string,
  survey?: string,
): Promise<Omit<IngestCounts, "seconds"> & { warnings: string[] }> {
  const config = configSchema.parse({ lake, surveys: join(folder, "surveys") });
  const warnings: string[] = [];
  const { seconds: _, ...counts } = await ingest(
    [path],
    config,
    survey,
    { warn: (text) => warnings.push(text) },
    new AbortController().signal,
  );
  return { ...counts, warnings };
}

/** SQL of what the lake holds, and what it says of rows that differ from those of a query. */
async function lakeRows(select: string, survey = "sky"): Promise<unknown[]> {
  const { path, partitionColumns, snapshot } = new LakeTable(join(lake, survey, "raw"));
  return await withUpkeep(folder, async ({ connection, scratch }) => {
    const rows = await scan(
      connection,
      { path, partitionColumns, schema: snapshot.schema },
      snapshot.files.values(),
      scratch,
    );
    await connection.run(`CREATE VIEW raw AS ${rows}`);
    return (await connection.runAndReadAll(select)).getRowsJS();
  });
}

const twoNights =
  "SELECT i AS id, 'ZTF' || i AS name, {'mjd': 61000.25::DOUBLE + i * 0.25, 'x': i} AS seen FROM range(8) t(i)";

describe("a Parquet file of alerts", () => {
  it("is archived by night, once, with where each row came from", async () => {
    const path = await parquet("alerts.parquet", twoNights);
    expect(await archive(path)).toEqual({ archived: 8, rejected: 0, duplicates: 0, warnings: [] });
    const rows = await lakeRows(
      "SELECT id, night, _source, _partition, _offset, _published_at, _received_at IS NOT NULL, _schema FROM raw ORDER BY id",
    );
    expect(rows).toEqual(
      Array.from({ length: 8 }, (_, i) => [
        BigInt(i),
        nightOfMjd(61000.25 + i * 0.25, -12),
        path,
        0,
        BigInt(i),
        null,
        true,
        "parquet",
      ]),
    );
    expect(await archive(path)).toEqual({ archived: 0, rejected: 0, duplicates: 8, warnings: [] });
    await parquet("alerts.parquet", twoNights.replace("range(8)", "range(10)"));
    expect(await archive(path)).toMatchObject({ archived: 2, duplicates: 8 });
    expect(await lakeRows("SELECT count(*), count(DISTINCT id) FROM raw")).toEqual([[10n, 10n]]);
  });

  it("keeps every value of every type", async () => {
    const values = `
      SELECT (-9223372036854775808)::BIGINT AS id, {'mjd': 61000.5::DOUBLE} AS seen, 9223372036854775807::BIGINT AS most, [1, NULL, (-2147483648)]::INTEGER[] AS ints,
        [{'flux': 'nan'::FLOAT, 'cutout': '\\x00\\xFF'::BLOB}, NULL] AS history, MAP {'a': -0.0::DOUBLE} AS scores, 12345678901234567890.123::DECIMAL(38,3) AS amount,
        TIMESTAMP '2026-01-02 03:04:05.678901' AS naive, TIMESTAMPTZ '2026-01-02 03:04:05.678901+00' AS utc, TIMESTAMP_NS '2026-01-02 03:04:05.678901' AS nano,
        DATE '1858-11-17' AS day, true AS flag, 'ö' AS text, 255::UTINYINT AS tiny, 4294967295::UINTEGER AS unsigned, 18446744073709551615::UBIGINT AS huge
      UNION ALL BY NAME SELECT 2 AS id, {'mjd': 61000.5::DOUBLE} AS seen, []::INTEGER[] AS ints`;
    const path = await parquet("types.parquet", values);
    await archive(path);
    const columns =
      "id, seen, most, ints, history, scores, amount, naive::TIMESTAMPTZ, utc, nano::TIMESTAMPTZ, day, flag, text, tiny::INTEGER, unsigned::BIGINT, huge::DECIMAL(20,0)";
    expect(
      await lakeRows(
        `SELECT count(*) FROM (SELECT ${columns} FROM raw EXCEPT SELECT ${columns} FROM '${path}')`,
      ),
    ).toEqual([[0n]]);
    const schema = new LakeTable(join(lake, "sky", "raw")).snapshot.schema.fields;
    const types = Object.fromEntries(schema.map((f) => [f.name, f.type]));
    expect(types).toMatchObject({
      id: "long",
      naive: "timestamp",
      tiny: "integer",
      unsigned: "long",
      huge: "decimal(20,0)",
      amount: "decimal(38,3)",
      day: "date",
      flag: "boolean",
    });
  });

  it("of a lake, ours or another's, loses the columns that the lake adds", async () => {
    const schema = JSON.stringify({
      type: "record",
      name: "sky.alert",
      fields: [
        { name: "id", type: "long" },
        {
          name: "seen",
          type: { type: "record", name: "s", fields: [{ name: "mjd", type: "double" }] },
        },
      ],
    });
    const encode = compileEncoder(schema);
    writeFileSync(
      join(folder, "a.avro"),
      writeContainer({
        schema,
        blocks: [
          [encode({ id: 1, seen: { mjd: 61000 } }), encode({ id: 2, seen: { mjd: 61000 } })],
        ],
      }),
    );
    await archive(join(folder, "a.avro"));
    const theirs = join(folder, "theirs");
    renameSync(lake, theirs);
    const table = new LakeTable(join(theirs, "sky", "raw"));
    const [file] = table.snapshot.files.values();
    copyFileSync(join(table.path, file.path), join(table.path, "merged.parquet"));
    table.commit({
      operation: "compact",
      remove: [file.path],
      add: [{ ...file, path: "merged.parquet" }],
    });
    table.checkpoint();
    expect(await archive(theirs)).toEqual({
      archived: 2,
      rejected: 0,
      duplicates: 0,
      warnings: [],
    }); // not those that were replaced
    expect(await lakeRows("SELECT id, night, _offset, _schema FROM raw ORDER BY id")).toEqual([
      [1n, 20251120, 0n, "parquet"],
      [2n, 20251120, 1n, "parquet"],
    ]);
  });

  it("with a type that the table's column cannot hold is refused with one line, the others are not", async () => {
    mkdirSync(join(folder, "in"));
    await parquet("in/a.parquet", twoNights);
    await parquet(
      "in/b.parquet",
      "SELECT 1 AS id, 5 AS name, {'mjd': 61000.0::DOUBLE, 'x': 'text'} AS seen",
    );
    await parquet(
      "in/c.parquet",
      "SELECT 100 AS id, 'c' AS name, {'mjd': 61000.0::DOUBLE} AS seen",
    );
    await parquet(
      "in/d.parquet",
      "SELECT 101 AS id, TIME '10:00' AS clock, {'mjd': 61000.0::DOUBLE} AS seen",
    );
    const { archived, warnings } = await archive(join(folder, "in"));
    expect(archived).toBe(9);
    expect(warnings).toEqual([
      expect.stringMatching(
        /b\.parquet is left out, column types differ \(table ≠ file\): name string≠integer, seen\.x long≠string; cast/,
      ),
      expect.stringMatching(
        /d\.parquet: column clock is of type TIME, which the lake does not have/,
      ),
    ]);
    expect(warnings.join()).not.toContain("\n");
  });

  it("widens the table where it has larger numbers", async () => {
    await archive(
      await parquet("a.parquet", "SELECT 1::INTEGER AS id, {'mjd': 61000.0::FLOAT} AS seen"),
    );
    await archive(
      await parquet("b.parquet", "SELECT 5000000000 AS id, {'mjd': 61000.1::DOUBLE} AS seen"),
    );
    expect(await lakeRows("SELECT id, seen.mjd FROM raw ORDER BY id")).toEqual([
      [1n, 61000],
      [5000000000n, 61000.1],
    ]);
  });

  it("needs --survey where its columns tell of none", async () => {
    const path = await parquet("odd [1]*.parquet", "SELECT 1 AS ra");
    expect(await archive(path)).toMatchObject({
      archived: 0,
      warnings: [expect.stringContaining("say whose alerts they are with --survey NAME")],
    });
    expect(await archive(path, "odd")).toMatchObject({ archived: 1, warnings: [] });
    writeFileSync(join(folder, "no.parquet"), "no Parquet");
    expect(await archive(join(folder, "no.parquet"))).toMatchObject({
      archived: 0,
      warnings: [expect.stringContaining("cannot be read as Parquet")],
    });
  });

  it("has each alert in the night that the archive would have put it in", async () => {
    const nearMidnight = "61000 + (i - 1000) * 1e-9";
    const odd =
      "CASE i WHEN 0 THEN 'nan'::DOUBLE WHEN 1 THEN 'inf'::DOUBLE WHEN 2 THEN -1e300 WHEN 3 THEN NULL WHEN 4 THEN 15020 WHEN 5 THEN 124594 END";
    await archive(
      await parquet(
        "n.parquet",
        `SELECT i AS id, {'mjd': coalesce(CASE WHEN i <> 3 THEN CASE WHEN i < 6 THEN ${odd} WHEN i < 1000 THEN 61000.5 + (i - 500) * 1e-12 ELSE ${nearMidnight} + 0.5 END END)} AS seen FROM range(2000) t(i)`,
      ),
    );
    const rows = (await lakeRows("SELECT seen.mjd, night FROM raw")) as [
      number | null,
      number | null,
    ][];
    expect(rows).toHaveLength(2000);
    for (const [mjd, night] of rows)
      expect(night, `mjd ${mjd}`).toBe(mjd === null ? null : nightOfMjd(mjd, -12));
  });

  it.each(["before:data-file:2", "after:data-file:2", "before:log-entry:1", "after:log-entry:1"])(
    "is archived once when the process was killed %s",
    async (crashAt) => {
      const path = await parquet("alerts.parquet", twoNights);
      const args = [
        join(import.meta.dirname, "../cli/main.ts"),
        "ingest",
        path,
        "--survey",
        "sky",
        "--lake",
        lake,
      ];
      expect(
        spawnSync(process.execPath, args, {
          env: { ...process.env, FINK_CRASH_AT: crashAt, FINK_SURVEYS: join(folder, "surveys") },
        }).signal,
      ).toBe("SIGKILL");
      expect((await archive(path, "sky")).warnings).toEqual([]);
      expect(await lakeRows("SELECT count(*), count(DISTINCT id) FROM raw")).toEqual([[8n, 8n]]);
    },
  );
});

const science = join(import.meta.dirname, "../../../shared/reference/science");
const hasScience = existsSync(science);

describe.skipIf(
  !available("reference", hasScience, "no ../shared/reference with Parquet files of Fink"),
)("a Parquet file that Fink wrote", () => {
  it.each(hasScience ? readdirSync(science).filter((name) => name.endsWith(".parquet")) : [])(
    "%s has the same rows in the lake",
    async (name) => {
      const path = join(science, name);
      const survey = name.startsWith("ztf") || name.endsWith("ztf_a.parquet") ? "ztf" : "lsst";
      const [[rows]] = (await sql(`SELECT count(*) FROM '${path}'`)) as [[bigint]];
      expect(await archive(path, survey)).toEqual({
        archived: Number(rows),
        rejected: 0,
        duplicates: 0,
        warnings: [],
      });
      const columns = (await sql(
        `SELECT column_name, column_type FROM (DESCRIBE SELECT * FROM '${path}')`,
      )) as [string, string][];
      const own = columns
        .filter(([column]) => !["night"].includes(column))
        .map(([column, type]) =>
          type.startsWith("TIMESTAMP") ? `"${column}"::TIMESTAMPTZ` : `"${column}"`,
        );
      expect(
        await lakeRows(
          `SELECT count(*) FROM (SELECT ${own.join(", ")} FROM '${path}' EXCEPT ALL SELECT ${own.join(", ")} FROM raw)`,
          survey,
        ),
      ).toEqual([[0n]]);
      expect(await lakeRows("SELECT count(*) FROM raw", survey)).toEqual([[rows]]);
    },
  );
});
