import { setTimeout as sleep } from "node:timers/promises";
import type { CommandTable } from "../../src/cli/command.ts";
import { commands } from "../../src/cli/commands.ts";
import { simulateCommand, type SimulateEffects } from "../../src/cli/commands/simulate.ts";
import type { Batch, SimulationOptions } from "../../src/simulator/night/batch.ts";
import type { TruthWriter } from "../../src/simulator/truth/writer.ts";

// A sky that only pretends: packets of FAKE_PACKET_BYTES (1,000), in visits of a tenth of the night
// that begin 37 s apart, each made in FAKE_VISIT_MS (0). The truth is what would have been written,
// on stderr.

const packetBytes = Number(process.env["FAKE_PACKET_BYTES"] ?? 1000);
const visitMs = Number(process.env["FAKE_VISIT_MS"] ?? 0);
const classes = ["type_ia", "kilonova", "rr_lyrae"];

async function* simulate({ nights, alerts, seed }: SimulationOptions): AsyncGenerator<Batch> {
  for (const night of nights) {
    const inVisit = Math.ceil(alerts / 10);
    for (let visit = 0; visit * inVisit < alerts; visit++) {
      if (visitMs > 0) await sleep(visitMs);
      yield batchOf(
        night,
        visit,
        visit * inVisit,
        Math.min(inVisit, alerts - visit * inVisit),
        seed,
      );
    }
  }
}

function batchOf(night: string, visit: number, first: number, count: number, seed: number): Batch {
  const visitAt = Date.parse(night) + 4 * 3_600_000 + visit * 37_000;
  const numbers = Array.from({ length: count }, (_, i) => first + i);
  const bytes = new Uint8Array(count * packetBytes);
  numbers.forEach((number, i) =>
    bytes.subarray(i * packetBytes, (i + 1) * packetBytes).fill((number * 31 + seed) & 255),
  );
  return {
    night,
    visit,
    visitAt,
    bytes,
    ends: Uint32Array.from(numbers, (_, i) => (i + 1) * packetBytes),
    alertIds: BigInt64Array.from(
      numbers,
      (number) =>
        3_000_000_000_000_000_000n + BigInt(Date.parse(night) / 1000) * 1_000_000n + BigInt(number),
    ),
    objectIds: numbers.map((number) => `ZTF26${String(number % 50).padStart(7, "a")}`),
    publishedAt: Float64Array.from(numbers, (_, i) => visitAt + i),
    classes: numbers.map((number) => classes[number % 3]),
    truth: [],
    objects: [],
  };
}

async function openTruth(): Promise<TruthWriter> {
  let alerts = 0;
  const say = (what: string) => void process.stderr.write(`truth of ${alerts} alerts ${what}\n`);
  return {
    add: async (batch) => void (alerts += batch.classes.length),
    close: async () => (say("written"), ["truth.parquet"]),
    discard: async () => say("discarded"),
  };
}

const fakes: SimulateEffects = { simulate, openTruth, classes: classes.map((name) => ({ name })) };

/** The commands over that sky. */
export const commandsOfFakeSky: CommandTable = {
  ...commands,
  simulate: { ...commands["simulate"], load: async () => simulateCommand(async () => fakes) },
};
