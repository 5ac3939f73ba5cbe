import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { append, newColumns, oldColumns, writeRows } from "../../test/lake/tables.ts";
import { structType } from "../lake/schema.ts";
import { LakeTable } from "../lake/table.ts";
import { type LakeSession, openSession } from "./session.ts";

const lake = mkdtempSync(join(tmpdir(), "fink [sql]-")); // a folder's name may look like a pattern
const raw = join(lake, "ztf", "raw");
let session: LakeSession;

beforeAll(async () => {
  const table = new LakeTable(raw);
  await append(
    table,
    oldColumns,
    [{ objectId: "a", candid: 1n, candidate: { jd: 2460000.5, fid: 1 } }],
    20260101,
  );
  await append(
    table,
    newColumns,
    [
      {
        objectId: "b",
        candid: 2n ** 60n,
        candidate: { jd: 2460001.5, fid: 2, drb: 0.9 },
        fp_hists: [],
      },
    ],
    20260102,
  );
  const untagged = {
    ...(await writeRows(table, oldColumns, [{ objectId: "c", candid: 3n }], null)),
    tags: undefined,
  };
  table.commit({ operation: "test", add: [untagged] });
  new LakeTable(join(lake, "lsst", "raw")).commit({
    operation: "test",
    schema: structType(newColumns.children),
  });
  writeFileSync(join(lake, "secret.csv"), "a\n1\n");
  session = await openSession(lake, { writable: join(lake, "out.parquet") });
});

afterAll(() => {
  session.close();
  rmSync(lake, { recursive: true, force: true });
});

async function rows(sql: string): Promise<unknown> {
  return await (await session.query(sql)).getRowsJson();
}

describe("views", () => {
  test("have one row per alert of the snapshot, and null for what a file lacks", async () => {
    const sql =
      "SELECT night, objectId, candid, candidate.drb, fp_hists FROM ztf.raw ORDER BY objectId";
    expect(await rows(sql)).toEqual([
      [20260101, "a", "1", null, null],
      [20260102, "b", "1152921504606846976", 0.9, []],
      [null, "c", "3", null, null],
    ]);
  });

  test("stay as they are while alerts are archived", async () => {
    const other = await openSession(lake);
    const count = async () =>
      await (await other.query("SELECT count(*) FROM ztf.raw")).getRowsJson();
    expect(await count()).toEqual([["3"]]);
    await append(new LakeTable(raw), oldColumns, [{ objectId: "d", candid: 4n }], 20260103);
    expect(await count()).toEqual([["3"]]);
    other.close();
  });

  test("have the night that began after the session was opened, and the new file of a table without nights", async () => {
    const [alerts, rejected] = ["raw", "rejected"].map(
      (kind) => new LakeTable(join(lake, "late", kind)),
    );
    await append(alerts, oldColumns, [{ objectId: "a", candid: 1n }], 20260101);
    await append(rejected, oldColumns, [{ objectId: "a", candid: 1n }], null);
    const other = await openSession(lake);
    const count = async (table: string) =>
      await (await other.query(`SELECT count(*) FROM ${table}`)).getRowsJson();
    expect(await count("ztf.raw")).not.toEqual([["0"]]);
    await append(alerts, oldColumns, [{ objectId: "b", candid: 2n }], 20260102);
    expect(await count("late.raw")).toEqual([["2"]]);
    await append(rejected, oldColumns, [{ objectId: "b", candid: 2n }], null);
    expect(await count("late.rejected")).toEqual([["2"]]);
    expect(await count("late.raw")).toEqual([["2"]]);
    other.close();
    rmSync(join(lake, "late"), { recursive: true });
  });

  test("exist for a table without files, with its types", async () => {
    expect(await rows("SELECT count(*) FROM lsst.raw")).toEqual([["0"]]);
    expect(
      await rows(
        "SELECT column_name, column_type FROM (DESCRIBE lsst.raw) WHERE column_name IN ('candid', 'score', 'comments', '_received_at')",
      ),
    ).toEqual([
      ["candid", "BIGINT"],
      ["comments", "MAP(VARCHAR, INTEGER)"],
      ["score", "DECIMAL(10,2)"],
      ["_received_at", "TIMESTAMP WITH TIME ZONE"],
    ]);
  });

  test("open the files of the asked night only", async () => {
    const plan = JSON.stringify(
      await rows("EXPLAIN ANALYZE SELECT objectId FROM ztf.raw WHERE night = 20260102"),
    );
    expect(plan).toContain("Total Files Read: 1");
  });
});

describe("a session refuses", () => {
  const statements = [
    `COPY (SELECT 1) TO '${raw}/x.parquet'`,
    `EXPLAIN ANALYZE COPY (SELECT 1) TO '${raw}/x.parquet'`,
    `/* a */ EXPLAIN ANALYZE COPY (SELECT 1) TO '${raw}/x.parquet'`,
    `EXPLAIN (ANALYZE) COPY (SELECT 1) TO '${raw}/x.parquet'`,
    `COPY (SELECT 1) TO '${lake}/out.parquet'`,
    "CREATE TABLE t AS SELECT 1",
    "DROP VIEW ztf.raw",
    "SET threads = 1",
    "ATTACH 'x.db'",
    "INSTALL httpfs",
    "SELECT 1; DROP VIEW ztf.raw",
    "FROM '/etc/passwd'",
    `FROM read_csv('${lake}/secret.csv')`,
    `FROM read_text('${raw}/../../secret.csv')`,
    "FROM glob('/*')",
    "-- nothing",
    "",
  ];
  test.each(statements)("%s", async (sql) => {
    await expect(session.query(sql)).rejects.toMatchObject({ code: "sql" });
    expect(existsSync(join(raw, "x.parquet"))).toBe(false);
    expect(existsSync(join(lake, "out.parquet"))).toBe(false);
  });

  test("to let a query out of its parentheses", async () => {
    await expect(
      session.copyTo(join(lake, "out.parquet"), `SELECT 1) TO '${raw}/x.parquet'; --`),
    ).rejects.toMatchObject({ code: "sql" });
    expect(existsSync(join(raw, "x.parquet"))).toBe(false);
  });
});

