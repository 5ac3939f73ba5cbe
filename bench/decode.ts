import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { containerBlocks, ContainerHeaders } from "../src/avro/container.ts";
import { columnsOf } from "../src/avro/columns.ts";
import { compileDecoder, type Decoder } from "../src/avro/decoder.ts";
import { type Sample, ztfSample } from "./alerts.ts";
import { cpuMs } from "./reference-loop.ts";

const rounds = 9;
const perRound = 4000;

/**
 * Whole messages → columns, alerts per CPU second: ours and fastavro's, in turns so that both see
 * the same machine; medians.
 */
export function benchDecode(): {
  name: string;
  ours: number;
  fastavro: number | null;
  python: string | null;
} {
  const sample = ztfSample();
  const python = process.env["FINK_PYTHON"] ?? null;
  const folder = mkdtempSync(join(tmpdir(), "fink-bench-"));
  try {
    sample.messages.forEach((m, i) => writeFileSync(join(folder, `${i}.avro`), m));
    const run = decodeRound(sample);
    run();
    const ours: number[] = [];
    const theirs: number[] = [];
    for (let i = 0; i < rounds; i++) {
      ours.push(run());
      if (python)
        theirs.push(
          Number(execFileSync(python, ["-c", fastavroScript, folder, "600"], { encoding: "utf8" })),
        );
    }
    return {
      name: sample.name,
      ours: median(ours),
      fastavro: python ? median(theirs) : null,
      python,
    };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function decodeRound({ messages }: Sample): () => number {
  const headers = new ContainerHeaders();
  const decoders = new Map<string, Decoder>();
  const bySchema = new Map<Uint8Array, Decoder>();
  const decoderOf = (schema: Uint8Array): Decoder => {
    const known = bySchema.get(schema);
    if (known) return known;
    const text = Buffer.from(schema).toString();
    const decoder = decoders.get(text) ?? compileDecoder(text);
    decoders.set(text, decoder);
    bySchema.set(schema, decoder);
    return decoder;
  };
  return () => {
    const start = process.cpuUsage();
    for (let i = 0; i < perRound; i++) {
      const message = messages[i % messages.length];
      const header = headers.read(message, 0, message.length);
      const decoder = decoderOf(header.schema);
      for (const block of containerBlocks(message, header, message.length, 1e9))
        decoder.decode(block.bytes as Buffer, block.start, block.end);
      if (decoder.rows() < 500) continue;
      columnsOf(decoder);
      decoder.cut(decoder.start);
    }
    return (perRound / cpuMs(start)) * 1000;
  };
}

const fastavroScript = `
import sys, os, io, time, fastavro
files = [open(os.path.join(sys.argv[1], f), "rb").read() for f in sorted(os.listdir(sys.argv[1]))]
n = int(sys.argv[2])
t = time.process_time()
for i in range(n):
    for record in fastavro.reader(io.BytesIO(files[i % len(files)])): pass
print(n / (time.process_time() - t))`;

export function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1];
}
