import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { configSchema } from "../config/schema.ts";
import { DeliveryStore } from "../delivery/store.ts";
import { createLogger } from "../log.ts";
import { delivery } from "./delivery.ts";

const hour = 3_600_000;
let lake = "";
beforeEach(() => (lake = mkdtempSync(join(tmpdir(), "fink-delivery-"))));
afterEach(() => {
  vi.useRealTimers();
  rmSync(lake, { recursive: true, force: true });
});

test(
  "lines of the delivery log are dropped after 30 days while the service runs, too",
  { timeout: 30_000 },
  async () => {
    const stopping = new AbortController();
    vi.useFakeTimers({ toFake: ["Date"], now: Date.UTC(2026, 8, 15) });
    const started = Date.now();
    const store = DeliveryStore.open(lake);
    const line = {
      target: "t",
      survey: "ztf",
      filter: "f",
      matches: 1,
      first: "x",
      milliseconds: 1,
      error: "",
    };
    for (const hours of [1, 2, 30 * 24])
      store.failed({ ...line, at: started - 30 * 24 * hour + hours * hour });
    const kept = () => store.log({ limit: 5 }).length;
    const status = vi.fn();
    const config = { ...configSchema.parse({}), lake };
    const running = delivery.run({
      config,
      lake,
      signal: stopping.signal,
      once: false,
      status,
      log: createLogger("error", true, () => {}),
    });
    await expect.poll(() => status.mock.calls.length, { timeout: 10_000 }).toBeGreaterThan(1);
    expect(kept()).toBe(3);
    vi.setSystemTime(started + 3 * hour);
    await expect.poll(kept, { timeout: 10_000 }).toBe(1);
    stopping.abort();
    await running;
    store.close();
  },
);
