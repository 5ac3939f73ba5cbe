import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { simulateNight } from "../src/simulator/night.ts";

const reference = join(import.meta.dirname, "../../shared/reference/alerts/ztf");

export interface Sample {
  /** What they are, for the printed line. */
  readonly name: string;
  readonly messages: readonly Buffer[];
}

/** Real ZTF packets of one schema version where there are any (65 to 78 KB each), else simulated ones. */
export function ztfSample(version: "v3.3" | "v4.02" = "v3.3"): Sample {
  const folder = join(reference, version);
  if (existsSync(folder)) {
    const messages = readdirSync(folder).map((f) => readFileSync(join(folder, f)));
    return { name: `${messages.length} real ZTF ${version} packets`, messages };
  }
  const night = simulateNight({ survey: "ztf", date: "2026-01-31", alerts: 100, seed: 1 });
  return { name: "100 simulated ZTF packets (no real ones here)", messages: Array.from(night, (a) => Buffer.from(a.bytes)) };
}

export function meanBytes({ messages }: Sample): number {
  return messages.reduce((sum, m) => sum + m.length, 0) / messages.length;
}
