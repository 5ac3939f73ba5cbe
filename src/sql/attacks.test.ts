import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { append, oldColumns } from "../../test/lake/tables.ts";
import { LakeTable } from "../lake/table.ts";
import { acceptedNames } from "./accepted-functions.ts";
import { type LakeSession, openSession } from "./session.ts";

// Statements that must not run, each in every place where a user's SQL comes in: as it is, in
// EXPLAIN, and in the COPY of an export. Nothing in the lake may change.

const lake = mkdtempSync(join(tmpdir(), "fink-attacks-"));
const raw = join(lake, "ztf", "raw");
const out = join(lake, "out.parquet");
let session: LakeSession;
let data: string;

beforeAll(async () => {
  const table = new LakeTable(raw);
  const rows = [1n, 2n, 3n].map((candid) => ({
    objectId: "a",
    candid,
    candidate: { jd: 2460000.5, fid: Number(candid % 2n) },
  }));
  await append(table, oldColumns, rows, 20260101);
  data = join(raw, [...table.snapshot.files.values()][0].path);
  writeFileSync(join(lake, "secret.csv"), "word\nhush-hush\n");
  process.env["FINK_TEST_SECRET"] = "hush-hush";
  session = await openSession(lake, { writable: out });
});
afterAll(() => {
  session.close();
  rmSync(lake, { recursive: true, force: true });
});

/** Every file of the lake with its content. */
function contents(): Record<string, string> {
  const names = readdirSync(lake, { recursive: true, encoding: "utf8" }).sort();
  return Object.fromEntries(
    names.map((name) => [
      name,
      statSync(join(lake, name)).isFile() ? readFileSync(join(lake, name), "base64") : "folder",
    ]),
  );
}

async function rows(sql: string): Promise<unknown> {
  return await (await session.query(sql)).getRowsJson();
}

