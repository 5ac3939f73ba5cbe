import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeVector } from "apache-arrow";
import { expect, test } from "vitest";
import { project } from "../../test/cli/run.ts";
import { available } from "../../test/require.ts";
import { withUpkeep } from "../lake/upkeep.ts";
import type { AlertColumns } from "./alerts.ts";
import { openAlertFile } from "./parquet.ts";

const science = join(project, "../shared/reference/science");
const hasReference = available(
  "reference",
  existsSync(science),
  "Parquet files of Spark and pandas: there is no ../shared/reference",
);

// Spark, Spark with lists of numbers, pandas, Spark of LSST
test
  .skipIf(!hasReference)
  .each(["ztf_regular_a", "elasticc_parquet", "ztf_hostless20", "lsst_rubin_test_data_10_0"])(
  "each column of %s has the values that DuckDB reads in it",
  async (name) => {
    const path = join(science, `${name}.parquet`);
    const file = await openAlertFile(path);
    const alerts = await file.read(file.paths);
    const rows = await rowsOf(path);
    for (const column of file.paths) {
      const expected = rows.map((row) => valueAt(row, column.split(".")));
      const isOuter = [...file.paths].some((other) => other.startsWith(`${column}.`));
      if (isOuter || expected.flat().some((value) => isMap(value) || value instanceof Date))
        continue;
      const found = valuesOf(alerts, column);
      expect(found, column).toEqual(
        expected.map((value, i) => value ?? (Array.isArray(found[i]) ? [] : null)),
      ); // a list that is null is empty
    }
  },
);

async function rowsOf(path: string, where = ""): Promise<Record<string, unknown>[]> {
  const folder = mkdtempSync(join(tmpdir(), "fink-science-"));
  try {
    return await withUpkeep(folder, async ({ connection }) =>
      (await connection.runAndReadAll(`SELECT * FROM '${path}' ${where}`)).getRowObjectsJS(),
    );
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
  if (names.length > 0)
    return valueAt((value as Record<string, unknown>)[names[0]], names.slice(1));
  return typeof value === "bigint"
    ? Number(value)
    : value instanceof Uint8Array
      ? Buffer.from(value).toString("hex")
      : value;
}

/** A map, which has no path into it. */
function isMap(value: unknown): boolean {
  return typeof value === "object" && value !== null && !(value instanceof Date);
}

/** A column as what it is: by the first way that does not throw. */
function valuesOf(alerts: AlertColumns, path: string): unknown[] {
  const each = <T>(make: (alert: number) => T): T[] =>
    Array.from({ length: alerts.count }, (_, i) => make(i));
  const ways = [
    () => Array.from(alerts.booleans(path), (value) => [false, true, null][value]),
    () => [...alerts.texts(path)],
    () => Array.from(alerts.numbers(path), (value) => valueAt(value, [])),
    () => each((i) => valueAt(alerts.bytes(path, i), [])),
    () =>
      (({ offsets, values }) =>
        each((i) =>
          Array.from(values.subarray(offsets[i], offsets[i + 1]), (value) => valueAt(value, [])),
        ))(alerts.lists(path)),
    () =>
      (({ offsets, values }) => each((i) => values.slice(offsets[i], offsets[i + 1])))(
        alerts.textLists(path),
      ),
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

test(
  "whole rows of a file that compaction made are read in a thread, so that this one's WebAssembly does not keep their memory",
  { timeout: 60_000 },
  async () => {
    const folder = mkdtempSync(join(tmpdir(), "fink-parquet-"));
    try {
      const path = join(folder, "large.parquet");
      const image =
        "(SELECT string_agg(md5((1000000 * id + i)::VARCHAR), '') FROM range(32768) AS r(i))::BLOB";
      await withUpkeep(folder, async ({ connection }) => {
        await connection.run(
          `COPY (SELECT id::INTEGER AS id, ${image} AS image FROM range(80) AS t(id)) TO '${path}' (FORMAT parquet, COMPRESSION uncompressed)`,
        );
      });
      const file = await openAlertFile(path);
      const wasm = () => process.memoryUsage().external - process.memoryUsage().arrayBuffers;
      const before = wasm();
      const [whole] = await file.rows(undefined, { offset: 10, limit: 2 });
      expect(whole.length).toBe(2);
      expect((await file.rows(["id"])).reduce((sum, { length }) => sum + length, 0)).toBe(80);
      const [{ image: third }] = await rowsOf(path, "WHERE id = 3");
      const found = await file
        .rows(["image"])
        .then((parts) => makeVector(parts[0]).get(3)?.["image"] as Uint8Array);
      expect(Buffer.from(found).equals(Buffer.from(third as Uint8Array))).toBe(true);
      expect(wasm() - before).toBeLessThan(128 << 20); // 350 MB in this thread
      rmSync(path);
      await expect(file.rows(["image"])).rejects.toThrow();
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
);
