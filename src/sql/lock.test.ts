import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { append, oldColumns } from "../../test/lake/tables.ts";
import { LakeTable } from "../lake/table.ts";
import { type LakeSession, openSession } from "./session.ts";

// The second wall: what DuckDB itself refuses when the check of the text lets everything pass.
vi.mock("./read-only.ts", () => ({
  readStatement: (text: string) => Promise.resolve({ text, views: new Set(), listsViews: true }),
}));

const lake = mkdtempSync(join(tmpdir(), "fink-lock-"));
const log = join(lake, "ztf", "raw", "_delta_log");
let session: LakeSession;

beforeAll(async () => {
  await append(
    new LakeTable(join(lake, "ztf", "raw")),
    oldColumns,
    [{ objectId: "a", candid: 1n }],
    20260101,
  );
  await append(
    new LakeTable(join(lake, "ztf", "rejected")),
    oldColumns,
    [{ objectId: "a", candid: 1n }],
    null,
  );
  session = await openSession(lake);
});
afterAll(() => {
  session.close();
  rmSync(lake, { recursive: true, force: true });
});

test("views still read, of nights and of a table without nights", async () => {
  expect(
    await (
      await session.query(
        "SELECT (SELECT count(*) FROM ztf.raw), (SELECT count(*) FROM ztf.rejected)",
      )
    ).getRowsJson(),
  ).toEqual([["1", "1"]]);
});

test.each([
  [`EXPORT DATABASE '${log}/00000000000000000001.json'`],
  [`COPY (SELECT 1) TO '${log}/00000000000000000001.json' (FORMAT json)`],
  [`COPY (SELECT 1) TO '${lake}/ztf/rejected/_delta_log/00000000000000000001.json' (FORMAT json)`],
  [`COPY (SELECT 1) TO '${lake}/x.parquet'`],
  [`FROM read_text('${log}/*')`],
  [`ATTACH '${log}/x.db'`],
  ["SET enable_external_access = true"],
  ["SET allowed_directories = ['/']"],
  ["RESET lock_configuration"],
])("DuckDB refuses %s", async (sql) => {
  const before = readdirSync(lake, { recursive: true });
  await expect(session.query(sql).then((result) => result.getRows())).rejects.toMatchObject({
    code: "sql",
  });
  expect(readdirSync(lake, { recursive: true })).toEqual(before);
});
