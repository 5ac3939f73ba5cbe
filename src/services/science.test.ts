import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, expect, test } from "vitest";
import { lakeOfAlerts } from "../../test/science/lake.ts";
import { configSchema } from "../config/schema.ts";
import { LakeTable } from "../lake/table.ts";
import { createLogger } from "../log.ts";
import { science } from "./science.ts";

let lake = "";
beforeEach(() => (lake = mkdtempSync(join(tmpdir(), "fink-science-"))));
afterEach(() => rmSync(lake, { recursive: true, force: true }));

test(
  "updates that cannot be written stay in the status while alerts are computed, until they can",
  { timeout: 60_000 },
  async () => {
    await lakeOfAlerts(lake, 20);
    writeFileSync(join(lake, "ztf/science_updates"), "no folder");
    const stopping = new AbortController();
    const said: (readonly string[])[] = [];
    const running = science.run({
      config: { ...configSchema.parse({ science: { workers: 1 } }), lake },
      lake,
      signal: stopping.signal,
      once: false,
      status: ({ troubles }) => void (troubles && said.push(troubles)),
      log: createLogger("error", true, () => {}),
    });
    await expect
      .poll(() => said.at(-1), { timeout: 30_000 })
      .toEqual([expect.stringMatching(/^cannot compute updates of ztf: ENOTDIR/)]);
    await sleep(1500); // new alerts are looked for every 100 ms
    expect(said).toHaveLength(1);
    expect(new LakeTable(join(lake, "ztf/science")).snapshot.files.size).toBe(1);
    rmSync(join(lake, "ztf/science_updates"));
    await expect.poll(() => said.at(-1), { timeout: 20_000 }).toEqual([]);
    stopping.abort();
    await running;
  },
);
