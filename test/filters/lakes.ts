import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, expect } from "vitest";
import type { FilterState } from "../../src/filters/states.ts";
import { openSession } from "../../src/sql/session.ts";
import { startFink } from "../archive/process.ts";
import { lakeOfAlerts } from "../science/lake.ts";

/** Batches of one commit, so that a run has several. */
export function settings(lake: string, more: Record<string, string> = {}): Record<string, string> {
  return {
    FINK_LAKE: lake,
    FINK_FILTERS_FOLDER: join(lake, "filters"),
    FINK_FILTERS_SHIPPED: "false",
    FINK_FILTERS_BATCH_ALERTS: "1",
    FINK_SCIENCE_BATCH_ALERTS: "40",
    FINK_SCIENCE_WORKERS: "1",
    ...more,
  };
}

export const fink = (lake: string, args: readonly string[], more: Record<string, string> = {}) =>
  startFink(args, settings(lake, more)).ended;
/** Runs the filter service until it has caught up. */
export const filterOnce = (lake: string, more: Record<string, string> = {}) =>
  fink(lake, ["start", "filter", "--once"], more);

export function writeFilter(lake: string, file: string, text: string): void {
  const path = join(lake, "filters/ztf", file);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}

/** Lakes of the tests of one file: copies of one with 200 alerts of ZTF and their science. */
export function filterLakes() {
  let folder = "";
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "fink-filter-service-"));
    await lakeOfAlerts(join(folder, "lake"), 200);
    expect(await fink(join(folder, "lake"), ["start", "science", "--once"])).toMatchObject({
      code: 0,
    });
  }, 90_000);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return {
    /** A lake with filters by file name. */
    lakeWith(name: string, filters: Readonly<Record<string, string>>): string {
      const lake = join(folder, name);
      cpSync(join(folder, "lake"), lake, { recursive: true });
      for (const [file, text] of Object.entries(filters)) writeFilter(lake, file, text);
      return lake;
    },
    /** Ids of the alerts that a live filter with this condition selects. */
    expected: async (where: string) =>
      (
        await rows(
          join(folder, "lake"),
          `SELECT candid FROM ztf.alerts WHERE (${where}) AND passes_quality_cuts ORDER BY candid`,
        )
      ).map(([id]) => id),
  };
}

export async function rows(lake: string, query: string): Promise<unknown[][]> {
  const session = await openSession(lake);
  try {
    return (await (await session.query(query)).getRowsJson()) as unknown[][];
  } finally {
    session.close();
  }
}

/** Each match, so that one that is there twice is seen. */
export const matchesOf = async (lake: string, name: string) =>
  (await rows(lake, `SELECT alert FROM ztf.matches WHERE filter = '${name}' ORDER BY alert`)).map(
    ([id]) => id,
  );

export function stateOf(lake: string, name: string): FilterState | undefined {
  const file = join(lake, ".fink/filters/states.json");
  return existsSync(file)
    ? (JSON.parse(readFileSync(file, "utf8")) as FilterState[]).find((state) => state.name === name)
    : undefined;
}
