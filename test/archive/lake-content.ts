import { readFileSync } from "node:fs";
import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import { entryPath, entryVersions } from "../../src/lake/log.ts";
import { LakeTable } from "../../src/lake/table.ts";
import { readWithPython } from "../lake/readers.ts";
import { isExact } from "./alerts.ts";

/** What a lake holds of one survey; a row is named `source/partition/offset`. */
export interface LakeContent {
  readonly raw: readonly string[];
  readonly rejected: readonly string[];
  /** Number of the alert in each row of `raw`. */
  readonly numbers: ReadonlyMap<string, number>;
  /** The bytes in each row of `rejected`. */
  readonly bytes: ReadonlyMap<string, Buffer>;
  /** Rows of `raw` with a field that is not what the alert's number says. */
  readonly wrong: readonly string[];
}

const key = `"_source" || '/' || "_partition" || '/' || "_offset"`;

/** Reads the files our log names, with DuckDB. */
export async function lakeContent(lake: string, survey = "sky"): Promise<LakeContent> {
  const instance = await DuckDBInstance.create();
  const connection = await instance.connect();
  const rowsOf = async (kind: string, columns: string) => {
    const table = join(lake, survey, kind);
    const files = [...new LakeTable(table).snapshot.files.keys()].map(
      (path) => `'${join(table, path)}'`,
    );
    if (files.length === 0) return [];
    const result = await connection.runAndReadAll(
      `SELECT ${key} AS key, ${columns} FROM read_parquet([${files.join(", ")}], union_by_name=true, hive_partitioning=false)`,
    );
    return result.getRowObjectsJS();
  };
  try {
    const raw = await rowsOf("raw", `"number", coalesce(${isExact}, false) AS exact`);
    const rejected = await rowsOf("rejected", `"bytes"`);
    const keyOf = (row: Record<string, unknown>) => row["key"] as string;
    return {
      raw: raw.map(keyOf),
      rejected: rejected.map(keyOf),
      numbers: new Map(raw.map((row) => [keyOf(row), row["number"] as number])),
      bytes: new Map(rejected.map((row) => [keyOf(row), Buffer.from(row["bytes"] as Uint8Array)])),
      wrong: raw.filter((row) => row["exact"] !== true).map(keyOf),
    };
  } finally {
    instance.closeSync();
  }
}

/** The rows as a program sees them that knows nothing of Fink; of both tables, sorted. */
export async function contentInPython(
  reader: "deltalake" | "polars",
  lake: string,
  survey = "sky",
): Promise<string[]> {
  const tables = await Promise.all(
    ["raw", "rejected"].map((kind) => readWithPython(reader, join(lake, survey, kind))),
  );
  return tables
    .flat()
    .map((row) => `${row["_source"]}/${row["_partition"]}/${row["_offset"]}`)
    .sort();
}

/** What made each commit of a table, e.g. `archive`, `compact`. */
export function operations(table: string): string[] {
  const entries = entryVersions(table).map((version) =>
    readFileSync(entryPath(table, version), "utf8"),
  );
  return entries.flatMap((entry) => /"operation":"(\w+)"/.exec(entry)?.[1] ?? []);
}
