import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { Match } from "../filters/filter.ts";
import { versionsFolder } from "../filters/versions.ts";
import { Subscriptions } from "./subscriptions.ts";

test("a damaged description of a version is named instead of ending the target's loop", async () => {
  const lake = mkdtempSync(join(tmpdir(), "fink-subscriptions-"));
  try {
    const folder = versionsFolder(lake, { survey: "ztf", name: "f" });
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, "1.json"), '{"name": "f"');
    const subscriptions = new Subscriptions(lake, ["kafka"], () => {});
    const match = { filter: "f", filter_version: 1 } as Match;
    expect(await subscriptions.route("ztf", match, "kafka")).toMatch(/1\.json is damaged \(.*\): remove it\. Put its file back/);
  } finally {
    rmSync(lake, { recursive: true, force: true });
  }
});
