import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { columnsOf } from "../src/avro/columns.ts";
import { containerBlocks, readContainerHeader } from "../src/avro/container.ts";
import { compileDecoder, type Decoder } from "../src/avro/decoder.ts";
import { columnAt } from "../src/lake/column.ts";
import { packetsOf } from "../src/simulator/night/batch.ts";
import { simulateHere } from "../src/simulator/night/simulate.ts";

const reference = join(import.meta.dirname, "../../shared/reference/alerts/ztf");

export interface Sample {
  /** What they are, for the printed line. */
  readonly name: string;
  readonly messages: readonly Buffer[];
}

/**
 * Real ZTF 3.3 packets of one night and writer, as a telescope sends them, where there are any;
 * else simulated ones.
 */
export function ztfSample(): Sample {
  const folder = join(reference, "v3.3");
  if (existsSync(folder)) {
    const decoders = new Map<string, Decoder>();
    const messages = readdirSync(folder).map((f) => readFileSync(join(folder, f)));
    const nights = [...Map.groupBy(messages, (m) => nightOf(m, decoders)).values()].sort(
      (a, b) => b.length - a.length,
    );
    return { name: `${nights[0].length} real ZTF 3.3 packets of one night`, messages: nights[0] };
  }
  const batches = [
    ...simulateHere({
      survey: "ztf",
      schema: "3.3",
      nights: ["2026-01-31"],
      alerts: 100,
      seed: 1,
      rates: {},
    }),
  ];
  return {
    name: "100 simulated ZTF 3.3 packets (no real ones here)",
    messages: batches.flatMap((b) => Array.from(packetsOf(b), (bytes) => Buffer.from(bytes))),
  };
}

function nightOf(message: Buffer, decoders: Map<string, Decoder>): string {
  const header = readContainerHeader(message, 0, message.length);
  const schema = Buffer.from(header.schema).toString();
  const decoder = decoders.get(schema) ?? compileDecoder(schema);
  decoders.set(schema, decoder);
  decoder.cut(decoder.start);
  for (const { bytes, start, end } of containerBlocks(message, header, message.length, 1e9))
    decoder.decode(bytes as Buffer, start, end);
  const jd = columnAt(columnsOf(decoder), ["candidate.jd"])?.data.values[0] as number;
  return `${[...decoders.keys()].indexOf(schema)} ${Math.floor(jd - 0.5)}`;
}

export function meanBytes({ messages }: Sample): number {
  return messages.reduce((sum, m) => sum + m.length, 0) / messages.length;
}
