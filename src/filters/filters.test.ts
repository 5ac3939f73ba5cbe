import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { surveySchema } from "../surveys/definition.ts";
import { ColumnTypes, typesOf } from "./columns.ts";
import { type Compiled, compile } from "./compile.ts";
import { type Engine, openEngine } from "./engine.ts";
import { FunctionProcess } from "./function-process.ts";
import { loadFilter } from "./load.ts";
import { runFilters, type Selected } from "./run.ts";

const folder = mkdtempSync(join(tmpdir(), "fink-filters-"));
const survey = surveySchema.parse({
  name: "ztf",
  alert: "candid",
  time: { field: "candidate.jd", scale: "jd" },
});
const options = {
  seconds: 5,
  functions: new FunctionProcess(""),
};

/**
 * Three alerts: 0 is a star of magnitude 18 with a history, 1 has float32's 0.55 as rb, 2 is null
 * wherever it may be.
 */
const alerts = `SELECT * FROM (VALUES
  (9007199254740993, {'jd': 2460003.0, 'magpsf': 18.0::FLOAT, 'rb': 0.9::FLOAT, 'ra': 10.0, 'dec': 20.0, 'fid': 1}, 'Star',
    [{'jd': 2460001.0, 'magpsf': 20.0::FLOAT, 'fid': 1}, {'jd': 2460001.5, 'magpsf': 19.5::FLOAT, 'fid': 2}, {'jd': 2460002.0, 'magpsf': 19.0::FLOAT, 'fid': 1}], MAP {'lum_dist': '100'}),
  (2, {'jd': 2460003.0, 'magpsf': 0.0::FLOAT, 'rb': 0.55::FLOAT, 'ra': 266.4, 'dec': -28.9, 'fid': 2}, 'Unknown', [], MAP {}),
  (3, NULL, NULL, NULL, NULL)) AS t(candid, candidate, cdsxmatch, prv_candidates, mangrove)`;

let engine: Engine;
let columns: ColumnTypes;
beforeAll(async () => {
  engine = await openEngine();
  columns = new ColumnTypes(survey, await typesOf(engine.connection, alerts), new Map(), () => {});
});
afterAll(() => {
  engine.close();
  rmSync(folder, { recursive: true, force: true });
});

async function compiled(text: string) {
  const file = join(folder, "mine.sql");
  writeFileSync(file, text);
  return await compile(await loadFilter(file, "ztf"), columns, engine.connection, false);
}

/** Numbers of the alerts that it selects. */
async function rowsOf(where: string): Promise<readonly number[]> {
  return (await selected(await compiled(`SELECT * FROM alerts WHERE ${where}`))).rows;
}

async function selected(filter: Compiled): Promise<Selected> {
  const [outcome] = await runFilters(engine, { columns, relation: alerts }, [filter], options);
  if ("failure" in outcome) throw new Error(outcome.failure);
  return { rows: outcome.rows, clauses: outcome.clauses };
}

describe("a filter selects what its WHERE says", () => {
  test.each([
    ["candidate.magpsf > 17", [0]],
    ["cdsxmatch IN ('Star', 'Galaxy')", [0]],
    ["coalesce(cdsxmatch, 'none') NOT IN ('Star')", [1, 2]],
    ["candid = 9007199254740993", [0]],
    ["candidate.magpsf BETWEEN 18 AND 19 AND cdsxmatch LIKE 'S%'", [0]],
    ["size(filter(prv_candidates, x -> x.fid = candidate.fid)) = 2", [0]],
    ["element_at(prv_candidates, -1).magpsf = 19", [0]],
    [
      "array_max(prv_candidates.magpsf) = 20 AND array_sum(transform(prv_candidates, x -> x.magpsf)) = 58.5",
      [0],
    ],
    ["abs(slope(prv_candidates.jd, prv_candidates.magpsf) + 1) < 1e-9", [0]],
    ["aggregate(transform(prv_candidates, x -> x.magpsf), 0.0, (sum, x) -> sum + x) > 58", [0]],
    ["try_cast(mangrove.lum_dist AS DOUBLE) = 100", [0]],
    ["days_since(candidate.jd - 2) = 2", [0, 1]],
    ["CASE WHEN candidate.fid = 1 THEN 'g' ELSE 'r' END = 'r'", [1, 2]],
    ["(cdsxmatch = 'Star') IS NOT TRUE", [1, 2]],
    ["candidate IS NULL", [2]],
  ])("%s", async (where, rows) => {
    expect(await rowsOf(where)).toEqual(rows);
  });

  test("with named values, and the conditions of each WITH", async () => {
    const text = `-- a remark
      WITH bright AS (SELECT *, candidate.magpsf AS m, filter(prv_candidates, x -> x.fid = 1) AS g FROM alerts AS a WHERE a.candidate.magpsf > 0),
           old AS (SELECT m, g.jd AS times, candidate FROM bright b WHERE size(b.g) > 0)
      SELECT candidate.ra FROM old WHERE m < 19 AND array_min(times) < 2460002`;
    const filter = await compiled(text);
    expect((await selected(filter)).rows).toEqual([0]);
    expect(filter.filter.columns).toEqual(["candidate.ra"]);
  });
});

