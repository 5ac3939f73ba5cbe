import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ingest } from "../../src/archive/ingest.ts";
import { configSchema } from "../../src/config/schema.ts";
import { packetsOf } from "../../src/simulator/night/batch.ts";
import { simulateHere } from "../../src/simulator/night/simulate.ts";

/**
 * A lake with simulated ZTF alerts of one night, or so many of each, in files of some 20; their
 * ids.
 */
export async function lakeOfAlerts(
  lake: string,
  alerts: number,
  batchAlerts = 20,
  nights = ["2026-10-10"],
): Promise<string[]> {
  const packets = `${lake}-packets`;
  mkdirSync(packets, { recursive: true });
  const ids: string[] = [];
  for (const batch of simulateHere({
    survey: "ztf",
    schema: "4.02",
    nights,
    alerts,
    seed: 3,
    rates: {},
  })) {
    let i = 0;
    for (const bytes of packetsOf(batch)) {
      const id = String(batch.alertIds[i++]);
      ids.push(id);
      writeFileSync(join(packets, `${id}.avro`), bytes);
    }
  }
  const config = configSchema.parse({ lake, archive: { batchAlerts, workers: 1 } });
  await ingest([packets], config, undefined, { warn: () => {} }, new AbortController().signal);
  rmSync(packets, { recursive: true });
  return ids;
}
