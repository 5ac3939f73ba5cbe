import { expect, test } from "vitest";
import { benchSoak } from "../bench/soak.ts";
import { hasBrowser } from "./browser/browser.ts";
import { kafkaLib } from "./kafka/broker.ts";

const lib = kafkaLib();
const canRun = hasBrowser() && lib !== null;

// The full form, half an hour with the memory of each minute: ./fink bench soak
test.skipIf(!canRun)(
  "a minute of start all: every alert is through, queries and the first page answer, memory stays below 2 GB",
  { timeout: 600_000 },
  async () => {
    const { minutes, sent, raw, science, selected, queries, failures } = await benchSoak(lib!, {
      minutes: 1,
      perSecond: 50,
    });
    expect(failures).toEqual([]);
    expect({ raw, science }).toEqual({ raw: sent, science: sent });
    expect(selected).toBeGreaterThan(sent / 20);
    expect(queries).toBeGreaterThan(10);
    expect(minutes[0].peakRss).toBeLessThan(2000);
  },
);
