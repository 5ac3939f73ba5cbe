import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { append, oldColumns } from "../../test/lake/tables.ts";
import { configSchema } from "../config/schema.ts";
import { LakeTable } from "../lake/table.ts";
import { createLogger } from "../log.ts";
import { aggregation } from "./aggregation.ts";

let lake = "";
beforeEach(async () => {
  lake = mkdtempSync(join(tmpdir(), "fink-aggregation-"));
  for (const survey of ["a", "b"])
    await append(
      new LakeTable(join(lake, survey, "science")),
      oldColumns,
      [{ candid: 1n }],
      20260101,
    );
  writeFileSync(join(lake, "b/statistics"), "no folder");
});
afterEach(() => rmSync(lake, { recursive: true, force: true }));

async function once(afterRound: () => void): Promise<void> {
  const config = { ...configSchema.parse({}), lake };
  const signal = new AbortController().signal;
  await aggregation.run({
    config,
    lake,
    signal,
    once: true,
    status: afterRound,
    log: createLogger("error", true, () => {}),
  });
}

test("once: succeeds when a survey that failed in the first round was counted in the next", async () => {
  let rounds = 0;
  await once(() => {
    if (rounds++ === 0) rmSync(join(lake, "b/statistics"));
  });
  for (const survey of ["a", "b"])
    expect(new LakeTable(join(lake, survey, "statistics")).snapshot.version).toBeGreaterThanOrEqual(
      0,
    );
});

test("once: fails when a survey cannot be counted, and counts the others", async () => {
  await expect(once(() => {})).rejects.toThrow(/ENOTDIR|EEXIST/);
  expect(new LakeTable(join(lake, "a/statistics")).snapshot.version).toBeGreaterThanOrEqual(0);
});