const attacks = (): Readonly<Record<string, readonly string[]>> => ({
  "statements that write": [
    `EXPORT DATABASE '${raw}/_delta_log/00000000000000000001.json'`,
    `EXPORT DATABASE '${raw}/night=20260101/x' (FORMAT parquet)`,
    `IMPORT DATABASE '${raw}'`,
    `COPY (SELECT 1) TO '${data}'`,
    `COPY ztf.raw TO '${raw}/night=20260101/x.parquet'`,
    `COPY FROM DATABASE memory TO other`,
    `ATTACH '${raw}/night=20260101/x.db'`,
    "DETACH memory",
    "CREATE TABLE t AS SELECT 1",
    "CREATE TEMP TABLE t AS SELECT 1",
    "CREATE SCHEMA s",
    "CREATE VIEW ztf.other AS SELECT 1",
    "CREATE OR REPLACE MACRO getenvs(a) AS getenv(a)",
    "CREATE SECRET s (TYPE s3)",
    "INSERT INTO ztf.raw VALUES (1)",
    "UPDATE ztf.raw SET candid = 1",
    "DELETE FROM ztf.raw",
    "MERGE INTO ztf.raw USING ztf.raw AS s ON true WHEN MATCHED THEN DELETE",
    "TRUNCATE ztf.raw",
    "DROP VIEW ztf.raw",
    "ALTER VIEW ztf.raw RENAME TO other",
    "WITH x AS (DELETE FROM ztf.raw RETURNING *) FROM x",
    "COMMENT ON VIEW ztf.raw IS 'x'",
  ],
  "settings, extensions and the session": [
    "SET threads = 1",
    "RESET memory_limit",
    "PRAGMA database_list",
    "PRAGMA memory_limit = '10GB'",
    "SET VARIABLE x = 1",
    "INSTALL httpfs",
    "LOAD httpfs",
    "FORCE INSTALL httpfs FROM community",
    "UPDATE EXTENSIONS",
    "USE memory",
    "BEGIN",
    "CHECKPOINT",
    "VACUUM",
    "ANALYZE",
    "CALL duckdb_settings()",
    "CALL enable_logging()",
    "PREPARE p AS SELECT 1",
    "EXECUTE p",
    "DEALLOCATE p",
    "SHOW VARIABLES",
    "SHOW memory_limit",
    "FROM duckdb_settings()",
    "FROM duckdb_secrets()",
    "FROM duckdb_views()",
    "FROM enable_logging()",
    "FROM checkpoint()",
    "SELECT current_setting('memory_limit')",
    "SELECT getvariable('x')",
    "SELECT write_log('x')",
  ],
  "files and the environment": [
    "FROM '/etc/passwd'",
    `FROM '${lake}/secret.csv'`,
    `FROM '${data}'`,
    `FROM "${data}"`,
    `SELECT * FROM ztf.raw, '${lake}/secret.csv'`,
    `SELECT (SELECT count(*) FROM '${lake}/secret.csv')`,
    `SELECT 1 WHERE EXISTS (FROM '${lake}/secret.csv')`,
    `SELECT * FROM (VALUES (1)) JOIN '${lake}/secret.csv' ON true`,
    `WITH a AS (FROM '${lake}/secret.csv') FROM a`,
    `WITH "${lake}/secret.csv" AS (SELECT 1 FROM "${lake}/secret.csv") FROM "${lake}/secret.csv"`,
    `SELECT (WITH "${lake}/secret.csv" AS (SELECT 1) SELECT 1) FROM "${lake}/secret.csv"`,
    `WITH a AS (FROM "${lake}/secret.csv"), "${lake}/secret.csv" AS (SELECT 1) FROM a`,
    "FROM secret.csv",
    "FROM ztf.secret.csv",
    `TABLE "${lake}/secret.csv"`,
    `DESCRIBE '${lake}/secret.csv'`,
    `SUMMARIZE '${lake}/secret.csv'`,
    `SHOW "${lake}/secret.csv"`,
    `FROM (SUMMARIZE '${lake}/secret.csv')`,
    `PIVOT '${lake}/secret.csv' ON word`,
    `PIVOT ztf.raw ON (SELECT word FROM '${lake}/secret.csv') USING count(*)`,
    `PIVOT '${lake}/secret.csv' ON word IN ('hush-hush')`,
    `UNPIVOT '${lake}/secret.csv' ON word`,
    `FROM read_csv('${lake}/secret.csv')`,
    `FROM system.main.read_csv('${lake}/secret.csv')`,
    `FROM "READ_CSV"('${lake}/secret.csv')`,
    `FROM read_text('${lake}/secret.csv')`,
    `FROM read_blob('${data}')`,
    `FROM parquet_scan('${data}')`,
    `FROM parquet_metadata('${data}')`,
    `FROM read_parquet('${raw}/../../secret.csv')`,
    `FROM sniff_csv('${lake}/secret.csv')`,
    `FROM glob('${lake}/*')`,
    `FROM query('FROM read_csv(''${lake}/secret.csv'')')`,
    `FROM query_table('${lake}/secret.csv')`,
    `FROM json_execute_serialized_sql(json_serialize_sql('FROM ''${lake}/secret.csv'''))`,
    `SELECT json_serialize_plan('FROM ''${lake}/secret.csv''')`,
    `FROM histogram('${lake}/secret.csv', word)`,
    `FROM unnest((SELECT list(word) FROM '${lake}/secret.csv'))`,
    `SELECT list_transform([1], x -> (SELECT word FROM '${lake}/secret.csv'))`,
    "SELECT getenv('FINK_TEST_SECRET')",
    "SELECT main.getenv('FINK_TEST_SECRET')",
    "SELECT system.main.getenv('FINK_TEST_SECRET')",
    `SELECT "GetEnv"('FINK_TEST_SECRET')`,
    "SELECT list_transform(['FINK_TEST_SECRET'], x -> getenv(x))",
    "FROM ztf.raw ORDER BY getenv('FINK_TEST_SECRET')",
    "SELECT 1 LIMIT (SELECT length(getenv('FINK_TEST_SECRET')))",
    "SELECT sum(candid) FILTER (getenv('FINK_TEST_SECRET') = 'x') OVER (ORDER BY getenv('HOME')) FROM ztf.raw",
    "VALUES (getenv('FINK_TEST_SECRET'))",
    "FROM range(length(getenv('FINK_TEST_SECRET')))",
    "SELECT * REPLACE (getenv('FINK_TEST_SECRET') AS objectId) FROM ztf.raw",
    "SELECT CASE WHEN true THEN getenv('FINK_TEST_SECRET') END",
    "SELECT ('FINK_TEST_SECRET').getenv()",
    "SELECT sleep_ms(10000)",
    "SELECT pg_sleep(10)",
  ],
  "several statements in one text": [
    "SELECT 1; SELECT 2",
    "SELECT 1; DROP VIEW ztf.raw",
    `SELECT 1; EXPORT DATABASE '${raw}/_delta_log/x'`,
    "SELECT 1;; SELECT 2",
    `SELECT 1) TO '${raw}/x.parquet'; --`,
    `SELECT 1 /* */; COPY (SELECT 1) TO '${raw}/x.parquet'`,
    "PIVOT ztf.raw ON objectId; DROP VIEW ztf.raw",
    "PIVOT ztf.raw; DROP VIEW ztf.raw; SELECT 1 ON objectId",
    `SELECT $a$ $b$ $a$; DROP VIEW ztf.raw --$b$`,
    "-- nothing",
    "/* nothing */",
    ";",
    "",
  ],
  "values beyond any limit": [
    "SELECT length(repeat('x', 2000000000))",
    "SELECT length(system.main.repeat('x', 2000000000))",
    "SELECT length(main.repeat('x', 2000000000))",
    "SELECT len(range(1000000000))",
    "SELECT len(range(0, 1000000000))",
    "SELECT len(range(1000000000, 0, -1))",
    "SELECT len(generate_series(1000000000))",
    "SELECT length(lpad('x', 2000000000, 'ab'))",
    "SELECT length(rpad('x', 2000000000, 'ab'))",
    "SELECT length(printf('%2000000000d', 1))",
    "SELECT length(format('{:2000000000d}', 1))",
    "SELECT bitstring('1', 2000000000)",
    "SELECT len(list_resize([1], 1000000000))",
    `SELECT ${"(".repeat(40_000)}1${")".repeat(40_000)}`,
    `SELECT 1${"+1".repeat(20_000)}`,
    `SELECT 1::INT${"[]".repeat(20_000)}`,
    "SELECT approx_top_k(x, 999999) FROM range(10) t(x)",
    `${"SELECT * FROM (".repeat(6_000)}SELECT 1${")".repeat(6_000)}`,
    `WITH a0 AS (SELECT 1)${Array.from({ length: 1000 }, (_, i) => `, a${i + 1} AS (FROM a${i} UNION ALL FROM a${i})`).join("")} FROM a1000`,
  ],
});

