import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { packetsOf } from "../../src/simulator/night/batch.ts";
import { simulateHere } from "../../src/simulator/night/simulate.ts";
import { schemaFor } from "../../src/simulator/packets/schemas.ts";
import { startFink } from "../archive/process.ts";

export interface SimulatedLake {
  readonly lake: string;
  /** Runs a command on it. */
  fink(
    args: readonly string[],
    more?: Record<string, string>,
  ): Promise<{ readonly code: number | null; readonly output: string }>;
  /** One night more, of this survey or another, with its science. */
  night(date: string, alerts: number, of?: "ztf" | "lsst"): Promise<void>;
  /** Alerts of files, with their science. */
  take(paths: readonly string[], schemas?: string): Promise<void>;
  end(): void;
}

/** A lake that is filled as any is: packets of a synthetic sky, `ingest`, the science service. */
export function simulatedLake(survey: "ztf" | "lsst"): SimulatedLake {
  const folder = mkdtempSync(join(tmpdir(), "fink-api-"));
  const lake = join(folder, "lake");
  const fink: SimulatedLake["fink"] = (args, more = {}) =>
    startFink(args, {
      FINK_LAKE: lake,
      FINK_ARCHIVE_BATCH_ALERTS: "100",
      FINK_ARCHIVE_WORKERS: "1",
      ...more,
    }).ended;
  const take: SimulatedLake["take"] = async (paths, schemas) => {
    for (const args of [
      ["ingest", ...paths, ...(schemas === undefined ? [] : ["--schemas", schemas])],
      ["start", "science", "--once"],
    ]) {
      const { code, output } = await fink(args);
      if (code !== 0) throw new Error(`${args[0]}: ${output}`);
    }
  };
  return {
    lake,
    fink,
    take,
    async night(date, alerts, of = survey) {
      const packets = join(folder, `${of}-${date}`);
      mkdirSync(packets);
      for (const batch of simulateHere({
        survey: of,
        schema: of === "ztf" ? "4.02" : "9.0",
        nights: [date],
        alerts,
        seed: 3,
        rates: {},
      })) {
        let i = 0;
        for (const bytes of packetsOf(batch))
          writeFileSync(join(packets, `${batch.alertIds[i++]}.avro`), bytes);
      }
      const schema = schemaFor(of);
      writeFileSync(join(folder, `${schema.id}.avsc`), schema.text);
      await take([packets], folder);
    },
    end: () => rmSync(folder, { recursive: true, force: true }),
  };
}
