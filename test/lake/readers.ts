import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import {
  DuckDBBlobValue,
  DuckDBDecimalValue,
  DuckDBListValue,
  DuckDBMapValue,
  DuckDBStructValue,
  DuckDBTimestampTZValue,
  type DuckDBValue,
} from "@duckdb/node-api";
import { openSession } from "../../src/sql/session.ts";
import { available } from "../require.ts";
import { canonical, type Row } from "./tables.ts";

export const python = process.env.FINK_PYTHON ?? "";

export const hasPython = available(
  "python",
  python !== "" && existsSync(python),
  "no FINK_PYTHON: the lake is not compared with deltalake and polars",
);

/** Rows of a table as a reader that is not ours sees them, in canonical form. */
export async function readWithPython(
  reader: "deltalake" | "polars",
  table: string,
): Promise<Row[]> {
  const { stdout } = await promisify(execFile)(
    python,
    [join(import.meta.dirname, "read.py"), reader, table],
    { maxBuffer: 2 ** 30 },
  );
  const lines = stdout.split("\n").filter((line) => line !== "");
  return lines.map((line) => JSON.parse(line) as Row);
}

/** Rows of a table such as `ztf.raw` as `./fink query` sees them, in canonical form. */
export async function readWithSql(
  lake: string,
  sql = "FROM ztf.raw",
  name = "ztf.raw",
): Promise<Row[]> {
  const session = await openSession(lake);
  try {
    const { schema } = session.tables.find(
      ({ survey, kind }) => `${survey}.${kind}` === name,
    )!.snapshot;
    const result = await session.query(sql);
    const rows = await result.getRowObjects();
    return rows.map((row) => canonical(plain(row), schema) as Row);
  } finally {
    session.close();
  }
}

function plain(value: DuckDBValue | Record<string, DuckDBValue>): unknown {
  if (value instanceof DuckDBListValue) return value.items.map(plain);
  if (value instanceof DuckDBMapValue)
    return Object.fromEntries(value.entries.map((e) => [e.key, plain(e.value)]));
  if (value instanceof DuckDBBlobValue) return value.bytes;
  if (value instanceof DuckDBTimestampTZValue) return value.micros;
  if (value instanceof DuckDBDecimalValue) return value.value;
  if (value instanceof DuckDBStructValue)
    return plain(value.entries as Record<string, DuckDBValue>);
  if (typeof value === "object" && value !== null)
    return Object.fromEntries(
      Object.entries(value).map(([name, v]) => [name, plain(v as DuckDBValue)]),
    );
  return value;
}