// What DuckDB and Spark do differently (facts: sql.md), and what it means in a filter
describe("one meaning in every engine", () => {
  test("a float32 column and a decimal literal are compared as doubles: float32's 0.55 is 0.55000001", async () => {
    expect(await rowsOf("candidate.rb > 0.55")).toEqual([0, 1]);
    expect(await rowsOf("candidate.rb = 0.55")).toEqual([]);
    expect(await rowsOf("element_at(prv_candidates, 2).magpsf / 0.1 = 195")).toEqual([0]);
    expect(await rowsOf("candidate.rb = CAST(0.55 AS FLOAT)")).toEqual([1]);
  });
  test("what has no value is null, not an error", async () => {
    for (const value of [
      "1.0 / (candidate.fid - 1)",
      "5 % (candidate.fid - 1)",
      "sqrt(1.5 - candidate.fid)",
      "log10(candidate.magpsf)",
      "ln(candidate.magpsf)",
      "asin(candidate.fid)",
    ]) {
      expect([value, await rowsOf(`${value} IS NULL AND candidate IS NOT NULL`)]).toEqual([
        value,
        expect.toSatisfy((rows: number[]) => rows.length === 1),
      ]);
    }
  });
  test("division is of real numbers, also between integers", async () => {
    expect(await rowsOf("candidate.fid / 2 = 0.5")).toEqual([0]);
  });
  test("NaN is larger than every number for greatest, and compares as false", async () => {
    expect(
      await rowsOf(
        "isnan(greatest(CAST('nan' AS DOUBLE), candidate.magpsf)) AND isnan(CAST('nan' AS DOUBLE))",
      ),
    ).toEqual([0, 1, 2]);
    expect(await rowsOf("CAST('nan' AS DOUBLE) > candidate.magpsf")).toEqual([]);
  });
});

describe("a filter is refused, with the line and what to write instead, for", () => {
  test.each([
    [
      "a mistyped column",
      "SELECT * FROM alerts WHERE\n candidate.magpfs < 2",
      "line 2: there is no column candidate.magpfs; did you mean candidate.magpsf?",
    ],
    [
      "a column without its structure",
      "SELECT * FROM alerts WHERE magpsf < 2",
      "did you mean candidate.magpsf?",
    ],
    [
      "a mistyped field of a list",
      "SELECT * FROM alerts WHERE size(filter(prv_candidates, x -> x.magpfs < 2)) > 0",
      "did you mean magpsf?",
    ],
    [
      "types that cannot be compared",
      "SELECT * FROM alerts WHERE cdsxmatch > 1",
      "Cannot compare values of type VARCHAR",
    ],
    [
      "a WHERE that is a number",
      "SELECT * FROM alerts WHERE candidate.magpsf",
      "neither true nor false",
    ],
    ["no WHERE", "SELECT * FROM alerts", "no WHERE"],
    [
      "a computed value beside *, which would not be sent",
      "SELECT *, candidate.rb * 0.1 AS tenth FROM alerts WHERE true",
      "tenth is computed, and a filter sends only",
    ],
    [
      "a computed value among columns",
      "SELECT objectId, candidate.rb * 0.1 AS tenth FROM alerts WHERE true",
      "tenth is computed, and a filter sends only",
    ],
    [
      "a quoted text that Spark and DuckDB read differently",
      'SELECT * FROM alerts WHERE cdsxmatch = "Star"',
      '" is not accepted',
    ],
    ["log", "SELECT * FROM alerts WHERE log(candidate.rb) < 0", "write log10(x) or ln(x)"],
    ["concat", "SELECT * FROM alerts WHERE concat(cdsxmatch, 'a') = 'a'", "write a || b"],
    [
      "list[n]",
      "SELECT * FROM alerts WHERE prv_candidates[1].magpsf < 2",
      "write element_at(list, n)",
    ],
    [
      "a cast to an integer",
      "SELECT * FROM alerts WHERE CAST(candidate.rb AS INT) = 1",
      "write floor(x) or round(x)",
    ],
    ["//", "SELECT * FROM alerts WHERE candidate.fid // 2 = 1", "write floor(a / b)"],
    ["an aggregate", "SELECT * FROM alerts WHERE max(candidate.rb) > 1", "one alert at a time"],
    ["a window", "SELECT * FROM alerts WHERE sum(candidate.rb) OVER () > 1", "one alert at a time"],
    ["GROUP BY", "SELECT candid FROM alerts WHERE true GROUP BY candid", "GROUP BY: not accepted"],
    ["LIMIT", "SELECT * FROM alerts WHERE true LIMIT 1", "ORDER BY, LIMIT"],
    ["the time of today", "SELECT * FROM alerts WHERE now() IS NULL", "days_since"],
    [
      "a mistyped function",
      "SELECT * FROM alerts WHERE galactic_bb(1, 2) < 1",
      "did you mean galactic_b?",
    ],
    [
      "too few arguments",
      "SELECT * FROM alerts WHERE galactic_b(1) < 1",
      "takes 2 arguments, not 1",
    ],
    [
      "a mistyped key of the header",
      "-- descripton: a\nSELECT * FROM alerts WHERE true",
      "did you mean description?",
    ],
  ])("%s", async (_, text, message) => {
    await expect(compiled(text)).rejects.toMatchObject({
      code: "filter",
      message: expect.stringContaining(message),
    });
  });
});

