import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { rewrite } from "./rewrite.ts";
import { literal } from "./scan.ts";
import type { ColumnType } from "./schema.ts";
import { withUpkeep } from "./upkeep.ts";

const images = ["science", "template", "difference"];
const history = Array.from({ length: 90 }, (_, i) => `f${i} := x + ${i}.5::DOUBLE`).join(", ");

test("alerts with images as large as LSST's are merged within the memory there is", { timeout: 60_000 }, async () => {
  const folder = mkdtempSync(join(tmpdir(), "fink-rewrite-"));
  try {
    const merged = await withUpkeep(folder, async (upkeep) => {
      const files = ["a.parquet", "b.parquet", "c.parquet"].map((path, i) => ({
        path,
        i,
        partitionValues: {},
        size: 1,
        modificationTime: 0,
        dataChange: true,
      }));
      for (const { path, i } of files) {
        const rows = `SELECT r * 7919 % 1009 + ${i} AS id, ${images.map((name) => `encode(repeat(chr(65 + (r % 26)::INT), 40000)) AS ${name}`).join(", ")}, list_transform(range(24), x -> struct_pack(${history})) AS history FROM range(700) AS t(r)`;
        await upkeep.connection.run(`COPY (${rows}) TO ${literal(join(folder, path))} (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 2048)`);
      }
      const field = (name: string, type: ColumnType) => ({ name, type, nullable: true, metadata: {} });
      const entry: ColumnType = { type: "struct", fields: Array.from({ length: 90 }, (_, i) => field(`f${i}`, "double")) };
      const list: ColumnType = { type: "array", elementType: entry, containsNull: true };
      const fields = [field("id", "long"), ...images.map((name) => field(name, "binary")), field("history", list)];
      return await rewrite(upkeep, { path: folder, partitionColumns: [], schema: { type: "struct", fields } }, files, ["id"]);
    });
    expect(JSON.parse(merged.stats!)).toEqual({ numRecords: 2100 });
  } finally {
    rmSync(folder, { recursive: true });
  }
});