describe.each(Object.keys(attacks()))("a session refuses %s", (kind) => {
  test.each(attacks()[kind].map((_, i) => i))("%i", async (i) => {
    const attack = attacks()[kind][i];
    const before = contents();
    const run = async (sql: string) => await (await session.query(sql)).getRowsJson();
    for (const sql of [
      attack,
      `EXPLAIN ANALYZE ${attack}`,
      `explain /* so */ (analyze, format json) ${attack}`,
      `/* EXPLAIN */ ${attack}`,
    ]) {
      await expect(run(sql), sql).rejects.toSatisfy(
        (error) => (session.explain(error) as { code?: string }).code === "sql",
        sql,
      );
    }
    await expect(session.copyTo(out, attack), attack).rejects.toMatchObject({ code: "sql" });
    expect(contents(), attack).toEqual(before);
  });
});

test("a session refuses EXPLAIN of EXPLAIN at once: read one by one, thousands block the server for seconds", async () => {
  await expect(rows(`${"EXPLAIN ".repeat(12_000)}SELECT 1`)).rejects.toThrow("EXPLAIN of EXPLAIN");
});

test("a session says of a function in a schema to write it without", async () => {
  await expect(rows("SELECT system.main.repeat('a', 9)")).rejects.toThrow(
    "write repeat without a schema",
  );
});

test("a session makes no list of more than 10,000 times", async () => {
  const [from, to] = ["TIMESTAMP '2026-01-01'", "TIMESTAMP '2026-12-31'"];
  for (const step of ["1 SECOND", "0 SECOND"])
    await expect(rows(`SELECT generate_series(${from}, ${to}, INTERVAL ${step})`)).rejects.toThrow(
      "10,000 values",
    );
});

