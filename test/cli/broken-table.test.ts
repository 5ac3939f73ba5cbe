import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { entryPath } from "../../src/lake/log.ts";
import { LakeTable } from "../../src/lake/table.ts";
import { append, oldColumns } from "../lake/tables.ts";
import { lakeOfAlerts } from "../science/lake.ts";
import { project, run } from "./run.ts";

/**
 * A table of one survey that cannot be read ended the services for all: it was opened outside of
 * what is tried again.
 */
const folder = mkdtempSync(join(tmpdir(), "fink-broken-table-"));
const lake = join(folder, "lake");
const filters = join(folder, "filters");
const main = join(project, "src/cli/main.ts");
const env = {
  FINK_LAKE: lake,
  FINK_FILTERS_FOLDER: filters,
  FINK_FILTERS_SHIPPED: "false",
  FINK_SCIENCE_WORKERS: "1",
};

beforeAll(async () => {
  mkdirSync(join(filters, "ztf"), { recursive: true });
  writeFileSync(
    join(filters, "ztf/everything.sql"),
    "-- description: All\n\nSELECT objectId, candid FROM alerts WHERE candidate.magpsf < 40\n",
  );
  await lakeOfAlerts(lake, 20);
  for (const kind of ["raw", "science"]) {
    const table = new LakeTable(join(lake, "lsst", kind));
    await append(table, oldColumns, [{ objectId: "b", candid: 2n }], 20261010);
    writeFileSync(entryPath(table.path, 0), "{ cut off");
  }
}, 60_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const rowsOf = (kind: string) =>
  [...new LakeTable(join(lake, "ztf", kind)).snapshot.files.values()].length;

test.each([
  ["science", "science"],
  ["filter", "matches"],
  ["aggregation", "statistics"],
])(
  "%s --once does the other surveys, and then says which table cannot be read",
  async (service, kind) => {
    const { code, stderr } = await run(process.execPath, [main, "start", service, "--once"], env);
    expect(stderr).toMatch(/lsst\/(raw|science)\/_delta_log\/0+\.json is damaged/);
    expect(code).toBe(1);
    expect(rowsOf(kind)).toBeGreaterThan(0);
  },
  60_000,
);
