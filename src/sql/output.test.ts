import { DuckDBInstance, type DuckDBResult } from "@duckdb/node-api";
import { expect, test } from "vitest";
import { cellsOf, textOf } from "./output.ts";

async function run(sql: string): Promise<DuckDBResult> {
  const connection = await (await DuckDBInstance.create(":memory:")).connect();
  await connection.run("SET TimeZone = 'UTC'");
  return await connection.stream(sql);
}

async function text(sql: string, format: "json" | "csv"): Promise<string> {
  return (await Array.fromAsync(textOf(await run(sql), format))).join("");
}

const values = `SELECT 9007199254740993 AS candid, 'nan'::DOUBLE AS nan, '\\x1F\\x8B'::BLOB AS stamp, {'jd': 2460000.5::DOUBLE, 'fid': 1} AS candidate,
  TIMESTAMPTZ '2026-01-31 01:02:03.000004+00' AS at, NULL AS nothing, [1, NULL] AS list, 0.1::FLOAT AS f, 1.50::DECIMAL(4,2) AS d`;

test("json: an object per line, 64-bit integers as text, decimals as numbers, bytes as base64, times as UTC", async () => {
  const line = await text(values, "json");
  expect(line.endsWith("\n")).toBe(true);
  expect(JSON.parse(line)).toEqual({
    candid: "9007199254740993",
    nan: "NaN",
    stamp: "H4s=",
    candidate: { jd: 2460000.5, fid: 1 },
    at: "2026-01-31T01:02:03.000004Z",
    nothing: null,
    list: [1, null],
    f: Math.fround(0.1),
    d: 1.5,
  });
});

test("json: a decimal keeps digits that a double does not hold, also in a list", async () => {
  const line = await text(
    "SELECT 12345678901234567.891::DECIMAL(25,3) AS a, [-0.1234567890123456789::DECIMAL(20,19)] AS b, 1.5::DECIMAL(38,1) AS c",
    "json",
  );
  expect(line).toBe('{"a":12345678901234567.891,"b":[-0.1234567890123456789],"c":1.5}\n');
});

test("csv: RFC 4180; a null is empty, an empty text is quoted", async () => {
  const sql = `SELECT 'a,b' AS "x", 'say "hi"' AS y, '' AS empty, NULL AS nothing, E'two\\nlines' AS z, {'a': 1} AS s`;
  expect(await text(sql, "csv")).toBe(
    'x,y,empty,nothing,z,s\r\n"a,b","say ""hi""","",,"two\nlines","{""a"":1}"\r\n',
  );
});

test("decimals have all their digits in csv, and -0 keeps its sign", async () => {
  const sql =
    "SELECT 19.5 AS lim, 1.50::DECIMAL(38,20) AS long, '-0.0'::DOUBLE AS zero, [CAST('-0.0' AS DOUBLE)] AS zeros, 123456789012345678901::DECIMAL(38,0) AS whole";
  expect(await text(sql, "csv")).toBe(
    "lim,long,zero,zeros,whole\r\n19.5,1.50000000000000000000,-0.0,[-0.0],123456789012345678901\r\n",
  );
  expect(await text(sql, "json")).toBe(
    '{"lim":19.5,"long":1.5,"zero":-0.0,"zeros":[-0.0],"whole":"123456789012345678901"}\n',
  );
});

test("times beyond the years of JavaScript's Date", async () => {
  const sql =
    "SELECT 'infinity'::TIMESTAMPTZ AS a, '-infinity'::TIMESTAMPTZ AS b, '294247-01-10 04:00:54.775806+00'::TIMESTAMPTZ AS c, '275760-09-14 00:00:00+00'::TIMESTAMPTZ AS d";
  expect(JSON.parse(await text(sql, "json"))).toEqual({
    a: "infinity",
    b: "-infinity",
    c: "+294247-01-10T04:00:54.775806Z",
    d: "+275760-09-14T00:00:00.000000Z",
  });
});

test("a result without rows is an empty file, or the heading", async () => {
  expect(await text("SELECT 1 AS a WHERE false", "json")).toBe("");
  expect(await text("SELECT 1 AS a WHERE false", "csv")).toBe("a\r\n");
});

test("times before 1970 count backwards", async () => {
  expect(
    JSON.parse(await text("SELECT TIMESTAMPTZ '1969-12-31 23:59:59.999999+00' AS t", "json")),
  ).toEqual({ t: "1969-12-31T23:59:59.999999Z" });
});

test("table: nested values without quotes, bytes counted, float32 without digits it does not have, long values cut", async () => {
  const { names, rows, more } = await cellsOf(
    await run(
      `SELECT * EXCLUDE ("at", list), repeat('x', 100) AS long, E'\\x1b[31mred' AS control FROM (${values})`,
    ),
    10,
    30,
  );
  expect(names).toContain("candidate");
  expect(rows[0]).toEqual([
    "9007199254740993",
    "NaN",
    "<2 bytes>",
    "{jd: 2460000.5, fid: 1}",
    "null",
    "0.1",
    "1.50",
    `${"x".repeat(29)}…`,
    " [31mred",
  ]);
  expect(more).toBe(false);
});

test("table: says when there are more rows than shown, and does not read them all", async () => {
  const { rows, more } = await cellsOf(await run("FROM range(100000000000)"), 3, 20);
  expect(rows).toEqual([["0"], ["1"], ["2"]]);
  expect(more).toBe(true);
});

test("two columns of one name are both written", async () => {
  expect(await text("SELECT 1 AS a, 2 AS a", "json")).toBe('{"a":1,"a:1":2}\n');
});