describe("a session accepts", () => {
  test.each([
    [
      "FROM (FROM ztf.raw QUALIFY row_number() OVER (PARTITION BY candid) = 1) WHERE candid BETWEEN 1 AND 2 QUALIFY row_number() OVER (PARTITION BY objectId) = 1",
      null,
    ],
    ["PIVOT ztf.raw ON candid USING count(*) GROUP BY objectId", [["a", "1", "1", "1"]]],
    ["PIVOT ztf.raw ON candid IN (1, 3) USING count(*) GROUP BY objectId", [["a", "1", "1"]]],
    [
      "pivot (FROM ztf.raw WHERE candid > 1) ON candid, candid > 2 USING count(*) GROUP BY objectId;",
      [["a", "1", "0", "0", "1"]],
    ],
    [
      "WITH x AS (SELECT objectId, candid, candidate.fid FROM ztf.raw) /* , */ PIVOT x ON fid -- by band\n USING max(candid) AS c GROUP BY objectId ORDER BY ALL LIMIT 1",
      [["a", "2", "3"]],
    ],
    ["FROM ztf.raw PIVOT (count(*) FOR candid IN (1, 3) GROUP BY objectId)", [["a", "1", "1"]]],
    [
      "UNPIVOT (SELECT candid, 1 AS a, 2 AS b FROM ztf.raw LIMIT 1) ON a, b",
      [
        ["1", "a", 1],
        ["1", "b", 2],
      ],
    ],
    ["EXPLAIN PIVOT ztf.raw ON night USING count(*)", null],
    ["EXPLAIN (FORMAT json) SELECT 1", null],
    ["EXPLAIN (SELECT 1)", null],
    ["SHOW TABLES FROM ztf", [["raw"]]],
    ["SUMMARIZE SELECT candid FROM ztf.raw", null],
    ["FROM (DESCRIBE ztf.raw)", null],
    ["TABLE memory.ztf.raw", null],
    [
      "WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t WHERE n < 3) SELECT sum(n) FROM t",
      [["6"]],
    ],
    [
      "WITH a AS (SELECT 1 AS n), b AS (FROM a) SELECT * FROM b, LATERAL (SELECT n + 1 FROM a)",
      [[1, 2]],
    ],
    ["SELECT count(*) FROM ZTF.RAW TABLESAMPLE 100%", [["3"]]],
    [
      "SELECT n, t.range FROM range(2) t, unnest([7]) u(n) ORDER BY ALL",
      [
        [7, "0"],
        [7, "1"],
      ],
    ],
    [
      "SELECT len(range(3)), lpad('x', 3, '.'), repeat('ab', 2), CONTAINS(POINT('ICRS', 1, 2), CIRCLE('ICRS', 1, 2, 1))",
      [["3", "..x", "abab", 1]],
    ],
    ...["TIMESTAMP", "TIMESTAMPTZ", "DATE"].map(
      (type) =>
        [
          `SELECT len(generate_series(${type} '2026-01-01', ${type} '2026-01-05', INTERVAL 1 DAY))`,
          [["5"]],
        ] as [string, unknown],
    ),
    [
      "SELECT 1e15, -1e18, 1e300, 12345678901234567890, 9223372036854775807, 1234567890123456.5::DOUBLE",
      null,
    ],
    ["SELECT a[1], {'x': 1}.x, COLUMNS('c') FROM (SELECT [1] AS a, 2 AS c)", [[1, 1, 2]]],
    [
      "SELECT 1::STRUCT(a INT)[] IS NULL, '2026-01-01'::DATE + INTERVAL 1 DAY, current_date IS NULL, extract(year FROM DATE '2026-01-01') FROM ztf.raw WHERE false",
      [],
    ],
    [
      "SELECT DISTINCT ON (objectId) objectId, row_number() OVER w FROM ztf.raw WINDOW w AS (ORDER BY candid) ORDER BY ALL",
      null,
    ],
  ] as const)("%s", async (sql, answer) => {
    if (answer === null) expect(await rows(sql)).not.toEqual([]);
    else expect(await rows(sql)).toEqual(answer);
  });
});

test("every function of the list is one of DuckDB's", async () => {
  const instance = await DuckDBInstance.create(":memory:");
  const connection = await instance.connect();
  const reader = await connection.runAndReadAll(
    "SELECT DISTINCT lower(function_name) FROM duckdb_functions()",
  );
  const there = new Set(reader.getRows().map(([name]) => name));
  connection.closeSync();
  instance.closeSync();
  expect(acceptedNames().filter((name) => !there.has(name))).toEqual([]);
});
