import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import { Field, Int32, Int64, Struct } from "apache-arrow";
import { afterAll, beforeAll, expect, test } from "vitest";
import { append, column, newColumns, oldColumns, writeRows } from "../../test/lake/tables.ts";
import type { AddFile } from "../lake/actions.ts";
import { structType } from "../lake/schema.ts";
import { LakeTable } from "../lake/table.ts";
import { loadSurveys, shippedSurveys } from "../surveys/surveys.ts";
import { alertBatch } from "./alerts.ts";
import { type LakeSession, openSession } from "./session.ts";

const origin = [
  column("_source", oldColumns.children[0].type),
  column("_partition", new Int32()),
  column("_offset", new Int64()),
];
const rawColumns = new Struct([...oldColumns.children, ...origin]);
const laterColumns = new Struct([...newColumns.children, ...origin]);
const scienceColumns = new Struct([
  new Field("candid", new Int64(), true),
  column("objectId", oldColumns.children[0].type),
  column("roid", new Int32()),
]);

const lake = mkdtempSync(join(tmpdir(), "fink-alerts-"));
const [raw, science] = ["raw", "science"].map((kind) => new LakeTable(join(lake, "ztf", kind)));
const from = (offset: number) => ({ _source: "topic", _partition: 0, _offset: BigInt(offset) });
const survey = loadSurveys(shippedSurveys).named("ztf");
let session: LakeSession;
let files: { again: AddFile; scienceOfAgain: AddFile };

beforeAll(async () => {
  await append(
    raw,
    rawColumns,
    [{ objectId: "a", candid: 1n, candidate: { jd: 1, fid: 1 }, ...from(0) }],
    20260101,
  );
  // sent again in the same file and another, with other values
  const again = [
    { objectId: "b", candid: 2n ** 60n, candidate: { jd: 2, fid: 2, drb: 0.5 }, ...from(1) },
    { objectId: "b", candid: 2n ** 60n, candidate: { jd: 3, fid: 2 }, ...from(2) },
    { objectId: "a", candid: 1n, candidate: { jd: 4, fid: 1 }, ...from(3) },
  ];
  files = {
    again: await writeRows(raw, laterColumns, again, 20260101),
    scienceOfAgain: await writeRows(
      science,
      scienceColumns,
      [{ candid: 2n ** 60n, objectId: "wrong", roid: 3 }],
      20260101,
    ),
  };
  raw.commit({ operation: "test", add: [files.again], schema: structType(laterColumns.children) });
  // science has not come to it
  await append(raw, rawColumns, [{ objectId: "c", candid: 3n, ...from(4) }], 20260102);
  await append(science, scienceColumns, [{ candid: 1n, objectId: "a", roid: 1 }], 20260101);
  science.commit({ operation: "test", add: [files.scienceOfAgain] });
  session = await openSession(lake);
});
afterAll(() => {
  session.close();
  rmSync(lake, { recursive: true, force: true });
});

test("the view has one row per alert, the first that came, with the columns of both; raw's own win", async () => {
  const rows = await (
    await session.query(
      "SELECT night, candid, objectId, candidate.jd, roid FROM ztf.alerts ORDER BY candid",
    )
  ).getRowsJson();
  expect(rows).toEqual([
    [20260101, "1", "a", 1, 1],
    [20260101, String(2n ** 60n), "b", 2, 3],
  ]);
});

test("a condition on the night opens the files of that night alone", async () => {
  const plan = JSON.stringify(
    await (
      await session.query(
        "EXPLAIN ANALYZE SELECT candid, candidate.jd, roid FROM ztf.alerts WHERE night = 20260103",
      )
    ).getRowsJson(),
  );
  expect(plan).not.toMatch(/Total Files Read: [1-9]/);
});

test("a batch has one row per row of science, though the file of raw has alerts twice, and others", async () => {
  const connection = await (await DuckDBInstance.create(":memory:")).connect();
  const select = await alertBatch(
    connection,
    { survey, raw, rawFiles: [files.again], science, scienceFiles: [files.scienceOfAgain] },
    join(lake, "seeds"),
  );
  const rows = await (
    await connection.run(
      `SELECT candid, objectId, candidate.fid, candidate.drb IS NULL, roid FROM (${select})`,
    )
  ).getRowsJson();
  expect(rows.map((row) => row.slice(0, 3))).toEqual([[String(2n ** 60n), "b", 2]]);
  connection.closeSync();
});

test("a batch has the copy of an alert that the view shows, also where a file of raw that came later has it", async () => {
  const [copies, made] = ["raw", "science"].map(
    (kind) => new LakeTable(join(lake, "copies", "ztf", kind)),
  );
  const alert = (jd: number, source: object) => ({
    objectId: "a",
    candid: 7n,
    candidate: { jd, fid: 1 },
    ...source,
  });
  const computedFrom = await writeRows(
    copies,
    rawColumns,
    [alert(1, from(9)), alert(2, from(8))],
    20260101,
  );
  copies.commit({
    operation: "test",
    add: [computedFrom],
    schema: structType(rawColumns.children),
  });
  // another night has its own alert of this id
  await append(copies, rawColumns, [alert(3, { ...from(1) })], 20260102);
  const night = {
    rawFiles: [computedFrom],
    scienceFiles: [
      await writeRows(made, scienceColumns, [{ candid: 7n, objectId: "a", roid: 1 }], 20260101),
    ],
  };
  made.commit({
    operation: "test",
    add: night.scienceFiles,
    schema: structType(scienceColumns.children),
  });
  const shown = async (): Promise<unknown> => {
    const view = await openSession(join(lake, "copies"));
    const rows = await (await view.query("SELECT candidate.jd FROM ztf.alerts")).getRowsJson();
    view.close();
    const connection = await (await DuckDBInstance.create(":memory:")).connect();
    const select = await alertBatch(
      connection,
      { survey, raw: copies, science: made, ...night },
      join(lake, "seeds-of-copies"),
    );
    expect(
      await (await connection.run(`SELECT candidate.jd FROM (${select})`)).getRowsJson(),
    ).toEqual(rows);
    connection.closeSync();
    return rows;
  };
  expect(await shown()).toEqual([[2]]);
  await append(copies, rawColumns, [alert(4, from(5))], 20260101);
  expect(await shown()).toEqual([[4]]);
  await append(copies, rawColumns, [alert(5, from(20))], 20260101);
  expect(await shown()).toEqual([[4]]);
});
