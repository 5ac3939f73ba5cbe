import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { rewrite } from "./rewrite.ts";
import { literal } from "./scan.ts";
import type { ColumnType } from "./schema.ts";
import { withUpkeep } from "./upkeep.ts";

const images = ["science", "template", "difference"];
const history = Array.from({ length: 90 }, (_, i) => `f${i} := x + ${i}.5::DOUBLE`).join(", ");

test(
  "alerts with images as large as LSST's are merged within little memory, into row groups of some 32 MB",
  { timeout: 60_000 },
  async () => {
    const folder = mkdtempSync(join(tmpdir(), "fink-rewrite-"));
    try {
      await withUpkeep(
        folder,
        async (upkeep) => {
          const files = [0, 1, 2, 3, 4, 5, 6, 7].map((i) => ({
            path: `${i}.parquet`,
            partitionValues: {},
            size: 0,
            modificationTime: 0,
            dataChange: true,
          }));
          for (const [i, file] of files.entries()) {
            const image = (name: string, n: number) =>
              `encode(repeat(md5((r * ${n + 1} + ${i})::VARCHAR), 1250)) AS ${name}`;
            const rows = `SELECT r * 7919 % 1009 + ${i} AS id, ${images.map(image).join(", ")}, list_transform(range(24), x -> struct_pack(${history})) AS history FROM range(110) AS t(r)`;
            await upkeep.connection.run(
              `COPY (${rows}) TO ${literal(join(folder, file.path))} (FORMAT parquet, COMPRESSION uncompressed, ROW_GROUP_SIZE 2048)`,
            );
            file.size = statSync(join(folder, file.path)).size;
          }
          const field = (name: string, type: ColumnType) => ({
            name,
            type,
            nullable: true,
            metadata: {},
          });
          const entry: ColumnType = {
            type: "struct",
            fields: Array.from({ length: 90 }, (_, i) => field(`f${i}`, "double")),
          };
          const list: ColumnType = { type: "array", elementType: entry, containsNull: true };
          const fields = [
            field("id", "long"),
            ...images.map((name) => field(name, "binary")),
            field("history", list),
          ];
          const merged = await rewrite(
            upkeep,
            { path: folder, partitionColumns: [], schema: { type: "struct", fields } },
            files,
            ["id"],
          );
          expect(JSON.parse(merged.stats!)).toEqual({ numRecords: 880 });
          const [from, to] = [files.map(({ path }) => path), [merged.path]].map(
            (paths) =>
              `read_parquet([${paths.map((path) => literal(join(folder, path))).join(", ")}])`,
          );
          const rowsOf = async (sql: string) =>
            await (await upkeep.connection.run(sql)).getRowsJson();
          expect(
            await rowsOf(
              `(FROM ${from} EXCEPT ALL FROM ${to}) UNION ALL (FROM ${to} EXCEPT ALL FROM ${from})`,
            ),
          ).toEqual([]);
          const groups = await rowsOf(
            `SELECT DISTINCT row_group_id, row_group_num_rows FROM parquet_metadata(${literal(join(folder, merged.path))}) ORDER BY 1`,
          );
          expect(groups.map(([, rows]) => Number(rows))).toEqual([220, 220, 220, 220]);
          const unsorted = `SELECT count(*) FROM (SELECT id < lag(id) OVER (ORDER BY n) AS wrong FROM (SELECT id, file_row_number AS n FROM ${to.replace(")", ", file_row_number=true)")})) WHERE wrong`;
          expect(await rowsOf(unsorted)).toEqual([["3"]]); // where a row group ends
        },
        "500MB",
      );
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
);
