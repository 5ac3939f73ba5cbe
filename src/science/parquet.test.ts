import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { project } from "../../test/cli/run.ts";
import { available } from "../../test/require.ts";
import { withUpkeep } from "../lake/upkeep.ts";
import type { AlertColumns } from "./alerts.ts";
import { openAlertFile } from "./parquet.ts";

const science = join(project, "../shared/reference/science");
const hasReference = available("reference", existsSync(science), "Parquet files of Spark and pandas: there is no ../shared/reference");

// Spark, Spark with lists of numbers, pandas, Spark of LSST
test.skipIf(!hasReference).each(["ztf_regular_a", "elasticc_parquet", "ztf_hostless20", "lsst_rubin_test_data_10_0"])(
  "each column of %s has the values that DuckDB reads in it",
  async (name) => {
    const path = join(science, `${name}.parquet`);
    const file = await openAlertFile(path);
    const alerts = await file.read(file.paths);
    const rows = await rowsOf(path);
    for (const column of file.paths) {
      const expected = rows.map((row) => valueAt(row, column.split(".")));
      const isOuter = [...file.paths].some((other) => other.startsWith(`${column}.`));
      if (isOuter || expected.flat().some((value) => isMap(value) || value instanceof Date)) continue;
      const found = valuesOf(alerts, column);
      expect(found, column).toEqual(expected.map((value, i) => value ?? (Array.isArray(found[i]) ? [] : null))); // a list that is null is empty
    }
  },
);

async function rowsOf(path: string): Promise<Record<string, unknown>[]> {
  const folder = mkdtempSync(join(tmpdir(), "fink-science-"));
  try {
    return await withUpkeep(folder, async ({ connection }) => (await connection.runAndReadAll(`SELECT * FROM '${path}'`)).getRowObjectsJS());
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** As JavaScript numbers, NaN as null, booleans in lists as 0 and 1. */
function valueAt(value: unknown, names: readonly string[]): unknown {
  if (value === null || value === undefined || Number.isNaN(value)) return null;
  if (Array.isArray(value)) {
    const items = value.map((item) => valueAt(item, names));
    return items.map((item) => (typeof item === "boolean" ? Number(item) : item));
  }
  if (names.length > 0) return valueAt((value as Record<string, unknown>)[names[0]], names.slice(1));
  return typeof value === "bigint" ? Number(value) : value instanceof Uint8Array ? Buffer.from(value).toString("hex") : value;
}

/** A map, which has no path into it. */
function isMap(value: unknown): boolean {
  return typeof value === "object" && value !== null && !(value instanceof Date);
}

/** A column as what it is: by the first way that does not throw. */
function valuesOf(alerts: AlertColumns, path: string): unknown[] {
  const each = <T>(make: (alert: number) => T): T[] => Array.from({ length: alerts.count }, (_, i) => make(i));
  const ways = [
    () => Array.from(alerts.booleans(path), (value) => [false, true, null][value]),
    () => [...alerts.texts(path)],
    () => Array.from(alerts.numbers(path), (value) => valueAt(value, [])),
    () => each((i) => valueAt(alerts.bytes(path, i), [])),
    () => (({ offsets, values }) => each((i) => Array.from(values.subarray(offsets[i], offsets[i + 1]), (value) => valueAt(value, []))))(alerts.lists(path)),
    () => (({ offsets, values }) => each((i) => values.slice(offsets[i], offsets[i + 1])))(alerts.textLists(path)),
  ];
  for (const way of ways) {
    try {
      return way();
    } catch {
      continue;
    }
  }
  throw new Error(`no way to read ${path}`);
}