describe("a session accepts", () => {
  const statements = [
    "SELECT 1 -- one",
    "WITH x AS (SELECT 1) FROM x",
    "DESCRIBE ztf.raw",
    "SUMMARIZE ztf.raw",
    "SHOW ALL TABLES",
    "EXPLAIN SELECT 1",
    "explain analyze FROM ztf.raw",
    "VALUES (1);",
  ];
  test.each(statements)("%s", async (sql) => {
    expect(await rows(sql)).not.toEqual([]);
  });

  test("values for parameters, and x -> … inside of list functions", async () => {
    const result = await session.query("SELECT len(list_filter([1, 2, 3], x -> x > $1))", [1]);
    expect(await result.getRowsJson()).toEqual([["2"]]);
  });

  test("one Parquet file to be written", async () => {
    expect(
      await session.copyTo(join(lake, "out.parquet"), "SELECT candid FROM ztf.raw -- all\n;"),
    ).toBe(3);
    rmSync(join(lake, "out.parquet"));
  });
});

describe("a wrong name is answered with the right one", () => {
  test.each([
    ["SELECT objctId FROM ztf.raw", "there is no column objctId; did you mean objectId?"],
    ["SELECT r.objectI FROM ztf.raw r", "there is no column objectI; did you mean objectId?"],
    ["SELECT candidate.fidd FROM ztf.raw", "there is no column fidd; did you mean candidate.fid?"],
    ["SELECT fid FROM ztf.raw", "there is no column fid; did you mean candidate.fid?"],
    [
      "SELECT qwertyuiop FROM ztf.raw",
      "there is no column qwertyuiop; DESCRIBE and the table's name lists the columns",
    ],
    ["FROM ztf.rwa", "there is no table ztf.rwa; did you mean ztf.raw?"],
    ["FROM atlas.nothing", "there is no table atlas.nothing; there are lsst.raw, ztf.raw"],
    ["SELECT FROM", "Parser Error: syntax error at end of input"],
  ])("%s", async (sql, message) => {
    await expect(session.query(sql)).rejects.toMatchObject({ code: "sql", message });
  });
});

test.each([
  "SELECT 1 AS a\0 WHERE false",
  "SELECT 'a\0b'",
  "SELECT 1 -- \0\n, 2",
  "EXPLAIN SELECT 1\0",
  "SHOW TABLES\0",
])(
  "a NUL, after which DuckDB reads nothing, is refused: %j",
  async (sql) =>
    await expect(session.query(sql)).rejects.toMatchObject({
      code: "sql",
      message: expect.stringContaining("write chr(0)"),
    }),
);

test("a running query can be interrupted", async () => {
  const result = session
    .query("SELECT count(*) FROM range(1000000) a, range(1000000) b WHERE a.range + b.range = 7")
    .then((r) => r.getRowsJson());
  setTimeout(() => session.interrupt(), 200);
  const error: unknown = await result.catch((e: unknown) => session.explain(e));
  expect(error).toMatchObject({ code: "sql", message: "interrupted" });
});

describe("one table that cannot be read", () => {
  let broken: LakeSession;
  const folder = mkdtempSync(join(tmpdir(), "fink-broken-"));
  beforeAll(async () => {
    const own = new LakeTable(join(folder, "ztf", "raw"));
    await append(own, oldColumns, [{ objectId: "a", candid: 1n }], 20260101);
    const other = new LakeTable(join(folder, "lsst", "raw"));
    await append(other, oldColumns, [{ objectId: "b", candid: 2n }], 20260101);
    writeFileSync(join(other.path, "_delta_log/00000000000000000000.json"), "{ cut off");
    mkdirSync(join(folder, "catalogues/stars"), { recursive: true });
    writeFileSync(join(folder, "catalogues/stars/catalogue.json"), "{");
    broken = await openSession(folder);
  });
  afterAll(() => {
    broken.close();
    rmSync(folder, { recursive: true, force: true });
  });
  const rowsOf = async (sql: string) => await (await broken.query(sql)).getRowsJson();

  test("stops no query of another, also where its name stands in a text or a list is asked for", async () => {
    expect(await rowsOf("SELECT objectId FROM ztf.raw")).toEqual([["a"]]);
    expect(await rowsOf("SELECT objectId, 'lsst' FROM ztf.raw")).toEqual([["a", "lsst"]]);
    expect(await rowsOf("SELECT schema, name FROM (SHOW ALL TABLES)")).toEqual([["ztf", "raw"]]);
  });

  test("is named with the reason by the query that asks for it", async () => {
    await expect(broken.query("SELECT count(*) FROM lsst.raw")).rejects.toMatchObject({
      code: "lake",
      message: expect.stringMatching(/lsst\/raw\/_delta_log\/0+\.json is damaged/),
    });
    await expect(broken.query("FROM ztf.raw, catalogues.stars")).rejects.toMatchObject({
      code: "lake",
      message: expect.stringMatching(/stars\/catalogue\.json is damaged/),
    });
  });
});

test("a statement reads the logs of the tables it names, no others", async () => {
  const other = await openSession(lake);
  await other.query("SELECT 1 FROM ztf.raw");
  expect(other.tables.filter(({ loaded }) => loaded !== null).map(({ survey }) => survey)).toEqual([
    "ztf",
  ]);
  other.close();
});
