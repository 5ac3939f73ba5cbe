import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Float64, Int64, Struct, Utf8 } from "apache-arrow";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { append, column } from "../../../test/lake/tables.ts";
import { compactTable } from "../../lake/compact.ts";
import { LakeTable } from "../../lake/table.ts";
import { withUpkeep } from "../../lake/upkeep.ts";
import { Sources } from "../../serving/sources.ts";
import { loadSurveys, shippedSurveys } from "../../surveys/surveys.ts";
import { PageLake } from "./lake.ts";
import { SkyTiles } from "./sky.ts";

const surveys = loadSurveys(shippedSurveys);
const type = new Struct([
  column("objectId", new Utf8()),
  column("candid", new Int64()),
  column("candidate", new Struct([column("ra", new Float64()), column("dec", new Float64())])),
]);
const night = 20260101;
let lake = "";
let sources: Sources;

beforeEach(() => {
  lake = mkdtempSync(join(tmpdir(), "fink-sky-"));
  sources = new Sources(lake, surveys);
});
afterEach(async () => {
  await sources.close();
  rmSync(lake, { recursive: true, force: true });
});

async function add(from: number, to: number, of = night): Promise<void> {
  const rows = Array.from({ length: to - from }, (_, i) => ({
    objectId: `Z${from + i}`,
    candid: BigInt(from + i),
    candidate: { ra: from + i, dec: 10 },
  }));
  await append(new LakeTable(join(lake, "ztf", "raw")), type, rows, of);
}

/** Counts the files that it reads. */
class CountingLake extends PageLake {
  files = 0;
  override async columns(question: Parameters<PageLake["columns"]>[0]) {
    const files: typeof question.files = (file) =>
      question.files!(file) ? ++this.files > 0 : false;
    return await super.columns({ ...question, files });
  }
}

test("the sky of a night takes up new alerts without reading the night again, each once", async () => {
  const pages = new CountingLake(lake, surveys, { folder: "" }, sources);
  const sky = new SkyTiles(pages);
  const ids = async () => {
    const { total, points } = await sky.answer({
      survey: "ztf",
      night,
      colour: "class",
      order: 3,
      cone: null,
    });
    expect(points).toHaveLength(total);
    return points!.map(([, , , , alert]) => Number(alert)).sort((a, b) => a - b);
  };
  const upTo = (count: number) => Array.from({ length: count }, (_, i) => i);
  for (const file of [0, 1, 2]) await add(3 * file, 3 * file + 3);
  expect([await ids(), pages.files]).toEqual([upTo(9), 3]);
  await add(9, 12);
  await add(0, 5, 20260102);
  // two readers at a time
  expect(await Promise.all([ids(), ids()])).toEqual([upTo(12), upTo(12)]);
  expect(pages.files).toBe(4);
  await withUpkeep(
    lake,
    async (upkeep) =>
      void (await compactTable(upkeep, join(lake, "ztf", "raw"), surveys.named("ztf"), {
        targetBytes: 1e9,
      })),
  );
  await add(12, 13);
  expect([await ids(), pages.files]).toEqual([upTo(13), 5]);
  // the last commit only moved rows: later it is read once more, and then no more
  await withUpkeep(
    lake,
    async (upkeep) =>
      void (await compactTable(upkeep, join(lake, "ztf", "raw"), surveys.named("ztf"), {
        targetBytes: 1e9,
      })),
  );
  expect([await ids(), pages.files]).toEqual([upTo(13), 5]);
  const later = vi.spyOn(Date, "now").mockReturnValue(Date.now() + 3_600_000);
  try {
    for (let i = 0; i < 2; i++) expect([await ids(), pages.files]).toEqual([upTo(13), 6]);
  } finally {
    later.mockRestore();
  }
});