describe("nothing but alerts can be reached:", () => {
  test.each([
    "SELECT * FROM read_csv('/etc/passwd') WHERE true",
    "SELECT * FROM '/etc/passwd' WHERE true",
    "SELECT * FROM alerts WHERE cdsxmatch = (SELECT content FROM read_text('/etc/passwd'))",
    "SELECT * FROM alerts WHERE cdsxmatch IN (SELECT 'Star')",
    "SELECT * FROM alerts WHERE getenv('HOME') = 'a'",
    "SELECT * FROM alerts WHERE current_setting('memory_limit') = 'a'",
    "SELECT * FROM duckdb_settings() WHERE true",
    "SELECT * FROM information_schema.tables WHERE true",
    "COPY (SELECT 1) TO 'x.csv'",
    "ATTACH 'x.db'",
    "INSTALL httpfs",
    "LOAD httpfs",
    "PRAGMA database_list",
    "SET threads = 1",
    "SELECT * FROM alerts WHERE true; DROP TABLE alerts",
    "SELECT * FROM alerts a, alerts b WHERE true",
    "SELECT * FROM alerts CROSS JOIN range(1000000) WHERE true",
    "SELECT * FROM alerts UNION ALL SELECT * FROM alerts",
    "WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM r) SELECT * FROM r WHERE true",
    "SELECT * FROM alerts WHERE repeat('a', 100000000) = 'a'",
    "SELECT * FROM alerts WHERE regexp_matches(cdsxmatch, '((a{1,100}){1,100}){1,100}')",
    "SELECT * FROM alerts WHERE cdsxmatch ~ '(a+)+$'",
    "SELECT * FROM alerts WHERE size(range(100000000)) > 0",
    `SELECT * FROM alerts WHERE cdsxmatch = '${"a".repeat(100_000)}'`,
    "SELECT * FROM alerts WHERE nextval('x') = 1",
    "SELECT * FROM (SELECT * FROM alerts) WHERE true",
    "SELECT * FROM alerts WHERE $1 = 1",
    "-- nothing",
    "",
  ])("%s", async (text) => {
    await expect(compiled(text)).rejects.toMatchObject({ code: "filter" });
  });

  test("values that double with each WITH", async () => {
    const steps = Array.from(
      { length: 40 },
      (_, i) => `t${i + 1} AS (SELECT *, v${i} || v${i} AS v${i + 1} FROM t${i} WHERE true)`,
    );
    const text = `WITH t0 AS (SELECT *, cdsxmatch AS v0 FROM alerts), ${steps.join(", ")} SELECT * FROM t40 WHERE v40 = 'a'`;
    await expect(compiled(text)).rejects.toMatchObject({
      message: expect.stringContaining("too large"),
    });
  });
});

test("clauses are what lies between AND, OR and NOT, and say which of them were true", async () => {
  const filter = await compiled(
    "SELECT * FROM alerts WHERE (candidate.magpsf > 19 OR candidate.rb > 0.5) AND NOT startswith(cdsxmatch, 'Unk') AND galactic_b(candidate.ra, candidate.dec) < 0",
  );
  expect(filter.clauses.map(({ text }) => text)).toEqual([
    "candidate.magpsf > 19",
    "candidate.rb > 0.5",
    "startswith(cdsxmatch, 'Unk')",
    "galactic_b(candidate.ra, candidate.dec) < 0",
  ]);
  expect(await selected(filter)).toEqual({ rows: [0], clauses: ["0101"] });
});

test("a statement that was planned with other alerts gives the same: values beyond all that were there before are found", async () => {
  const filter = await compiled(
    "SELECT * FROM alerts WHERE candidate.magpsf > 30 OR cdsxmatch = 'QSO'",
  );
  const run = async (relation: string) =>
    (await runFilters(engine, { columns, relation }, [filter], options))[0];
  expect(await run(alerts)).toMatchObject({ rows: [] });
  const others = `SELECT * REPLACE (struct_update(candidate, magpsf := 31.0::FLOAT) AS candidate) FROM (${alerts})`;
  expect(await run(others)).toMatchObject({ rows: [0, 1, 2] });
  expect(await run(`SELECT * REPLACE ('QSO' AS cdsxmatch) FROM (${alerts})`)).toMatchObject({
    rows: [0, 1, 2],
  });
  expect(await run(alerts)).toMatchObject({ rows: [] });
});
