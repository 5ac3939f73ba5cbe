import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Struct } from "apache-arrow";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { compactTable } from "../../src/lake/compact.ts";
import type { StructType } from "../../src/lake/schema.ts";
import { LakeTable } from "../../src/lake/table.ts";
import { withUpkeep } from "../../src/lake/upkeep.ts";
import { vacuumTable } from "../../src/lake/vacuum.ts";
import { widenTable } from "../../src/lake/widen.ts";
import { surveySchema } from "../../src/surveys/definition.ts";
import { makeRows } from "./night.ts";
import { hasPython, readWithPython, readWithSql } from "./readers.ts";
import { append, canonical, newColumns, oldColumns, type Row } from "./tables.ts";

const lake = mkdtempSync(join(tmpdir(), "fink-readers-"));
const path = join(lake, "ztf", "raw");
const survey = surveySchema.parse({
  name: "ztf",
  object: "objectId",
  time: { field: "candidate.jd", scale: "jd" },
});
const written: Row[] = [];

/**
 * 105 commits, so that a checkpoint is among what is read; three nights, one of them unknown; two
 * schema versions.
 */
beforeAll(async () => {
  const table = new LakeTable(path);
  for (let i = 0; i < 105; i++) {
    const later = i % 3 === 1;
    const night = [20260101, 20260102, null][i % 4] ?? null;
    const rows = makeRows(i * 10, 1 + (i % 5), later);
    await append(table, later ? newColumns : oldColumns, rows, night);
    written.push(...rows.map((row) => ({ ...row, night })));
  }
});

afterAll(() => rmSync(lake, { recursive: true, force: true }));

async function expectSameRows(): Promise<void> {
  const { schema } = new LakeTable(path).snapshot;
  const expected = sorted(written.map((row) => canonical(row, schema) as Row));
  expect(sorted(await readWithSql(lake))).toEqual(expected);
  if (!hasPython) return;
  for (const reader of ["deltalake", "polars"] as const)
    expect(sorted(await readWithPython(reader, path)), reader).toEqual(expected);
}

function sorted(rows: readonly Row[]): Row[] {
  return rows.toSorted((a, b) => (String(a.candid) < String(b.candid) ? -1 : 1));
}

describe("every reader sees what was written", { timeout: 60_000 }, () => {
  test("over versions, schemas and a checkpoint", expectSameRows);

  test("after compaction, in one file a night, with the same statistics", async () => {
    const before = new LakeTable(path).snapshot.version;
    const done = await withUpkeep(lake, (upkeep) =>
      compactTable(upkeep, path, survey, { targetBytes: 1e8 }),
    );
    expect(done).toMatchObject({ before: 105, after: 3, fenced: 0 });
    const { files, version } = new LakeTable(path).snapshot;
    expect(version).toBe(before + 3);
    expect([...files.values()].map((f) => f.partitionValues.night).sort()).toEqual([
      "20260101",
      "20260102",
      null,
    ]);
    const counts = [...files.values()].map(
      (f) => (JSON.parse(f.stats!) as { numRecords: number }).numRecords,
    );
    expect(counts.reduce((a, b) => a + b)).toBe(written.length);
    expect(
      [...files.values()].every((f) => /"minValues":\{.*"candid":1152921504606\d+/.test(f.stats!)),
    ).toBe(true);
    await expectSameRows();
  });

  test("sorted by object within a file", async () => {
    const rows = await readWithSql(lake, "SELECT * FROM ztf.raw WHERE night = 20260101");
    const objects = rows.flatMap((row) => (row.objectId === null ? [] : String(row.objectId)));
    expect(objects).toEqual(
      objects.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))),
    );
  });

  test("after vacuum", async () => {
    const inTwoDays = Date.now() + 2 * 86_400_000;
    const { deleted } = vacuumTable(path, { keepDays: 1 }, inTwoDays);
    expect(deleted.filter((file) => file.startsWith("night="))).toHaveLength(105);
    expect(deleted).toContain("_delta_log/00000000000000000000.json");
    await expectSameRows();
  });

  test("after widening, also inside of structs and lists", async () => {
    const table = new LakeTable(path);
    const { length } = table.snapshot.schema.fields;
    const wider = JSON.parse(
      JSON.stringify(table.snapshot.schema)
        .replaceAll('"float"', '"double"')
        .replaceAll('"integer"', '"long"'),
    ) as StructType;
    const schema = {
      ...wider,
      fields: wider.fields.map((f) => (f.name === "night" ? { ...f, type: "integer" } : f)),
    };
    await widenTable(table, schema);
    expect(new LakeTable(path).snapshot.schema).toEqual(schema);
    expect(new LakeTable(path).snapshot.schema.fields).toHaveLength(length);
    // a float32 is what it was, as a double
    for (const row of written) roundFloats(row);
    await expectSameRows();
  });

  test("after more alerts of the old schema version", async () => {
    const row = { objectId: "late", candid: 7n, night: 20260103 };
    await append(new LakeTable(path), new Struct(oldColumns.children.slice(0, 2)), [row], 20260103);
    written.push(row);
    await expectSameRows();
  });
});

function roundFloats(row: Row): void {
  const detections = [row.candidate, ...((row.prv_candidates as unknown[]) ?? [])].filter(
    (d) => d !== null,
  ) as { magpsf: number | null }[];
  for (const d of detections) if (d.magpsf !== null) d.magpsf = Math.fround(d.magpsf);
  for (const h of (row.fp_hists as { forcediffimflux: number }[] | null | undefined) ?? [])
    h.forcediffimflux = Math.fround(h.forcediffimflux);
}
